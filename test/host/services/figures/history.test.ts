import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ledgerEntries,
  ledgerPostings,
  partnerLeadCredits,
  partnerLeads,
  partnerPayoutDetails,
  partnerPayoutPayments,
  partnerPayouts,
} from '#host/database/index.ts';
import { engines } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import type { TestTenant } from '#test/support/people.ts';
import { leadData, unique } from '../credit-stories.ts';
import { payablePartner } from '../payout-stories.ts';

/**
 * PartnerStats, monthly stats, PartnerSourceStats and PayoutStats after random histories of commands, beside what the rows come to. The
 * first three are read from counters that every command keeps: here each of them is counted again from nothing.
 */

const timeZone = 'America/New_York';
const start = '2026-03-05T15:00:00.000Z';
const pick = fc.nat({ max: 1000 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('submit' as const), a: pick, b: pick }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('approve', 'credit'), a: pick, b: pick }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'reject',
        'convert',
        'noCredit',
        'reverse',
        'generate',
        'approvePayout',
        'pay',
        'later',
      ),
      a: pick,
      b: pick,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('rejectPayout', 'cancelPayout'), a: pick, b: pick }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** One way from leads to a payment, so that every history has one: what comes after it is left to chance. */
const once: Step[] = [
  ...[0, 1, 2].map((a) => ({ do: 'submit' as const, a, b: a })),
  ...[0, 1, 2].map((a) => ({ do: 'approve' as const, a, b: 0 })),
  { do: 'convert', a: 0, b: 0 },
  ...[0, 1, 2, 3].map((a) => ({ do: 'credit' as const, a, b: 0 })),
  ...[0, 1, 2].map((a) => ({ do: 'generate' as const, a, b: 0 })),
  ...[0, 1, 2].map((a) => ({ do: 'approvePayout' as const, a, b: 1 })),
  ...[0, 1, 2].map((a) => ({ do: 'pay' as const, a, b: a })),
];

/** A refusal is an answer like any other; only a fault of ours is none. */
async function tried(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === undefined || code === 'INTERNAL_SERVER_ERROR') throw error;
  }
}

