import { eventIterator } from '@orpc/contract';
import * as z from 'zod';
import { staffRoles } from '#domain/vocabulary.ts';
import {
  commandFields,
  count,
  currencyCode,
  day,
  id,
  money,
  page,
  pageFields,
  procedure,
  rowFields,
  score,
  text,
  whole,
} from './base.ts';
import { leadDataInput, leadFilters } from './leads/lead.ts';

/** Points of each field of a lead's data; they sum to 100. */
const weights = z.record(z.string(), score);

const scoreWeights = z.object({
  partnerId: id,
  /** The partner's own; null where the organization's hold. */
  own: weights.nullable(),
  /** Those its leads are scored by. */
  effective: weights,
  /** Of the partner. */
  version: z.int(),
});

/** What is scored again, streamed or as a job. */
export const rescoreInput = z.object({
  /** All partners where left out. */
  partnerId: id.optional(),
  /** Decided leads too. */
  all: z.boolean().default(false),
});

export const leadScoring = {
  weights: procedure('leads.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/partners/{id}/score-weights',
      summary: "What a partner's leads are scored by",
      tags: ['Leads'],
    })
    .input(z.object({ id }))
    .output(scoreWeights),
  setWeights: procedure('partners.edit', 'NOT_FOUND', 'CONFLICT')
    .route({
      method: 'PUT',
      path: '/partners/{id}/score-weights',
      summary:
        "Give a partner score weights of its own, or null for the organization's; leads there already keep their score",
      tags: ['Leads'],
    })
    .input(z.object({ id, scoreWeights: weights.nullable(), ...commandFields }))
    .output(scoreWeights),
  /** Progress while it runs, the result last. Closing the stream cancels; leads scored by then keep their new score. */
  rescore: procedure('leads.review', 'NOT_FOUND')
    .route({
      method: 'POST',
      path: '/leads/rescore',
      summary: 'Score leads again by the weights of today',
      tags: ['Leads'],
    })
    .input(rescoreInput)
    .output(
      eventIterator(
        z.discriminatedUnion('type', [
          z.object({ type: z.literal('progress'), done: count, of: count, changed: count }),
          z.object({ type: z.literal('result'), scored: count, changed: count, cancelled: z.boolean() }),
        ]),
      ),
    ),
};

const leadEntry = z.object({
  ...rowFields,
  source: z.literal('partner_referral'),
  /** The partner's lead that it stands for. */
  partnerLeadId: id.nullable(),
  partnerId: id.nullable(),
  contactName: z.string().nullable(),
  company: z.string().nullable(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  status: z.enum(['open', 'converted', 'lost']),
  estimatedValue: money.nullable(),
  dealValue: money.nullable(),
  currency: currencyCode,
  convertedOn: day.nullable(),
});

export const leadEntries = {
  list: procedure('leads.read')
    .route({
      method: 'GET',
      path: '/lead-entries',
      summary: 'The leads that sales works with, newest first',
      tags: ['Leads'],
    })
    .input(
      z.object({
        partnerId: id.optional(),
        status: z.enum(['open', 'converted', 'lost']).optional(),
        ...pageFields,
      }),
    )
    .output(page(leadEntry)),
  get: procedure('leads.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/lead-entries/{id}', summary: 'One entry', tags: ['Leads'] })
    .input(z.object({ id }))
    .output(leadEntry),
  create: procedure('leads.review')
    .route({
      method: 'POST',
      path: '/lead-entries',
      summary: 'Enter a lead that sales has already, for an approval to link to',
      tags: ['Leads'],
    })
    .input(
      z.object({
        leadData: leadDataInput,
        estimatedValue: money.nullish(),
        /** The organization's own where left out. */
        currency: currencyCode.optional(),
        commandId: commandFields.commandId,
      }),
    )
    .output(leadEntry),
};

const viewFields = {
  name: text(100),
  filters: z.object(leadFilters),
  /** With a role one has, or, by whoever manages the settings, with any role or everybody. */
  sharedWith: z.enum(['nobody', 'role', 'organization']),
  role: z.enum(staffRoles).nullable(),
};

const savedView = z.object({
  ...rowFields,
  list: z.enum(['leads', 'review_queue']),
  ...viewFields,
  ownerId: id,
  /** Whether the caller may change it. */
  mine: z.boolean(),
});

export const savedViews = {
  list: procedure('signedIn')
    .route({
      method: 'GET',
      path: '/saved-views',
      summary: 'Own views and those shared with me, by name',
      tags: ['Saved views'],
    })
    .input(z.object({ list: z.enum(['leads', 'review_queue']).optional() }))
    .output(whole(savedView)),
  create: procedure('signedIn', 'NOT_FOUND', 'DUPLICATE')
    .route({
      method: 'POST',
      path: '/saved-views',
      summary: 'Keep filters under a name',
      tags: ['Saved views'],
    })
    .input(
      z.object({
        list: z.enum(['leads', 'review_queue']),
        name: viewFields.name,
        filters: viewFields.filters,
        sharedWith: viewFields.sharedWith.default('nobody'),
        role: viewFields.role.default(null),
        commandId: commandFields.commandId,
      }),
    )
    .output(savedView),
  update: procedure('signedIn', 'NOT_FOUND', 'CONFLICT', 'DUPLICATE')
    .route({
      method: 'PATCH',
      path: '/saved-views/{id}',
      summary: 'Change a saved view',
      tags: ['Saved views'],
    })
    .input(
      z.object({
        id,
        name: viewFields.name.optional(),
        filters: viewFields.filters.optional(),
        sharedWith: viewFields.sharedWith.optional(),
        role: viewFields.role.optional(),
        ...commandFields,
      }),
    )
    .output(savedView),
  remove: procedure('signedIn', 'NOT_FOUND', 'CONFLICT')
    .route({
      method: 'DELETE',
      path: '/saved-views/{id}',
      summary: 'Remove a saved view',
      tags: ['Saved views'],
    })
    .input(z.object({ id, ...commandFields }))
    .output(z.object({ ok: z.literal(true) })),
};
