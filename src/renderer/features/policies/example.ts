import { type CalculatedCredit, calculateCredit, scoreInWords } from '#domain/credit-calculation.ts';
import { hasEstimatedValue, type LeadEvent, type PolicyTerms, triggerOf } from '#domain/credit-policies.ts';

/** A lead that someone makes up: score in points, values in minor units. */
export interface ExampleLead {
  score: number;
  leadCount: number;
  estimatedValue: number | null;
  dealValue: number | null;
}

export type Example =
  | { kind: 'credit'; event: LeadEvent; credit: CalculatedCredit }
  /** The policy does not pay for this lead, or can't be worked out without what is missing. */
  | { kind: 'none'; reason: string };

/** What the policy pays for the lead, by the host's own rules. The terms must be ones that `validatePolicyTerms` accepts. */
export function workExample(terms: PolicyTerms, lead: ExampleLead, currency: string): Example {
  const score = Math.round(lead.score * 100);
  if (score < terms.minLeadQualityScore) {
    const lowest = scoreInWords(terms.minLeadQualityScore);
    return {
      kind: 'none',
      reason: `No credit: score ${scoreInWords(score)} is below the policy’s ${lowest}.`,
    };
  }
  const isEstimated = hasEstimatedValue(lead);
  const event = triggerOf(terms.calculationType, { hasEstimatedValue: isEstimated });
  const isShare = terms.calculationType === 'percentage' || terms.calculationType === 'revenue_share';
  if (isShare && event === 'conversion' && lead.dealValue === null) {
    return { kind: 'none', reason: 'Give a deal value to see what it pays.' };
  }
  return { kind: 'credit', event, credit: calculateCredit(terms, { ...lead, score, event, currency }) };
}
