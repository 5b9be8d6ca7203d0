import type { KnownBankingDetails } from '#domain/banking.ts';
import { partnerStatuses } from '#domain/state-machines.ts';
import { partnerTypes, sourceTypes } from '#domain/vocabulary.ts';
import {
  bigint,
  boolean,
  changeColumns,
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

/** The part of the bank details anyone may see; numbers are masked. The full ones are in `bankingSecret`, encrypted. */
export type StoredBankingDetails = KnownBankingDetails;

export const partners = defineTable(
  'partners',
  {
    ...rowColumns,
    partnerCode: text,
    organizationName: text,
    /** Name, code and e-mail in lower case, a space between: what the search box looks in. */
    searchText: text,
    partnerType: oneOf(partnerTypes),
    status: oneOf(partnerStatuses),
    contactName: nullable(text),
    contactEmail: text,
    contactPhone: nullable(text),
    website: nullable(text),
    taxId: nullable(text),
    address: nullable(text),
    city: nullable(text),
    state: nullable(text),
    country: nullable(text),
    zipCode: nullable(text),
    currency: text,
    /** Millionths; `commissionPercentage` on the wire. */
    commissionRate: nullable(integer),
    leadPrice: nullable(bigint),
    /** 0 = no limit. */
    monthlyQuota: integer,
    /** Days an approved credit waits before it is payable; null: as the organization has it. */
    holdingDays: nullable(integer),
    /** Minor units; a smaller payout is carried over. Null: as the organization has it. */
    minimumPayout: nullable(bigint),
    bankingDetails: nullable(json<StoredBankingDetails>()),
    bankingSecret: nullable(text),
    bankingIsVerified: boolean,
    bankingVerifiedAt: nullable(instant),
    bankingVerifiedBy: nullable(uuid),
    bankingChangedBy: nullable(uuid),
    documentUrls: json<string[]>(),
    scoreWeights: nullable(json<Record<string, number>>()),
    statusReason: nullable(text),
    rejectionReason: nullable(text),
    approvedBy: nullable(uuid),
    approvedAt: nullable(instant),
    fourEyesWaived: boolean,
    submittedBy: uuid,
    createdBy: uuid,
    updatedBy: nullable(uuid),
    totalLeadsSubmitted: bigint,
    approvedLeads: bigint,
    rejectedLeads: bigint,
    convertedLeads: bigint,
    /** Sum of the leads' scores in hundredths, for the average. */
    totalQualityScore: bigint,
    totalEarnings: bigint,
    pendingPayoutAmount: bigint,
    withdrawnAmount: bigint,
    availableBalance: bigint,
    ...changeColumns,
    deletedAt: nullable(instant),
  },
  {
    noun: 'partner',
    indexes: {
      ux_partners_code: { on: ['tenantId', 'partnerCode'], unique: true },
      ix_partners_name: { on: ['tenantId', 'organizationName', 'id'] },
      ix_partners_status: { on: ['tenantId', 'status', 'organizationName', 'id'] },
    },
    checks: {
      ck_partners_payout_terms: 'holding_days >= 0 AND minimum_payout >= 0',
      ck_partners_terms:
        'commission_rate >= 0 AND commission_rate <= 1000000 AND lead_price >= 0 AND monthly_quota >= 0',
      ck_partners_counters:
        'total_leads_submitted >= 0 AND approved_leads >= 0 AND rejected_leads >= 0 AND converted_leads >= 0 AND total_quality_score >= 0',
      ck_partners_four_eyes:
        'four_eyes_waived OR approved_by IS NULL OR (approved_by <> submitted_by AND approved_by <> created_by)',
      ck_partners_banking_four_eyes:
        'four_eyes_waived OR banking_verified_by IS NULL OR banking_changed_by IS NULL OR banking_verified_by <> banking_changed_by',
    },
    foreignKeys: {
      fk_partners_tenant: { fields: ['tenantId'], table: 'tenants', references: ['id'] },
      fk_partners_approved_by: within('staff', 'approvedBy'),
      fk_partners_banking_verified_by: within('staff', 'bankingVerifiedBy'),
    },
  },
);
export type PartnerRow = RowOf<typeof partners>;

/** How many leads a partner has handed in in a month of the tenant's zone: what the quota counts. */
export const partnerMonths = defineTable(
  'partner_months',
  { tenantId: uuid, partnerId: uuid, /** YYYY-MM. */ month: text, leadsSubmitted: integer },
  {
    noun: 'month of a partner',
    primaryKey: ['tenantId', 'partnerId', 'month'],
    checks: { ck_partner_months_leads: 'leads_submitted >= 0' },
    foreignKeys: { fk_partner_months_partner: within('partners', 'partnerId') },
  },
);
export type PartnerMonthRow = RowOf<typeof partnerMonths>;

export const partnerSources = defineTable(
  'partner_sources',
  {
    ...rowColumns,
    partnerId: uuid,
    sourceType: oneOf(sourceTypes),
    sourceCode: text,
    sourceName: text,
    description: nullable(text),
    isActive: boolean,
    /** Made with the partner. */
    isAutomatic: boolean,
    leadsGenerated: bigint,
    leadsConverted: bigint,
    leadsApproved: bigint,
    totalRevenue: bigint,
    totalCredits: bigint,
    totalQualityScore: bigint,
    createdBy: uuid,
    ...changeColumns,
    deletedAt: nullable(instant),
  },
  {
    noun: 'source',
    indexes: {
      ux_partner_sources_code: { on: ['tenantId', 'sourceCode'], unique: true },
      ix_partner_sources_partner: { on: ['tenantId', 'partnerId', 'id'] },
    },
    checks: {
      ck_partner_sources_counters:
        'leads_generated >= 0 AND leads_converted >= 0 AND leads_approved >= 0 AND total_revenue >= 0 AND total_quality_score >= 0',
    },
    foreignKeys: { fk_partner_sources_partner: within('partners', 'partnerId') },
  },
);
export type PartnerSourceRow = RowOf<typeof partnerSources>;
