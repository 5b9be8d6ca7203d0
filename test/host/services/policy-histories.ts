import * as fc from 'fast-check';
import { dayOf } from '#domain/calendar.ts';
import { defaultScoreWeights } from '#domain/quality-score.ts';
import type { TestHost } from '#test/support/host.ts';
import {
  activePartner,
  creditsOf,
  type Lead,
  leadData,
  newPolicy,
  type Partner,
  type Policy,
  type PolicyInput,
  policyInForce,
  scopesNamed,
} from './credit-stories.ts';

/** Random histories of an organization that works with policies of every kind, all through the calls that people make. */

const wishes = [
  'approve a lead',
  'approve a lead',
  'approve a lead',
  'approve a lead',
  'convert a lead',
  'convert a lead',
  'decide a credit',
  'reverse a credit',
  'take a part back',
  'pay out',
  'score again',
  'withdraw a conversion',
  'let time pass',
  'let time pass',
  'make a policy',
  'revise a policy',
  'deactivate a policy',
  'change own terms',
] as const;

export interface Step {
  wish: (typeof wishes)[number];
  pick: number;
  amount: number;
}

export const historyOf = (length: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      wish: fc.constantFrom(...wishes),
      pick: fc.nat({ max: 1_000_000 }),
      amount: fc.integer({ min: 1, max: 5000 }),
    }),
    { minLength: length, maxLength: length },
  );

const kinds = [
  (amount: number) => ({ calculationType: 'fixed_price' as const, baseCredit: amount }),
  (amount: number) => ({
    calculationType: 'tiered' as const,
    bonusPercentage: 5,
    tierConfig: {
      tiers: [
        { tierLevel: 1, minLeads: 1, maxLeads: 2, creditAmount: amount },
        { tierLevel: 2, minLeads: 3, maxLeads: 4, creditAmount: amount + 300, bonusPercent: 10 },
        { tierLevel: 3, minLeads: 5, maxLeads: 9, creditAmount: amount + 700 },
      ],
    },
  }),
  (amount: number) => ({ calculationType: 'percentage' as const, baseRate: (amount % 200) / 10 }),
  (amount: number) => ({ calculationType: 'conversion' as const, baseCredit: amount }),
  (amount: number) => ({ calculationType: 'revenue_share' as const, baseRate: (amount % 150) / 10 }),
];
const units = ['daily', 'weekly', 'monthly', 'quarterly', 'yearly'] as const;

/** Terms of any kind: some of one project, some on top of others, some capped in one way or several. */
export function someTerms(pick: number, amount: number): Partial<PolicyInput> {
  const kind = kinds[pick % kinds.length]!(amount);
  const isProject = pick % 7 === 3;
  return {
    ...kind,
    ...(isProject
      ? { policyType: 'project_based', timeUnitType: null, projectId: 'tower' }
      : { policyType: 'time_based', timeUnitType: units[pick % units.length]! }),
    priority: pick % 3,
    isStackable: pick % 4 === 1,
    autoApprove: pick % 5 === 2,
    minLeadQualityScore: pick % 6 === 5 ? 80 : 0,
    ...(pick % 2 === 0 && { totalBudget: 4000 + amount }),
    ...(pick % 3 === 0 && !isProject && { capPerPeriod: 2000 + amount }),
    ...(pick % 5 === 0 && { capPerLead: 600 + amount }),
  };
}

/** Another score for the same lead. */
const otherWeights = { ...defaultScoreWeights, firstName: 0, lastName: 0, leadType: 17.5, budgetRange: 17.5 };

/** What a credit is worth can be spoken for already: then there is nothing to do. */
async function unlessRefused(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    const isRefusal = error instanceof Error && 'code' in error;
    if (!isRefusal || !['INVALID_TRANSITION', 'AMOUNT_EXCEEDS'].includes(String(error.code))) throw error;
  }
}

export interface LivedHistory {
  partners: Partner[];
  /** In force before `from`, and as they were ever since. */
  steady: Policy[];
  leads: Lead[];
}

/**
 * Lives through a history: five policies that stay as they are, others that come, change and go, and leads that are approved,
 * converted and taken back. It begins on the 2nd of June; the policies were made on the 1st.
 */
