import { parse, validate } from 'achkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AchCredit,
  type AchFile,
  entryHash,
  fileIdModifier,
  isRoutingNumber,
  largestAchAmount,
  nachaFile,
} from '#domain/nacha.ts';

const originator: AchFile['originator'] = {
  immediateDestination: '021000021',
  immediateDestinationName: 'JPMORGAN CHASE',
  immediateOrigin: '1123456789',
  immediateOriginName: 'HAFEN INC',
  companyName: 'HAFEN INC',
  companyId: '1123456789',
  odfiRouting: '021000021',
  entryClass: 'CCD',
  entryDescription: 'PAYOUT',
};
const credit: AchCredit = {
  routingNumber: '011000015',
  accountNumber: '12345678',
  accountType: 'checking',
  amount: 123_456,
  receiverName: 'PARTNER LLC',
  identification: 'PO-2026-000123',
  addenda: 'PAYOUT PO-2026-000123 2026-06-01 TO 2026-06-30',
};
const file = (credits: readonly AchCredit[], changes: Partial<AchFile> = {}): AchFile => ({
  originator,
  createdOn: '2026-06-15',
  createdAt: '14:05',
  fileIdModifier: 'A',
  effectiveDate: '2026-06-16',
  credits,
  ...changes,
});

const records = (text: string): string[] => text.split('\r\n').slice(0, -1);

