import * as z from 'zod';
import {
  commandFields,
  count,
  currencyCode,
  day,
  explained,
  id,
  instant,
  money,
  page,
  pageFields,
  partnerProcedure,
  procedure,
  signedMoney,
} from './base.ts';

const tags = ['Balances'];

/** The days an approved credit is held, and the smallest payout: the partner's own where set, and what holds now. */
const payoutTerms = z.object({
  partnerId: id,
  /** null: as the organization has it. */
  holdingDays: count.nullable(),
  effectiveHoldingDays: count,
  /** Minor units of the partner's currency; null: as the organization has it. */
  minimumPayout: money.nullable(),
  effectiveMinimumPayout: money,
  currency: currencyCode,
  /** The partner's. */
  version: z.int(),
});

/** Minor units, as the ledger has them. */
const sums = z.object({
  /** Earned and in no approved payout; below zero where more was taken back. */
  available: signedMoney,
  /** In approved payouts and not paid yet. */
  payable: signedMoney,
  /** What the partner is owed: both together. */
  balance: signedMoney,
});

export const statementLine = z.object({
  id,
  /** The day it counts for. */
  bookedOn: day,
  createdAt: instant,
  kind: z.enum([
    'credit',
    'reversal',
    'claw_back',
    'adjustment',
    'bonus',
    'carry_over',
    'payout_approved',
    'payout_cancelled',
    'payment',
    'payment_failed',
  ]),
  /** What happened, in words: a credit's reason, a payout's number, a payment's reference. */
  description: explained,
  /** What it adds to the balance: a payout that is approved adds nothing, it moves money from available to payable. */
  amount: signedMoney,
  availableChange: signedMoney,
  payableChange: signedMoney,
  /** The balances after this line. */
  available: signedMoney,
  payable: signedMoney,
  balance: signedMoney,
  creditId: id.nullable(),
  leadId: id.nullable(),
  leadName: z.string().nullable(),
  policyId: id.nullable(),
  policyName: z.string().nullable(),
  payoutId: id.nullable(),
  payoutNumber: z.string().nullable(),
  /** Of a credit that is still held at the end of the statement: until then. */
  heldUntil: day.nullable(),
});

export const balances = {
  get: partnerProcedure('payouts.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/partners/{id}/balance',
      summary: 'What a partner is owed: free, held, in payouts, carried over and why',
      tags,
    })
    .input(z.object({ id }))
    .output(
      sums.extend({
        partnerId: id,
        currency: currencyCode,
        /** Approved credits that a payout generated now could take. */
        free: signedMoney,
        /** Approved, and payable only later. */
        held: signedMoney,
        /** The day the first of them is payable from. */
        heldUntil: day.nullable(),
        /** In payouts that wait for approval. */
        inPendingPayouts: signedMoney,
        /** Set where what is free is too little for a payout: it waits for the next one. */
        carriedOver: z.object({ amount: signedMoney, reason: z.string() }).nullable(),
        /** Set while the partner is not active: nothing is generated, approved or paid. */
        onHold: z.boolean(),
        terms: payoutTerms,
      }),
    ),
  setTerms: procedure('payouts.terms', 'NOT_FOUND', 'CONFLICT')
    .route({
      method: 'PATCH',
      path: '/partners/{id}/payout-terms',
      summary: 'Give a partner a holding time or a minimum payout of its own; null takes it back',
      tags,
    })
    .input(
      z.object({
        id,
        holdingDays: z.int().min(0).max(366).nullable().optional(),
        minimumPayout: money.nullable().optional(),
        ...commandFields,
      }),
    )
    .output(payoutTerms),
  statement: partnerProcedure('payouts.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/partners/{id}/statement',
      summary: 'Statement of a partner for a period, both days included: opening, every movement, closing',
      tags,
    })
    .input(z.object({ id, from: day, to: day, ...pageFields }))
    .output(
      page(statementLine).extend({
        partnerId: id,
        partnerName: z.string(),
        currency: currencyCode,
        from: day,
        to: day,
        opening: sums,
        closing: sums,
        /** What each kind of movement adds to the balance over the whole period, whatever the page. */
        totals: z.object({
          credits: signedMoney,
          reversals: signedMoney,
          adjustments: signedMoney,
          payments: signedMoney,
          failedPayments: signedMoney,
          /** Moved from available to payable; adds nothing to the balance. */
          payouts: signedMoney,
        }),
        /** Of the closing balance, what is approved and not payable on its last day yet. */
        held: signedMoney,
      }),
    ),
};
