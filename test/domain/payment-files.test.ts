import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BankingDetails } from '#domain/banking.ts';
import type { FieldError } from '#domain/errors.ts';
import { ledgerAccounts } from '#domain/ledger.ts';
import {
  checkAchPayer,
  checkJournalAccounts,
  checkSepaPayer,
  defaultJournalAccounts,
} from '#domain/payers.ts';
import {
  bicFits,
  largestSepaAmount,
  type PaymentCandidate,
  paypalAmount,
  whyNotInFile,
} from '#domain/payment-files.ts';
import { partnerStatuses, payoutStatuses } from '#domain/state-machines.ts';
import { type PaymentFileFormat, paymentFileFormats } from '#domain/vocabulary.ts';

const nothing: BankingDetails = {
  bankName: null,
  accountHolder: null,
  accountNumber: null,
  accountType: null,
  routingNumber: null,
  iban: null,
  swift: null,
  currency: null,
  paypalEmail: null,
  paymentMethod: null,
};
const payable: Record<PaymentFileFormat, PaymentCandidate> = {
  pain001: {
    status: 'approved',
    currency: 'EUR',
    openAmount: 100,
    partnerStatus: 'active',
    isVerified: true,
    details: { ...nothing, accountHolder: 'Acme', iban: 'DE89370400440532013000', swift: 'COBADEFFXXX' },
  },
  nacha: {
    status: 'partially_paid',
    currency: 'USD',
    openAmount: 100,
    partnerStatus: 'active',
    isVerified: true,
    details: { ...nothing, accountHolder: 'Acme', accountNumber: '12345678', routingNumber: '021000021' },
  },
  paypal: {
    status: 'partially_approved',
    currency: 'JPY',
    openAmount: 100,
    partnerStatus: 'active',
    isVerified: true,
    details: { ...nothing, paymentMethod: 'paypal', paypalEmail: 'pay@example.com' },
  },
};

function reason(
  format: PaymentFileFormat,
  changes: Partial<PaymentCandidate>,
  details: Partial<BankingDetails> = {},
): string | null {
  const candidate = payable[format];
  return whyNotInFile(format, {
    ...candidate,
    details: candidate.details && { ...candidate.details, ...details },
    ...changes,
  });
}

