import * as z from 'zod';
import { leadStatuses } from '#domain/state-machines.ts';
import { leadCreditStatuses, submissionTypes } from '#domain/vocabulary.ts';
import {
  currencyCode,
  day,
  id,
  instant,
  internal,
  money,
  optionalText,
  person,
  queryBoolean,
  queryNumber,
  rowFields,
  score,
} from '../base.ts';

/** What a lead is on the wire, and what lists of leads are narrowed by. */

export const tags = ['Leads'];

/** The lead's own data, as the requirements name it. What is missing or malformed is told field by field. */
export const leadDataInput = z.object({
  firstName: optionalText(200),
  lastName: optionalText(200),
  email: optionalText(320),
  phone: optionalText(100),
  company: optionalText(500),
  industry: optionalText(500),
  jobTitle: optionalText(500),
  address: optionalText(1000),
  city: optionalText(500),
  state: optionalText(500),
  country: optionalText(500),
  zipCode: optionalText(100),
  leadType: optionalText(100),
  budgetRange: optionalText(100),
  timelineDays: z.int().nullish(),
  interestAreas: optionalText(5000),
  additionalInfo: optionalText(20_000),
});

const leadData = z.object({
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  email: z.string(),
  phone: z.string(),
  company: z.string().optional(),
  industry: z.string().optional(),
  jobTitle: z.string().optional(),
  address: z.string().optional(),
  city: z.string().optional(),
  state: z.string().optional(),
  country: z.string().optional(),
  zipCode: z.string().optional(),
  leadType: z.string().optional(),
  budgetRange: z.string().optional(),
  timelineDays: z.int().optional(),
  interestAreas: z.string().optional(),
  additionalInfo: z.string().optional(),
});

export const lead = z.object({
  ...rowFields,
  partnerId: id,
  partnerCode: z.string(),
  partnerName: z.string(),
  sourceId: id.nullable(),
  leadId: id.nullable(),
  submissionType: z.enum(submissionTypes),
  status: z.enum(leadStatuses),
  leadData,
  qualityScore: score,
  /** The oldest lead of the same person; a partner's own users are not told whose it is. */
  duplicateOf: internal(id),
  /** The lead it is recorded under: it is not reviewed by itself and earns nothing. */
  linkedTo: internal(id),
  /** Another partner submitted this person first and is protected until then. */
  protectedUntil: instant.nullable(),
  /** What makes it a duplicate, in words; null where it is none. */
  duplicateNote: z.string().nullable(),
  /** Why somebody said that it is no duplicate. */
  notDuplicateReason: internal(z.string()),
  projectId: z.string().nullable(),
  campaignId: z.string().nullable(),
  estimatedValue: money.nullable(),
  currency: currencyCode,
  claimedBy: internal(id),
  claimExpiresAt: internal(instant),
  reviewNotes: internal(z.string()),
  rejectionReason: z.string().nullable(),
  reviewedBy: internal(id),
  reviewedAt: instant.nullable(),
  submittedBy: person,
  submittedAt: instant,
  /** By when it is to be decided; null once it is, or where it is not reviewed by itself. */
  dueAt: instant.nullable(),
  overdue: internal(z.boolean()),
  /** Overdue for so long that the organization's second limit has passed too. */
  escalated: internal(z.boolean()),
  conversionDate: day.nullable(),
  dealValue: money.nullable(),
  /** The last conversion was withdrawn: when, and why. */
  conversionWithdrawnAt: instant.nullable(),
  conversionWithdrawalReason: z.string().nullable(),
  creditAmount: z.int().nullable(),
  creditStatus: z.enum(leadCreditStatuses).nullable(),
  importId: id.nullable(),
});

export const submitFields = {
  submissionType: z.enum(submissionTypes).default('new_lead'),
  sourceId: id.nullish(),
  projectId: optionalText(100),
  campaignId: optionalText(100),
  estimatedValue: money.nullish(),
  /** The currency of the values; another than the partner's is refused. */
  currency: currencyCode.optional(),
  leadData: leadDataInput,
};

/** What lists of leads can be narrowed by; a saved view keeps the same. */
export const leadFilters = {
  status: z.enum(leadStatuses).optional(),
  partnerId: id.optional(),
  sourceId: id.optional(),
  importId: id.optional(),
  minScore: queryNumber(0, 100).optional(),
  /** Every word begins a word of the name, company or e-mail address; digits begin or end the phone number. */
  q: z.string().trim().max(200).optional(),
  /** true: only leads marked as duplicates; false: only those that are not. */
  duplicates: queryBoolean.optional(),
  /** true: only leads recorded under another one; false: only those that stand by themselves. */
  linked: queryBoolean.optional(),
  /** true: only leads that wait although they should have been decided. */
  overdue: queryBoolean.optional(),
  escalated: queryBoolean.optional(),
  submittedBefore: z.union([instant, day]).optional(),
};

export const refusals = ['NOT_FOUND', 'CONFLICT', 'INVALID_TRANSITION', 'LOCKED'] as const;
