import * as z from 'zod';
import { calculationTypes, creditOrigins, creditStatuses } from '#domain/vocabulary.ts';
import {
  commandFields,
  currencyCode,
  day,
  explained,
  id,
  instant,
  internal,
  largestAmount,
  money,
  optionalText,
  outcome,
  page,
  pageFields,
  partnerProcedure,
  person,
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
  origin: z.enum(creditOrigins),
  triggerEvent: z.enum(['approval', 'conversion', 'request']),
  calculationType: z.enum(calculationTypes),
  /** Minor units; below zero where it takes back (part of) another one, carries a part over, or corrects. */
  creditAmount: signedMoney,
  currency: currencyCode,
  /** How the amount came about, in words. */
  reason: explained,
  status: z.enum(creditStatuses),
  requestedBy: person,
  approvedBy: internal(id),
  approvedAt: instant.nullable(),
  /** The day of the lead's approval or conversion, or the one an adjustment is for; null: none. */
  eventOn: day.nullable(),
  /** The day it is booked on: that of its approval, or the first open one after a closed period. */
  approvedOn: day.nullable(),
  /** The day from which payouts take it; until then it is held. */
  payableFrom: day.nullable(),
  /** Says so where its own day was closed. */
  bookingNote: z.string().nullable(),
  approvalNotes: internal(z.string()),
  /** The policy by whose delegation it was approved. */
  delegatedPolicyId: internal(id),
  fourEyesWaived: internal(z.boolean()),
  rejectionReason: z.string().nullable(),
  reversalReason: z.string().nullable(),
  reversesCreditId: id.nullable(),
  /** The credit whose part this is, where a payout was approved for less. */
  carriesOverCreditId: id.nullable(),
  /** The live payout it is in. */
  payoutId: id.nullable(),
});

/** Minor units on either side of zero, as far as amounts go. */
const adjustmentAmount = signedMoney
  .min(-largestAmount)
  .max(largestAmount)
  .refine((amount) => amount !== 0, 'The amount must not be zero.');
const creditDecision = ['NOT_FOUND', 'CONFLICT', 'INVALID_TRANSITION'] as const;
const creditTags = ['Credits'];

export const credits = {
  list: partnerProcedure('credits.read')
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
  get: partnerProcedure('credits.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/credits/{id}', summary: 'One credit', tags: creditTags })
    .input(z.object({ id }))
    .output(credit),
  request: partnerProcedure(
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
  /** Staff only; somebody else approves it like any credit. */
  adjust: procedure('credits.adjust', 'NOT_FOUND', 'CURRENCY_MISMATCH', 'PARTNER_NOT_ACTIVE')
    .route({
      method: 'POST',
      path: '/partners/{id}/adjustments',
      summary: 'Ask for an adjustment (above or below zero) or a bonus for a partner, with or without a lead',
      tags: creditTags,
    })
    .input(
      z.object({
        id,
        kind: z.enum(['adjustment', 'bonus']),
        /** Minor units; not zero, and a bonus not below it. */
        amount: adjustmentAmount,
        currency: currencyCode.optional(),
        /** One of the partner's leads. */
        leadId: id.optional(),
        /** The day it is for, today or before; today where left out. */
        on: day.optional(),
        reason,
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
  reverse: procedure('credits.decide', ...creditDecision, 'AMOUNT_EXCEEDS')
    .route({
      method: 'POST',
      path: '/credits/{id}/reverse',
      summary: 'Take back an approved credit or a part of it; a paid one is netted off in the next payout',
      tags: creditTags,
    })
    .input(
      z.object({
        id,
        reason,
        /** Minor units; left out: all of it that was not taken back yet. */
        amount: money.min(1).optional(),
        ...commandFields,
      }),
    )
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
        /** Needed to reject. */
        reason: reason.optional(),
        /** Kept with each credit that is approved. */
        approvalNotes: optionalText(2000),
        /** A repeat answers for each credit it decided with the first result. */
        commandId: commandFields.commandId,
      }),
    )
    .output(z.object({ outcomes: z.array(outcome) })),
};