describe('whyNotInFile', () => {
  test.each(paymentFileFormats)('what is complete goes into a %s file', (format) => {
    expect(reason(format, {})).toBe(null);
  });

  test.each<[PaymentFileFormat, Partial<PaymentCandidate>, Partial<BankingDetails>, string]>([
    ['pain001', { status: 'pending' }, {}, 'It is not approved yet.'],
    ['pain001', { status: 'paid' }, {}, 'It is paid already.'],
    ['pain001', { status: 'cancelled' }, {}, 'It was cancelled.'],
    ['pain001', { status: 'rejected' }, {}, 'It was rejected.'],
    ['pain001', { openAmount: 0 }, {}, 'Nothing of it is open.'],
    ['pain001', { partnerStatus: 'suspended' }, {}, 'The partner is suspended.'],
    ['pain001', { currency: 'USD' }, {}, 'It is in USD; a SEPA file pays euros only.'],
    [
      'pain001',
      { openAmount: largestSepaAmount + 1 },
      {},
      'One SEPA transfer pays at most 999999999.99 EUR.',
    ],
    ['pain001', { details: null }, {}, 'The partner has no bank details.'],
    ['pain001', { isVerified: false }, {}, 'The bank details are not verified.'],
    ['pain001', {}, { paymentMethod: 'paypal' }, 'The partner is paid by PayPal.'],
    ['pain001', {}, { paymentMethod: 'check' }, 'The partner is paid by check.'],
    ['pain001', {}, { accountHolder: null }, 'The account holder is missing.'],
    [
      'pain001',
      {},
      { accountHolder: '株式会社' },
      "The account holder's name can't be written in Latin letters; add it in those.",
    ],
    ['pain001', {}, { iban: null }, 'The bank details have no IBAN.'],
    [
      'pain001',
      {},
      { iban: 'TR330006100519786457841326' },
      'The account is in TR, which SEPA does not reach.',
    ],
    ['pain001', {}, { swift: 'BNPAFRPP' }, 'The SWIFT code (BIC) is of another country than the IBAN.'],
    ['nacha', { currency: 'EUR' }, {}, 'It is in EUR; an ACH file pays US dollars only.'],
    ['nacha', { openAmount: 10_000_000_000 }, {}, 'One ACH payment is at most 99999999.99 USD.'],
    ['nacha', {}, { routingNumber: null }, 'The bank details have no account and routing number.'],
    ['nacha', {}, { routingNumber: '021000022' }, 'The check digit of the routing number does not fit.'],
    [
      'nacha',
      {},
      { accountNumber: '1'.repeat(18) },
      'The account number has more than the 17 letters and digits an ACH file holds.',
    ],
    ['paypal', { currency: 'KWD' }, {}, 'PayPal does not pay out in KWD.'],
    ['paypal', { currency: 'HUF', openAmount: 150 }, {}, 'PayPal pays whole HUF only.'],
    ['paypal', {}, { paymentMethod: 'bank_transfer' }, 'The partner is paid by bank transfer.'],
    ['paypal', {}, { paymentMethod: null }, 'The partner is paid by bank transfer.'],
    ['paypal', {}, { paypalEmail: null }, 'The PayPal e-mail address is missing.'],
    [
      'paypal',
      {},
      { paypalEmail: '=cmd@example.com' },
      'The PayPal e-mail address begins with a sign that a spreadsheet would run.',
    ],
  ])('%s %j %j: %s', (format, changes, details, told) => {
    expect(reason(format, changes, details)).toBe(told);
  });

  test('nothing but an open payout of an active partner with verified details is ever let in', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...paymentFileFormats),
        fc.constantFrom(...payoutStatuses),
        fc.constantFrom(...partnerStatuses),
        fc.integer({ min: -100, max: 100 }),
        fc.boolean(),
        (format, status, partnerStatus, openAmount, isVerified) => {
          const isOpen =
            ['approved', 'partially_approved', 'partially_paid'].includes(status) && openAmount > 0;
          const told = reason(format, { status, partnerStatus, openAmount, isVerified });
          expect(told === null).toBe(isOpen && partnerStatus === 'active' && isVerified);
        },
      ),
    );
  });

  test('the largest amounts and account numbers that a format holds are let in', () => {
    expect(reason('pain001', { openAmount: largestSepaAmount })).toBe(null);
    expect(reason('nacha', { openAmount: 9_999_999_999 })).toBe(null);
    expect(reason('nacha', {}, { accountNumber: '1'.repeat(17) })).toBe(null);
    expect(reason('nacha', {}, { accountNumber: null })).toMatch(/no account and routing number/);
    expect(reason('pain001', {}, { paymentMethod: 'wire' })).toBe(null);
    expect(reason('paypal', { currency: 'HUF', openAmount: 100 })).toBe(null);
  });

  test('a single cent can be paid, and by PayPal part of a dollar', () => {
    expect(reason('pain001', { openAmount: 1 })).toBe(null);
    expect(reason('paypal', { currency: 'USD', openAmount: 150 })).toBe(null);
  });

  test('a territory has the IBANs of its country', () => {
    expect(bicFits('FR1420041010050500013M02606', 'BNPAGPGX')).toBe(true);
    expect(bicFits('DE89370400440532013000', 'BNPAGPGX')).toBe(false);
    expect(bicFits('DE89370400440532013000', null)).toBe(true);
    for (const at of 'GF GP MQ RE PF TF YT NC BL MF PM WF'.split(' ')) {
      expect(bicFits('FR1420041010050500013M02606', `BNPA${at}PX`)).toBe(true);
    }
    for (const at of ['IM', 'JE', 'GG']) {
      expect(bicFits('GB29NWBK60161331926819', `HSBC${at}SH`)).toBe(true);
    }
    expect(bicFits('FI2112345600000785', 'NDEAAXHH')).toBe(true);
  });
});

test('PayPal gets decimals only in currencies it takes them in', () => {
  expect(paypalAmount(1050, 'EUR')).toBe('10.50');
  expect(paypalAmount(150_000, 'HUF')).toBe('1500');
  expect(paypalAmount(100, 'TWD')).toBe('1');
  expect(paypalAmount(777, 'JPY')).toBe('777');
  expect(() => paypalAmount(150, 'HUF')).toThrow(RangeError);
});

