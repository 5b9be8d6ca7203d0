import * as z from 'zod';
import { leadStatuses } from '#domain/state-machines.ts';
import { leadCreditStatuses, submissionTypes } from '#domain/vocabulary.ts';
import {
  commandFields,
  currencyCode,
  day,
  id,
  instant,
  money,
  optionalText,
  outcome,
  page,
  pageFields,
  procedure,
  queryBoolean,
  queryNumber,
  reason,
  rowFields,
  score,
} from './base.ts';

const tags = ['Leads'];

/** The lead's own data, as the requirements name it. What is missing or malformed is told field by field. */
const leadDataInput = z.object({
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
  duplicateOf: id.nullable(),
  projectId: z.string().nullable(),
  campaignId: z.string().nullable(),
  estimatedValue: money.nullable(),
  currency: currencyCode,
  claimedBy: id.nullable(),
  claimExpiresAt: instant.nullable(),
  reviewNotes: z.string().nullable(),
  rejectionReason: z.string().nullable(),
  reviewedBy: id.nullable(),
  reviewedAt: instant.nullable(),
  submittedBy: id,
  submittedAt: instant,
  conversionDate: day.nullable(),
  dealValue: money.nullable(),
  creditAmount: z.int().nullable(),
  creditStatus: z.enum(leadCreditStatuses).nullable(),
  importId: id.nullable(),
});

const submitFields = {
  submissionType: z.enum(submissionTypes).default('new_lead'),
  sourceId: id.nullish(),
  projectId: optionalText(100),
  campaignId: optionalText(100),
  estimatedValue: money.nullish(),
  /** The currency of the values; another than the partner's is refused. */
  currency: currencyCode.optional(),
  leadData: leadDataInput,
};

const filters = {
  status: z.enum(leadStatuses).optional(),
  partnerId: id.optional(),
  sourceId: id.optional(),
  importId: id.optional(),
  minScore: queryNumber(0, 100).optional(),
  q: z.string().trim().max(200).optional(),
  /** true: only leads marked as duplicates; false: only those that are not. */
  duplicates: queryBoolean.optional(),
  submittedBefore: z.union([instant, day]).optional(),
};

const mapping = z.object({
  id,
  partnerLeadId: id,
  policyId: id,
  policyCode: z.string(),
  policyName: z.string(),
  policyRevision: z.int(),
  event: z.enum(['approval', 'conversion']),
  applied: z.boolean(),
  calculatedCredit: z.int(),
  currency: currencyCode,
  /** In words, as domain.md, "Credits" shows. */
  reason: z.string(),
  createdAt: instant,
});

const applicablePolicy = z.object({
  policyId: id,
  policyCode: z.string(),
  policyName: z.string(),
  revision: z.int(),
  calculationType: z.string(),
  event: z.enum(['approval', 'conversion']),
  applies: z.boolean(),
  /** Minor units, as it would be at this moment; null where it depends on the deal. */
  amount: z.int().nullable(),
  reason: z.string(),
});

const refusals = ['NOT_FOUND', 'CONFLICT', 'INVALID_TRANSITION', 'LOCKED'] as const;

export const leads = {
  submit: procedure(
    'leads.submit',
    'NOT_FOUND',
    'PARTNER_NOT_ACTIVE',
    'QUOTA_EXCEEDED',
    'DUPLICATE',
    'CURRENCY_MISMATCH',
  )
    .route({ method: 'POST', path: '/partners/{id}/leads', summary: 'Submit a lead for a partner', tags })
    .input(z.object({ id, ...submitFields, commandId: commandFields.commandId }))
    .output(lead),
  list: procedure('leads.read')
    .route({ method: 'GET', path: '/leads', summary: 'Leads, newest first', tags })
    .input(z.object({ ...filters, ...pageFields }))
    .output(page(lead)),
  reviewQueue: procedure('leads.read')
    .route({
      method: 'GET',
      path: '/leads/review-queue',
      summary: 'Leads waiting for review: highest score first, then oldest',
      tags,
    })
    .input(z.object({ ...filters, status: z.enum(['submitted', 'under_review']).optional(), ...pageFields }))
    .output(page(lead)),
  get: procedure('leads.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/leads/{id}', summary: 'One lead', tags })
    .input(z.object({ id }))
    .output(lead),
  update: procedure('leads.review', ...refusals, 'DUPLICATE', 'CURRENCY_MISMATCH')
    .route({ method: 'PATCH', path: '/leads/{id}', summary: 'Correct a lead; it is scored again', tags })
    .input(
      z.object({
        id,
        sourceId: id.nullish(),
        projectId: optionalText(100),
        campaignId: optionalText(100),
        estimatedValue: money.nullish(),
        currency: currencyCode.optional(),
        /** Fields given replace the stored ones; an empty one clears it. */
        leadData: leadDataInput.partial().optional(),
        reviewNotes: optionalText(5000),
        ...commandFields,
      }),
    )
    .output(lead),
  claim: procedure('leads.review', ...refusals)
    .route({ method: 'POST', path: '/leads/{id}/claim', summary: 'Take a lead under review', tags })
    .input(z.object({ id, ...commandFields }))
    .output(lead),
  release: procedure('leads.review', ...refusals)
    .route({ method: 'POST', path: '/leads/{id}/release', summary: 'Give a claimed lead back', tags })
    .input(z.object({ id, ...commandFields }))
    .output(lead),
  approve: procedure('leads.review', ...refusals, 'PARTNER_NOT_ACTIVE')
    .route({ method: 'POST', path: '/leads/{id}/approve', summary: 'Approve a lead', tags })
    .input(
      z.object({
        id,
        /** Links the approval to an existing entry of `leads` instead of creating one. */
        actualLeadId: id.nullish(),
        notes: optionalText(5000),
        ...commandFields,
      }),
    )
    .output(lead),
  reject: procedure('leads.review', ...refusals)
    .route({ method: 'POST', path: '/leads/{id}/reject', summary: 'Reject a lead', tags })
    .input(z.object({ id, reason, ...commandFields }))
    .output(lead),
  convert: procedure('leads.review', ...refusals, 'CURRENCY_MISMATCH')
    .route({
      method: 'POST',
      path: '/leads/{id}/convert',
      summary: 'Record the deal of an approved lead',
      tags,
    })
    .input(
      z.object({
        id,
        dealValue: money,
        conversionDate: day,
        currency: currencyCode.optional(),
        ...commandFields,
      }),
    )
    .output(lead),
  bulk: procedure('leads.review')
    .route({
      method: 'POST',
      path: '/leads/bulk',
      summary: 'One action on many leads, one outcome each',
      tags,
    })
    .input(
      z.object({
        action: z.enum(['claim', 'release', 'approve', 'reject']),
        ids: z.array(id).min(1).max(500),
        reason: reason.optional(),
      }),
    )
    .output(z.object({ outcomes: z.array(outcome) })),
  policyMappings: procedure('leads.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/leads/{id}/policy-mappings',
      summary: 'Which policies were applied or passed over, with the reason',
      tags,
    })
    .input(z.object({ id }))
    .output(z.object({ items: z.array(mapping), nextCursor: z.null() })),
  applicablePolicies: procedure('leads.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/leads/{id}/applicable-policies',
      summary: 'What each policy would do with the lead now, with the reason',
      tags,
    })
    .input(z.object({ id }))
    .output(z.object({ items: z.array(applicablePolicy), nextCursor: z.null() })),
};
