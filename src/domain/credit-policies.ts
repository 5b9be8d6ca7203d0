import type { FieldError } from './errors.ts';
import { RATE_ONE } from './money.ts';
import { FULL_SCORE } from './quality-score.ts';
import type { CalculationType, PolicyType, TimeUnitType } from './vocabulary.ts';

/** One step of a tiered policy. `maxLeads` null is open-ended; `bonusRate` null leaves the bonus to the policy. */
export interface PolicyTier {
  tierLevel: number;
  minLeads: number;
  maxLeads: number | null;
  /** Minor units. */
  creditAmount: number;
  /** Millionths of one (`bonusPercent` on the wire). Zero is a bonus of its own: this tier pays none. */
  bonusRate: number | null;
}

/**
 * What a credit policy says (`domain.md`, "Credits"): to which leads it applies and what it pays for them. Amounts are
 * in minor units, rates in millionths of one, scores in hundredths, days `YYYY-MM-DD` in the tenant's time zone.
 */
export interface PolicyTerms {
  policyType: PolicyType;
  calculationType: CalculationType;
  /** The period in which a time-based policy counts its leads; null for the other two kinds. */
  timeUnitType: TimeUnitType | null;
  /** Null: the leads of all partners. */
  partnerId: string | null;
  projectId: string | null;
  campaignId: string | null;
  sourceId: string | null;
  /** Inclusive; null: from the beginning. */
  startDate: string | null;
  /** Inclusive; null: until further notice. */
  endDate: string | null;
  /** For `fixed_price` and `conversion`. */
  baseCredit: number | null;
  /** For `percentage` and `revenue_share`. */
  baseRate: number | null;
  minimumCredit: number | null;
  maximumCredit: number | null;
  /** The most a lead may have been credited by policies, at both its events, once this one has added to it. */
  capPerLead: number | null;
  /** The most a time-based policy credits in one of its periods, all its partners together. */
  capPerPeriod: number | null;
  /** The most a policy credits in its whole life, all its partners together. */
  totalBudget: number | null;
  /** `bonusPercentage` on the wire. */
  bonusRate: number;
  /** For `tiered`. */
  tierConfig: { tiers: readonly PolicyTier[] } | null;
  minLeadQualityScore: number;
  priority: number;
  isStackable: boolean;
  autoApprove: boolean;
}

/** One revision of a policy as it stands: its terms, and whether they count. */
export interface PolicyRevision {
  policyId: string;
  /** What people call it: unique in the tenant, and what reasons name it by. */
  policyCode: string;
  revision: number;
  /** When the policy, not this revision of it, was made: an ISO-8601 UTC instant, all with the same precision. */
  createdAt: string;
  isActive: boolean;
  /** The first day it doesn't pay for any more; null: none was set. */
  deactivatedFrom: string | null;
  isApproved: boolean;
  /** The currency its amounts are in: its partner's, or the tenant's where it names no partner. */
  currency: string;
  terms: PolicyTerms;
}

export type LeadEvent = 'approval' | 'conversion';

/**
 * The largest amount a policy may name, in minor units: ten thousand million of a currency with two decimals. Doubled
 * by the largest bonus it is still far from where integers stop being exact.
 */
export const maximumPolicyAmount = 1_000_000_000_000;

const highestPriority = 1_000_000;

const triggers: Record<Exclude<CalculationType, 'percentage'>, LeadEvent> = {
  fixed_price: 'approval',
  tiered: 'approval',
  conversion: 'conversion',
  revenue_share: 'conversion',
};

type BaseField = 'baseCredit' | 'baseRate' | 'tierConfig';

/** Where each calculation takes its base amount from; a policy carries exactly this one. */
const baseFieldOf: Record<CalculationType, BaseField> = {
  fixed_price: 'baseCredit',
  conversion: 'baseCredit',
  percentage: 'baseRate',
  revenue_share: 'baseRate',
  tiered: 'tierConfig',
};

const baseFieldWords: Record<BaseField, string> = {
  baseCredit: 'a base credit',
  baseRate: 'a base rate',
  tierConfig: 'tiers',
};

type CapField = 'capPerLead' | 'capPerPeriod' | 'totalBudget';

const capWords: Record<CapField, string> = {
  capPerLead: 'The cap per lead',
  capPerPeriod: 'The cap per period',
  totalBudget: 'The total budget',
};

const calculationWords: Record<CalculationType, string> = {
  fixed_price: 'fixed-price',
  conversion: 'conversion',
  percentage: 'percentage',
  revenue_share: 'revenue-share',
  tiered: 'tiered',
};

/**
 * Every inconsistency of a policy's terms, none when they may be saved. Paths are the names on the wire, so that a
 * form can show each sentence at its field: `bonusPercentage`, `tierConfig.tiers.1.minLeads` (by the position given).
 */
