import { ledgerAccounts } from '#domain/ledger.ts';
import { payoutStatuses } from '#domain/state-machines.ts';
import { exportFormats, paymentMethods } from '#domain/vocabulary.ts';
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

export const partnerPayouts = defineTable(
  'partner_payouts',
  {
    ...rowColumns,
    partnerId: uuid,
    payoutNumber: text,
    periodStart: day,
    periodEnd: day,
    currency: text,
    totalLeadsCount: bigint,
    approvedLeads: bigint,
    convertedLeads: bigint,
    totalAmount: bigint,
    approvedAmount: bigint,
    rejectedAmount: bigint,
    paidAmount: bigint,
    status: oneOf(payoutStatuses),
    paymentMethod: nullable(oneOf(paymentMethods)),
    paymentDate: nullable(day),
    referenceNumber: nullable(text),
    generatedBy: uuid,
    generatedAt: instant,
    firstApprovedBy: nullable(uuid),
    firstApprovedAt: nullable(instant),
    firstApprovedAmount: nullable(bigint),
    approvedBy: nullable(uuid),
    approvedAt: nullable(instant),
    fourEyesWaived: boolean,
    rejectedBy: nullable(uuid),
    rejectionNotes: nullable(text),
    cancelledBy: nullable(uuid),
    cancelReason: nullable(text),
    ...changeColumns,
  },
  {
    noun: 'payout',
    indexes: {
      ux_partner_payouts_number: { on: ['tenantId', 'payoutNumber'], unique: true },
      ix_partner_payouts_created: { on: ['tenantId', 'createdAt', 'id'] },
      ix_partner_payouts_status: { on: ['tenantId', 'status', 'createdAt', 'id'] },
      ix_partner_payouts_partner: { on: ['tenantId', 'partnerId', 'createdAt', 'id'] },
      ix_partner_payouts_period: { on: ['tenantId', 'periodStart', 'periodEnd'] },
      ix_partner_payouts_approved: {
        on: ['tenantId', 'approvedAt', 'status', 'currency', 'partnerId', 'approvedAmount'],
        where: 'approved_at IS NOT NULL',
      },
    },
    checks: {
      ck_partner_payouts_period: 'period_start <= period_end',
      ck_partner_payouts_counts: 'total_leads_count >= 0 AND approved_leads >= 0 AND converted_leads >= 0',
      ck_partner_payouts_amounts:
        'approved_amount >= 0 AND paid_amount >= 0 AND approved_amount <= total_amount AND paid_amount <= approved_amount',
      ck_partner_payouts_four_eyes:
        'four_eyes_waived OR ((approved_by IS NULL OR approved_by <> generated_by) AND (first_approved_by IS NULL OR first_approved_by <> generated_by))',
      ck_partner_payouts_two_approvers:
        'four_eyes_waived OR approved_by IS NULL OR first_approved_by IS NULL OR approved_by <> first_approved_by',
    },
    foreignKeys: {
      fk_partner_payouts_partner: within('partners', 'partnerId'),
      fk_partner_payouts_first_approved_by: within('staff', 'firstApprovedBy'),
      fk_partner_payouts_approved_by: within('staff', 'approvedBy'),
      fk_partner_payouts_rejected_by: within('staff', 'rejectedBy'),
      fk_partner_payouts_cancelled_by: within('staff', 'cancelledBy'),
    },
  },
);
export type PartnerPayoutRow = RowOf<typeof partnerPayouts>;

