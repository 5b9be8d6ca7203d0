import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pain001Text, requireSums } from '#host/services/payout-exports/pain001.ts';
import { engines } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import { refused } from './partners/setup.ts';
import {
  achPayer,
  approvedPayout,
  create,
  dollarOffice,
  iban,
  type Made,
  paypal,
  sepaOffice,
  sepaPayer,
  textOf,
  usBanking,
} from './payment-file-stories.ts';
import { payablePartner } from './payout-stories.ts';

describe.each(engines)('the formats of payment files on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(async () => host.close());

  it('refuses a file whose sums are not those of its orders', () => {
    const right =
      '<NbOfTxs>2</NbOfTxs><CtrlSum>10.51</CtrlSum><InstdAmt Ccy="EUR">10.50</InstdAmt><InstdAmt Ccy="EUR">0.01</InstdAmt>';
    const refusal = 'more than a SEPA file can say exactly';
    expect(() => requireSums(right, [1050, 1])).not.toThrow();
    for (const wrong of [
      right.replace('10.51', '10.52'),
      right.replace('10.50', '10.49'),
      right.replace('>2<', '>3<'),
      right.replace('<InstdAmt Ccy="EUR">0.01</InstdAmt>', ''),
    ]) {
      expect(() => requireSums(wrong, [1050, 1])).toThrow(refusal);
    }
  });

  it('writes exact sums where adding up floats would not, over many blocks, whatever the order', async () => {
    const office = await sepaOffice(host);
    const session = await office.session('finance');
    const about = {
      id: '01975a2b-0000-7000-8000-123456789abc',
      now: '2026-06-15T12:00:00.000Z',
      executionDate: '2026-06-16',
    };
    const details = {
      bankName: null,
      accountHolder: 'Acme',
      accountNumber: null,
      accountType: null,
      routingNumber: null,
      iban,
      swift: null,
      currency: null,
      paypalEmail: null,
      paymentMethod: null,
    };
    const file = (amounts: readonly number[]) =>
      pain001Text(
        session,
        amounts.map((amount, index) => ({
          payoutId: '01975a2b-0000-7000-8000-000000000001',
          payoutNumber: `PO-2026-${index}`,
          periodStart: '2026-06-01',
          periodEnd: '2026-06-30',
          currency: 'EUR',
          amount,
          details,
        })),
        about,
      );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 99_999_999_999 }), { minLength: 1, maxLength: 600 }),
        async (amounts) => {
          const text = await file(amounts);
          const sums = [...text.matchAll(/<CtrlSum>([^<]*)</g)].map(([, sum]) =>
            BigInt(sum!.replace('.', '')),
          );
          const total = amounts.reduce((sum, amount) => sum + BigInt(amount), 0n);
          expect(sums[0]).toBe(total);
          expect(sums.slice(1).reduce((sum, each) => sum + each, 0n)).toBe(total);
          expect(sums).toHaveLength(1 + Math.ceil(amounts.length / 250));
          const ids = [...text.matchAll(/<(?:PmtInfId|InstrId)>([^<]*)</g)].map(([, each]) => each!);
          expect(new Set(ids).size).toBe(ids.length);
          expect(Math.max(...ids.map((each) => each.length))).toBeLessThanOrEqual(35);
        },
      ),
      { numRuns: 20 },
    );
    // Added up as floats, such sums are off by cents.
    const much = Array.from({ length: 10_000 }, () => 99_999_999_999);
    expect(await file(much)).toContain('<NbOfTxs>10000</NbOfTxs><CtrlSum>9999999999900.00</CtrlSum>');
  });

  it('orders dollars by ACH, lettered through the day, for the next working day', async () => {
    const office = await dollarOffice(host);
    const partner = await payablePartner(office, { currency: 'USD', bankingDetails: usBanking });
    const payout = await approvedPayout(office, partner, [123_456]);
    const made = await create(office, { format: 'nacha' });
    expect(made).toMatchObject({
      rowCount: 1,
      executionDate: '2026-06-16',
      fileName: expect.stringMatching(/^ach-.*\.txt$/),
    });
    const lines = (await textOf(office, made)).split('\r\n');
    expect(lines[0]).toBe(
      '101 02100002111234567892606150800A094101JPMORGAN CHASE         HAFEN INC                      ',
    );
    expect(lines[2]).toBe(
      `632011000015000123456789     0000123456${payout.payoutNumber} LODZ PARTNERS LLC       1021000020000001`,
    );
    expect(lines[3]?.slice(3, 83).trimEnd()).toBe(`PAYOUT ${payout.payoutNumber} 2026-06-01 TO 2026-06-30`);
    expect(lines).toHaveLength(11);
    const second = await create(office, { format: 'nacha', again: true });
    expect((await textOf(office, second)).charAt(33)).toBe('B');
    // Without a payer nobody pays, and a Friday's file is for Monday.
    host.clock.set('2026-06-19T12:00:00.000Z');
    try {
      expect((await create(office, { format: 'nacha', again: true })).executionDate).toBe('2026-06-22');
    } finally {
      host.clock.set('2026-06-15T12:00:00.000Z');
    }
    await office.as('admin').settings.update({ achPayer: null });
    expect(await refused(host, () => create(office, { format: 'nacha', again: true }))).toMatchObject({
      code: 'VALIDATION',
      message: 'Say first in the settings who pays by ACH, as your bank set it up.',
    });
  });

  it('orders by PayPal in one currency, to the address of the partner', async () => {
    const office = await dollarOffice(host);
    const dollars = await approvedPayout(
      office,
      await payablePartner(office, { currency: 'USD', bankingDetails: paypal }),
      [1050],
    );
    const yen = await approvedPayout(
      office,
      await payablePartner(office, { currency: 'JPY', bankingDetails: paypal }),
      [777],
    );
    const byBank = await approvedPayout(
      office,
      await payablePartner(office, { currency: 'USD', bankingDetails: usBanking }),
      [5],
    );
    expect(await refused(host, () => create(office, { format: 'paypal' }))).toMatchObject({
      code: 'VALIDATION',
      message: 'A PayPal file holds one currency; these payouts are in JPY, USD. Choose one.',
    });
    const made = await create(office, { format: 'paypal', currency: 'JPY' });
    expect(made.skipped.map(({ payoutId, reason }) => [payoutId, reason])).toEqual([
      [dollars.id, 'It is in USD; this file is in JPY.'],
      [byBank.id, 'The partner is paid by bank transfer.'],
    ]);
    expect(made).toMatchObject({
      executionDate: null,
      totals: [{ currency: 'JPY', payouts: 1, amount: 777 }],
    });
    const rows = async (record: Made): Promise<string[][]> => parse(await textOf(office, record));
    expect(await rows(made)).toEqual([
      [
        'pay@partner.example',
        '777',
        'JPY',
        yen.payoutNumber,
        `Payout ${yen.payoutNumber}, 2026-06-01 to 2026-06-30`,
        'PAYPAL',
      ],
    ]);
    expect((await rows(await create(office, { format: 'paypal', currency: 'USD' })))[0]?.[1]).toBe('10.50');
  });

  it("writes PayPal's file as PayPal's guide has it", async () => {
    const office = await host.otherTenant({ currency: 'HUF' });
    const cents: Record<string, number> = {};
    for (const amount of [150_000, 1_234_500]) {
      const partner = await payablePartner(office, {
        currency: 'HUF',
        bankingDetails: { ...paypal, paypalEmail: `pay-${amount}@partner.example` },
      });
      const payout = await approvedPayout(office, partner, [amount]);
      cents[payout.payoutNumber] = amount;
    }
    const text = await textOf(office, await create(office, { format: 'paypal' }));
    // No header, no byte order mark, a row per payment, six columns, and no decimals in a currency PayPal takes none of.
    const rows: string[][] = parse(text);
    expect(rows).toHaveLength(2);
    for (const [recipient, amount, currency, customerId, note, wallet, ...rest] of rows) {
      expect(rest).toEqual([]);
      expect(recipient).toBe(`pay-${cents[customerId!]}@partner.example`);
      expect(amount).toBe(String(cents[customerId!]! / 100));
      expect(currency).toBe('HUF');
      expect(customerId).toMatch(/^\S{1,30}$/);
      expect(note!.length).toBeLessThanOrEqual(400);
      expect(wallet).toBe('PAYPAL');
    }
  });

  it('shows the PayPal address masked, and all of it to who may reveal it', async () => {
    const partner = await payablePartner(host, { bankingDetails: paypal });
    expect(partner.bankingDetails).toMatchObject({ paypalEmail: '•••• @partner.example', accountType: null });
    const full = await host.as('finance').partners.revealBanking({ id: partner.id });
    expect(full.paypalEmail).toBe('pay@partner.example');
    const kept = await host.as('partner_manager').partners.update({
      id: partner.id,
      bankingDetails: { paypalEmail: '•••• @partner.example' },
    });
    expect(kept.bankingDetails?.isVerified).toBe(true);
  });

  it('checks who pays when the settings are changed', async () => {
    const office = await host.otherTenant();
    const { settings } = office.as('admin');
    expect((await settings.update({ sepaPayer, achPayer })).sepaPayer).toEqual({
      name: 'Häfen & Söhne GmbH',
      iban: 'DE75512108001245126199',
      bic: 'SOGEDEFF',
    });
    const wrong = await refused(host, () =>
      settings.update({
        sepaPayer: { ...sepaPayer, iban: 'DE00' },
        achPayer: { ...achPayer, odfiRouting: '021000022' },
        journalAccounts: { commission_expense: '1', available: '1', payable: '2', paid: '3' },
      }),
    );
    expect(wrong.code).toBe('VALIDATION');
    expect(wrong.data).toMatchObject({
      fields: [
        { path: 'sepaPayer.iban' },
        { path: 'achPayer.odfiRouting' },
        { path: 'journalAccounts.available' },
      ],
    });
    expect((await settings.update({ sepaPayer: null })).sepaPayer).toBe(null);
  });
});
