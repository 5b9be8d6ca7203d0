import type { LeadFacts } from './credit-applicability.ts';
import { applicability } from './credit-applicability.ts';
import { calculateCredit } from './credit-calculation.ts';
import { heldToCaps } from './credit-caps.ts';
import { hasCaps, type LeadEvent, type PolicyRevision } from './credit-policies.ts';
import { applyRate, formatMinor, rateToPercent } from './money.ts';
import type { CalculationType } from './vocabulary.ts';

/** A policy that may pay for a lead, with the count that its tiers look at (`CreditFacts.leadCount`). */
export interface CreditCandidate extends PolicyRevision {
  leadCount: number;
  /** What the policy has credited so far (`CreditsSoFar`); needed where its terms cap that. */
  credited?: { inPeriod: number; inTotal: number } | undefined;
}

/** A credit to be made; `amount` in minor units, never zero. */
export interface ResolvedCredit {
  policyId: string;
  revision: number;
  calculationType: CalculationType;
  amount: number;
  reason: string;
}

/** What a policy did for a lead: paid `amount`, or was passed over and would have paid it (0: its caps are used up). Minor units. */
export interface ResolvedMapping {
  policyId: string;
  revision: number;
  applied: boolean;
  amount: number;
  reason: string;
}

interface Contender {
  policy: CreditCandidate;
  amount: number;
  reason: string;
}

/**
 * The credits of a lead at one event, and the mapping of each policy that applies (`domain.md`, "Credits"). Exclusive
 * policies compete: the highest priority wins, then the higher credit, then the older policy (then the lower id, so that
 * the outcome never hangs on the order of the candidates). Stackable ones are added on top. Policies compete within
 * one event: what pays on conversion does not push aside what was paid on approval.
 *
 * A policy that doesn't apply leaves no mapping; `applicability` says why. One that wins with an amount of zero leaves a
 * mapping and no credit: to pay nothing is a decision too, and the next in line does not step in.
 *
 * Caps are held before policies compete, so that what they compare is what they would pay: one whose cap is used up is
 * passed over and the next in line steps in. The cap per lead looks at `onLead`, what policies have credited to this lead
 * before the event, and at what is added on top in order.
 */
export function resolveCredits(
  candidates: readonly CreditCandidate[],
  lead: LeadFacts,
  onLead = 0,
): { credits: ResolvedCredit[]; mappings: ResolvedMapping[] } {
  const contenders = candidates
    .filter((policy) => applicability(policy, lead).applies)
    .map((policy) => contenderFor(policy, lead));
  const usedUp: Contender[] = [];
  const withinCaps = (contender: Contender, creditedToLead: number): Contender[] => {
    const { policy } = contender;
    if (!hasCaps(policy.terms)) return [contender];
    const soFar = { inPeriod: 0, inTotal: 0, ...policy.credited, onLead: creditedToLead };
    const held = heldToCaps(contender, policy.terms, soFar, lead);
    if (!held.isUsedUp) return [{ policy, amount: held.amount, reason: held.reason }];
    usedUp.push({ policy, amount: 0, reason: held.reason });
    return [];
  };
  const [winner, ...losers] = contenders
    .filter(({ policy }) => !policy.terms.isStackable)
    .flatMap((contender) => withinCaps(contender, onLead))
    .sort(byPrecedence);
  const applied = winner === undefined ? [] : [winner];
  let credited = onLead + (winner?.amount ?? 0);
  for (const stacked of contenders.filter(({ policy }) => policy.terms.isStackable).sort(byPrecedence)) {
    for (const held of withinCaps(stacked, credited)) {
      applied.push(held);
      credited += held.amount;
    }
  }

  const mappings = applied.map((each) =>
    mappingOf(each, true, each.amount === 0 ? `${each.reason}, so no credit is made` : each.reason),
  );
  if (winner !== undefined) {
    for (const loser of losers)
      mappings.push(mappingOf(loser, false, passedOver(loser, winner, lead.currency)));
  }
  for (const each of usedUp.sort(byPrecedence)) mappings.push(mappingOf(each, false, each.reason));
  const credits = applied
    .filter(({ amount }) => amount !== 0)
    .map(({ policy, amount, reason }) => ({
      policyId: policy.policyId,
      revision: policy.revision,
      calculationType: policy.terms.calculationType,
      amount,
      reason,
    }));
  return { credits, mappings };
}

/** The terms a partner has agreed without any policy. `leadPrice` in minor units, `commissionRate` in millionths. */
export interface PartnerTermsFacts {
  leadPrice: number | null;
  commissionRate: number | null;
  event: LeadEvent;
  dealValue: number | null;
  currency: string;
  /** Whether any policy governs the lead: `governsLead` says how to tell. */
  governed: boolean;
}

export interface PartnerTermsCredit {
  calculationType: Extract<CalculationType, 'fixed_price' | 'percentage'>;
  /** Minor units, never zero. */
  amount: number;
  reason: string;
}

/**
 * The credits by the partner's own terms (`domain.md`, "Credits"): the lead price on approval, the commission percentage
 * of the deal on conversion, with both terms both (hybrid); nothing for a lead that a policy governs, and nothing for a
 * term that is missing or zero. Throws an `Error` for a conversion without its deal value.
 */
export function partnerTermsCredits(facts: PartnerTermsFacts): PartnerTermsCredit[] {
  const { leadPrice, commissionRate, event, dealValue, currency, governed } = facts;
  if (governed) return [];
  if (event === 'approval') {
    if (leadPrice === null || leadPrice === 0) return [];
    const reason = `the partner's lead price: ${formatMinor(leadPrice, currency)}`;
    return [{ calculationType: 'fixed_price', amount: leadPrice, reason }];
  }
  if (commissionRate === null || commissionRate === 0) return [];
  if (dealValue === null) throw new Error("A commission can't be calculated without the deal value.");
  const amount = applyRate(dealValue, commissionRate);
  if (amount === 0) return [];
  const share = `${rateToPercent(commissionRate)} % of the deal value ${formatMinor(dealValue, currency)}`;
  const reason = `the partner's commission: ${share} → ${formatMinor(amount, currency)}`;
  return [{ calculationType: 'percentage', amount, reason }];
}

function contenderFor(policy: CreditCandidate, lead: LeadFacts): Contender {
  const { event, score, estimatedValue, dealValue, currency } = lead;
  const { leadCount, terms } = policy;
  return {
    policy,
    ...calculateCredit(terms, { event, score, leadCount, estimatedValue, dealValue, currency }),
  };
}

function byPrecedence(a: Contender, b: Contender): number {
  return (
    b.policy.terms.priority - a.policy.terms.priority ||
    b.amount - a.amount ||
    compareText(a.policy.createdAt, b.policy.createdAt) ||
    compareText(a.policy.policyId, b.policy.policyId)
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function mappingOf({ policy, amount }: Contender, applied: boolean, reason: string): ResolvedMapping {
  return { policyId: policy.policyId, revision: policy.revision, applied, amount, reason };
}

function passedOver(loser: Contender, winner: Contender, currency: string): string {
  const name = `passed over: policy ${winner.policy.policyCode}`;
  const priority = winner.policy.terms.priority;
  if (priority !== loser.policy.terms.priority) {
    return `${name} has the higher priority (${priority} over ${loser.policy.terms.priority})`;
  }
  if (winner.amount !== loser.amount) {
    return `${name} pays more (${formatMinor(winner.amount, currency)} over ${formatMinor(loser.amount, currency)})`;
  }
  const isOlder = winner.policy.createdAt !== loser.policy.createdAt;
  return `${name} pays the same and ${isOlder ? 'is older' : 'comes first'}`;
}
