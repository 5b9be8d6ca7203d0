import type { Outputs } from '#contract/index.ts';
import type { CalculationType, PolicyType, TimeUnitType } from '#domain/vocabulary.ts';
import { dayText, moneyText } from '../../components/figures.tsx';

export type Policy = Outputs['creditPolicies']['get'];
export type Revision = Outputs['creditPolicies']['revisions']['items'][number];

export const policyTypeLabels: Record<PolicyType, string> = {
  time_based: 'Over time',
  project_based: 'For a project',
  campaign_based: 'For a campaign',
};

export const timeUnitLabels: Record<TimeUnitType, string> = {
  daily: 'Daily',
  weekly: 'Weekly',
  monthly: 'Monthly',
  quarterly: 'Quarterly',
  yearly: 'Yearly',
};

/** What each calculation pays, in a sentence, for whoever chooses one. */
export const calculationHints: Record<CalculationType, string> = {
  fixed_price: 'The same amount for every approved lead.',
  tiered: 'An amount per approved lead that depends on how many there were before it.',
  percentage: 'A share of the lead’s estimated value when it is approved; without one, of the deal.',
  conversion: 'The same amount for every lead that becomes a deal.',
  revenue_share: 'A share of the deal, when the lead becomes one.',
};

/** 12.5 → "12.5 %". */
export function percentText(percent: number): string {
  return `${percent.toLocaleString(undefined, { maximumFractionDigits: 4 })} %`;
}

/** "101–500", "501 and more". */
export function tierRangeText(minLeads: number, maxLeads: number | null): string {
  if (maxLeads === null) return `${minLeads} and more`;
  return minLeads === maxLeads ? String(minLeads) : `${minLeads}–${maxLeads}`;
}

type Calculated = Pick<Policy, 'calculationType' | 'baseCredit' | 'baseRate' | 'tierConfig' | 'currency'>;

/** What a policy pays, as short as it can be said: "10 % of the deal". */
export function calculationText(policy: Calculated): string {
  const { calculationType, baseCredit, baseRate, tierConfig, currency } = policy;
  const money = (amount: number | null) => (amount === null ? '–' : moneyText(amount, currency));
  const share = baseRate === null ? '–' : percentText(baseRate);
  const words: Record<CalculationType, () => string> = {
    fixed_price: () => `${money(baseCredit)} per approved lead`,
    conversion: () => `${money(baseCredit)} per deal`,
    percentage: () => `${share} of the estimated value, else of the deal`,
    revenue_share: () => `${share} of the deal`,
    tiered: () => `${(tierConfig?.tiers ?? []).map((tier) => money(tier.creditAmount)).join(' / ')} by tier`,
  };
  return words[calculationType]();
}

/** Which leads a policy is about: "Monthly", "Project Q1 Office". */
export function scopeText(
  policy: Pick<Policy, 'policyType' | 'timeUnitType' | 'projectId' | 'campaignId'>,
): string {
  const parts = [
    policy.timeUnitType === null ? null : timeUnitLabels[policy.timeUnitType],
    policy.projectId === null ? null : `Project ${policy.projectId}`,
    policy.campaignId === null ? null : `Campaign ${policy.campaignId}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? policyTypeLabels[policy.policyType] : parts.join(', ');
}

/** "from 1 Jan 2026", "until 31 Dec 2026", both, or "always". */
export function datesText(startDate: string | null, endDate: string | null): string {
  if (startDate !== null && endDate !== null) return `${dayText(startDate)} to ${dayText(endDate)}`;
  if (startDate !== null) return `From ${dayText(startDate)}`;
  return endDate === null ? 'Always' : `Until ${dayText(endDate)}`;
}

/**
 * Where a policy stands: never approved, making credits, approved for later, or over. Whether a later revision waits
 * besides is `hasWaitingRevision`.
 */
export type PolicyState = 'awaiting' | 'in_force' | 'starts_later' | 'ended';

/** `today` is the organization's day. */
export function policyState(policy: Policy, today: string): PolicyState {
  if (policy.deactivatedFrom !== null) return 'ended';
  if (policy.effectiveRevision === null) return 'awaiting';
  // The dates shown are the latest revision's; while that one waits they say nothing of the one in force.
  if (policy.approvalRequired) return 'in_force';
  if (policy.endDate !== null && policy.endDate < today) return 'ended';
  return policy.startDate !== null && policy.startDate > today ? 'starts_later' : 'in_force';
}

export function hasWaitingRevision(policy: Policy): boolean {
  return policy.approvalRequired === true && policy.effectiveRevision !== null;
}
