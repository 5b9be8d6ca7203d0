import type { Inputs } from '#contract/index.ts';
import { type PolicyTerms, validatePolicyTerms } from '#domain/credit-policies.ts';
import type { FieldError } from '#domain/errors.ts';
import { percentToRate } from '#domain/money.ts';
import type { CalculationType, PolicyType, TimeUnitType } from '#domain/vocabulary.ts';
import type { Policy } from './policy.ts';

/** One row of the tier table. Where it begins follows from the row before. */
export interface TierDraft {
  key: number;
  /** The last lead it is for; null: open-ended, which only the last row may be. */
  upTo: number | null;
  creditAmount: number | null;
  bonusPercent: number | null;
}

/** A policy as the form holds it: amounts in minor units, rates in percent, scores in points. */
export interface PolicyDraft {
  policyCode: string;
  policyName: string;
  description: string;
  calculationType: CalculationType;
  baseCredit: number | null;
  baseRate: number | null;
  /** The first lead that the first tier is for. */
  tiersFrom: 0 | 1;
  tiers: readonly TierDraft[];
  bonusPercentage: number | null;
  minimumCredit: number | null;
  maximumCredit: number | null;
  policyType: PolicyType;
  timeUnitType: TimeUnitType;
  projectId: string;
  campaignId: string;
  sourceId: string | null;
  startDate: string | null;
  endDate: string | null;
  minLeadQualityScore: number | null;
  priority: number | null;
  isStackable: boolean;
  autoApprove: boolean;
}

let lastKey = 0;
/** A row that no other row is taken for when rows come and go. */
export function newTier(tier: Omit<TierDraft, 'key'>): TierDraft {
  lastKey += 1;
  return { key: lastKey, ...tier };
}

const noTier = { creditAmount: null, bonusPercent: null };

export function emptyDraft(): PolicyDraft {
  return {
    policyCode: '',
    policyName: '',
    description: '',
    calculationType: 'fixed_price',
    baseCredit: null,
    baseRate: null,
    tiersFrom: 1,
    tiers: [newTier({ upTo: 100, ...noTier }), newTier({ upTo: null, ...noTier })],
    bonusPercentage: null,
    minimumCredit: null,
    maximumCredit: null,
    policyType: 'time_based',
    timeUnitType: 'monthly',
    projectId: '',
    campaignId: '',
    sourceId: null,
    startDate: null,
    endDate: null,
    minLeadQualityScore: null,
    priority: 0,
    isStackable: false,
    autoApprove: false,
  };
}

/** The latest revision of a policy, to be changed. */
export function draftOf(policy: Policy): PolicyDraft {
  const empty = emptyDraft();
  const tiers = [...(policy.tierConfig?.tiers ?? [])].sort((a, b) => a.minLeads - b.minLeads);
  return {
    policyCode: policy.policyCode,
    policyName: policy.policyName,
    description: policy.description ?? '',
    calculationType: policy.calculationType,
    baseCredit: policy.baseCredit,
    baseRate: policy.baseRate,
    tiersFrom: tiers[0]?.minLeads === 0 ? 0 : 1,
    tiers:
      tiers.length === 0
        ? empty.tiers
        : tiers.map(({ maxLeads, creditAmount, bonusPercent }) =>
            newTier({ upTo: maxLeads, creditAmount, bonusPercent }),
          ),
    bonusPercentage: policy.bonusPercentage === 0 ? null : policy.bonusPercentage,
    minimumCredit: policy.minimumCredit,
    maximumCredit: policy.maximumCredit,
    policyType: policy.policyType,
    timeUnitType: policy.timeUnitType ?? empty.timeUnitType,
    projectId: policy.projectId ?? '',
    campaignId: policy.campaignId ?? '',
    sourceId: policy.sourceId,
    startDate: policy.startDate,
    endDate: policy.endDate,
    minLeadQualityScore: policy.minLeadQualityScore === 0 ? null : policy.minLeadQualityScore,
    priority: policy.priority,
    isStackable: policy.isStackable,
    autoApprove: policy.autoApprove,
  };
}

/** Where each tier begins: right after the one before. */
export function tierStarts({ tiers, tiersFrom }: Pick<PolicyDraft, 'tiers' | 'tiersFrom'>): number[] {
  const starts: number[] = [];
  let next: number = tiersFrom;
  for (const tier of tiers) {
    starts.push(next);
    // An end before its beginning is told at the end; what follows stays in order.
    next = Math.max(tier.upTo ?? next, next) + 1;
  }
  return starts;
}

const usesBaseCredit = ({ calculationType }: PolicyDraft) =>
  calculationType === 'fixed_price' || calculationType === 'conversion';
const usesBaseRate = ({ calculationType }: PolicyDraft) =>
  calculationType === 'percentage' || calculationType === 'revenue_share';

