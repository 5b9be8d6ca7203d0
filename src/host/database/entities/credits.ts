import type { PolicyTerms, PolicyTier } from '#domain/credit-policies.ts';
import {
  calculationTypes,
  creditOrigins,
  creditStatuses,
  policyTypes,
  timeUnitTypes,
} from '#domain/vocabulary.ts';
import {
  bigint,
  boolean,
  changeColumns,
  day,
  defineTable,
  instant,
  integer,
  json,
  nullable,
  oneOf,
  type RowOf,
  rowColumns,
  text,
  uuid,
  within,
} from '../table.ts';

const revisionOf = {
  fields: ['tenantId', 'policyId', 'policyRevision'],
  table: 'partner_credit_policy_revisions',
  references: ['tenantId', 'policyId', 'revision'],
};

/** A policy with the terms of its latest revision. Rates are in millionths, scores in hundredths. */
export const partnerCreditPolicies = defineTable(
  'partner_credit_policies',
  {
    ...rowColumns,
    /** Null: for all partners. */
    partnerId: nullable(uuid),
    policyCode: text,
    policyName: text,
    description: nullable(text),
    /** Of its amounts. */
    currency: text,
    sourceId: nullable(uuid),
    policyType: oneOf(policyTypes),
    calculationType: oneOf(calculationTypes),
    timeUnitType: nullable(oneOf(timeUnitTypes)),
    projectId: nullable(text),
    campaignId: nullable(text),
    startDate: nullable(day),
    endDate: nullable(day),
    baseCredit: nullable(bigint),
    baseRate: nullable(integer),
    minimumCredit: nullable(bigint),
    maximumCredit: nullable(bigint),
    capPerLead: nullable(bigint),
    capPerPeriod: nullable(bigint),
    totalBudget: nullable(bigint),
    bonusRate: integer,
    tierConfig: nullable(json<{ tiers: readonly PolicyTier[] }>()),
    minLeadQualityScore: integer,
    priority: integer,
    isStackable: boolean,
    requiresApproval: boolean,
    autoApprove: boolean,
    /** The latest revision is waiting for approval. */
    approvalRequired: boolean,
    /** The latest. */
    revision: integer,
    /** The approved one in force; null before the first approval. */
    effectiveRevision: nullable(integer),
    /** Of the latest revision. */
    approvedBy: nullable(uuid),
    approvedAt: nullable(instant),
    isActive: boolean,
    /** The first day it doesn't pay for any more. */
    deactivatedFrom: nullable(day),
    /** When that was decided. */
    deactivatedAt: nullable(instant),
    /** Who made the latest revision. */
    editedBy: uuid,
    createdBy: uuid,
    totalLeadsUnderPolicy: bigint,
    totalCreditsAllocated: bigint,
    /** Its credits that wait or were approved, what was taken back deducted: what the total budget is held against. */
    creditsMade: bigint,
    /** Whether `policy_day_credits` is kept: since the first approval of a cap per period, for good. */
    tracksDays: boolean,
    ...changeColumns,
    deletedAt: nullable(instant),
  },
  {
    noun: 'policy',
    indexes: {
      ux_partner_credit_policies_code: { on: ['tenantId', 'policyCode'], unique: true },
      ix_partner_credit_policies_partner: { on: ['tenantId', 'partnerId', 'isActive'] },
    },
    checks: {
      ck_partner_credit_policies_days: 'start_date <= end_date',
      ck_partner_credit_policies_amounts:
        'base_credit >= 0 AND base_rate >= 0 AND minimum_credit >= 0 AND maximum_credit >= 0 AND bonus_rate >= 0',
      ck_partner_credit_policies_caps: 'cap_per_lead >= 0 AND cap_per_period >= 0 AND total_budget >= 0',
      ck_partner_credit_policies_bounds: 'minimum_credit <= maximum_credit',
      ck_partner_credit_policies_score: 'min_lead_quality_score >= 0 AND min_lead_quality_score <= 10000',
      ck_partner_credit_policies_revision:
        'revision >= 1 AND (effective_revision IS NULL OR (effective_revision >= 1 AND effective_revision <= revision))',
      ck_partner_credit_policies_counters: 'total_leads_under_policy >= 0',
    },
    foreignKeys: {
      fk_partner_credit_policies_tenant: { fields: ['tenantId'], table: 'tenants', references: ['id'] },
      fk_partner_credit_policies_partner: within('partners', 'partnerId'),
      fk_partner_credit_policies_source: within('partner_sources', 'sourceId'),
      fk_partner_credit_policies_approved_by: within('staff', 'approvedBy'),
    },
  },
);
export type PartnerCreditPolicyRow = RowOf<typeof partnerCreditPolicies>;

