import * as z from 'zod';
import { calculationTypes, creditStatuses } from '#domain/vocabulary.ts';
import {
  commandFields,
  currencyCode,
  id,
  instant,
  money,
  optionalText,
  outcome,
  page,
  pageFields,
  procedure,
  reason,
  rowFields,
  signedMoney,
} from './base.ts';

export const credit = z.object({
  ...rowFields,
  partnerId: id,
  partnerCode: z.string(),
  partnerName: z.string(),
  partnerLeadId: id.nullable(),
  leadName: z.string().nullable(),
  sourceId: id.nullable(),
  policyId: id.nullable(),
  policyRevision: z.int().nullable(),
  policyName: z.string().nullable(),
  origin: z.enum(['policy', 'partner_terms', 'request', 'reversal']),
  triggerEvent: z.enum(['approval', 'conversion', 'request']),
  calculationType: z.enum(calculationTypes),
  /** Minor units; below zero only where it takes back a credit that was already paid. */
  creditAmount: signedMoney,
  currency: currencyCode,
  /** How the amount came about, in words. */
  reason: z.string(),
  status: z.enum(creditStatuses),
  requestedBy: id,
  approvedBy: id.nullable(),
  approvedAt: instant.nullable(),
  approvalNotes: z.string().nullable(),
  /** The policy by whose delegation it was approved. */
  delegatedPolicyId: id.nullable(),
  fourEyesWaived: z.boolean(),
  rejectionReason: z.string().nullable(),
  reversalReason: z.string().nullable(),
  reversesCreditId: id.nullable(),
  /** The live payout it is in. */
  payoutId: id.nullable(),
});

const creditDecision = ['NOT_FOUND', 'CONFLICT', 'INVALID_TRANSITION'] as const;
const creditTags = ['Credits'];

export const credits = {
  list: procedure('credits.read')
    .route({ method: 'GET', path: '/credits', summary: 'Credits, oldest first', tags: creditTags })
    .input(
      z.object({
        partnerId: id.optional(),
        status: z.enum(creditStatuses).optional(),
        partnerLeadId: id.optional(),
        ...pageFields,
      }),
    )
    .output(page(credit)),
  get: procedure('credits.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/credits/{id}', summary: 'One credit', tags: creditTags })
    .input(z.object({ id }))
    .output(credit),
  request: procedure(
    'credits.request',
    'NOT_FOUND',
    'INVALID_TRANSITION',
    'CURRENCY_MISMATCH',
    'PARTNER_NOT_ACTIVE',
  )
    .route({
      method: 'POST',
      path: '/leads/{id}/credits',
      summary: 'Request a credit for a lead by hand',
      tags: creditTags,
    })
    .input(
      z.object({
        id,
        creditAmount: money.min(1),
        calculationType: z.enum(calculationTypes).default('fixed_price'),
        currency: currencyCode.optional(),
        reason: reason.optional(),
        commandId: commandFields.commandId,
      }),
    )
    .output(credit),
  approve: procedure('credits.decide', ...creditDecision, 'SELF_APPROVAL')
    .route({ method: 'POST', path: '/credits/{id}/approve', summary: 'Approve a credit', tags: creditTags })
    .input(z.object({ id, approvalNotes: optionalText(2000), ...commandFields }))
    .output(credit),
  reject: procedure('credits.decide', ...creditDecision)
    .route({ method: 'POST', path: '/credits/{id}/reject', summary: 'Reject a credit', tags: creditTags })
    .input(z.object({ id, reason, ...commandFields }))
    .output(credit),
  reverse: procedure('credits.decide', ...creditDecision)
    .route({
      method: 'POST',
      path: '/credits/{id}/reverse',
      summary: 'Take back an approved credit; a paid one is netted off in the next payout',
      tags: creditTags,
    })
    .input(z.object({ id, reason, ...commandFields }))
    .output(credit),
  bulk: procedure('credits.decide')
    .route({
      method: 'POST',
      path: '/credits/bulk',
      summary: 'Decide many credits, one outcome each',
      tags: creditTags,
    })
    .input(
      z.object({
        action: z.enum(['approve', 'reject']),
        ids: z.array(id).min(1).max(500),
        reason: reason.optional(),
      }),
    )
    .output(z.object({ outcomes: z.array(outcome) })),
};
