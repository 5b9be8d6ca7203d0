import * as fc from 'fast-check';
import sql, { type Sql } from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { figuresFrom, type Posting } from '#domain/ledger.ts';
import { engines } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { approvedLead, convertedLead, figuresOf, policyInForce } from './credit-stories.ts';
import {
  approvedCredits,
  generated,
  getPayout,
  june,
  ledgerDifferences,
  linesOf,
  paid,
  payablePartner,
  pendingPayout,
} from './payout-stories.ts';

describe.each(engines)('the ledger on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(async () => host.close());

  /** Every kind of thing that is counted or posted, and something of each left in the middle. */
  async function busyOffice(): Promise<{ office: TestTenant; partnerId: string }> {
    const office = await host.otherTenant();
    const { partner, payout, lines } = await pendingPayout(office, [1000, 700, 300]);
    await policyInForce(office, partner.id, { autoApprove: true });
    await policyInForce(office, null, { calculationType: 'revenue_share', baseRate: 10, autoApprove: true });
    await convertedLead(office, await approvedLead(office, partner.id, 85), 50_000);
    await office.as('approver').payouts.rejectLine({ id: lines[2]!.id, notes: 'no' });
    await office.as('approver').payouts.approve({ id: payout.id, amount: 1500 });
    await paid(office, payout, 600);
    await generated(office, partner.id);
    await office.as('approver').credits.reverse({ id: lines[0]!.creditId, reason: 'cancelled' });
    return { office, partnerId: partner.id };
  }

  it('agrees with everything stored, and says how much it looked at', async () => {
    const { office, partnerId } = await busyOffice();
    const { items } = await office.as('finance').partners.ledger({ id: partnerId, limit: 500 });
    expect(await office.as('finance').ledger.verify()).toEqual({
      ok: true,
      entries: items.length,
      differences: [],
    });
    const postings = items.flatMap((entry) => entry.postings) as Posting[];
    expect(await figuresOf(office, partnerId)).toEqual(figuresFrom(postings));
  });

  it('knows nothing of another organization', async () => {
    const { office, partnerId } = await busyOffice();
    await tamper(office, sql`update partners set total_earnings = 1 where id = ${partnerId}`);
    const other = (await host.otherTenant()).as('auditor');
    expect(await other.ledger.verify()).toEqual({ ok: true, entries: 0, differences: [] });
  });

  const tamper = (office: TestTenant, statement: Sql) =>
    host.database.write({ tenantId: office.tenantId }, async (tx) => {
      expect((await tx.run(statement)).changes).toBeGreaterThan(0);
    });

  /** What was changed behind the programme's back, and the figures that must then be named. */
  const tamperings: [what: string, statement: (partnerId: string) => Sql, figures: string[]][] = [
    [
      "a partner's earnings",
      (id) => sql`update partners set total_earnings = total_earnings + 1 where id = ${id}`,
      ['totalEarnings'],
    ],
    [
      "a partner's balance and what it waits for",
      (id) =>
        sql`update partners set available_balance = 0, pending_payout_amount = 0, withdrawn_amount = 0 where id = ${id}`,
      ['availableBalance', 'pendingPayoutAmount', 'withdrawnAmount'],
    ],
    [
      'the amount of a credit that no payout holds',
      (id) => sql`update partner_lead_credits set credit_amount = credit_amount - 1
        where partner_id = ${id} and origin = 'reversal' and reverses_credit_id is not null`,
      [
        'approved credits',
        expect.stringMatching(/^creditAmount of lead /),
        expect.stringMatching(/^taken back of credit /),
        expect.stringMatching(/^totalCredits of source /),
      ],
    ],
    [
      'the amount of a payout line',
      (
        id,
      ) => sql`update partner_payout_details set amount = amount + 1 where released_at is null and amount > 0
        and payout_id in (select id from partner_payouts where partner_id = ${id} and status = 'partially_paid')
        and amount = 1000`,
      [
        expect.stringMatching(/^amount of payout PO-/),
        expect.stringMatching(/^line of credit .* in payout PO-/),
      ],
    ],
    [
      'the approved amount of a payout',
      (id) => sql`update partner_payouts set approved_amount = approved_amount - 1
        where partner_id = ${id} and status = 'partially_paid'`,
      [expect.stringMatching(/^amount of payout PO-/), 'approved payouts'],
    ],
    [
      'the paid amount of a payout',
      (id) => sql`update partner_payouts set paid_amount = paid_amount - 1
        where partner_id = ${id} and status = 'partially_paid'`,
      ['payments', expect.stringMatching(/^payments of payout PO-/)],
    ],
    [
      "a partner's counters",
      (id) =>
        sql`update partners set approved_leads = approved_leads + 1, total_quality_score = 0 where id = ${id}`,
      ['approvedLeads', 'totalQualityScore'],
    ],
    [
      "a source's counters",
      (id) =>
        sql`update partner_sources set leads_generated = 99, total_revenue = 1 where partner_id = ${id}`,
      [
        expect.stringMatching(/^leadsGenerated of source /),
        expect.stringMatching(/^totalRevenue of source /),
      ],
    ],
    [
      'what a lead shows of its credits',
      (id) => sql`update partner_leads set credit_amount = credit_amount + 1, credit_status = 'rejected'
        where partner_id = ${id} and status = 'converted'`,
      [
        expect.stringMatching(/^creditAmount of lead /),
        expect.stringMatching(/^creditStatus of lead .*: rejected instead of approved$/),
      ],
    ],
    [
      'what a policy has allocated',
      (id) => sql`update partner_credit_policies set total_credits_allocated = 7 where partner_id = ${id}`,
      [expect.stringMatching(/^totalCreditsAllocated of policy /)],
    ],
  ];

  it.each(tamperings)('finds that someone changed %s', async (_what, statement, figures) => {
    const { office, partnerId } = await busyOffice();
    await tamper(office, statement(partnerId));
    const report = await office.as('auditor').ledger.verify();
    expect(report.ok).toBe(false);
    expect(report.differences.map(({ figure }) => figure).sort()).toEqual(figures);
    expect(report.differences.every((each) => each.partnerId === partnerId)).toBe(true);
    expect(report.differences.every(({ stored, computed }) => stored !== computed)).toBe(true);
  });

  it('names the policy of all partners without a partner', async () => {
    const { office } = await busyOffice();
    await tamper(
      office,
      sql`update partner_credit_policies set total_leads_under_policy = 7 where partner_id is null`,
    );
    expect(await ledgerDifferences(office)).toEqual([
      {
        partnerId: null,
        figure: expect.stringMatching(/^totalLeadsUnderPolicy of policy /),
        stored: 7,
        computed: 1,
      },
    ]);
  });

  it('tells stored and computed apart', async () => {
    const { office, partnerId } = await busyOffice();
    const { totalEarnings } = await figuresOf(office, partnerId);
    await tamper(
      office,
      sql`update partners set total_earnings = ${totalEarnings + 5} where id = ${partnerId}`,
    );
    expect(await ledgerDifferences(office)).toEqual([
      { partnerId, figure: 'totalEarnings', stored: totalEarnings + 5, computed: totalEarnings },
    ]);
  });

  it('takes no entry that does not balance, and lets none be changed', async () => {
    const { office, partnerId } = await busyOffice();
    const write = (statement: Sql) =>
      host.database.write({ tenantId: office.tenantId }, (tx) => tx.run(statement));
    const changed = write(
      sql`update ledger_postings set amount = amount + 1 where partner_id = ${partnerId}`,
    );
    await expect(changed).rejects.toMatchObject({ kind: 'immutable' });
    const dropped = write(sql`delete from ledger_entries where partner_id = ${partnerId}`);
    await expect(dropped).rejects.toMatchObject({ kind: 'immutable' });
    const unbalanced = write(sql`insert into ledger_entries
      (id, tenant_id, partner_id, kind, resource, resource_id, discriminator, currency, amount, created_at)
      select '00000000-0000-7000-8000-000000000001', tenant_id, partner_id, kind, resource, resource_id, 'again', currency, amount, created_at
      from ledger_entries where partner_id = ${partnerId} limit 1`);
    await expect(unbalanced).rejects.toMatchObject({
      kind: expect.stringMatching(/unbalanced|foreign_key|check/),
    });
  });
});

