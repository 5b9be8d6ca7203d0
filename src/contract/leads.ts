import * as z from 'zod';
import { leadStatuses } from '#domain/state-machines.ts';
import { leadCreditStatuses, submissionTypes } from '#domain/vocabulary.ts';
import {
  commandFields,
  count,
  currencyCode,
  day,
  id,
  instant,
  internal,
  money,
  optionalText,
  outcome,
  page,
  pageFields,
  partnerProcedure,
  person,
  procedure,
  queryBoolean,
  queryNumber,
  reason,
  rowFields,
  score,
  text,
  whole,
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

/** A policy that had no say in what a decided lead was credited. */
const otherPolicy = z.object({
  policyId: id,
  policyCode: z.string(),
  policyName: z.string(),
  policyRevision: z.int(),
  /** The event it pays on. */
  event: z.enum(['approval', 'conversion']),
  reason: z.string(),
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

const leadScore = z.object({
  /** Null at the submission. */
  oldScore: score.nullable(),
  newScore: score,
  why: z.enum(['submission', 'edit', 'rescoring']),
  /** Points of each field that it was scored by. */
  weights: z.record(z.string(), score),
  changedBy: id,
  changedAt: instant,
});

const leadNote = z.object({
  id,
  leadId: id,
  body: z.string(),
  authorId: id,
  authorName: z.string(),
  createdAt: instant,
});

const refusals = ['NOT_FOUND', 'CONFLICT', 'INVALID_TRANSITION', 'LOCKED'] as const;

export const leads = {
  submit: partnerProcedure(
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
  /** CalculateLeadQualityScore and GetApplicablePolicies for data that is no lead yet. Refuses what `submit` would. */
  preview: procedure(
    'leads.submit',
    'NOT_FOUND',
    'PARTNER_NOT_ACTIVE',
    'QUOTA_EXCEEDED',
    'DUPLICATE',
    'CURRENCY_MISMATCH',
  )
    .route({
      method: 'POST',
      path: '/partners/{id}/leads/preview',
      summary: 'What a lead would be scored, and which policies would apply; writes nothing',
      tags,
    })
    .input(z.object({ id, ...submitFields }))
    .output(
      z.object({
        qualityScore: score,
        /** Live leads with the same e-mail or phone: the one it would double. */
        duplicateOf: id.nullable(),
        policies: z.array(applicablePolicy),
      }),
    ),
  list: partnerProcedure('leads.read')
    .route({ method: 'GET', path: '/leads', summary: 'Leads, newest first', tags })
    .input(z.object({ ...leadFilters, ...pageFields }))
    .output(page(lead)),
  reviewQueue: procedure('leads.read')
    .route({
      method: 'GET',
      path: '/leads/review-queue',
      summary: 'Leads waiting for review: highest score first, then oldest',
      tags,
    })
    .input(
      z.object({ ...leadFilters, status: z.enum(['submitted', 'under_review']).optional(), ...pageFields }),
    )
    .output(page(lead)),
  queueCounts: procedure('leads.read')
    .route({
      method: 'GET',
      path: '/leads/review-queue/counts',
      summary: 'How many leads wait, and how many of them for too long',
      tags,
    })
    .output(z.object({ waiting: count, claimed: count, overdue: count, escalated: count })),
  get: partnerProcedure('leads.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/leads/{id}', summary: 'One lead', tags })
    .input(z.object({ id }))
    .output(lead),
  update: partnerProcedure('leads.edit', ...refusals, 'DUPLICATE', 'CURRENCY_MISMATCH')
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
  withdrawConversion: procedure('leads.review', ...refusals)
    .route({
      method: 'POST',
      path: '/leads/{id}/withdraw-conversion',
      summary: 'The deal fell through: the lead is approved again, what the conversion earned is taken back',
      tags,
    })
    .input(
      z.object({
        id,
        reason,
        /** What becomes of the entry in `leads`: the deal is lost, unless somebody goes on with it. */
        entryStatus: z.enum(['lost', 'open']).default('lost'),
        ...commandFields,
      }),
    )
    .output(lead),
  assign: procedure('leads.review', ...refusals)
    .route({
      method: 'POST',
      path: '/leads/{id}/assign',
      summary: 'Hand a lead to a reviewer, who holds it as if claimed',
      tags,
    })
    .input(z.object({ id, reviewerId: id, ...commandFields }))
    .output(lead),
  notDuplicate: procedure('leads.review', ...refusals)
    .route({
      method: 'POST',
      path: '/leads/{id}/not-duplicate',
      summary: 'Say that a lead is no duplicate; one that was recorded under another stands by itself again',
      tags,
    })
    .input(z.object({ id, reason, ...commandFields }))
    .output(lead),
  scores: procedure('leads.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/leads/{id}/scores',
      summary: 'What a lead was scored, newest first',
      tags,
    })
    .input(z.object({ id }))
    .output(whole(leadScore)),
  notes: procedure('leads.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/leads/{id}/notes',
      summary: 'Internal notes on a lead, newest first',
      tags,
    })
    .input(z.object({ id, ...pageFields }))
    .output(page(leadNote)),
  addNote: procedure('leads.note', 'NOT_FOUND')
    .route({ method: 'POST', path: '/leads/{id}/notes', summary: 'Add an internal note', tags })
    .input(z.object({ id, body: text(10_000), commandId: commandFields.commandId }))
    .output(leadNote),
  bulk: procedure('leads.review')
    .route({
      method: 'POST',
      path: '/leads/bulk',
      summary: 'One action on many leads, one outcome each',
      tags,
    })
    .input(
      z.object({
        action: z.enum(['claim', 'release', 'assign', 'approve', 'reject', 'notDuplicate']),
        ids: z.array(id).min(1).max(500),
        /** Needed to reject, and to say that leads are no duplicates. */
        reason: reason.optional(),
        /** Needed to assign. */
        reviewerId: id.optional(),
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
    .output(z.object({ items: z.array(mapping), others: z.array(otherPolicy), nextCursor: z.null() })),
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