describe.each(engines)('the stats of partners, sources and payouts on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  async function anOffice() {
    host.clock.set(start);
    const office = await host.otherTenant({ timeZone });
    const partners = [];
    for (const currency of ['EUR', 'EUR', 'USD']) {
      const bank = {
        leadPrice: 2500,
        commissionPercentage: 7.5,
        currency,
        organizationName: unique('Partner'),
      };
      const partner = await payablePartner(office, bank);
      const own = await office.as('admin').sources.list({ id: partner.id });
      const fair = await office
        .as('partner_manager')
        .sources.create({ id: partner.id, sourceType: 'vendor_reference', sourceName: 'Fair' });
      partners.push({ partner, sources: [own.items[0]!.id, fair.id] });
    }
    return { office, partners };
  }

  async function take(
    { office, partners }: Awaited<ReturnType<typeof anOffice>>,
    { do: what, a, b }: Step,
  ): Promise<void> {
    const scope = { tenantId: office.tenantId };
    const any = async (table: typeof partnerLeads | typeof partnerLeadCredits | typeof partnerPayouts) => {
      const rows = await host.database.read(scope, (reader) => reader.list<{ id: string }>(table));
      return rows.toSorted((x, y) => (x.id < y.id ? -1 : 1))[a % Math.max(rows.length, 1)]?.id;
    };
    const reviewer = office.as('lead_reviewer').leads;
    const approver = office.as('approver');
    const today = () =>
      new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(new Date(host.clock.now()));
    if (what === 'later') return host.clock.advance(60 * (1 + (a % 200)));
    if (what === 'submit') {
      const { partner, sources } = partners[a % partners.length]!;
      const data = Object.values(leadData)[b % Object.keys(leadData).length]!();
      return tried(
        office
          .as('partner_manager')
          .leads.submit({ id: partner.id, sourceId: sources[b % 2], leadData: data }),
      );
    }
    if (what === 'generate') {
      const { partner } = partners[a % partners.length]!;
      const period = { periodStart: '2026-03-01', periodEnd: '2026-12-31' };
      return tried(office.as('finance').payouts.generate({ partnerId: partner.id, ...period }));
    }
    if (what === 'approve' || what === 'reject' || what === 'convert') {
      const id = await any(partnerLeads);
      if (id === undefined) return;
      if (what === 'approve') return tried(reviewer.approve({ id }));
      if (what === 'reject') return tried(reviewer.reject({ id, reason: 'No.' }));
      return tried(reviewer.convert({ id, dealValue: 10_000 + b, conversionDate: today() }));
    }
    if (what === 'credit' || what === 'noCredit' || what === 'reverse') {
      const id = await any(partnerLeadCredits);
      if (id === undefined) return;
      if (what === 'credit') return tried(approver.credits.approve({ id }));
      if (what === 'noCredit') return tried(approver.credits.reject({ id, reason: 'No.' }));
      return tried(approver.credits.reverse({ id, reason: 'Cancelled.' }));
    }
    const id = await any(partnerPayouts);
    if (id === undefined) return;
    if (what === 'approvePayout') {
      return tried(approver.payouts.approve({ id, ...(b % 3 === 0 && { amount: 1 + (b % 2000) }) }));
    }
    if (what === 'rejectPayout') return tried(approver.payouts.reject({ id, notes: 'No.' }));
    if (what === 'cancelPayout') return tried(approver.payouts.cancel({ id, reason: 'Wrong.' }));
    const paying = { id, paymentDate: today(), referenceNumber: 'X' };
    return tried(
      office.as('finance').payouts.pay({ ...paying, ...(b % 2 === 0 && { amount: 1 + (b % 500) }) }),
    );
  }

  /** Everything, as it is stored. */
  const rowsOf = (office: TestTenant) =>
    host.database.read({ tenantId: office.tenantId }, async (reader) => ({
      leads: await reader.list(partnerLeads),
      credits: await reader.list(partnerLeadCredits),
      payouts: await reader.list(partnerPayouts),
      lines: await reader.list(partnerPayoutDetails),
      payments: await reader.list(partnerPayoutPayments),
      entries: await reader.list(ledgerEntries),
      postings: await reader.list(ledgerPostings),
    }));

  const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0);
  const rate = (part: number, whole: number) => (whole === 0 ? null : part / whole);
  const monthOf = (instant: string) =>
    new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(new Date(instant)).slice(0, 7);

  async function compare({ office, partners }: Awaited<ReturnType<typeof anOffice>>): Promise<void> {
    const rows = await rowsOf(office);
    const client = office.as('auditor');
    const countsOf = (leads: typeof rows.leads) => {
      const of = (...statuses: string[]) => leads.filter(({ status }) => statuses.includes(status)).length;
      const approved = of('approved', 'converted');
      return {
        totalLeadsSubmitted: leads.length,
        approvedLeads: approved,
        rejectedLeads: of('rejected'),
        convertedLeads: of('converted'),
        approvalRate: rate(approved, approved + of('rejected')),
        conversionRate: rate(of('converted'), approved),
        averageLeadQuality:
          leads.length === 0
            ? null
            : Math.round(sum(leads.map((lead) => lead.qualityScore)) / leads.length) / 100,
      };
    };
    for (const { partner, sources } of partners) {
      const isOwn = ({ partnerId }: { partnerId: string }) => partnerId === partner.id;
      const leads = rows.leads.filter(isOwn);
      const earned = rows.credits.filter(isOwn).filter(({ status }) => status === 'approved');
      const balanceUntil = (isIn: (instant: string) => boolean) => {
        const entries = rows.entries.filter(isOwn).filter(({ createdAt }) => isIn(createdAt));
        const ids = new Set(entries.map(({ id }) => id));
        return sum(
          rows.postings
            .filter(({ entryId, account }) => ids.has(entryId) && account === 'available')
            .map(({ amount }) => amount),
        );
      };
      const now = monthOf(host.clock.now());
      const balance = balanceUntil(() => true);
      expect(await client.partners.stats({ id: partner.id })).toEqual({
        ...countsOf(leads),
        totalEarnings: sum(earned.map(({ creditAmount }) => creditAmount)),
        availableBalance: balance,
        pendingPayout: balance,
        currentMonthLeads: leads.filter(({ submittedAt }) => monthOf(submittedAt) === now).length,
        monthlyQuota: 0,
        currency: partner.currency,
      });
      for (const month of ['2026-02', '2026-03', '2026-04', '2026-05']) {
        const ofMonth = leads.filter(({ submittedAt }) => monthOf(submittedAt) === month);
        const atItsEnd = balanceUntil((instant) => monthOf(instant) <= month);
        const [year, number] = month.split('-').map(Number);
        expect(await client.partners.monthlyStats({ id: partner.id, year: year!, month: number! })).toEqual({
          ...countsOf(ofMonth),
          totalEarnings: sum(
            earned
              .filter(({ approvedOn }) => approvedOn!.startsWith(month))
              .map(({ creditAmount }) => creditAmount),
          ),
          availableBalance: atItsEnd,
          pendingPayout: atItsEnd,
          currentMonthLeads: ofMonth.length,
          monthlyQuota: 0,
          currency: partner.currency,
        });
      }
      const stats = (await client.sources.statsOfPartner({ id: partner.id })).items;
      expect(stats.map(({ sourceId }) => sourceId).toSorted()).toEqual(sources.toSorted());
      for (const source of stats) {
        const own = leads.filter(({ sourceId }) => sourceId === source.sourceId);
        const counts = countsOf(own);
        expect(source).toMatchObject({
          leadsGenerated: own.length,
          leadsConverted: counts.convertedLeads,
          totalRevenue: sum(own.map(({ dealValue }) => dealValue ?? 0)),
          totalCredits: sum(
            earned
              .filter(({ sourceId }) => sourceId === source.sourceId)
              .map(({ creditAmount }) => creditAmount),
          ),
          conversionRate: counts.conversionRate,
          averageLeadQuality: counts.averageLeadQuality,
          currency: partner.currency,
        });
      }
    }
    for (const partnerId of [undefined, ...partners.map(({ partner }) => partner.id)]) {
      const payouts = rows.payouts.filter((each) => partnerId === undefined || each.partnerId === partnerId);
      const ids = new Set(payouts.map(({ id }) => id));
      const of = (...statuses: string[]) => payouts.filter(({ status }) => statuses.includes(status));
      const approved = of('approved', 'partially_approved', 'partially_paid', 'paid');
      const pending = new Set(of('pending').map(({ id }) => id));
      const days = approved.map(
        ({ approvedAt, generatedAt }) => Date.parse(approvedAt!) - Date.parse(generatedAt),
      );
      const stats = await client.payouts.stats({ partnerId });
      expect(stats).toMatchObject({
        totalPayoutsGenerated: payouts.length,
        approvedPayouts: approved.length,
        rejectedPayouts: of('rejected').length,
        totalAmountGenerated: sum(payouts.map(({ totalAmount }) => totalAmount)),
        totalAmountApproved: sum(approved.map(({ approvedAmount }) => approvedAmount)),
        totalAmountPaid: sum(
          rows.payments.filter(({ payoutId }) => ids.has(payoutId)).map(({ amount }) => amount),
        ),
        averageApprovalRate: rate(approved.length, approved.length + of('rejected').length),
        pendingApprovalAmount: sum(
          rows.lines
            .filter(({ payoutId, status }) => pending.has(payoutId) && status !== 'rejected')
            .map(({ amount }) => amount),
        ),
        averageDaysToApproval: days.length === 0 ? null : sum(days) / days.length / 86_400_000,
      });
    }
  }

  it('are what the rows come to, after whatever was done', async () => {
    const histories = fc.array(step, { minLength: 60, maxLength: 120, size: 'max' });
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const office = await anOffice();
        for (const each of once) await take(office, each);
        const { leads, payments } = await rowsOf(office.office);
        expect([payments.length, leads.filter(({ status }) => status === 'converted').length]).toEqual([
          3, 1,
        ]);
        for (const each of history) await take(office, each);
        await compare(office);
      }),
      { numRuns: 5 },
    );
  });
});
