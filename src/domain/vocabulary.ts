/**
 * The closed vocabularies of the product, each a list and the union type of its words. The words are those of the
 * requirements; they stand in tables, on the wire and in code alike. Statuses with transitions (partner, lead, payout)
 * are in `state-machines.ts`.
 */
export const partnerTypes = ['portal', 'channel_partner', 'vendor', 'customer'] as const;
export type PartnerType = (typeof partnerTypes)[number];

export const sourceTypes = [
  'customer_reference',
  'vendor_reference',
  'channel_partner',
  'property_portal',
] as const;
export type SourceType = (typeof sourceTypes)[number];

/** The source that comes with a new partner (`domain.md`, "Partner"). */
export const partnerTypeToSourceType = {
  portal: 'property_portal',
  channel_partner: 'channel_partner',
  vendor: 'vendor_reference',
  customer: 'customer_reference',
} as const satisfies Record<PartnerType, SourceType>;

export const submissionTypes = ['new_lead', 'referral', 'import_batch'] as const;
export type SubmissionType = (typeof submissionTypes)[number];

/** What staff may be; a person may be several of them (`domain.md`, "People"). */
export const staffRoles = [
  'admin',
  'partner_manager',
  'lead_reviewer',
  'policy_manager',
  'approver',
  'finance',
  'auditor',
] as const;
export type StaffRole = (typeof staffRoles)[number];

/** What a partner's own user may be; such a user sees only that partner. */
export const partnerRoles = ['admin', 'lead_manager', 'viewer'] as const;
export type PartnerRole = (typeof partnerRoles)[number];

export const paymentMethods = ['bank_transfer', 'paypal', 'check', 'wire'] as const;
export type PaymentMethod = (typeof paymentMethods)[number];

/** The kinds of bank account that a US payment tells apart. */
export const accountTypes = ['checking', 'savings'] as const;
export type AccountType = (typeof accountTypes)[number];

/** The files that a bank or PayPal pays from. */
export const paymentFileFormats = ['pain001', 'nacha', 'paypal'] as const;
export type PaymentFileFormat = (typeof paymentFileFormats)[number];

/** Every file that finance is given. */
export const exportFormats = ['csv_payouts', 'csv_lines', ...paymentFileFormats, 'journal'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** A credit's own status. */
export const creditStatuses = ['pending_approval', 'approved', 'rejected', 'reversed'] as const;
export type CreditStatus = (typeof creditStatuses)[number];

/**
 * Where a credit comes from. `reversal` takes back (part of) another one; `adjustment` and `bonus` are given by hand, with or without a
 * lead; `carry_over` moves the unpaid part of a credit to the next payout.
 */
export const creditOrigins = [
  'policy',
  'partner_terms',
  'request',
  'reversal',
  'adjustment',
  'bonus',
  'carry_over',
] as const;
export type CreditOrigin = (typeof creditOrigins)[number];

/** The summary of its credits that a lead shows. */
export const leadCreditStatuses = ['pending', 'approved', 'rejected', 'paid'] as const;
export type LeadCreditStatus = (typeof leadCreditStatuses)[number];

export const calculationTypes = [
  'percentage',
  'fixed_price',
  'tiered',
  'conversion',
  'revenue_share',
] as const;
export type CalculationType = (typeof calculationTypes)[number];

export const policyTypes = ['time_based', 'project_based', 'campaign_based'] as const;
export type PolicyType = (typeof policyTypes)[number];

/** The recurring period of a time-based policy; `calendar.ts` cuts the calendar into them. */
export const timeUnitTypes = ['daily', 'weekly', 'monthly', 'quarterly', 'yearly'] as const;
export type TimeUnitType = (typeof timeUnitTypes)[number];

export const leadTypes = ['prospect', 'customer', 'warm_lead'] as const;
export type LeadType = (typeof leadTypes)[number];

export const budgetRanges = ['low', 'medium', 'high'] as const;
export type BudgetRange = (typeof budgetRanges)[number];

/** Whether `value` is one of `words`: the guard between text from outside and a vocabulary's type. */
export function isOneOf<const Word extends string>(words: readonly Word[], value: unknown): value is Word {
  return words.some((word) => word === value);
}
