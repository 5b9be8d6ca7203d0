import { periodOf } from './calendar.ts';
import type { LeadFacts } from './credit-applicability.ts';
import {
  contendersOf,
  decideEvent,
  type EventDecision,
  nothingWeighed,
  type WeighedBefore,
} from './credit-event.ts';
import { hasCaps, type PolicyRevision, type PolicyTerms } from './credit-policies.ts';

/** An event as a simulated world lives through it. */
export interface SimulatedEvent<P extends PolicyRevision> {
  leadId: string;
  lead: LeadFacts;
  /** In force at this moment for this partner, in the simulated world. */
  policies: readonly P[];
  leadPrice: number | null;
  commissionRate: number | null;
  /** For a conversion whose approval the world did not live through: what that left in reality. */
  before?: WeighedBefore | undefined;
  /** With `before`: what policies have credited to the lead in reality, minor units. */
  onLead?: number | undefined;
  /** Whether there is more to come for this lead: what it got is remembered until then. */
  isRemembered: boolean;
}

interface RememberedLead {
  applied: Set<string>;
  isGoverned: boolean;
  /** By policy, what is left of what it credited. */
  credited: Map<string, { day: string; amount: number }>;
}

/** A world in which credits are made as the engine makes them, and nothing is kept but what the next event depends on. */
export interface SimulatedWorld<P extends PolicyRevision> {
  /** Leads counted under a policy before the world begins. */
  countBefore(policyId: string, partnerId: string, day: string, leads: number): void;
  /** Credits under a policy that the world did not make, minor units: before it begins, or by leads that are none of its own. */
  creditElsewhere(policyId: string, day: string, amount: number): void;
  live(event: SimulatedEvent<P>): EventDecision;
  /** A credit that was rejected or reversed in reality is in the simulated world too: its policy has that much left again. */
  takeBack(leadId: string, policyId: string, atMost?: number): void;
}

/**
 * Goes through events in the order they happened, counting tiers and holding caps as the engine does (`domain.md`, "Credits"):
 * both decide by `decideEvent`. Amounts in minor units, days in the tenant's zone.
 */
export function simulatedWorld<P extends PolicyRevision>(): SimulatedWorld<P> {
  const counts = new Map<string, Tally>();
  const credited = new Map<string, Tally>();
  const remembered = new Map<string, RememberedLead>();
  const tallyOf = (tallies: Map<string, Tally>, key: string): Tally => {
    let tally = tallies.get(key);
    if (tally === undefined) tallies.set(key, (tally = newTally()));
    return tally;
  };
  const countKey = (policyId: string, partnerId: string) => `${policyId} ${partnerId}`;

  return {
    countBefore: (policyId, partnerId, day, leads) =>
      tallyOf(counts, countKey(policyId, partnerId)).add(day, leads),
    creditElsewhere: (policyId, day, amount) => tallyOf(credited, policyId).add(day, amount),

    live(event) {
      const { lead, leadId, policies } = event;
      const known = remembered.get(leadId);
      const before = known ?? event.before ?? nothingWeighed;
      const contenders = contendersOf(policies, lead, before);
      const terms = new Map(contenders.contending.map((policy) => [policy.policyId, policy.terms]));
      if (lead.event === 'approval') {
        for (const policyId of terms.keys()) {
          tallyOf(counts, countKey(policyId, lead.partnerId)).add(lead.eventDay, 1);
        }
      }
      const decision = decideEvent({
        lead,
        policies,
        contenders,
        before,
        leadCountOf: (policyId) => {
          const own = terms.get(policyId);
          if (own?.calculationType !== 'tiered') return 0;
          return tallyOf(counts, countKey(policyId, lead.partnerId)).within(own, lead.eventDay);
        },
        creditedOf: (policyId) => {
          const own = terms.get(policyId);
          if (own === undefined || !hasCaps(own)) return undefined;
          const tally = tallyOf(credited, policyId);
          return { inPeriod: tally.within(own, lead.eventDay), inTotal: tally.total() };
        },
        onLead: known === undefined ? (event.onLead ?? 0) : sumOf(known),
        leadPrice: event.leadPrice,
        commissionRate: event.commissionRate,
      });
      for (const { policyId, amount } of decision.credits)
        tallyOf(credited, policyId).add(lead.eventDay, amount);
      if (event.isRemembered) remember(leadId, lead.eventDay, decision);
      else remembered.delete(leadId);
      return decision;
    },

    takeBack(leadId, policyId, atMost) {
      const credit = remembered.get(leadId)?.credited.get(policyId);
      if (credit === undefined) return;
      const amount = Math.min(credit.amount, atMost ?? credit.amount);
      credit.amount -= amount;
      tallyOf(credited, policyId).add(credit.day, -amount);
    },
  };

  function remember(leadId: string, day: string, { mappings, credits }: EventDecision): void {
    const known = remembered.get(leadId) ?? { applied: new Set(), isGoverned: false, credited: new Map() };
    known.isGoverned ||= mappings.length > 0;
    for (const { policyId, applied } of mappings) if (applied) known.applied.add(policyId);
    for (const { policyId, amount } of credits) known.credited.set(policyId, { day, amount });
    remembered.set(leadId, known);
  }
}

function sumOf({ credited }: RememberedLead): number {
  let sum = 0;
  for (const { amount } of credited.values()) sum += amount;
  return sum;
}

/** Sums by day. The period asked for last is kept, of each kind, so that a year of leads is not added up for every lead. */
interface Tally {
  add(day: string, value: number): void;
  total(): number;
  /** In the period of these terms that the day lies in; without a period, in all. */
  within(terms: Pick<PolicyTerms, 'policyType' | 'timeUnitType'>, day: string): number;
}

function newTally(): Tally {
  const days = new Map<string, number>();
  const periods = new Map<string, { start: string; end: string; sum: number }>();
  let total = 0;
  return {
    add(day, value) {
      total += value;
      days.set(day, (days.get(day) ?? 0) + value);
      for (const period of periods.values()) {
        if (day >= period.start && day <= period.end) period.sum += value;
      }
    },
    total: () => total,
    within({ policyType, timeUnitType }, day) {
      if (policyType !== 'time_based' || timeUnitType === null) return total;
      const known = periods.get(timeUnitType);
      if (known !== undefined && day >= known.start && day <= known.end) return known.sum;
      const { start, end } = periodOf(day, timeUnitType);
      let sum = 0;
      for (const [each, value] of days) if (each >= start && each <= end) sum += value;
      periods.set(timeUnitType, { start, end, sum });
      return sum;
    },
  };
}