const orNull = (text: string) => (text.trim() === '' ? null : text.trim());

/** The terms as the host takes them; what the calculation does not need is left empty. */
export function inputOf(draft: PolicyDraft) {
  const starts = tierStarts(draft);
  return {
    policyName: draft.policyName.trim(),
    description: orNull(draft.description),
    calculationType: draft.calculationType,
    baseCredit: usesBaseCredit(draft) ? draft.baseCredit : null,
    baseRate: usesBaseRate(draft) ? draft.baseRate : null,
    tierConfig:
      draft.calculationType === 'tiered'
        ? {
            tiers: draft.tiers.map(({ upTo, creditAmount, bonusPercent }, index) => ({
              tierLevel: index + 1,
              minLeads: starts[index] ?? 0,
              maxLeads: upTo,
              creditAmount: creditAmount ?? 0,
              bonusPercent,
            })),
          }
        : null,
    bonusPercentage: draft.bonusPercentage ?? 0,
    minimumCredit: draft.minimumCredit,
    maximumCredit: draft.maximumCredit,
    policyType: draft.policyType,
    timeUnitType: draft.policyType === 'time_based' ? draft.timeUnitType : null,
    projectId: orNull(draft.projectId),
    campaignId: orNull(draft.campaignId),
    sourceId: draft.sourceId,
    startDate: draft.startDate,
    endDate: draft.endDate,
    minLeadQualityScore: draft.minLeadQualityScore ?? 0,
    priority: draft.priority ?? 0,
    isStackable: draft.isStackable,
    autoApprove: draft.autoApprove,
  } satisfies Inputs['creditPolicies']['createForAll'] | Omit<Inputs['creditPolicies']['update'], 'id'>;
}

/** The terms as the rules read them (millionths, hundredths). */
export function termsOf(draft: PolicyDraft, partnerId: string | null): PolicyTerms {
  const input = inputOf(draft);
  return {
    policyType: input.policyType,
    calculationType: input.calculationType,
    timeUnitType: input.timeUnitType,
    partnerId,
    projectId: input.projectId,
    campaignId: input.campaignId,
    sourceId: input.sourceId,
    startDate: input.startDate,
    endDate: input.endDate,
    baseCredit: input.baseCredit,
    baseRate: input.baseRate === null ? null : percentToRate(input.baseRate),
    minimumCredit: input.minimumCredit,
    maximumCredit: input.maximumCredit,
    // The form leaves the caps as they are; an example is of the first lead, which none of them touches.
    capPerLead: null,
    capPerPeriod: null,
    totalBudget: null,
    bonusRate: percentToRate(input.bonusPercentage),
    tierConfig:
      input.tierConfig === null
        ? null
        : {
            tiers: input.tierConfig.tiers.map(({ bonusPercent, ...tier }) => ({
              ...tier,
              bonusRate: bonusPercent === null ? null : percentToRate(bonusPercent),
            })),
          },
    minLeadQualityScore: Math.round(input.minLeadQualityScore * 100),
    priority: input.priority,
    isStackable: input.isStackable,
    autoApprove: input.autoApprove,
  };
}

/**
 * What is wrong with a draft, by the names on the wire: the host's own rules (`validatePolicyTerms`), and what is simply
 * missing. `isNew` asks for what only a new policy is given.
 */
export function problemsOf(draft: PolicyDraft, isNew: boolean): FieldError[] {
  const missing: FieldError[] = [];
  if (isNew && draft.policyCode.trim() === '') {
    missing.push({ path: 'policyCode', message: 'Give the policy a code.' });
  }
  if (draft.policyName.trim() === '') {
    missing.push({ path: 'policyName', message: 'Give the policy a name.' });
  }
  if (draft.calculationType === 'tiered') {
    for (const [index, tier] of draft.tiers.entries()) {
      if (tier.creditAmount === null) {
        missing.push({ path: `tierConfig.tiers.${index}.creditAmount`, message: 'Give an amount.' });
      }
      if (tier.upTo === null && index < draft.tiers.length - 1) {
        missing.push({ path: `tierConfig.tiers.${index}.maxLeads`, message: 'Say where this tier ends.' });
      }
    }
  }
  const named = new Set(missing.map(({ path }) => path));
  const wrong = validatePolicyTerms(termsOf(draft, null)).filter(({ path }) => !named.has(path));
  // The table makes every tier begin right after the one before: a beginning is wrong only where that one's end is.
  return [...missing, ...wrong.filter(({ path }) => !path.endsWith('.minLeads'))];
}

/** A code made from the name, for who does not want to think of one: "Summer promo 2026" → "SUMMER-PROMO-2026". */
export function codeFrom(name: string): string {
  return name
    .normalize('NFKD')
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
}
