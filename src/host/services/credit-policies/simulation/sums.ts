import type { Output } from '../../service.ts';
import type { Draft } from './draft.ts';
import type { PastCredit } from './reading.ts';

export type SimulatedLead = Output<'creditPolicies', 'simulate'>['items'][number];
export type SimulationSummary = Omit<Output<'creditPolicies', 'simulate'>, 'items' | 'omitted' | 'note'>;

/** Adds up a simulation while it goes. */
export interface Sums {
  add(item: SimulatedLead, leadId: string, credits: readonly PastCredit[]): void;
  result(): Pick<SimulationSummary, 'leads' | 'events' | 'differing' | 'totals' | 'byPolicy'>;
}

type PolicySum = SimulationSummary['byPolicy'][number];

/** @param codes of policies, by id: also of those that only the real world paid by. */
export function newSums({ candidate, replaces }: Draft, codes: ReadonlyMap<string, string>): Sums {
  const leads = new Set<string>();
  const totals = new Map<string, SimulationSummary['totals'][number]>();
  const byPolicy = new Map<string, PolicySum>();
  let events = 0;
  let differing = 0;
  const policy = (
    key: string,
    currency: string,
    about: Pick<PolicySum, 'policyId' | 'policyCode' | 'isDraft'>,
  ) => {
    const known = byPolicy.get(`${key} ${currency}`);
    if (known !== undefined) return known;
    const made: PolicySum = { ...about, currency, events: 0, amount: 0, credited: 0, difference: 0 };
    byPolicy.set(`${key} ${currency}`, made);
    return made;
  };
  return {
    add(item, leadId, credits) {
      leads.add(leadId);
      events += 1;
      if (item.difference !== 0) differing += 1;
      const { currency } = item;
      const total = totals.get(currency) ?? { currency, events: 0, amount: 0, credited: 0, difference: 0 };
      totals.set(currency, total);
      total.events += 1;
      total.amount += item.amount;
      total.credited += item.credited;
      total.difference += item.difference;
      let byPolicies = 0;
      for (const each of item.policies) {
        if (!each.applied) continue;
        const { policyId, policyCode, isDraft } = each;
        const sum = policy(policyId ?? candidate.policyId, currency, { policyId, policyCode, isDraft });
        sum.events += 1;
        sum.amount += each.amount;
        byPolicies += each.amount;
      }
      const ownTerms = { policyId: null, policyCode: null, isDraft: false };
      if (item.amount !== byPolicies) {
        const sum = policy('', currency, ownTerms);
        sum.events += 1;
        sum.amount += item.amount - byPolicies;
      }
      for (const { policy_id: policyId, credit_amount, trigger_event, origin } of credits) {
        if (trigger_event !== item.event || (origin !== 'policy' && origin !== 'partner_terms')) continue;
        const isDraft = policyId === candidate.policyId && replaces;
        const about =
          policyId === null ? ownTerms : { policyId, policyCode: codes.get(policyId) ?? null, isDraft };
        policy(policyId ?? '', currency, about).credited += credit_amount;
      }
    },
    result: () => ({
      leads: leads.size,
      events,
      differing,
      totals: [...totals.values()],
      byPolicy: [...byPolicy.values()].map((sum) => ({ ...sum, difference: sum.amount - sum.credited })),
    }),
  };
}