/** The lines of a payout. A line with `releasedAt` no longer holds its credit. */
export const partnerPayoutDetails = defineTable(
  'partner_payout_details',
  {
    ...rowColumns,
    payoutId: uuid,
    creditId: uuid,
    partnerLeadId: nullable(uuid),
    /** The entry in `leads`. */
    leadSubmissionId: nullable(uuid),
    sourceId: nullable(uuid),
    policyId: nullable(uuid),
    policyRevision: nullable(integer),
    amount: bigint,
    description: text,
    status: oneOf(['pending', 'approved', 'rejected']),
    notes: nullable(text),
    decidedBy: nullable(uuid),
    decidedAt: nullable(instant),
    releasedAt: nullable(instant),
    ...changeColumns,
  },
  {
    noun: 'payout line',
    indexes: {
      ux_partner_payout_details_live_credit: {
        on: ['tenantId', 'creditId'],
        unique: true,
        where: 'released_at IS NULL',
      },
      ux_partner_payout_details_credit: { on: ['tenantId', 'payoutId', 'creditId'], unique: true },
      ix_partner_payout_details_payout: { on: ['tenantId', 'payoutId', 'id'] },
    },
    foreignKeys: {
      fk_partner_payout_details_payout: within('partner_payouts', 'payoutId'),
      fk_partner_payout_details_credit: within('partner_lead_credits', 'creditId'),
      fk_partner_payout_details_partner_lead: within('partner_leads', 'partnerLeadId'),
      fk_partner_payout_details_lead: within('leads', 'leadSubmissionId'),
      fk_partner_payout_details_source: within('partner_sources', 'sourceId'),
      fk_partner_payout_details_policy: within('partner_credit_policies', 'policyId'),
      fk_partner_payout_details_decided_by: within('staff', 'decidedBy'),
    },
  },
);
export type PartnerPayoutDetailRow = RowOf<typeof partnerPayoutDetails>;

export const partnerPayoutPayments = defineTable(
  'partner_payout_payments',
  {
    ...rowColumns,
    payoutId: uuid,
    amount: bigint,
    paymentMethod: oneOf(paymentMethods),
    paymentDate: day,
    referenceNumber: text,
    /** Where it went, masked; the partner's details may be others by now. */
    account: nullable(text),
    recordedBy: uuid,
    createdAt: instant,
  },
  {
    noun: 'payment',
    appendOnly: true,
    indexes: {
      ix_partner_payout_payments_payout: { on: ['tenantId', 'payoutId', 'id'] },
      ix_partner_payout_payments_date: { on: ['tenantId', 'paymentDate', 'payoutId', 'id', 'amount'] },
    },
    checks: { ck_partner_payout_payments_amount: 'amount > 0' },
    foreignKeys: {
      fk_partner_payout_payments_payout: within('partner_payouts', 'payoutId'),
      fk_partner_payout_payments_recorded_by: within('staff', 'recordedBy'),
    },
  },
);
export type PartnerPayoutPaymentRow = RowOf<typeof partnerPayoutPayments>;

/** Minor units of one currency in a file; `payouts` counts those with an amount in it. */
export interface ExportTotal {
  currency: string;
  payouts: number;
  amount: number;
}

/** A payout that was chosen for a payment file and is not in it, with the reason in words. */
export interface SkippedPayout {
  payoutId: string;
  payoutNumber: string;
  partnerName: string;
  reason: string;
}

/** Payments that did not reach the partner: the money is payable again. A payment fails as a whole, and once. */
export const partnerPayoutPaymentFailures = defineTable(
  'partner_payout_payment_failures',
  {
    ...rowColumns,
    payoutId: uuid,
    paymentId: uuid,
    amount: bigint,
    failedOn: day,
    reason: text,
    recordedBy: uuid,
    createdAt: instant,
  },
  {
    noun: 'failed payment',
    appendOnly: true,
    indexes: {
      ux_partner_payout_payment_failures_payment: { on: ['tenantId', 'paymentId'], unique: true },
      ix_partner_payout_payment_failures_payout: { on: ['tenantId', 'payoutId'] },
    },
    checks: { ck_partner_payout_payment_failures_amount: 'amount > 0' },
    foreignKeys: {
      fk_partner_payout_payment_failures_payout: within('partner_payouts', 'payoutId'),
      fk_partner_payout_payment_failures_payment: within('partner_payout_payments', 'paymentId'),
      fk_partner_payout_payment_failures_recorded_by: within('staff', 'recordedBy'),
    },
  },
);
export type PartnerPayoutPaymentFailureRow = RowOf<typeof partnerPayoutPaymentFailures>;