export function validatePolicyTerms(terms: PolicyTerms): FieldError[] {
  return [
    ...scopeErrors(terms),
    ...baseErrors(terms),
    ...boundErrors(terms),
    ...capErrors(terms),
    ...rateErrors('bonusPercentage', 'The bonus', terms.bonusRate),
    ...rangeErrors(
      'minLeadQualityScore',
      'The lowest quality score must be between 0 and 100, with at most two decimals.',
      terms.minLeadQualityScore,
      0,
      FULL_SCORE,
    ),
    ...rangeErrors(
      'priority',
      `The priority must be a whole number between -${highestPriority} and ${highestPriority}.`,
      terms.priority,
      -highestPriority,
      highestPriority,
    ),
  ];
}

/** Terms as a revision stores them: those made before there were caps have none. */
export function withoutGaps(
  stored: Omit<PolicyTerms, CapField> & Partial<Pick<PolicyTerms, CapField>>,
): PolicyTerms {
  return { capPerLead: null, capPerPeriod: null, totalBudget: null, ...stored };
}

/** Whether a policy holds its credits against what was credited before. */
export function hasCaps(terms: PolicyTerms): boolean {
  return terms.capPerLead !== null || terms.capPerPeriod !== null || terms.totalBudget !== null;
}

/**
 * The tier that a count of leads falls in, null where the tiers don't cover it: before the first, or after a last one
 * that is not open-ended. With tiers that `validatePolicyTerms` accepts it is never more than one.
 */
export function tierFor(tiers: readonly PolicyTier[], leadCount: number): PolicyTier | null {
  for (const tier of tiers) {
    if (leadCount >= tier.minLeads && (tier.maxLeads === null || leadCount <= tier.maxLeads)) return tier;
  }
  return null;
}

/**
 * Whether a percentage has an estimate to be taken of. An estimate of zero is no estimate: a portal that sends zero
 * for "unknown" would lose the partner's share of the deal, because a policy pays at one event only.
 */
export function hasEstimatedValue(lead: { estimatedValue: number | null }): boolean {
  return lead.estimatedValue !== null && lead.estimatedValue > 0;
}

/**
 * The event at which a calculation pays for this lead (`domain.md`, "Credits", the table). A percentage pays on
 * approval when the lead has an estimated value, else on conversion; the others always at the same event.
 */
export function triggerOf(calculationType: CalculationType, lead: { hasEstimatedValue: boolean }): LeadEvent {
  if (calculationType === 'percentage') return lead.hasEstimatedValue ? 'approval' : 'conversion';
  return triggers[calculationType];
}

function scopeErrors(terms: PolicyTerms): FieldError[] {
  const errors: FieldError[] = [];
  if (terms.policyType === 'time_based' && terms.timeUnitType === null) {
    errors.push({ path: 'timeUnitType', message: 'A time-based policy needs its period.' });
  }
  if (terms.policyType !== 'time_based' && terms.timeUnitType !== null) {
    errors.push({ path: 'timeUnitType', message: 'Only a time-based policy has a period.' });
  }
  if (terms.policyType === 'project_based' && terms.projectId === null) {
    errors.push({ path: 'projectId', message: 'A project-based policy needs its project.' });
  }
  if (terms.policyType === 'campaign_based' && terms.campaignId === null) {
    errors.push({ path: 'campaignId', message: 'A campaign-based policy needs its campaign.' });
  }
  if (terms.startDate !== null && terms.endDate !== null && terms.endDate < terms.startDate) {
    errors.push({ path: 'endDate', message: 'The policy ends before it starts.' });
  }
  return errors;
}

function baseErrors(terms: PolicyTerms): FieldError[] {
  const { calculationType } = terms;
  const needed = baseFieldOf[calculationType];
  const errors: FieldError[] = [];
  for (const field of ['baseCredit', 'baseRate', 'tierConfig'] as const) {
    const given = terms[field] !== null;
    if (field === needed && !given) {
      const message = `A ${calculationWords[calculationType]} policy needs ${baseFieldWords[field]}.`;
      errors.push({ path: field, message });
    } else if (field !== needed && given) {
      const message = `A ${calculationWords[calculationType]} policy can't have ${baseFieldWords[field]}.`;
      errors.push({ path: field, message });
    }
  }
  if (terms.baseCredit !== null)
    errors.push(...amountErrors('baseCredit', 'The base credit', terms.baseCredit));
  if (terms.baseRate !== null) errors.push(...rateErrors('baseRate', 'The base rate', terms.baseRate));
  if (terms.tierConfig !== null) errors.push(...tierErrors(terms.tierConfig.tiers));
  return errors;
}

function boundErrors({ minimumCredit, maximumCredit }: PolicyTerms): FieldError[] {
  const errors: FieldError[] = [];
  if (minimumCredit !== null)
    errors.push(...amountErrors('minimumCredit', 'The minimum credit', minimumCredit));
  if (maximumCredit !== null)
    errors.push(...amountErrors('maximumCredit', 'The maximum credit', maximumCredit));
  if (minimumCredit !== null && maximumCredit !== null && minimumCredit > maximumCredit) {
    errors.push({ path: 'maximumCredit', message: 'The maximum credit is below the minimum credit.' });
  }
  return errors;
}

