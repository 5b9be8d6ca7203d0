import type { LeadDataField } from '#domain/lead-data.ts';
import {
  type BudgetRange,
  budgetRanges,
  type CalculationType,
  isOneOf,
  type LeadType,
  leadTypes,
  type SubmissionType,
} from '#domain/vocabulary.ts';

/** What people call the fields of a lead: forms, details, columns of a file. */
export const leadFieldLabels: Record<LeadDataField, string> = {
  firstName: 'First name',
  lastName: 'Last name',
  email: 'E-mail address',
  phone: 'Phone',
  company: 'Company',
  industry: 'Industry',
  jobTitle: 'Job title',
  address: 'Street address',
  city: 'City',
  state: 'State or province',
  country: 'Country',
  zipCode: 'Postal code',
  leadType: 'Lead type',
  budgetRange: 'Budget',
  timelineDays: 'Days to decision',
  interestAreas: 'Interests',
  additionalInfo: 'Further information',
};

export const leadTypeLabels: Record<LeadType, string> = {
  prospect: 'Prospect',
  customer: 'Customer',
  warm_lead: 'Warm lead',
};

export const budgetRangeLabels: Record<BudgetRange, string> = { low: 'Low', medium: 'Medium', high: 'High' };

export const submissionTypeLabels: Record<SubmissionType, string> = {
  new_lead: 'New lead',
  referral: 'Referral',
  import_batch: 'From a file',
};

export const calculationTypeLabels: Record<CalculationType, string> = {
  percentage: 'Percentage',
  fixed_price: 'Fixed price',
  tiered: 'Tiered',
  conversion: 'Per conversion',
  revenue_share: 'Revenue share',
};

/** A field of a lead's data as people read it; undefined where it is not given. */
export function leadFieldText(field: LeadDataField, value: string | number | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (field === 'leadType' && isOneOf(leadTypes, value)) return leadTypeLabels[value];
  if (field === 'budgetRange' && isOneOf(budgetRanges, value)) return budgetRangeLabels[value];
  return String(value);
}