/** Every version of a policy's terms. What it says never changes; only its approval is added. */
export const partnerCreditPolicyRevisions = defineTable(
  'partner_credit_policy_revisions',
  {
    ...rowColumns,
    policyId: uuid,
    revision: integer,
    terms: json<PolicyTerms>(),
    madeBy: uuid,
    madeAt: instant,
    approvedBy: nullable(uuid),
    approvedAt: nullable(instant),
    fourEyesWaived: boolean,
    ...changeColumns,
  },
  {
    noun: 'policy revision',
    indexes: {
      ux_partner_credit_policy_revisions_number: { on: ['tenantId', 'policyId', 'revision'], unique: true },
    },
    checks: {
      ck_partner_credit_policy_revisions_number: 'revision >= 1',
      ck_partner_credit_policy_revisions_four_eyes:
        'four_eyes_waived OR approved_by IS NULL OR approved_by <> made_by',
    },
    foreignKeys: {
      fk_partner_credit_policy_revisions_policy: within('partner_credit_policies', 'policyId'),
      fk_partner_credit_policy_revisions_approved_by: within('staff', 'approvedBy'),
    },
  },
);
export type PartnerCreditPolicyRevisionRow = RowOf<typeof partnerCreditPolicyRevisions>;

/** n of the tiers: a partner's approved leads under a policy in a period (its whole life starts on the policy's first day). */
export const policyPeriodCounts = defineTable(
  'policy_period_counts',
  { tenantId: uuid, policyId: uuid, partnerId: uuid, periodStart: day, leadCount: integer },
  {
    noun: 'lead count',
    primaryKey: ['tenantId', 'policyId', 'partnerId', 'periodStart'],
    checks: { ck_policy_period_counts_leads: 'lead_count >= 0' },
    foreignKeys: {
      fk_policy_period_counts_policy: within('partner_credit_policies', 'policyId'),
      fk_policy_period_counts_partner: within('partners', 'partnerId'),
    },
  },
);
export type PolicyPeriodCountRow = RowOf<typeof policyPeriodCounts>;

/** Each policy that was weighed for a lead, applied or passed over, with the reason in words. */
export const partnerCreditPolicyMappings = defineTable(
  'partner_credit_policy_mappings',
  {
    ...rowColumns,
    partnerLeadId: uuid,
    policyId: uuid,
    policyRevision: integer,
    event: oneOf(['approval', 'conversion']),
    applied: boolean,
    calculatedCredit: bigint,
    reason: text,
    /** The conversion it was weighed at was withdrawn. */
    withdrawnAt: nullable(instant),
    createdAt: instant,
  },
  {
    noun: 'policy mapping',
    indexes: {
      ux_partner_credit_policy_mappings_event: {
        on: ['tenantId', 'partnerLeadId', 'policyId', 'event'],
        unique: true,
        where: 'withdrawn_at IS NULL',
      },
      ix_partner_credit_policy_mappings_withdrawn: {
        on: ['tenantId', 'partnerLeadId'],
        where: 'withdrawn_at IS NOT NULL',
      },
    },
    foreignKeys: {
      fk_partner_credit_policy_mappings_lead: within('partner_leads', 'partnerLeadId'),
      fk_partner_credit_policy_mappings_revision: revisionOf,
    },
  },
);
export type PartnerCreditPolicyMappingRow = RowOf<typeof partnerCreditPolicyMappings>;

