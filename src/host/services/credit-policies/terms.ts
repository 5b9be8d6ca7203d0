import { type PolicyTerms, validatePolicyTerms } from '#domain/credit-policies.ts';
import { DomainError } from '#domain/errors.ts';
import { percentToRate, rateToPercent } from '#domain/money.ts';
import { scoreToNumber } from '#domain/quality-score.ts';
import type { PartnerCreditPolicyRow } from '../../database/index.ts';
import type { Input } from '../service.ts';

type CreateInput = Input<'creditPolicies', 'createForAll'>;
type UpdateInput = Input<'creditPolicies', 'update'>;
type WireTierConfig = CreateInput['tierConfig'];

/**
 * The terms of a new policy. One that is time-based and names no period pays by the month, as the requirements' own
 * example. Throws `VALIDATION` with the fields that are wrong.
 */
export function termsOfInput(input: CreateInput, partnerId: string | null): PolicyTerms {
  return validTerms({
    policyType: input.policyType,
    calculationType: input.calculationType,
    timeUnitType: input.timeUnitType ?? (input.policyType === 'time_based' ? 'monthly' : null),
    partnerId,
    projectId: input.projectId ?? null,
    campaignId: input.campaignId ?? null,
    sourceId: input.sourceId ?? null,
    startDate: input.startDate ?? null,
    endDate: input.endDate ?? null,
    baseCredit: input.baseCredit ?? null,
    baseRate: rateOrNull(input.baseRate ?? null, 'baseRate'),
    minimumCredit: input.minimumCredit ?? null,
    maximumCredit: input.maximumCredit ?? null,
    capPerLead: input.capPerLead ?? null,
    capPerPeriod: input.capPerPeriod ?? null,
    totalBudget: input.totalBudget ?? null,
    bonusRate: percentToRate(input.bonusPercentage, 'bonusPercentage'),
    tierConfig: storedTiers(input.tierConfig ?? null),
    minLeadQualityScore: hundredths(input.minLeadQualityScore),
    priority: input.priority,
    isStackable: input.isStackable,
    autoApprove: input.autoApprove,
  });
}

/**
 * The terms after an edit: what is left out stays, null empties. Whoever changes the kind of calculation empties the old
 * base and gives the new one; terms that don't fit together are refused rather than mended. Throws `VALIDATION`.
 */
export function termsAfter(before: PolicyTerms, input: UpdateInput): PolicyTerms {
  const { baseRate, bonusPercentage, tierConfig, minLeadQualityScore } = input;
  return validTerms({
    policyType: input.policyType ?? before.policyType,
    calculationType: input.calculationType ?? before.calculationType,
    timeUnitType: given(input.timeUnitType, before.timeUnitType),
    partnerId: before.partnerId,
    projectId: given(input.projectId, before.projectId),
    campaignId: given(input.campaignId, before.campaignId),
    sourceId: given(input.sourceId, before.sourceId),
    startDate: given(input.startDate, before.startDate),
    endDate: given(input.endDate, before.endDate),
    baseCredit: given(input.baseCredit, before.baseCredit),
    baseRate: baseRate === undefined ? before.baseRate : rateOrNull(baseRate, 'baseRate'),
    minimumCredit: given(input.minimumCredit, before.minimumCredit),
    maximumCredit: given(input.maximumCredit, before.maximumCredit),
    capPerLead: given(input.capPerLead, before.capPerLead),
    capPerPeriod: given(input.capPerPeriod, before.capPerPeriod),
    totalBudget: given(input.totalBudget, before.totalBudget),
    bonusRate:
      bonusPercentage === undefined ? before.bonusRate : percentToRate(bonusPercentage, 'bonusPercentage'),
    tierConfig: tierConfig === undefined ? before.tierConfig : storedTiers(tierConfig),
    minLeadQualityScore:
      minLeadQualityScore === undefined ? before.minLeadQualityScore : hundredths(minLeadQualityScore),
    priority: input.priority ?? before.priority,
    isStackable: input.isStackable ?? before.isStackable,
    autoApprove: input.autoApprove ?? before.autoApprove,
  });
}

