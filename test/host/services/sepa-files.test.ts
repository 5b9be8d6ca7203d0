import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BankingDetails } from '#domain/banking.ts';
import { largestSepaAmount } from '#domain/payment-files.ts';
import { isPayableName } from '#domain/sepa-text.ts';
import type { Order } from '#host/services/payout-exports/order.ts';
import { pain001Text } from '#host/services/payout-exports/pain001.ts';
import type { Session } from '#host/session.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import { schemaErrors } from '#test/support/schemas.ts';
import { iban, sepaOffice } from './payment-file-stories.ts';

const message = 'pain.001.001.09-message.xsd';
const rules = 'pain.001.001.09-credit-transfers.xsd';
const nothingWrong = { [message]: [], [rules]: [] };

const details: BankingDetails = {
  bankName: null,
  accountHolder: 'Acme',
  accountNumber: null,
  accountType: null,
  routingNumber: null,
  iban,
  swift: 'COBADEFFXXX',
  currency: null,
  paypalEmail: null,
  paymentMethod: null,
};
const about = {
  id: '01975a2b-0000-7000-8000-123456789abc',
  now: '2026-06-15T12:00:00.000Z',
  executionDate: '2026-06-16',
};
const order = (index: number, amount: number, changes: Partial<BankingDetails> = {}): Order => ({
  payoutId: '01975a2b-0000-7000-8000-000000000001',
  payoutNumber: `PO-2026-${String(index).padStart(6, '0')}`,
  periodStart: '2026-06-01',
  periodEnd: '2026-06-30',
  currency: 'EUR',
  amount,
  details: { ...details, ...changes },
});

