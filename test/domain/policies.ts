import type { LeadFacts } from '#domain/credit-applicability.ts';
import type { PolicyRevision, PolicyTerms } from '#domain/credit-policies.ts';

/** Ten euros for each approved lead, always, with no conditions and no limits. */
export const plainTerms: PolicyTerms = {
  policyType: 'time_based',
  calculationType: 'fixed_price',
  timeUnitType: 'monthly',
  partnerId: null,
  projectId: null,
  campaignId: null,
  sourceId: null,
  startDate: null,
  endDate: null,
  baseCredit: 1000,
  baseRate: null,
  minimumCredit: null,
  maximumCredit: null,
  capPerLead: null,
  capPerPeriod: null,
  totalBudget: null,
  bonusRate: 0,
  tierConfig: null,
  minLeadQualityScore: 0,
  priority: 0,
  isStackable: false,
  autoApprove: false,
};

/** An approved revision of a policy in EUR with the plain terms but for these. */
export const policyWith = (policyId: string, terms: Partial<PolicyTerms> = {}): PolicyRevision => ({
  policyId,
  policyCode: policyId.toUpperCase(),
  revision: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  isActive: true,
  deactivatedFrom: null,
  isApproved: true,
  currency: 'EUR',
  terms: { ...plainTerms, ...terms },
});

/** The approval of a lead of score 80 with nothing else to say for itself. */
export const plainApproval: LeadFacts = {
  event: 'approval',
  eventDay: '2026-03-15',
  partnerId: 'acme',
  projectId: null,
  campaignId: null,
  sourceId: null,
  score: 8000,
  estimatedValue: null,
  dealValue: null,
  currency: 'EUR',
};