/** The terms of the latest revision, as the policy's row carries them. */
export function termsOfRow(row: PartnerCreditPolicyRow): PolicyTerms {
  return {
    policyType: row.policyType,
    calculationType: row.calculationType,
    timeUnitType: row.timeUnitType,
    partnerId: row.partnerId,
    projectId: row.projectId,
    campaignId: row.campaignId,
    sourceId: row.sourceId,
    startDate: row.startDate,
    endDate: row.endDate,
    baseCredit: row.baseCredit,
    baseRate: row.baseRate,
    minimumCredit: row.minimumCredit,
    maximumCredit: row.maximumCredit,
    capPerLead: row.capPerLead,
    capPerPeriod: row.capPerPeriod,
    totalBudget: row.totalBudget,
    bonusRate: row.bonusRate,
    tierConfig: row.tierConfig,
    minLeadQualityScore: row.minLeadQualityScore,
    priority: row.priority,
    isStackable: row.isStackable,
    autoApprove: row.autoApprove,
  };
}

/** Terms as people write them: percent instead of millionths, a score of 85.5 instead of 8550. Amounts stay minor units. */
export function termsToWire(terms: PolicyTerms) {
  const { partnerId: _, bonusRate, baseRate, tierConfig, minLeadQualityScore, ...same } = terms;
  return {
    ...same,
    baseRate: baseRate === null ? null : rateToPercent(baseRate),
    bonusPercentage: rateToPercent(bonusRate),
    minLeadQualityScore: scoreToNumber(minLeadQualityScore),
    tierConfig: tierConfig === null ? null : { tiers: tierConfig.tiers.map(tierToWire) },
  };
}

function tierToWire(tier: NonNullable<PolicyTerms['tierConfig']>['tiers'][number]) {
  const { bonusRate, ...same } = tier;
  return { ...same, bonusPercent: bonusRate === null ? null : rateToPercent(bonusRate) };
}

/** A base of 0 that the calculation does not know says what null says: there is none. */
function withoutEmptyBase(terms: PolicyTerms): PolicyTerms {
  const { calculationType, baseCredit, baseRate } = terms;
  const takesCredit = calculationType === 'fixed_price' || calculationType === 'conversion';
  const takesRate = calculationType === 'percentage' || calculationType === 'revenue_share';
  return {
    ...terms,
    baseCredit: takesCredit || baseCredit !== 0 ? baseCredit : null,
    baseRate: takesRate || baseRate !== 0 ? baseRate : null,
  };
}

function validTerms(given: PolicyTerms): PolicyTerms {
  const terms = withoutEmptyBase(given);
  const fields = validatePolicyTerms(terms);
  const [first, ...others] = fields;
  if (first === undefined) return terms;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  throw new DomainError('VALIDATION', `${first.message}${more}`, { fields });
}

function storedTiers(tierConfig: NonNullable<WireTierConfig> | null): PolicyTerms['tierConfig'] {
  if (tierConfig === null) return null;
  const tiers = tierConfig.tiers.map((tier, position) => ({
    tierLevel: tier.tierLevel,
    minLeads: tier.minLeads,
    maxLeads: tier.maxLeads ?? null,
    creditAmount: tier.creditAmount,
    bonusRate: rateOrNull(tier.bonusPercent ?? null, `tierConfig.tiers.${position}.bonusPercent`),
  }));
  return { tiers };
}

function rateOrNull(percent: number | null, path: string): number | null {
  return percent === null ? null : percentToRate(percent, path);
}

/** 85.5 → 8550. A score finer than that becomes NaN, which the domain's check refuses with its own sentence. */
function hundredths(score: number): number {
  const stored = Math.round(score * 100);
  return stored / 100 === score ? stored : Number.NaN;
}

function given<T>(value: T | null | undefined, before: T | null): T | null {
  return value === undefined ? before : value;
}
