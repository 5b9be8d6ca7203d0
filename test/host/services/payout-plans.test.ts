import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import { plansOf, scanOrSort } from './partners/plans.ts';
import { approvedCredits, generated, june, type Payout, payablePartner } from './payout-stories.ts';

describe.each(engines)('the queries of payouts on %s', (engine) => {
  let host: TestHost;
  let payout: Payout;
  beforeAll(async () => {
    host = await testHost(engine);
    const partner = await payablePartner(host);
    await approvedCredits(host, partner.id, [100, 200]);
    payout = await generated(host, partner.id);
    // Their people are hired now, so that what is seen later is the calls' own.
    await host.as('auditor').payouts.get({ id: payout.id });
  });
  afterAll(async () => host.close());

  const payouts = /partner_payouts|partner_payout_details|partner_payout_payments|payout_export/;
  const calls: [what: string, call: () => Promise<unknown>][] = [
    ['the newest', () => host.as('auditor').payouts.list({ limit: 3 })],
    ['those of a status', () => host.as('auditor').payouts.list({ status: 'pending' })],
    ['those of several statuses', () => host.as('auditor').payouts.list({ status: ['pending', 'approved'] })],
    ['those of a partner', () => host.as('auditor').payouts.list({ partnerId: payout.partnerId })],
    [
      'those of a partner and a status',
      () => host.as('auditor').payouts.list({ partnerId: payout.partnerId, status: 'pending' }),
    ],
    ['those of a period', () => host.as('auditor').payouts.list(june)],
    ['the lines', () => host.as('auditor').payouts.lines({ id: payout.id, limit: 2 })],
    ['the lines of a status', () => host.as('auditor').payouts.lines({ id: payout.id, status: 'pending' })],
    ['the payments', () => host.as('auditor').payouts.payments({ id: payout.id })],
    ['the exports', () => host.as('auditor').payoutExports.list({})],
  ];

  it.each(calls)('walk an index for %s, page by page', async (_what, call) => {
    const plans = await plansOf(host, payouts, call);
    expect(plans.length).toBeGreaterThan(0);
    for (const plan of plans) expect(plan).not.toMatch(scanOrSort);
  });

  it('read a statement along the days of its partner', async () => {
    const days = { from: '2026-06-01', to: '2026-06-30', limit: 1 };
    const { balances } = host.as('auditor');
    const { nextCursor } = await balances.statement({ id: payout.partnerId, ...days });
    const cursor = nextCursor ?? undefined;
    const plans = await plansOf(host, /from ledger_entries e/, () =>
      balances.statement({ id: payout.partnerId, ...days, cursor, total: true }),
    );
    expect(plans.length).toBeGreaterThan(2);
    // Among a handful of entries, PostgreSQL takes any index that begins with the organization.
    const own = engine === 'sqlite' ? /[iu]x_ledger_entries_(statement|event)/ : /[iu]x_ledger_entries_/;
    for (const plan of plans) {
      expect(plan).toMatch(own);
      // The page of entries is a query of its own, which SQLite then goes through.
      expect(plan).not.toMatch(/\bSCAN (c|o|m|f|l|y)\b|TEMP B-TREE|Seq Scan/);
    }
  });

  it('walk an index for the next page too', async () => {
    const { nextCursor } = await host.as('auditor').payouts.list({ limit: 1 });
    const cursor =
      nextCursor ?? Buffer.from(JSON.stringify([payout.createdAt, payout.id])).toString('base64url');
    const plans = await plansOf(host, payouts, () => host.as('auditor').payouts.list({ cursor, limit: 7 }));
    expect(plans.length).toBeGreaterThan(0);
    for (const plan of plans) expect(plan).not.toMatch(scanOrSort);
  });

  it("find a partner's free credits, and who has any, by its own credits", async () => {
    const plans = await plansOf(host, /partner_lead_credits/, () =>
      host.as('finance').payouts.generate(june),
    );
    expect(plans.length).toBeGreaterThan(0);
    for (const plan of plans) {
      // By the partner's own credits: among a handful, PostgreSQL finds two indexes that do.
      expect(plan).toMatch(/ix_partner_lead_credits_(payable|approved)/);
      expect(plan).not.toMatch(/\bSCAN (c|d|l|p)\b|Seq Scan/);
    }
  });
});
