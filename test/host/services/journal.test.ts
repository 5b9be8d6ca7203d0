import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import sql, { raw } from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import { refused } from './partners/setup.ts';
import { approvedCredits, generated, paid, payablePartner } from './payout-stories.ts';

describe.each(engines)('the accounting journal on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(async () => host.close());

  const june = { periodStart: '2026-06-01', periodEnd: '2026-06-30' };

  it('has every posting of the period under the codes of the settings, in balance, and is recorded', async () => {
    const office = await host.otherTenant();
    await office.as('admin').settings.update({
      journalAccounts: { commission_expense: '6000', available: '1600', payable: '1610', paid: '1200' },
    });
    const euros = await payablePartner(office, { organizationName: '=SUM(A1)' });
    await approvedCredits(office, euros.id, [1000, 2550]);
    const yen = await payablePartner(office, { currency: 'JPY' });
    await approvedCredits(office, yen.id, [777]);
    const payout = await generated(office, euros.id);
    await office.as('approver').payouts.approve({ id: payout.id, amount: 3000 });
    await paid(office, payout, 1234);

    const { headers, body } = await office.as('finance').ledger.journal(june);
    expect(body.type).toBe('text/csv; charset=utf-8');
    const rows: Record<string, string>[] = parse(await body.text(), { columns: true });
    const euroRows = rows.filter((row) => row['Currency'] === 'EUR');
    expect(
      euroRows.map((row) => [
        row['Date'],
        row['Account'],
        row['Debit'],
        row['Credit'],
        row['Text'],
        row['Reference'],
      ]),
    ).toEqual(
      expect.arrayContaining([
        [
          '2026-06-15',
          '6000',
          '10.00',
          '',
          'Credit approved: worth 1000',
          expect.stringMatching(/^[0-9a-f-]{36}$/),
        ],
        [
          '2026-06-15',
          '1600',
          '',
          '10.00',
          'Credit approved: worth 1000',
          expect.stringMatching(/^[0-9a-f-]{36}$/),
        ],
        ['2026-06-15', '1600', '30.00', '', `Payout approved: ${payout.payoutNumber}`, payout.payoutNumber],
        ['2026-06-15', '1610', '', '30.00', `Payout approved: ${payout.payoutNumber}`, payout.payoutNumber],
        ['2026-06-15', '1610', '12.34', '', `Payment recorded: ${payout.payoutNumber}`, 'SEPA-1'],
        ['2026-06-15', '1200', '', '12.34', `Payment recorded: ${payout.payoutNumber}`, 'SEPA-1'],
      ]),
    );
    expect(euroRows[0]).toMatchObject({ Partner: "'=SUM(A1)", 'Partner code': euros.partnerCode });
    expect(
      rows.filter((row) => row['Currency'] === 'JPY').map((row) => row['Debit'] || row['Credit']),
    ).toEqual(['777', '777']);
    // Entry by entry, its debit first, and what is debited is credited.
    for (let at = 0; at < rows.length; at += 2) {
      expect(rows[at]?.['Entry']).toBe(rows[at + 1]?.['Entry']);
      expect(rows[at]?.['Debit']).toBe(rows[at + 1]?.['Credit']);
      expect(rows[at]?.['Credit']).toBe('');
    }
    const [made] = (await office.as('auditor').payoutExports.list({})).items;
    const cents = (currency: string) =>
      rows
        .filter((row) => row['Currency'] === currency)
        .reduce((sum, row) => sum + Number((row['Debit'] ?? '').replace('.', '')), 0);
    expect(made).toMatchObject({
      id: headers['x-export-id'],
      format: 'journal',
      rowCount: rows.length,
      totals: [
        { currency: 'EUR', payouts: 0, amount: cents('EUR') },
        { currency: 'JPY', payouts: 0, amount: 777 },
      ],
      fileSha256: headers['x-sha256'],
    });
    const { body: again } = await office.as('finance').payoutExports.file({ id: made!.id });
    expect(await again.text()).toBe(await body.text());
    // The ledger's own check agrees that nothing is missing.
    const verified = await office.as('auditor').ledger.verify();
    expect(verified.entries * 2).toBe(rows.length);
  });

  it("cuts its period by the organization's days", async () => {
    const office = await host.otherTenant({ timeZone: 'Pacific/Auckland' });
    // In Auckland this is half past midnight of the next day.
    host.clock.set('2026-06-15T12:30:00.000Z');
    try {
      const partner = await payablePartner(office);
      await approvedCredits(office, partner.id, [100]);
    } finally {
      host.clock.set('2026-06-15T12:00:00.000Z');
    }
    const of = async (day: string) => {
      const { body } = await office
        .as('finance')
        .ledger.journal({ periodStart: day, periodEnd: day, bom: true });
      const text = await body.arrayBuffer();
      expect([...new Uint8Array(text.slice(0, 3))]).toEqual([0xef, 0xbb, 0xbf]);
      return parse(Buffer.from(text), { columns: true, bom: true }) as Record<string, string>[];
    };
    expect((await of('2026-06-16')).map((row) => row['Date'])).toEqual(['2026-06-16', '2026-06-16']);
    const message = 'The ledger has no entry in this period; there is nothing to export.';
    expect(await refused(host, () => of('2026-06-15'))).toMatchObject({ code: 'NOT_FOUND', message });
  });

  it('is not made of a ledger in which somebody changed a sum past the database, and leaves no file', async () => {
    const own = await testHost(engine);
    try {
      const partner = await payablePartner(own);
      await approvedCredits(own, partner.id, [1000, 500]);
      await own.as('finance').ledger.journal(june);
      const files = () => readdir(join(own.context.dataFolder, 'exports'));
      const before = await files();
      // One entry a cent more, another a cent less: the sums of the period stay as they were.
      await own.database.write('system', async (tx) => {
        const guards =
          engine === 'sqlite'
            ? ['drop trigger tr_ledger_postings_no_update']
            : ['reset role', 'alter table ledger_postings disable trigger user'];
        for (const guard of guards) await tx.run(raw(guard));
        await tx.run(sql`update ledger_postings set amount = amount + case amount when 500 then 1 else -1 end
          where amount > 0`);
      });
      await expect(own.as('finance').ledger.journal(june)).rejects.toThrow(Error);
      expect(await files()).toEqual(before);
      expect((await own.as('auditor').payoutExports.list({})).items).toHaveLength(1);
    } finally {
      await own.close();
    }
  });

  it('refuses a period that is none', async () => {
    const office = await host.otherTenant();
    const { ledger, payoutExports } = office.as('finance');
    expect((await refused(host, () => ledger.journal({ ...june, periodEnd: '2026-05-31' }))).code).toBe(
      'VALIDATION',
    );
    expect(
      await refused(host, () => payoutExports.create({ format: 'journal', periodStart: '2026-06-01' })),
    ).toMatchObject({
      code: 'VALIDATION',
      message: 'A journal needs the first and the last day of its period.',
    });
    expect(
      await refused(host, () => payoutExports.create({ format: 'journal', ...june, status: 'paid' })),
    ).toMatchObject({ code: 'VALIDATION', message: 'Only a file of payouts takes this.' });
    expect((await refused(host, () => ledger.journal(june))).code).toBe('NOT_FOUND');
  });
});