describe('the payer', () => {
  const sepa = { name: ' Hafen GmbH ', iban: 'de89 3704 0044 0532 0130 00', bic: 'cobadeffxxx' };
  const ach = {
    immediateDestination: '0210 0002 1',
    immediateDestinationName: 'JPMorgan Chase',
    immediateOrigin: '123456789',
    immediateOriginName: 'Häfen Inc',
    companyName: 'Häfen Inc',
    companyId: '1123456789',
    odfiRouting: '021000021',
    entryClass: 'CCD',
    entryDescription: 'Payout',
  } as const;
  /** The paths of what is refused, each with its sentence; undefined where nothing is. */
  const problems = (checked: { ok: true } | { ok: false; fields: FieldError[] }) =>
    checked.ok
      ? undefined
      : checked.fields.map(({ path, message }) => (message.length > 0 ? path : 'no sentence'));

  test('of SEPA files is written as banks read it', () => {
    expect(checkSepaPayer(sepa, 'sepaPayer')).toEqual({
      ok: true,
      value: { name: 'Hafen GmbH', iban: 'DE89370400440532013000', bic: 'COBADEFFXXX' },
    });
    expect(problems(checkSepaPayer({ ...sepa, iban: 'DE00' }, 'p'))).toEqual(['p.iban']);
    expect(problems(checkSepaPayer({ ...sepa, iban: '' }, 'p'))).toEqual(['p.iban']);
    expect(problems(checkSepaPayer({ ...sepa, bic: 'NOPE' }, 'p'))).toEqual(['p.bic']);
    expect(problems(checkSepaPayer({ ...sepa, bic: 'BNPAFRPP' }, 'p'))).toEqual(['p.bic']);
    expect(problems(checkSepaPayer({ ...sepa, name: '株式会社' }, 'p'))).toEqual(['p.name']);
    expect(problems(checkSepaPayer({ ...sepa, name: 'x'.repeat(70) }, 'p'))).toBeUndefined();
    expect(problems(checkSepaPayer({ ...sepa, name: 'x'.repeat(71) }, 'p'))).toEqual(['p.name']);
  });

  test('of ACH files is written in capitals and fits its fields', () => {
    expect(checkAchPayer(ach, 'achPayer')).toEqual({
      ok: true,
      value: {
        ...ach,
        immediateDestination: '021000021',
        immediateDestinationName: 'JPMORGAN CHASE',
        immediateOrigin: ' 123456789',
        immediateOriginName: 'HAFEN INC',
        companyName: 'HAFEN INC',
        entryDescription: 'PAYOUT',
      },
    });
    expect(
      problems(
        checkAchPayer(
          { ...ach, odfiRouting: '1', companyId: '?', companyName: 'x'.repeat(17), entryDescription: '' },
          'a',
        ),
      ),
    ).toEqual(['a.odfiRouting', 'a.companyId', 'a.companyName', 'a.entryDescription']);
  });

  test.each([
    ['immediateDestinationName', 23],
    ['immediateOriginName', 23],
    ['companyName', 16],
    ['entryDescription', 10],
  ] as const)('of ACH files: %s has at most %i characters, and one at least', (field, max) => {
    const given = (text: string) => problems(checkAchPayer({ ...ach, [field]: text }, 'a'));
    expect(given('x')).toBeUndefined();
    expect(given('x'.repeat(max))).toBeUndefined();
    expect(given('x'.repeat(max + 1))).toEqual([`a.${field}`]);
    expect(given(' ')).toEqual([`a.${field}`]);
  });

  test('of ACH files is identified by nine or ten letters and digits', () => {
    for (const field of ['immediateOrigin', 'companyId'] as const) {
      const given = (text: string) => checkAchPayer({ ...ach, [field]: text }, 'a');
      expect(given(' a12345678 ')).toMatchObject({ value: { [field]: ' A12345678' } });
      expect(given('A123456789')).toMatchObject({ value: { [field]: 'A123456789' } });
      for (const wrong of ['12345678', '12345678901', '?1234567890', '123456789?']) {
        expect(problems(given(wrong))).toEqual([`a.${field}`]);
      }
    }
  });

  test('account codes are short, and each is of one account', () => {
    const codes = { ...defaultJournalAccounts, commission_expense: ' 6000 ', paid: '1200' };
    expect(checkJournalAccounts(codes, 'j')).toEqual({
      ok: true,
      value: { ...codes, commission_expense: '6000' },
    });
    expect(problems(checkJournalAccounts({ ...codes, payable: '6000' }, 'j'))).toEqual(['j.payable']);
    expect(problems(checkJournalAccounts({ ...codes, paid: '=1+1' }, 'j'))).toEqual(['j.paid']);
    for (const paid of ['1', '1'.repeat(30)]) {
      expect(problems(checkJournalAccounts({ ...codes, paid }, 'j'))).toBeUndefined();
    }
    for (const paid of ['', '1'.repeat(31), '1200;']) {
      expect(problems(checkJournalAccounts({ ...codes, paid }, 'j'))).toEqual(['j.paid']);
    }
  });

  test('an account is known by the ledger’s own name until somebody gives it a code', () => {
    expect(defaultJournalAccounts).toEqual(Object.fromEntries(ledgerAccounts.map((each) => [each, each])));
  });
});
