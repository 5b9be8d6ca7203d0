import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ledgerEntries,
  ledgerPostings,
  partnerLeadCredits,
  partnerLeads,
  partnerPayoutDetails,
  partnerPayoutPaymentFailures,
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
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('edit', 'withdraw', 'adjust', 'takeBackPart', 'rejectLine', 'failPayment'),
      a: pick,
      b: pick,
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** One way from leads to a payment, so that every history has one: what comes after it is left to chance. */
const once: Step[] = [
  ...[0, 1, 2].map((a) => ({ do: 'submit' as const, a, b: a })),
  ...[0, 1].map((a) => ({ do: 'edit' as const, a, b: a })),
  ...[0, 1, 2].map((a) => ({ do: 'approve' as const, a, b: 0 })),
  { do: 'convert', a: 0, b: 0 },
  ...[0, 1, 2, 3].map((a) => ({ do: 'credit' as const, a, b: 0 })),
  ...[0, 1, 2].map((a) => ({ do: 'generate' as const, a, b: 0 })),
  ...[0, 1, 2].map((a) => ({ do: 'approvePayout' as const, a, b: 1 })),
  ...[0, 1, 2].map((a) => ({ do: 'pay' as const, a, b: a })),
  { do: 'adjust', a: 0, b: 3 },
  { do: 'failPayment', a: 1, b: 0 },
  { do: 'withdraw', a: 0, b: 0 },
  ...[1, 2].map((a) => ({ do: 'convert' as const, a, b: 1 })),
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
    const any = async (
      table:
        | typeof partnerLeads
        | typeof partnerLeadCredits
        | typeof partnerPayouts
        | typeof partnerPayoutDetails
        | typeof partnerPayoutPayments,
    ) => {
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
    if (what === 'adjust') {
      const { partner } = partners[a % partners.length]!;
      const amount = (b % 2 === 0 ? -1 : 1) * (1 + (b % 700));
      return tried(
        office
          .as('partner_manager')
          .credits.adjust({ id: partner.id, kind: 'adjustment', amount, reason: 'Agreed.' }),
      );
    }
    if (what === 'failPayment') {
      const id = await any(partnerPayoutPayments);
      if (id === undefined) return;
      const payment = (await rowsOf(office)).payments.find((each) => each.id === id)!;
      const failed = { id: payment.payoutId, paymentId: id, reason: 'The account is closed.', date: today() };
      return tried(office.as('finance').payouts.failPayment(failed));
    }
    if (what === 'rejectLine') {
      const id = await any(partnerPayoutDetails);
      return id === undefined ? undefined : tried(approver.payouts.rejectLine({ id, notes: 'No.' }));
    }
    if (what === 'withdraw') {
      const id = await any(partnerLeads);
      return id === undefined ? undefined : tried(reviewer.withdrawConversion({ id, reason: 'Cancelled.' }));
    }
    if (what === 'edit') {
      const id = await any(partnerLeads);
      if (id === undefined) return;
      const { partnerId } = (await rowsOf(office)).leads.find((lead) => lead.id === id)!;
      const { sources } = partners.find(({ partner }) => partner.id === partnerId)!;
      const leadData_ = b % 3 === 0 ? { company: null, jobTitle: null } : { leadType: 'prospect' };
      return tried(reviewer.update({ id, sourceId: sources[b % 2], leadData: leadData_ }));
    }
    if (what === 'approve' || what === 'reject' || what === 'convert') {
      const id = await any(partnerLeads);
      if (id === undefined) return;
      if (what === 'approve') return tried(reviewer.approve({ id }));
      if (what === 'reject') return tried(reviewer.reject({ id, reason: 'No.' }));
      return tried(reviewer.convert({ id, dealValue: 10_000 + b, conversionDate: today() }));
    }
    if (what === 'credit' || what === 'noCredit' || what === 'reverse' || what === 'takeBackPart') {
      const id = await any(partnerLeadCredits);
      if (id === undefined) return;
      if (what === 'credit') return tried(approver.credits.approve({ id }));
      if (what === 'takeBackPart') {
        return tried(approver.credits.reverse({ id, amount: 1 + (b % 300), reason: 'A part of it.' }));
      }
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
      failures: await reader.list(partnerPayoutPaymentFailures),
      entries: await reader.list(ledgerEntries),
      postings: await reader.list(ledgerPostings),
    }));

  const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0);
  const rate = (part: number, whole: number) => (whole === 0 ? null : part / whole);
  const dayOf = (instant: string) =>
    new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(new Date(instant));
  const monthOf = (instant: string) => dayOf(instant).slice(0, 7);

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
      // No period is closed and nothing is held here: a credit is booked on the day of its approval, by the platform's calendar.
      const booked = earned.filter(({ origin }) => origin !== 'carry_over' && origin !== 'reversal');
      expect(booked.map(({ approvedOn }) => approvedOn)).toEqual(
        booked.map(({ approvedAt }) => dayOf(approvedAt!)),
      );
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
      const currencyOf = new Map(partners.map(({ partner }) => [partner.id, partner.currency]));
      const stats = await client.payouts.stats({ partnerId });
      const currencies = [...new Set(payouts.map((each) => currencyOf.get(each.partnerId)!))].toSorted();
      expect(stats.byCurrency.map(({ currency }) => currency)).toEqual(currencies);
      for (const { currency, ...amounts } of stats.byCurrency) {
        const own = payouts.filter((each) => currencyOf.get(each.partnerId) === currency);
        const isOf = ({ payoutId }: { payoutId: string }) => own.some(({ id }) => id === payoutId);
        expect(amounts).toEqual({
          totalAmountGenerated: sum(own.map(({ totalAmount }) => totalAmount)),
          totalAmountApproved: sum(
            own.filter((each) => approved.includes(each)).map(({ approvedAmount }) => approvedAmount),
          ),
          totalAmountPaid: sum(
            rows.payments
              .filter(isOf)
              .filter(({ id }) => rows.failures.every(({ paymentId }) => paymentId !== id))
              .map(({ amount }) => amount),
          ),
          pendingApprovalAmount: sum(
            rows.lines
              .filter(isOf)
              .filter(({ payoutId, status }) => pending.has(payoutId) && status !== 'rejected')
              .map(({ amount }) => amount),
          ),
        });
      }
      expect(stats).toMatchObject({
        currency: currencies.length > 1 ? null : (currencies[0] ?? currencyOf.get(partnerId ?? '') ?? 'EUR'),
        totalPayoutsGenerated: payouts.length,
        approvedPayouts: approved.length,
        rejectedPayouts: of('rejected').length,
        totalAmountGenerated: sum(payouts.map(({ totalAmount }) => totalAmount)),
        totalAmountApproved: sum(approved.map(({ approvedAmount }) => approvedAmount)),
        totalAmountPaid: sum(
          rows.payments
            .filter(({ payoutId }) => ids.has(payoutId))
            .filter(({ id }) => rows.failures.every(({ paymentId }) => paymentId !== id))
            .map(({ amount }) => amount),
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
        const { leads, payments, failures, credits } = await rowsOf(office.office);
        const taken = {
          payments: payments.length,
          failures: failures.length,
          adjustments: credits.filter(({ origin }) => origin === 'adjustment').length,
          withdrawn: leads.filter((lead) => lead.conversionWithdrawnAt !== null).length,
        };
        expect(taken).toEqual({ payments: 3, failures: 1, adjustments: 1, withdrawn: 1 });
        for (const each of history) await take(office, each);
        await compare(office);
      }),
      { numRuns: 5 },
    );
  });
});