// Nothing here depends on the database.
describe('a SEPA file', () => {
  let host: TestHost;
  let session: Session;
  beforeAll(async () => {
    host = await testHost('sqlite');
    session = await (await sepaOffice(host)).session('finance');
  });
  afterAll(async () => host.close());

  /** The same session, with the account that pays changed. */
  const paying = (changes: { name?: string; bic?: string | null }): Session => {
    const { settings } = session.tenant;
    const sepaPayer = settings.sepaPayer && { ...settings.sepaPayer, ...changes };
    return { ...session, tenant: { ...session.tenant, settings: { ...settings, sepaPayer } } };
  };

  it('is the message of the definition, within the rules of SEPA, whatever names, amounts and banks go in', async () => {
    const name = fc
      .oneof(
        fc.string({ unit: 'grapheme', minLength: 2, maxLength: 140 }),
        fc.string({ unit: 'binary', minLength: 2, maxLength: 140 }),
        fc.constantFrom(
          'Łódź "Söhne" <GmbH> & Co',
          'ΕΛΛΗΝΙΚΑ ΠΕΤΡΕΛΑΙΑ',
          'Здравствуйте ООО',
          "O'Neill / ẞ//",
          '==1+1',
        ),
      )
      .filter(isPayableName);
    const transfer = fc.record({
      amount: fc.integer({ min: 1, max: largestSepaAmount }),
      accountHolder: name,
      swift: fc.constantFrom('COBADEFFXXX', 'COBADEFF', null),
    });
    const payer = fc.record({ name, bic: fc.constantFrom('SOGEDEFF', null) });
    const files = fc.sample(
      fc.tuple(payer, fc.array(transfer, { minLength: 1, maxLength: 300, size: 'max' })),
      { numRuns: 25, seed: 20_260_615 },
    );
    const texts = await Promise.all(
      files.map(([from, transfers]) =>
        pain001Text(
          paying(from),
          transfers.map(({ amount, ...bank }, index) => order(index, amount, bank)),
          about,
        ),
      ),
    );
    expect(await schemaErrors(texts)).toEqual(nothingWrong);
    for (const text of texts) {
      const names = [...text.matchAll(/<Nm>([^<]*)</g)].map(([, each]) => each!.replaceAll('&apos;', "'"));
      expect(Math.max(...names.map((each) => each.length))).toBeLessThanOrEqual(70);
      expect(names.filter((each) => !/^[a-zA-Z0-9/\-?:().,'+ ]+$/.test(each))).toEqual([]);
      const ids = [...text.matchAll(/<EndToEndId>([^<]*)</g)].map(([, each]) => each);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  it('is cut where a name is longer than 70 characters, and after its letters were spelled', async () => {
    const text = await pain001Text(
      session,
      [order(1, 1, { accountHolder: `${'ß'.repeat(60)} GmbH` })],
      about,
    );
    expect(text).toContain(`<Nm>${'s'.repeat(70)}</Nm>`);
  });

  it.each<[what: string, change: (text: string) => string]>([
    ['without its id', (text) => text.replace(/<MsgId>.*<\/MsgId>/, '')],
    ['with an id of 36 characters', (text) => text.replace(/(?<=<MsgId>).*(?=<\/MsgId>)/, 'x'.repeat(36))],
    ['with a time that is none', (text) => text.replace('<CreDtTm>2026', '<CreDtTm>26')],
    ['without the number of its payments', (text) => text.replace('<NbOfTxs>2</NbOfTxs>', '')],
    ['with a sum that is none', (text) => text.replace('<CtrlSum>10.51', '<CtrlSum>10,51')],
    ['with a day that does not exist', (text) => text.replace('2026-06-16', '2026-06-31')],
    ['with another method', (text) => text.replace('>TRF<', '>ACH<')],
    ['without a bank that pays', (text) => text.replace(/<DbtrAgt>.*?<\/DbtrAgt>/, '')],
    [
      'with its parts in another order',
      (text) => text.replace(/(<Dbtr>.*?<\/Dbtr>)(<DbtrAcct>.*?<\/DbtrAcct>)/, '$2$1'),
    ],
    ['with an account that is no IBAN', (text) => text.replaceAll('<IBAN>DE', '<IBAN>4711')],
    ['with the older name of the bank code', (text) => text.replaceAll('BICFI>', 'BIC>')],
    ['with an amount in no currency', (text) => text.replace(' Ccy="EUR"', '')],
    ['with an amount below zero', (text) => text.replace('>10.50<', '>-10.50<')],
    ['without a reference', (text) => text.replace(/<EndToEndId>.*?<\/EndToEndId>/, '')],
    [
      'with a text of 141 characters',
      (text) => text.replace(/(?<=<Ustrd>).*?(?=<\/Ustrd>)/, 'x'.repeat(141)),
    ],
    ['of another version', (text) => text.replace('pain.001.001.09', 'pain.001.001.03')],
    ['without a payment', (text) => text.replaceAll(/<CdtTrfTxInf>.*?<\/CdtTrfTxInf>/g, '')],
  ])('%s is refused by the definition of the message', async (_what, change) => {
    const text = (await pain001Text(session, [order(1, 1050), order(2, 1)], about)).replaceAll(
      />\s+</g,
      '><',
    );
    const changed = change(text);
    expect(changed).not.toBe(text);
    const errors = await schemaErrors([text, changed]);
    expect(errors[message]).not.toEqual([]);
    expect(errors[message]!.filter((each) => each.startsWith('0.xml'))).toEqual([]);
  });

  it('is held to more by the rules of SEPA than by the definition of the message', async () => {
    const text = (await pain001Text(session, [order(1, 1050)], about)).replaceAll(/>\s+</g, '><');
    const beyond = [
      text.replace('Ccy="EUR"', 'Ccy="USD"'),
      text.replace('Acme', 'Łódź'),
      text.replace('</Nm></Cdtr>', '</Nm><PstlAdr><TwnNm>Berlin</TwnNm><Ctry>DE</Ctry></PstlAdr></Cdtr>'),
      text.replace(
        /<RmtInf>.*<\/RmtInf>/,
        '<RmtInf><Strd><CdtrRefInf><Ref>RF18</Ref></CdtrRefInf></Strd></RmtInf>',
      ),
    ];
    expect(new Set([text, ...beyond]).size).toBe(5);
    for (const each of beyond) {
      const errors = await schemaErrors([each]);
      expect(errors[message]).toEqual([]);
      expect(errors[rules]).not.toEqual([]);
    }
  });
});
