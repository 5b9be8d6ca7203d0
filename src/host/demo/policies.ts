import type { Inputs } from '#contract/index.ts';

type NewPolicy = Omit<Inputs['creditPolicies']['create'], 'id'>;

/** A policy of every kind, by the partner (its place in the list) it is for; amounts in minor units. */
export function policyPlans(firstDay: string): readonly {
  partner: number | null;
  policy: NewPolicy;
  fate: 'approve' | 'draft' | 'revise' | 'deactivate';
}[] {
  const monthly = { policyType: 'time_based', timeUnitType: 'monthly', startDate: firstDay } as const;
  const tiers = [
    { tierLevel: 1, minLeads: 1, maxLeads: 8, creditAmount: 800, bonusPercent: 0 },
    { tierLevel: 2, minLeads: 9, maxLeads: 15, creditAmount: 1200, bonusPercent: 5 },
    { tierLevel: 3, minLeads: 16, maxLeads: null, creditAmount: 1500, bonusPercent: 10 },
  ];
  return [
    {
      partner: 0,
      fate: 'approve',
      policy: {
        ...monthly,
        policyCode: 'NORD-FIX',
        policyName: 'Ten per approved lead',
        calculationType: 'fixed_price',
        baseCredit: 1000,
        bonusPercentage: 5,
        minLeadQualityScore: 40,
        autoApprove: true,
      },
    },
    {
      partner: 4,
      fate: 'approve',
      policy: {
        ...monthly,
        policyCode: 'KAST-TIER',
        policyName: 'Monthly tiers',
        calculationType: 'tiered',
        tierConfig: { tiers },
        minimumCredit: 500,
        maximumCredit: 2500,
      },
    },
    {
      partner: 8,
      fate: 'approve',
      policy: {
        policyType: 'project_based',
        projectId: 'Q1-OFFICE',
        policyCode: 'OAK-PROJECT',
        policyName: 'Office leasing project',
        calculationType: 'percentage',
        baseRate: 1.5,
        maximumCredit: 60_000,
      },
    },
    {
      partner: 12,
      fate: 'approve',
      policy: {
        ...monthly,
        policyCode: 'QUAI-DEAL',
        policyName: 'A hundred per closed deal',
        calculationType: 'conversion',
        baseCredit: 10_000,
      },
    },
    {
      partner: 16,
      fate: 'revise',
      policy: {
        policyType: 'campaign_based',
        campaignId: 'SUMMER',
        policyCode: 'ORCHARD-SUMMER',
        policyName: 'Summer campaign',
        calculationType: 'revenue_share',
        baseRate: 2,
        bonusPercentage: 10,
      },
    },
    {
      partner: 0,
      fate: 'approve',
      policy: {
        ...monthly,
        policyCode: 'NORD-DEAL-EXTRA',
        policyName: 'Deal bonus on top',
        calculationType: 'conversion',
        baseCredit: 5000,
        isStackable: true,
        priority: 10,
      },
    },
    {
      partner: 20,
      fate: 'deactivate',
      policy: {
        ...monthly,
        policyCode: 'BIRKE-OLD',
        policyName: 'Old lead price',
        calculationType: 'fixed_price',
        baseCredit: 700,
      },
    },
    {
      partner: 24,
      fate: 'draft',
      policy: {
        ...monthly,
        policyCode: 'DONAU-NEW',
        policyName: 'Proposed tiers',
        calculationType: 'tiered',
        tierConfig: { tiers },
      },
    },
  ];
}