export const partnerLeadCredits = defineTable(
  'partner_lead_credits',
  {
    ...rowColumns,
    partnerId: uuid,
    partnerLeadId: nullable(uuid),
    policyId: nullable(uuid),
    policyRevision: nullable(integer),
    sourceId: nullable(uuid),
    origin: oneOf(creditOrigins),
    triggerEvent: oneOf(['approval', 'conversion', 'request']),
    calculationType: oneOf(calculationTypes),
    /** Below zero only for what takes back a credit or part of one, and for adjustments. */
    creditAmount: bigint,
    currency: text,
    reason: text,
    status: oneOf(creditStatuses),
    requestedBy: uuid,
    approvedBy: nullable(uuid),
    approvedAt: nullable(instant),
    /** The day it is booked on: that of its approval, or the first open one after a closed period. */
    approvedOn: nullable(day),
    /** The day from which payouts take it; set with `approvedOn`. */
    payableFrom: nullable(day),
    /** Says so where it is booked on another day than one would look for it. */
    bookingNote: nullable(text),
    /** The day of the lead's approval or conversion that made it, in the tenant's zone; null where no event did. */
    eventOn: nullable(day),
    approvalNotes: nullable(text),
    /** The policy whose approver this credit was approved for. */
    delegatedPolicyId: nullable(uuid),
    rejectedBy: nullable(uuid),
    rejectionReason: nullable(text),
    reversedBy: nullable(uuid),
    reversalReason: nullable(text),
    reversesCreditId: nullable(uuid),
    /** The conversion that made it was withdrawn: the next one makes credits of its own. */
    withdrawnAt: nullable(instant),
    /** The credit whose part this is, where a payout was approved for less: the first one of the row. */
    carriesOverCreditId: nullable(uuid),
    fourEyesWaived: boolean,
    ...changeColumns,
  },
  {
    noun: 'credit',
    indexes: {
      ux_partner_lead_credits_policy: {
        on: ['tenantId', 'partnerLeadId', 'policyId', 'triggerEvent'],
        unique: true,
        where: "origin = 'policy' AND withdrawn_at IS NULL",
      },
      ux_partner_lead_credits_terms: {
        on: ['tenantId', 'partnerLeadId', 'triggerEvent'],
        unique: true,
        where: "origin = 'partner_terms' AND withdrawn_at IS NULL",
      },
      ix_partner_lead_credits_reversal: {
        on: ['tenantId', 'reversesCreditId'],
        where: 'reverses_credit_id IS NOT NULL',
      },
      ix_partner_lead_credits_carry_over: {
        on: ['tenantId', 'carriesOverCreditId'],
        where: 'carries_over_credit_id IS NOT NULL',
      },
      ix_partner_lead_credits_lead: { on: ['tenantId', 'partnerLeadId'] },
      ix_partner_lead_credits_created: { on: ['tenantId', 'createdAt', 'id'] },
      ix_partner_lead_credits_status: { on: ['tenantId', 'status', 'createdAt', 'id'] },
      ix_partner_lead_credits_partner: { on: ['tenantId', 'partnerId', 'createdAt', 'id'] },
      ix_partner_lead_credits_policy: {
        on: ['tenantId', 'policyId', 'eventOn'],
        where: 'policy_id IS NOT NULL',
      },
      ix_partner_lead_credits_payable: {
        on: ['tenantId', 'partnerId', 'payableFrom'],
        where: "status = 'approved'",
      },
      ix_partner_lead_credits_approved: {
        on: ['tenantId', 'approvedOn', 'currency', 'partnerId', 'sourceId', 'creditAmount'],
        where: "status = 'approved'",
      },
    },
    checks: {
      ck_partner_lead_credits_amount:
        "credit_amount >= 0 OR origin IN ('reversal', 'adjustment', 'carry_over')",
      ck_partner_lead_credits_payable:
        '(approved_on IS NULL) = (payable_from IS NULL) AND (approved_on IS NULL OR payable_from >= approved_on)',
      ck_partner_lead_credits_four_eyes:
        'four_eyes_waived OR delegated_policy_id IS NOT NULL OR approved_by IS NULL OR approved_by <> requested_by',
    },
    foreignKeys: {
      fk_partner_lead_credits_partner: within('partners', 'partnerId'),
      fk_partner_lead_credits_lead: within('partner_leads', 'partnerLeadId'),
      fk_partner_lead_credits_revision: revisionOf,
      fk_partner_lead_credits_source: within('partner_sources', 'sourceId'),
      fk_partner_lead_credits_delegated: within('partner_credit_policies', 'delegatedPolicyId'),
      fk_partner_lead_credits_reverses: within('partner_lead_credits', 'reversesCreditId'),
      fk_partner_lead_credits_carries_over: within('partner_lead_credits', 'carriesOverCreditId'),
      fk_partner_lead_credits_approved_by: within('staff', 'approvedBy'),
      fk_partner_lead_credits_rejected_by: within('staff', 'rejectedBy'),
    },
  },
);
export type PartnerLeadCreditRow = RowOf<typeof partnerLeadCredits>;
