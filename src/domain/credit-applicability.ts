import { scoreInWords } from './credit-calculation.ts';
import type { LeadEvent, PolicyRevision, PolicyTerms } from './credit-policies.ts';
import { hasCaps, hasEstimatedValue, triggerOf } from './credit-policies.ts';

/**
 * A lead at the event that may pay for it. The score in hundredths, amounts in minor units of `currency`, which is the
 * partner's.
 */
export interface LeadFacts {
  event: LeadEvent;
  /** The day of the event in the tenant's time zone, `YYYY-MM-DD`. */
  eventDay: string;
  partnerId: string;
  projectId: string | null;
  campaignId: string | null;
  sourceId: string | null;
  score: number;
  estimatedValue: number | null;
  /** Null until the lead converts. */
  dealValue: number | null;
  currency: string;
}

export type Applicability = { applies: true } | { applies: false; reason: string };

/**
 * Whether a policy pays for this lead at this event, or the first reason in words why not (`domain.md`, "Credits"): it
 * is active and approved, for this partner, its dates contain the event's day, its project, campaign and source, where
 * it names them, are the lead's, the score reaches its lowest, and its calculation triggers on the event.
 *
 * And it pays in the partner's currency ("Conventions": a partner has one currency): 10.00 EUR is not 1,000 yen. A pure
 * percentage without bounds and caps names no amount, and so fits every currency.
 */
export function applicability(policy: PolicyRevision, lead: LeadFacts): Applicability {
  const reason = mismatch(policy, lead) ?? wrongEvent(policy.terms, lead);
  return reason === null ? { applies: true } : { applies: false, reason };
}

/**
 * Whether a policy governs a lead, so that the partner's own terms add nothing at this event (`domain.md`, "Credits": they
 * "hold for a lead to which no policy applies at either event").
 *
 * On approval nobody knows yet whether and when the lead will convert. So a policy governs it then when it matches the
 * lead on the day of approval, whichever event it pays on: one that would pay on a conversion that day already keeps
 * the lead price away. A policy that starts later governs nothing yet, and what was credited before it stays.
 *
 * On conversion a policy governs when it pays at this event; and so does every policy that was weighed on approval,
 * applied or with its caps used up, which only the caller knows, from the mappings of the lead:
 *
 *     governed = hasMappings || policies.some((policy) => governsLead(policy, lead))
 *
 * A policy that kept the lead price away on approval and has ended by the conversion no longer governs: the commission
 * is due. The lead price is not made up for; a person may request it.
 */
export function governsLead(policy: PolicyRevision, lead: LeadFacts): boolean {
  if (mismatch(policy, lead) !== null) return false;
  return lead.event === 'approval' || wrongEvent(policy.terms, lead) === null;
}

function mismatch(policy: PolicyRevision, lead: LeadFacts): string | null {
  const { terms } = policy;
  if (!policy.isActive) return 'the policy is not active';
  // From a day on: what happened before that day is still paid for, also where it is recorded later.
  if (policy.deactivatedFrom !== null && lead.eventDay >= policy.deactivatedFrom) {
    return `deactivated from ${policy.deactivatedFrom} on`;
  }
  if (!policy.isApproved) return `revision ${policy.revision} of the policy is not approved`;
  if (terms.partnerId !== null && terms.partnerId !== lead.partnerId) return 'it is for another partner';
  if (terms.startDate !== null && lead.eventDay < terms.startDate) return `starts on ${terms.startDate}`;
  if (terms.endDate !== null && lead.eventDay > terms.endDate) return `ended on ${terms.endDate}`;
  return (
    wrongScope('project', terms.projectId, lead.projectId) ??
    wrongScope('campaign', terms.campaignId, lead.campaignId) ??
    wrongScope('source', terms.sourceId, lead.sourceId) ??
    wrongCurrency(policy, lead) ??
    lowScore(terms, lead)
  );
}

function wrongScope(what: string, named: string | null, ofLead: string | null): string | null {
  if (named === null || named === ofLead) return null;
  return ofLead === null ? `it is for one ${what}, and the lead has none` : `it is for another ${what}`;
}

function wrongCurrency({ currency, terms }: PolicyRevision, lead: LeadFacts): string | null {
  if (currency === lead.currency) return null;
  const { baseCredit, tierConfig, minimumCredit, maximumCredit } = terms;
  const amounts = [baseCredit, tierConfig, minimumCredit, maximumCredit];
  const namesNoAmount = !hasCaps(terms) && amounts.every((each) => each === null);
  return namesNoAmount ? null : `its amounts are in ${currency}, and the partner is paid in ${lead.currency}`;
}

function lowScore({ minLeadQualityScore }: PolicyTerms, { score }: LeadFacts): string | null {
  if (score >= minLeadQualityScore) return null;
  return `score ${scoreInWords(score)} is below the policy's ${scoreInWords(minLeadQualityScore)}`;
}

function wrongEvent({ calculationType }: PolicyTerms, lead: LeadFacts): string | null {
  const trigger = triggerOf(calculationType, { hasEstimatedValue: hasEstimatedValue(lead) });
  return trigger === lead.event ? null : `pays on ${trigger}, not on ${lead.event}`;
}
