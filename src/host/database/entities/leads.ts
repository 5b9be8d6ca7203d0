import { leadStatuses } from '#domain/state-machines.ts';
import { leadCreditStatuses, submissionTypes } from '#domain/vocabulary.ts';
import {
  bigint,
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

/** The lead's own data as the requirements name it. */
export interface StoredLeadData {
  firstName?: string;
  lastName?: string;
  email: string;
  phone: string;
  company?: string;
  industry?: string;
  jobTitle?: string;
  address?: string;
  city?: string;
  state?: string;
  country?: string;
  zipCode?: string;
  leadType?: string;
  budgetRange?: string;
  timelineDays?: number;
  interestAreas?: string;
  additionalInfo?: string;
}

export const leadImports = defineTable(
  'lead_imports',
  {
    ...rowColumns,
    partnerId: uuid,
    fileName: text,
    fileSha256: text,
    fileSize: bigint,
    status: oneOf(['running', 'completed', 'cancelled', 'failed', 'interrupted']),
    /** Column of the file → field of the lead, null where it is left out. */
    mapping: json<Record<string, string | null>>(),
    rowsRead: bigint,
    accepted: bigint,
    rejected: bigint,
    startedBy: uuid,
    startedAt: instant,
    finishedAt: nullable(instant),
    failure: nullable(text),
    /** The job it runs as; those of before jobs have none. */
    jobId: nullable(uuid),
    ...changeColumns,
  },
  {
    noun: 'import',
    indexes: {
      ix_lead_imports_file: { on: ['tenantId', 'partnerId', 'fileSha256'] },
      ix_lead_imports_started: { on: ['tenantId', 'startedAt', 'id'] },
      ix_lead_imports_job: { on: ['tenantId', 'jobId'], where: 'job_id IS NOT NULL' },
    },
    checks: {
      ck_lead_imports_counters: 'rows_read >= 0 AND accepted >= 0 AND rejected >= 0 AND file_size >= 0',
    },
    foreignKeys: { fk_lead_imports_partner: within('partners', 'partnerId') },
  },
);
export type LeadImportRow = RowOf<typeof leadImports>;

/** Why a row of an import was not taken; `seq` numbers the reasons of one row. */
export const leadImportErrors = defineTable(
  'lead_import_errors',
  {
    tenantId: uuid,
    importId: uuid,
    row: integer,
    seq: integer,
    columnName: nullable(text),
    value: nullable(text),
    reason: text,
  },
  {
    noun: 'rejected row',
    primaryKey: ['tenantId', 'importId', 'row', 'seq'],
    foreignKeys: { fk_lead_import_errors_import: within('lead_imports', 'importId') },
  },
);
export type LeadImportErrorRow = RowOf<typeof leadImportErrors>;

/** What a partner handed in. Newest first is `order by submitted_at desc, id desc`: the indexes are read backwards. */
export const partnerLeads = defineTable(
  'partner_leads',
  {
    ...rowColumns,
    partnerId: uuid,
    sourceId: uuid,
    /** The entry in `leads` it became. */
    leadId: nullable(uuid),
    submissionType: oneOf(submissionTypes),
    status: oneOf(leadStatuses),
    leadData: json<StoredLeadData>(),
    contactName: text,
    company: nullable(text),
    /** Normalised, to find duplicates by. */
    emailKey: text,
    phoneKey: text,
    /** The words of name, company, e-mail and phone, as `searchTextOf` writes them: what the search box looks in. */
    searchText: text,
    /** Hundredths, 0 to 10,000. */
    qualityScore: integer,
    duplicateOf: nullable(uuid),
    /** The lead it is recorded under, which is the one it is a duplicate of: it is not reviewed and earns nothing. */
    linkedTo: nullable(uuid),
    /** Another partner submitted this person first and is protected until then. */
    protectedUntil: nullable(instant),
    /** Somebody looked and said that it is no duplicate. */
    notDuplicateReason: nullable(text),
    notDuplicateBy: nullable(uuid),
    notDuplicateAt: nullable(instant),
    projectId: nullable(text),
    campaignId: nullable(text),
    estimatedValue: nullable(bigint),
    currency: text,
    claimedBy: nullable(uuid),
    claimExpiresAt: nullable(instant),
    reviewNotes: nullable(text),
    rejectionReason: nullable(text),
    reviewedBy: nullable(uuid),
    reviewedAt: nullable(instant),
    submittedBy: uuid,
    submittedAt: instant,
    /** YYYY-MM of the submission in the tenant's zone. */
    month: text,
    approvedAt: nullable(instant),
    approvedOn: nullable(day),
    conversionDate: nullable(day),
    convertedAt: nullable(instant),
    dealValue: nullable(bigint),
    /** The last conversion that was withdrawn, until there is another one. */
    conversionWithdrawnAt: nullable(instant),
    conversionWithdrawnBy: nullable(uuid),
    conversionWithdrawalReason: nullable(text),
    creditAmount: nullable(bigint),
    creditStatus: nullable(oneOf(leadCreditStatuses)),
    importId: nullable(uuid),
    ...changeColumns,
    deletedAt: nullable(instant),
  },
  {
    noun: 'lead',
    indexes: {
      ix_partner_leads_queue: {
        on: ['tenantId', 'qualityScore desc', 'submittedAt', 'id'],
        where: "status IN ('submitted', 'under_review') AND deleted_at IS NULL AND linked_to IS NULL",
      },
      ix_partner_leads_waiting: {
        on: ['tenantId', 'submittedAt', 'id'],
        where: "status IN ('submitted', 'under_review') AND deleted_at IS NULL AND linked_to IS NULL",
      },
      ix_partner_leads_claimed: { on: ['tenantId', 'claimExpiresAt'], where: 'claimed_by IS NOT NULL' },
      ix_partner_leads_linked: { on: ['tenantId', 'linkedTo'], where: 'linked_to IS NOT NULL' },
      // What stands behind the id is for the figures, which are counted from the index alone.
      ix_partner_leads_partner_queue: {
        on: ['tenantId', 'partnerId', 'qualityScore desc', 'submittedAt', 'id'],
        where: "status IN ('submitted', 'under_review') AND deleted_at IS NULL AND linked_to IS NULL",
      },
      ix_partner_leads_submitted: { on: ['tenantId', 'submittedAt', 'id', 'deletedAt', 'qualityScore'] },
      ix_partner_leads_partner: {
        on: ['tenantId', 'partnerId', 'submittedAt', 'id', 'deletedAt', 'status', 'qualityScore'],
      },
      ix_partner_leads_status: { on: ['tenantId', 'status', 'submittedAt', 'id'] },
      ix_partner_leads_source: {
        on: ['tenantId', 'sourceId', 'submittedAt', 'id', 'deletedAt', 'status', 'qualityScore'],
      },
      ix_partner_leads_reviewed: {
        on: ['tenantId', 'reviewedAt', 'status', 'submittedAt', 'partnerId', 'deletedAt'],
        where: 'reviewed_at IS NOT NULL AND deleted_at IS NULL',
      },
      ix_partner_leads_converted: {
        on: ['tenantId', 'conversionDate', 'partnerId', 'deletedAt'],
        where: "status = 'converted' AND deleted_at IS NULL",
      },
      // The order it happened in, which a simulation goes through again.
      ix_partner_leads_approved_at: {
        on: ['tenantId', 'approvedAt', 'id', 'partnerId'],
        where: 'approved_at IS NOT NULL',
      },
      ix_partner_leads_converted_at: {
        on: ['tenantId', 'convertedAt', 'id', 'partnerId'],
        where: 'converted_at IS NOT NULL',
      },
      ix_partner_leads_email: { on: ['tenantId', 'emailKey'], where: 'deleted_at IS NULL' },
      ix_partner_leads_phone: { on: ['tenantId', 'phoneKey'], where: 'deleted_at IS NULL' },
    },
    checks: {
      ck_partner_leads_score: 'quality_score >= 0 AND quality_score <= 10000',
      ck_partner_leads_values: 'estimated_value >= 0 AND deal_value >= 0',
      ck_partner_leads_duplicate: 'duplicate_of <> id',
    },
    foreignKeys: {
      fk_partner_leads_partner: within('partners', 'partnerId'),
      fk_partner_leads_source: within('partner_sources', 'sourceId'),
      fk_partner_leads_lead: within('leads', 'leadId'),
      fk_partner_leads_duplicate: within('partner_leads', 'duplicateOf'),
      fk_partner_leads_import: within('lead_imports', 'importId'),
      fk_partner_leads_claimed_by: within('staff', 'claimedBy'),
      fk_partner_leads_reviewed_by: within('staff', 'reviewedBy'),
    },
  },
);
export type PartnerLeadRow = RowOf<typeof partnerLeads>;

/** The actual leads, as sales works with them: what an approved partner lead becomes. */
export const leads = defineTable(
  'leads',
  {
    ...rowColumns,
    source: oneOf(['partner_referral']),
    partnerLeadId: nullable(uuid),
    partnerId: nullable(uuid),
    contactName: nullable(text),
    company: nullable(text),
    email: nullable(text),
    phone: nullable(text),
    leadData: json<StoredLeadData>(),
    status: oneOf(['open', 'converted', 'lost']),
    estimatedValue: nullable(bigint),
    dealValue: nullable(bigint),
    currency: text,
    convertedOn: nullable(day),
    ...changeColumns,
  },
  {
    noun: 'lead',
    indexes: {
      ux_leads_partner_lead: {
        on: ['tenantId', 'partnerLeadId'],
        unique: true,
        where: 'partner_lead_id IS NOT NULL',
      },
      ix_leads_created: { on: ['tenantId', 'createdAt', 'id'] },
      ix_leads_status: { on: ['tenantId', 'status', 'createdAt', 'id'] },
      ix_leads_partner: { on: ['tenantId', 'partnerId', 'createdAt', 'id'] },
    },
    checks: { ck_leads_values: 'estimated_value >= 0 AND deal_value >= 0' },
    foreignKeys: {
      fk_leads_tenant: { fields: ['tenantId'], table: 'tenants', references: ['id'] },
      fk_leads_partner_lead: within('partner_leads', 'partnerLeadId'),
      fk_leads_partner: within('partners', 'partnerId'),
    },
  },
);
export type LeadRow = RowOf<typeof leads>;
