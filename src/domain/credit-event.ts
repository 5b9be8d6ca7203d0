import { applicability, governsLead, type LeadFacts } from './credit-applicability.ts';
import type { PolicyRevision } from './credit-policies.ts';
import {
  type PartnerTermsCredit,
  partnerTermsCredits,
  type ResolvedCredit,
  type ResolvedMapping,
  resolveCredits,
} from './credit-resolution.ts';

/** What approval left on a lead: policies that were applied don't pay it twice, and any that applied to it governs it. */
export interface WeighedBefore {
  applied: ReadonlySet<string>;
  isGoverned: boolean;
}

export const nothingWeighed: WeighedBefore = { applied: new Set(), isGoverned: false };

export interface Contenders<P extends PolicyRevision> {
  /** Those that compete at this event. On approval each of them counts the lead. */
  contending: P[];
  /** Those that apply, but were applied on approval already. */
  again: P[];
}

/** Which of the policies in force have a say at an event. */
export function contendersOf<P extends PolicyRevision>(
  policies: readonly P[],
  lead: LeadFacts,
  before: WeighedBefore,
): Contenders<P> {
  const contending: P[] = [];
  const again: P[] = [];
  for (const policy of policies) {
    if (!applicability(policy, lead).applies) continue;
    (before.applied.has(policy.policyId) ? again : contending).push(policy);
  }
  return { contending, again };
}

export interface EventFacts<P extends PolicyRevision> {
  lead: LeadFacts;
  /** All in force, also those that don't apply: one that would pay at the other event governs the lead. */
  policies: readonly P[];
  contenders: Contenders<P>;
  before: WeighedBefore;
  /** n of the tiers, the lead included (`CreditFacts.leadCount`), by policy. */
  leadCountOf: (policyId: string) => number;
  /** What capped policies have credited so far (`CreditsSoFar`), by policy. */
  creditedOf: (policyId: string) => { inPeriod: number; inTotal: number } | undefined;
  /** What policies have credited to the lead before, minor units; looked at by caps per lead. */
  onLead: number;
  /** The partner's own terms: minor units and millionths. */
  leadPrice: number | null;
  commissionRate: number | null;
}

export interface EventDecision {
  mappings: ResolvedMapping[];
  credits: ResolvedCredit[];
  termsCredits: PartnerTermsCredit[];
  isGoverned: boolean;
}

/**
 * What a lead is credited at one event (`domain.md`, "Credits"), whoever asks: the engine that makes the credits and the
 * simulation that only tells them decide by this. Reads nothing and keeps nothing.
 */
export function decideEvent<P extends PolicyRevision>(facts: EventFacts<P>): EventDecision {
  const { lead, policies, contenders, before, leadPrice, commissionRate } = facts;
  const candidates = contenders.contending.map((policy) => ({
    ...policy,
    leadCount: facts.leadCountOf(policy.policyId),
    credited: facts.creditedOf(policy.policyId),
  }));
  const { mappings, credits } = resolveCredits(candidates, lead, facts.onLead);
  for (const { policyId, revision } of contenders.again) {
    const reason = 'passed over: it was already applied to this lead on approval';
    mappings.push({ policyId, revision, applied: false, amount: 0, reason });
  }
  const isGoverned = before.isGoverned || policies.some((policy) => governsLead(policy, lead));
  const { event, dealValue, currency } = lead;
  const terms = { leadPrice, commissionRate, event, dealValue, currency, governed: isGoverned };
  return { mappings, credits, termsCredits: partnerTermsCredits(terms), isGoverned };
}