describe('nachaFile', () => {
  test('writes the records of the rules, to the character', () => {
    expect(records(nachaFile(file([credit])))).toEqual([
      '101 02100002111234567892606151405A094101JPMORGAN CHASE         HAFEN INC                      ',
      '5220HAFEN INC                           1123456789CCDPAYOUT    260615260616   1021000020000001',
      '62201100001512345678         0000123456PO-2026-000123 PARTNER LLC             1021000020000001',
      '705PAYOUT PO-2026-000123 2026-06-01 TO 2026-06-30                                  00010000001',
      '822000000200011000010000000000000000001234561123456789                         021000020000001',
      '9000001000001000000020001100001000000000000000000123456                                       ',
      ...Array.from({ length: 4 }, () => '9'.repeat(94)),
    ]);
  });

  test('fills its blocks of ten, and begins no further one', () => {
    // A header and a control record of the file and of the batch, and six entries.
    const six = Array.from({ length: 6 }, () => ({ ...credit, addenda: '' }));
    const written = records(nachaFile(file(six)));
    expect(written).toHaveLength(10);
    expect(written.at(-1)?.slice(0, 13)).toBe('9000001000001');
    expect(records(nachaFile(file([...six, credit])))).toHaveLength(20);
  });

  test('tells savings from checking, PPD from CCD, and writes no empty addenda', () => {
    const text = nachaFile(
      file([{ ...credit, accountType: 'savings', addenda: '' }], {
        originator: { ...originator, entryClass: 'PPD' },
      }),
    );
    const [, batch, entry, control] = records(text);
    expect(batch?.slice(50, 53)).toBe('PPD');
    expect(entry?.slice(0, 3)).toBe('632');
    expect(entry?.charAt(78)).toBe('0');
    expect(control?.startsWith('8')).toBe(true);
  });

  // Somebody else's reader (`achkit`), which knows nothing of our writer.
  test('another reader finds what went in', () => {
    const text = nachaFile(file([credit, { ...credit, amount: 1, addenda: '', accountType: 'savings' }]));
    expect(validate(text)).toEqual({ ok: true, errors: [] });
    const read = parse(text);
    expect(read).toMatchObject({
      destinationRouting: '021000021',
      originRouting: '1123456789',
      creationDate: '260615',
      creationTime: '1405',
      fileIdModifier: 'A',
      control: { batchCount: 1, blockCount: 1, entryAddendaCount: 3, totalDebit: 0, totalCredit: 123_457 },
    });
    expect(read.batches).toHaveLength(1);
    expect(read.batches[0]).toMatchObject({
      serviceClass: 220,
      companyName: 'HAFEN INC',
      companyId: '1123456789',
      sec: 'CCD',
      description: 'PAYOUT',
      effectiveDate: '260616',
      originDfi: '02100002',
      entries: [
        {
          txnCode: 22,
          routing: '011000015',
          account: '12345678',
          amountCents: 123_456,
          idNumber: 'PO-2026-000123',
          name: 'PARTNER LLC',
          addendaFlag: true,
          traceNumber: '021000020000001',
          addenda: [{ type: '05', info: credit.addenda, sequence: 1, entryDetailSequence: '0000001' }],
        },
        { txnCode: 32, amountCents: 1, addendaFlag: false, traceNumber: '021000020000002', addenda: [] },
      ],
    });
  });

  test.each<[what: string, code: string, change: (text: string) => string]>([
    ['an amount', 'BAD_BATCH_CREDIT', (text) => text.replace('0000123456PO', '0000123457PO')],
    ['a bank', 'BAD_ENTRY_HASH', (text) => text.replace('622011000015', '622021000021')],
    ['the sum of the file', 'BAD_FILE_CREDIT', (text) => text.replace(/(?<=\n9000001\d*)3456(?= )/, '3457')],
    ['the number of its blocks', 'BAD_BLOCK_COUNT', (text) => text.replace('9000001000001', '9000001000002')],
    ['the length of a record', 'BAD_RECORD_LEN', (text) => text.replace('HAFEN INC ', 'HAFEN INC')],
  ])('that reader notices when %s is changed', (_what, code, change) => {
    const text = nachaFile(file([credit]));
    const changed = change(text);
    expect(changed).not.toBe(text);
    expect(validate(changed).errors.map((error) => error.code)).toContain(code);
  });

  test('blocks of ten, totals, hash and trace numbers hold for any credits', () => {
    const routing = fc
      .tuple(fc.constantFrom('01', '02', '11', '21', '32'), fc.stringMatching(/^\d{6}$/))
      .map(([district, rest]) => {
        const eight = district + rest;
        const sum = Array.from(eight).reduce(
          (total, digit, at) => total + Number(digit) * [3, 7, 1][at % 3]!,
          0,
        );
        return eight + String((10 - (sum % 10)) % 10);
      });
    const any = fc.record({
      routingNumber: routing,
      accountNumber: fc.stringMatching(/^[A-Z0-9]{4,17}$/),
      accountType: fc.constantFrom('checking' as const, 'savings' as const),
      amount: fc.integer({ min: 1, max: largestAchAmount }),
      receiverName: fc.stringMatching(/^[A-Z][A-Z ]{0,20}[A-Z]$/),
      identification: fc.stringMatching(/^[A-Z0-9-]{1,15}$/),
      addenda: fc.constantFrom('', 'PAYOUT', 'X'.repeat(80)),
    });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 60 }), (credits) => {
        const text = nachaFile(file(credits));
        const lines = records(text);
        expect(lines.length % 10).toBe(0);
        expect(lines.every((line) => line.length === 94)).toBe(true);
        const total = credits.reduce((sum, { amount }) => sum + amount, 0);
        const hash =
          credits.reduce((sum, { routingNumber }) => sum + Number(routingNumber.slice(0, 8)), 0) % 10 ** 10;
        expect(validate(text)).toEqual({ ok: true, errors: [] });
        const read = parse(text);
        const addenda = credits.filter((each) => each.addenda !== '').length;
        const sums = {
          totalCredit: total,
          totalDebit: 0,
          entryHash: String(hash).padStart(10, '0'),
          entryAddendaCount: credits.length + addenda,
        };
        expect(read.control).toEqual({ ...sums, batchCount: 1, blockCount: lines.length / 10 });
        expect(read.batches[0]?.control).toEqual(sums);
        expect(
          read.batches[0]?.entries.map(({ account, amountCents, name, routing: bank }) => ({
            account,
            amountCents,
            name,
            bank,
          })),
        ).toEqual(
          credits.map(({ accountNumber, amount, receiverName, routingNumber }) => ({
            account: accountNumber,
            amountCents: amount,
            name: receiverName,
            bank: routingNumber,
          })),
        );
        const traces = lines.filter((line) => line.startsWith('6')).map((line) => line.slice(79));
        expect(traces).toEqual(credits.map((_, at) => `02100002${String(at + 1).padStart(7, '0')}`));
      }),
      { numRuns: 60 },
    );
  });

  test.each<[string, Partial<AchCredit>]>([
    ['an account number that is too long', { accountNumber: '1'.repeat(18) }],
    ['no amount', { amount: 0 }],
    ['half a cent', { amount: 0.5 }],
    ['an amount beyond ten digits', { amount: largestAchAmount + 1 }],
    ['a routing number with a wrong check digit', { routingNumber: '011000016' }],
    ['a name outside ASCII', { receiverName: 'ŁÓDŹ' }],
    ['a line break in the text', { addenda: 'a\nb' }],
    ['a remittance text that is too long', { addenda: 'X'.repeat(81) }],
  ])('refuses %s', (_, changes) => {
    expect(() => nachaFile(file([{ ...credit, ...changes }]))).toThrow(RangeError);
  });

  test('refuses an empty file, and sums beyond twelve digits', () => {
    expect(() => nachaFile(file([]))).toThrow(RangeError);
    const much = Array.from({ length: 101 }, () => ({ ...credit, amount: largestAchAmount }));
    expect(() => nachaFile(file(much))).toThrow(RangeError);
  });
});

test('the files of a day are A to Z and 0 to 9', () => {
  expect([
    fileIdModifier(0),
    fileIdModifier(25),
    fileIdModifier(26),
    fileIdModifier(35),
    fileIdModifier(36),
  ]).toEqual(['A', 'Z', '0', '9', undefined]);
});

test('the hash keeps the last ten digits', () => {
  expect(entryHash(Array.from({ length: 200 }, () => '990000000'))).toBe('9800000000');
});

test.each([
  ['021000021', true],
  ['011000015', true],
  ['021000022', false],
  ['12345678', false],
  // The weights go up with either of these ten digits too.
  ['0021000021', false],
  ['0210000210', false],
  ['', false],
])('%s is a routing number: %s', (number, isOne) => {
  expect(isRoutingNumber(number)).toBe(isOne);
});
