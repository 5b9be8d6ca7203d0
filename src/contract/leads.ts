import { eventIterator } from '@orpc/contract';
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

const rowError = z.object({
  column: z.string(),
  field: z.string().nullable(),
  value: z.string(),
  reason: z.string(),
});

/** A row that did not come in: the record number as a person counts it (the header is 1). */
const rejectedRow = z.object({
  row: z.int(),
  fields: z.record(z.string(), z.string()),
  errors: z.array(rowError),
});

const importMapping = z.record(z.string(), z.string().nullable());

const importResult = z.object({
  importId: id.nullable(),
  dryRun: z.boolean(),
  status: z.enum(['completed', 'cancelled']),
  accepted: count,
  rejected: count,
  duplicates: count,
  /** The rejected rows, the first 1,000 of them; all are in the file of rejected rows. */
  rows: z.array(rejectedRow),
  /** Header name to field, as used. */
  mapping: importMapping,
  unmapped: z.array(z.string()),
  /** An earlier import of the very same file for this partner. */
  sameFileAs: z.object({ importId: id, startedAt: instant, accepted: count }).nullable(),
});

const importRecord = z.object({
  id,
  partnerId: id,
  partnerName: z.string(),
  fileName: z.string(),
  fileSha256: z.string(),
  fileSize: count,
  status: z.enum(['running', 'completed', 'cancelled', 'failed', 'interrupted']),
  rowsRead: count,
  accepted: count,
  rejected: count,
  startedBy: id,
  startedAt: instant,
  finishedAt: instant.nullable(),
  failure: z.string().nullable(),
});

const importRefusals = ['NOT_FOUND', 'PARTNER_NOT_ACTIVE'] as const;

/** A file on its way in, in pieces that fit any transport. What is not imported is thrown away after a day. */
export const uploads = {
  begin: procedure('leads.submit')
    .input(z.object({ fileName: z.string().min(1).max(255), size: count }))
    .output(z.object({ uploadId: id })),
  append: procedure('leads.submit', 'NOT_FOUND')
    .input(z.object({ uploadId: id, offset: count, data: z.base64().max(180_000) }))
    .output(z.object({ received: count })),
  discard: procedure('leads.submit')
    .input(z.object({ uploadId: id }))
    .output(z.object({ ok: z.literal(true) })),
};

export const imports = {
  /** What the file holds and how its columns would be read; writes nothing. */
  inspect: procedure('leads.submit', ...importRefusals)
    .input(z.object({ partnerId: id, uploadId: id, mapping: importMapping.optional() }))
    .output(
      z.object({
        fileName: z.string(),
        encoding: z.string(),
        delimiter: z.string(),
        header: z.array(z.string()),
        sample: z.array(z.array(z.string())),
        mapping: importMapping,
        missing: z.array(z.string()),
        unmapped: z.array(z.string()),
        sameFileAs: z.object({ importId: id, startedAt: instant, accepted: count }).nullable(),
      }),
    ),
  /** Progress while it runs, the result last. Closing the stream cancels; rows already in stay, each of them whole. */
  run: procedure('leads.submit', ...importRefusals, 'DUPLICATE')
    .input(
      z.object({
        partnerId: id,
        uploadId: id,
        dryRun: z.boolean().default(false),
        mapping: importMapping.optional(),
        /** Imports the same file again although it was imported before. */
        again: z.boolean().default(false),
      }),
    )
    .output(
      eventIterator(
        z.discriminatedUnion('type', [
          z.object({
            type: z.literal('progress'),
            importId: id.nullable(),
            bytesRead: count,
            bytesTotal: count,
            rowsRead: count,
            accepted: count,
            rejected: count,
          }),
          z.object({ type: z.literal('result'), result: importResult }),
        ]),
      ),
    ),
  /**
   * REST: the body is the file itself (`text/csv`, or one file of `multipart/form-data`). The transport spools it to
   * disk and hands on its `uploadId`, so that a big file never stands in memory.
   */
  upload: procedure('leads.submit', ...importRefusals, 'DUPLICATE')
    .route({
      method: 'POST',
      path: '/partners/{id}/leads/import',
      summary: 'Import leads from a CSV file',
      tags: ['Imports'],
      inputStructure: 'detailed',
    })
    .input(
      z.object({
        params: z.object({ id }),
        query: z
          .object({
            dryRun: queryBoolean.optional(),
            /** JSON: header name to field name, or null to leave the column out. */
            mapping: z.string().max(20_000).optional(),
            again: queryBoolean.optional(),
          })
          .optional(),
        body: z.object({ uploadId: id }),
      }),
    )
    .output(importResult),
  list: procedure('leads.read')
    .route({ method: 'GET', path: '/imports', summary: 'Imports, newest first', tags: ['Imports'] })
    .input(z.object({ partnerId: id.optional(), ...pageFields }))
    .output(page(importRecord)),
  get: procedure('leads.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/imports/{id}', summary: 'One import', tags: ['Imports'] })
    .input(z.object({ id }))
    .output(importRecord),
  rejectedRows: procedure('leads.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/imports/{id}/rejected-rows',
      summary: 'Rows that did not come in',
      tags: ['Imports'],
    })
    .input(z.object({ id, ...pageFields }))
    .output(page(z.object({ row: z.int(), column: z.string(), value: z.string(), reason: z.string() }))),
};
