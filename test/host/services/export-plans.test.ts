import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestHost, testHost } from '#test/support/host.ts';
import { plansOf } from './partners/plans.ts';
import { paid, pendingPayout } from './payout-stories.ts';

// On PostgreSQL a stream is a cursor of its own, whose statement is not seen; the indexes are the same.
describe('the queries of exports and statements on sqlite', () => {
  let host: TestHost;
  let payoutId: string;
  const june = { periodStart: '2026-06-01', periodEnd: '2026-06-30' };
  beforeAll(async () => {
    host = await testHost('sqlite');
    await host.as('admin').settings.update({
      sepaPayer: { name: 'Hafen GmbH', iban: 'DE89370400440532013000' },
    });
    const { payout } = await pendingPayout(host, [100, 200]);
    payoutId = payout.id;
    await host.as('approver').payouts.approve({ id: payoutId });
    await paid(host, payout, 100);
    await host.as('finance').payouts.list({});
  });
  afterAll(async () => host.close());

  const finance = () => host.as('finance');
  const calls: [what: string, tables: RegExp, call: () => Promise<unknown>][] = [
    ['the journal', /ledger_entries e/, () => finance().ledger.journal(june)],
    [
      'the lines of payouts',
      /partner_payout_details d/,
      () => finance().payoutExports.create({ format: 'csv_lines', ...june }),
    ],
    [
      'payouts to be paid',
      /payout_export_items/,
      () => finance().payoutExports.create({ format: 'pain001' }),
    ],
    [
      'a statement',
      /partner_payout_details d|partner_payout_payments m/,
      () => finance().remittances.statement({ id: payoutId }),
    ],
  ];

  it.each(calls)('find %s by an index, and sort none of them', async (_what, tables, call) => {
    const plans = await plansOf(host, tables, call);
    expect(plans.length).toBeGreaterThan(0);
    for (const plan of plans) expect(plan).not.toMatch(/SCAN (e|x|o|d|l|c|m|i|p)\b|TEMP B-TREE FOR ORDER BY/);
  });

  it('go from the chosen payouts to their lines, never through all lines', async () => {
    const preview = () => finance().payoutExports.preview({ format: 'csv_lines', payoutIds: [payoutId] });
    const [plan = ''] = await plansOf(host, /partner_payout_details d/, preview);
    expect(plan).toMatch(/SEARCH d USING \S* ?INDEX ix_partner_payout_details_payout/);
  });
});
