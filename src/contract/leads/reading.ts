import * as z from 'zod';
import {
  count,
  currencyCode,
  id,
  instant,
  page,
  pageFields,
  partnerProcedure,
  procedure,
  score,
  whole,
} from '../base.ts';
import { lead, leadFilters, submitFields, tags } from './lead.ts';

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

export const leadNote = z.object({
  id,
  leadId: id,
  body: z.string(),
  authorId: id,
  authorName: z.string(),
  createdAt: instant,
});

/** What is asked of leads; nothing here writes. */
export const leadReading = {
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