export async function live(host: TestHost, steps: readonly Step[]): Promise<LivedHistory> {
  await scopesNamed(host, { projects: ['tower', 'bridge'] });
  const partners = [
    await activePartner(host, { leadPrice: 700, commissionPercentage: 3 }),
    await activePartner(host, { leadPrice: 900 }),
  ];
  const pickOf = <T>(items: readonly T[], pick: number): T | undefined =>
    items[pick % Math.max(1, items.length)];
  const steady: Policy[] = [];
  for (let each = 0; each < 5; each += 1) {
    const { pick, amount } = steps[each]!;
    steady.push(await policyInForce(host, each < 3 ? partners[each % 2]!.id : null, someTerms(pick, amount)));
  }
  const changing: Policy[] = [];
  const leads: Lead[] = [];
  host.clock.set('2026-06-02T06:00:00.000Z');
  const reviewer = host.as('lead_reviewer');
  const replace = (lead: Lead) => {
    leads[leads.findIndex(({ id }) => id === lead.id)] = lead;
  };
  for (const { wish, pick, amount } of steps) {
    const today = dayOf(host.clock.now(), 'Europe/Berlin');
    if (wish === 'approve a lead') {
      const score = ([70, 85, 100] as const)[pick % 3]!;
      const submitted = await host.as('partner_manager').leads.submit({
        id: partners[pick % 2]!.id,
        leadData: leadData[score](),
        ...(pick % 4 === 0 && { projectId: pick % 8 === 0 ? 'tower' : 'bridge' }),
        ...(pick % 5 === 0 && { estimatedValue: amount * 10 }),
      });
      leads.push(await reviewer.leads.approve({ id: submitted.id }));
    } else if (wish === 'convert a lead') {
      const lead = pickOf(
        leads.filter(({ status }) => status === 'approved'),
        pick,
      );
      if (lead === undefined) continue;
      const day = pick % 2 === 0 ? today : dayOf(lead.submittedAt, 'Europe/Berlin');
      replace(await reviewer.leads.convert({ id: lead.id, dealValue: amount * 20, conversionDate: day }));
    } else if (wish === 'withdraw a conversion') {
      const lead = pickOf(
        leads.filter(({ status }) => status === 'converted'),
        pick,
      );
      if (lead === undefined || pick % 3 !== 0) continue;
      replace(await reviewer.leads.withdrawConversion({ id: lead.id, reason: 'The deal fell through' }));
    } else if (wish === 'decide a credit' || wish === 'reverse a credit') {
      const lead = pickOf(leads, pick);
      const credit = lead && pickOf(await creditsOf(host, lead), amount);
      if (credit === undefined) continue;
      const { credits } = host.as('approver');
      if (credit.status === 'pending_approval') {
        if (wish === 'reverse a credit') await credits.reject({ id: credit.id, reason: 'no' });
        else await credits.approve({ id: credit.id });
      } else if (
        credit.status === 'approved' &&
        credit.origin !== 'reversal' &&
        credit.creditAmount > 0 &&
        wish === 'reverse a credit'
      ) {
        await unlessRefused(credits.reverse({ id: credit.id, reason: 'The deal is off' }));
      }
    } else if (wish === 'take a part back') {
      const lead = pickOf(leads, pick);
      const credit = lead && (await creditsOf(host, lead)).find(({ status }) => status === 'approved');
      if (credit === undefined || credit.origin === 'reversal' || credit.creditAmount < 2) continue;
      const part = 1 + (amount % (credit.creditAmount - 1));
      const { credits } = host.as('approver');
      await unlessRefused(credits.reverse({ id: credit.id, amount: part, reason: 'A discount' }));
    } else if (wish === 'pay out') {
      const partnerId = partners[pick % 2]!.id;
      const period = { periodStart: '2026-06-01', periodEnd: today };
      const { payouts } = await host.as('finance').payouts.generate({ partnerId, ...period });
      for (const { id, totalAmount } of payouts) {
        // Less than all: what a line is short of is carried over.
        const approved = pick % 3 === 0 ? totalAmount : 1 + (amount % totalAmount);
        await host.as('approver').payouts.approve({ id, amount: approved });
      }
    } else if (wish === 'score again') {
      const { id } = partners[pick % 2]!;
      const scoreWeights = pick % 4 < 2 ? otherWeights : null;
      await host.as('partner_manager').leadScoring.setWeights({ id, scoreWeights });
      const again = { partnerId: id, all: true };
      for await (const _ of await host.as('lead_reviewer').leadScoring.rescore(again));
    } else if (wish === 'let time pass') {
      host.clock.advance(60 * (1 + (pick % 40)));
    } else if (wish === 'make a policy') {
      const partner = pick % 2 === 0 ? null : pickOf(partners, amount)!.id;
      const made = await newPolicy(host, partner, someTerms(pick, amount));
      changing.push(await host.as('approver').creditPolicies.approve({ id: made.id }));
    } else if (wish === 'revise a policy') {
      const policy = pickOf(
        changing.filter(({ deactivatedFrom }) => deactivatedFrom === null),
        pick,
      );
      if (policy === undefined) continue;
      const revised = await host.as('policy_manager').creditPolicies.update({
        id: policy.id,
        priority: (amount % 7) + 1,
        totalBudget: 5000 + amount,
        ...(policy.timeUnitType !== null && { capPerPeriod: amount % 2 === 0 ? 1500 + amount : null }),
      });
      // An edit that changes nothing makes no revision that could be approved.
      if (pick % 4 !== 0 && revised.approvalRequired)
        await host.as('approver').creditPolicies.approve({ id: policy.id });
    } else if (wish === 'deactivate a policy') {
      const policy = pickOf(
        changing.filter(({ deactivatedFrom }) => deactivatedFrom === null),
        pick,
      );
      if (policy === undefined || pick % 2 === 0) continue;
      const ahead = new Date(Date.parse(today) + (pick % 3) * 86_400_000).toISOString().slice(0, 10);
      changing[changing.indexOf(policy)] = await host
        .as('policy_manager')
        .creditPolicies.deactivate({ id: policy.id, deactivatedFrom: ahead });
    } else if (wish === 'change own terms') {
      const partner = partners[pick % 2]!;
      await host.as('partner_manager').partners.update({ id: partner.id, leadPrice: amount });
    }
  }
  return { partners, steady, leads };
}