export const payoutExports = defineTable(
  'payout_exports',
  {
    ...rowColumns,
    exportedBy: uuid,
    format: oneOf(exportFormats),
    filter: json<Record<string, unknown>>(),
    fileName: text,
    rowCount: bigint,
    byteSize: bigint,
    fileSha256: text,
    /** Null for what was exported before totals were kept. */
    totals: nullable(json<ExportTotal[]>()),
    /** Only payment files skip. */
    skipped: nullable(json<SkippedPayout[]>()),
    executionDate: nullable(day),
    /** The job that made it; null for what was exported before exports were jobs. */
    jobId: nullable(uuid),
    createdAt: instant,
  },
  {
    noun: 'export',
    appendOnly: true,
    indexes: {
      ix_payout_exports_created: { on: ['tenantId', 'createdAt', 'id'] },
      ux_payout_exports_job: { on: ['tenantId', 'jobId'], unique: true, where: 'job_id IS NOT NULL' },
    },
    checks: { ck_payout_exports_counts: 'row_count >= 0 AND byte_size >= 0' },
    foreignKeys: {
      fk_payout_exports_tenant: { fields: ['tenantId'], table: 'tenants', references: ['id'] },
      fk_payout_exports_exported_by: within('staff', 'exportedBy'),
    },
  },
);
export type PayoutExportRow = RowOf<typeof payoutExports>;

/** The payouts of a file. */
export const payoutExportItems = defineTable(
  'payout_export_items',
  {
    tenantId: uuid,
    exportId: uuid,
    payoutId: uuid,
    /** What a payment file orders, in minor units; null in a file that orders nothing. */
    amount: nullable(bigint),
  },
  {
    noun: 'exported payout',
    primaryKey: ['tenantId', 'exportId', 'payoutId'],
    appendOnly: true,
    indexes: { ix_payout_export_items_payout: { on: ['tenantId', 'payoutId'] } },
    checks: { ck_payout_export_items_amount: 'amount > 0' },
    foreignKeys: {
      fk_payout_export_items_export: within('payout_exports', 'exportId'),
      fk_payout_export_items_payout: within('partner_payouts', 'payoutId'),
    },
  },
);
export type PayoutExportItemRow = RowOf<typeof payoutExportItems>;

/** The key a payment file is sealed with, itself sealed with the data key. */
export const payoutExportKeys = defineTable(
  'payout_export_keys',
  { tenantId: uuid, exportId: uuid, fileKey: text },
  {
    noun: 'key of an export',
    primaryKey: ['tenantId', 'exportId'],
    foreignKeys: { fk_payout_export_keys_export: within('payout_exports', 'exportId') },
  },
);
export type PayoutExportKeyRow = RowOf<typeof payoutExportKeys>;

/**
 * An entry seals its postings: they are inserted first, the entry last, and it is refused unless there are two or more that sum
 * to zero. Nothing can be added to it later.
 */
export const ledgerEntries = defineTable(
  'ledger_entries',
  {
    ...rowColumns,
    partnerId: uuid,
    kind: text,
    resource: text,
    resourceId: uuid,
    /** Tells apart several entries of one kind about one thing (part payments); '' where there is one. */
    discriminator: text,
    currency: text,
    /** Minor units, as the event states it. */
    amount: bigint,
    actorId: nullable(uuid),
    /** The day it counts for, in the tenant's zone: that of its writing, or the first open one after a closed period. */
    bookedOn: day,
    createdAt: instant,
  },
  {
    noun: 'ledger entry',
    appendOnly: true,
    indexes: {
      ux_ledger_entries_event: { on: ['tenantId', 'kind', 'resourceId', 'discriminator'], unique: true },
      ix_ledger_entries_partner: { on: ['tenantId', 'partnerId', 'createdAt', 'id'] },
      ix_ledger_entries_statement: { on: ['tenantId', 'partnerId', 'bookedOn', 'id', 'kind', 'amount'] },
      ix_ledger_entries_booked: { on: ['tenantId', 'bookedOn', 'id'] },
    },
    foreignKeys: { fk_ledger_entries_partner: within('partners', 'partnerId') },
  },
);
export type LedgerEntryRow = RowOf<typeof ledgerEntries>;

export const ledgerPostings = defineTable(
  'ledger_postings',
  { tenantId: uuid, entryId: uuid, account: oneOf(ledgerAccounts), partnerId: uuid, amount: bigint },
  {
    noun: 'posting',
    primaryKey: ['tenantId', 'entryId', 'account'],
    appendOnly: true,
    indexes: { ix_ledger_postings_balance: { on: ['tenantId', 'partnerId', 'account', 'amount'] } },
    foreignKeys: {
      fk_ledger_postings_entry: { ...within('ledger_entries', 'entryId'), deferred: true },
      fk_ledger_postings_partner: within('partners', 'partnerId'),
    },
  },
);
export type LedgerPostingRow = RowOf<typeof ledgerPostings>;