/** A cap of zero would be a policy that looks in force and never pays, so it is refused. */
function capErrors(terms: PolicyTerms): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['capPerLead', 'capPerPeriod', 'totalBudget'] as const) {
    const amount = terms[field];
    if (amount === null) continue;
    if (amount === 0)
      errors.push({ path: field, message: `${capWords[field]} must be above zero, or left out.` });
    else errors.push(...amountErrors(field, capWords[field], amount));
  }
  if (terms.capPerPeriod !== null && terms.timeUnitType === null) {
    errors.push({
      path: 'capPerPeriod',
      message: 'Only a time-based policy has a period that can be capped.',
    });
  }
  return errors;
}

/** Tiers start at 0 or 1, are contiguous and don't overlap; the last may be open-ended (`domain.md`, "Credits"). */
function tierErrors(tiers: readonly PolicyTier[]): FieldError[] {
  if (tiers.length === 0) {
    return [{ path: 'tierConfig.tiers', message: 'A tiered policy needs at least one tier.' }];
  }
  const errors: FieldError[] = [];
  // By count, whatever order they were sent in; the paths keep the position the sender knows.
  const inOrder = tiers
    .map((tier, position) => ({ tier, path: `tierConfig.tiers.${position}` }))
    .sort((a, b) => a.tier.minLeads - b.tier.minLeads);
  let previous: PolicyTier | null = null;
  for (const { tier, path } of inOrder) {
    errors.push(...ownTierErrors(tier, path));
    if (previous === null) {
      if (tier.minLeads !== 0 && tier.minLeads !== 1) {
        errors.push({ path: `${path}.minLeads`, message: 'The first tier must start at 0 or 1.' });
      }
    } else {
      errors.push(...neighbourErrors(previous, tier, path));
    }
    previous = tier;
  }
  return errors;
}

function ownTierErrors(tier: PolicyTier, path: string): FieldError[] {
  const name = `Tier ${tier.tierLevel}`;
  const errors = [
    ...rangeErrors(
      `${path}.tierLevel`,
      "A tier's level must be a whole number from 1.",
      tier.tierLevel,
      1,
      Number.MAX_SAFE_INTEGER,
    ),
    ...rangeErrors(
      `${path}.minLeads`,
      `${name} must start at a whole number of leads.`,
      tier.minLeads,
      0,
      Number.MAX_SAFE_INTEGER,
    ),
    ...amountErrors(`${path}.creditAmount`, `The credit of tier ${tier.tierLevel}`, tier.creditAmount),
  ];
  if (tier.maxLeads !== null && !Number.isSafeInteger(tier.maxLeads)) {
    errors.push({ path: `${path}.maxLeads`, message: `${name} must end at a whole number of leads.` });
  } else if (tier.maxLeads !== null && tier.maxLeads < tier.minLeads) {
    errors.push({ path: `${path}.maxLeads`, message: `${name} ends at ${tier.maxLeads}, before it starts.` });
  }
  if (tier.bonusRate !== null) {
    errors.push(...rateErrors(`${path}.bonusPercent`, `The bonus of tier ${tier.tierLevel}`, tier.bonusRate));
  }
  return errors;
}

function neighbourErrors(previous: PolicyTier, tier: PolicyTier, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (tier.tierLevel <= previous.tierLevel) {
    const message = `Tier levels must rise with the leads: ${tier.tierLevel} follows ${previous.tierLevel}.`;
    errors.push({ path: `${path}.tierLevel`, message });
  }
  if (previous.maxLeads === null) {
    const message = `Tier ${previous.tierLevel} is open-ended, so no tier can follow it.`;
    errors.push({ path: `${path}.minLeads`, message });
  } else if (tier.minLeads <= previous.maxLeads) {
    const message = `Tier ${tier.tierLevel} starts at ${tier.minLeads} and overlaps tier ${previous.tierLevel}, which ends at ${previous.maxLeads}.`;
    errors.push({ path: `${path}.minLeads`, message });
  } else if (tier.minLeads !== previous.maxLeads + 1) {
    const message = `Tier ${tier.tierLevel} must start at ${previous.maxLeads + 1}, right after tier ${previous.tierLevel}.`;
    errors.push({ path: `${path}.minLeads`, message });
  }
  return errors;
}

function amountErrors(path: string, name: string, amount: number): FieldError[] {
  if (amount < 0) return [{ path, message: `${name} can't be below zero.` }];
  const message = `${name} must be a whole number of the currency's smallest unit, and no larger than ${maximumPolicyAmount} of them.`;
  return rangeErrors(path, message, amount, 0, maximumPolicyAmount);
}

function rateErrors(path: string, name: string, rate: number): FieldError[] {
  const message = `${name} must be between 0 and 100 percent, with at most 4 decimals.`;
  return rangeErrors(path, message, rate, 0, RATE_ONE);
}

function rangeErrors(
  path: string,
  message: string,
  value: number,
  lowest: number,
  highest: number,
): FieldError[] {
  return Number.isSafeInteger(value) && value >= lowest && value <= highest ? [] : [{ path, message }];
}