describe.each(engines)('whatever people do with payouts on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(async () => host.close());

  const steps = [
    'credit',
    'generate',
    'generateAll',
    'addLine',
    'approveLine',
    'rejectLine',
    'approve',
    'approvePart',
    'reject',
    'cancel',
    'payPart',
    'pay',
    'reverse',
  ] as const;
  interface Step {
    do: (typeof steps)[number];
    partner: number;
    pick: number;
    amount: number;
  }
  const step: fc.Arbitrary<Step> = fc.record({
    do: fc.constantFrom(...steps),
    partner: fc.nat(1),
    pick: fc.nat(50),
    amount: fc.integer({ min: 1, max: 5000 }),
  });

  it('the ledger sums to zero, every projection equals it, and no credit is in two live payouts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 30 }), async (history) => {
        const office = await host.otherTenant();
        const partners = [await payablePartner(office), await payablePartner(office)];
        for (const { id } of partners) await approvedCredits(office, id, [1000, 333]);
        for (const each of history) await attempt(office, partners[each.partner]?.id ?? '', each);

        expect(await ledgerDifferences(office)).toEqual([]);
        expect(await office.as('auditor').activities.verify()).toMatchObject({ ok: true });
        const sums = await host.database.read({ tenantId: office.tenantId }, async (reader) => ({
          ledger: await reader.get(
            sql`select coalesce(sum(amount), 0) as sum from ledger_postings where tenant_id = ${office.tenantId}`,
          ),
          twice: await reader.all(sql`select credit_id from partner_payout_details
            where tenant_id = ${office.tenantId} and released_at is null group by credit_id having count(*) > 1`),
          overdrawn: await reader.all(sql`select payout_number from partner_payouts
            where tenant_id = ${office.tenantId} and (paid_amount > approved_amount or approved_amount > total_amount)`),
        }));
        expect(sums).toEqual({ ledger: { sum: 0 }, twice: [], overdrawn: [] });
        for (const { id } of partners) await everyCentIsExplained(office, id);
      }),
      { numRuns: engine === 'sqlite' ? 15 : 8, seed: 20261121 },
    );
  });

  /** One step of a history. A refusal is as good as a success: what counts is what is there afterwards. */
  async function attempt(office: TestTenant, partnerId: string, each: Step): Promise<void> {
    try {
      await perform(office, partnerId, each);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code !== 'INTERNAL_SERVER_ERROR')) throw error;
    }
  }

  async function perform(office: TestTenant, partnerId: string, each: Step): Promise<void> {
    const { payouts } = office.as('approver');
    const { items } = await office.as('auditor').payouts.list({ partnerId });
    const payout = items[each.pick % Math.max(items.length, 1)] ?? { id: partnerId };
    const picked = async () => {
      const lines = items.length === 0 ? [] : await linesOf(office, payout);
      return { id: lines[each.pick % Math.max(lines.length, 1)]?.id ?? partnerId };
    };
    const credit = async () => {
      const credits = (await office.as('auditor').credits.list({ partnerId, status: 'approved' })).items;
      return credits[each.pick % Math.max(credits.length, 1)]?.id ?? partnerId;
    };
    const doings: Record<Step['do'], () => Promise<unknown>> = {
      credit: () => approvedCredits(office, partnerId, [each.amount]),
      generate: () => office.as('finance').payouts.generate({ partnerId, ...june }),
      generateAll: () => office.as('finance').payouts.generate(june),
      addLine: async () => office.as('finance').payouts.addLine({ id: payout.id, creditId: await credit() }),
      approveLine: async () => payouts.approveLine(await picked()),
      rejectLine: async () => payouts.rejectLine({ ...(await picked()), notes: 'no' }),
      approve: () => payouts.approve({ id: payout.id }),
      approvePart: () => payouts.approve({ id: payout.id, amount: each.amount }),
      reject: () => payouts.reject({ id: payout.id, notes: 'no' }),
      cancel: () => payouts.cancel({ id: payout.id, reason: 'no' }),
      payPart: () => paid(office, payout, each.amount),
      pay: () => paid(office, payout),
      reverse: async () => office.as('approver').credits.reverse({ id: await credit(), reason: 'cancelled' }),
    };
    await doings[each.do]();
  }

  /** What is available is exactly what free credits and pending payouts come to; and generating takes every free one. */
  async function everyCentIsExplained(office: TestTenant, partnerId: string): Promise<void> {
    const { availableBalance } = await figuresOf(office, partnerId);
    const pending = (await office.as('auditor').payouts.list({ partnerId, status: 'pending' })).items;
    const inPayouts = pending.reduce((sum, each) => sum + each.totalAmount - each.rejectedAmount, 0);
    const { payouts } = await office.as('finance').payouts.generate({ partnerId, ...june });
    const [made] = payouts;
    const credits = (await office.as('auditor').credits.list({ partnerId, status: 'approved', limit: 500 }))
      .items;
    const free = credits.filter(({ payoutId }) => payoutId === null);
    const gathered = made === undefined ? 0 : (await getPayout(office, made)).totalAmount;
    const stillFree = free.reduce((sum, each) => sum + each.creditAmount, 0);
    expect(inPayouts + gathered + stillFree).toBe(availableBalance);
    expect(made === undefined ? stillFree <= 0 : free.length === 0).toBe(true);
  }
});
