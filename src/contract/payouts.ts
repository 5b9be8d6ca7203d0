import { eventIterator } from '@orpc/contract';
import * as z from 'zod';
import { whyCodes } from '#domain/payout-why.ts';
import { payoutStatuses } from '#domain/state-machines.ts';
import { paymentMethods } from '#domain/vocabulary.ts';
import {
  commandFields,
  count,
  currencyCode,
  day,
  explained,
  id,
  instant,
  internal,
  money,
  moneySum,
  optionalText,
  outcome,
  page,
  pageFields,
  partnerProcedure,
  procedure,
  reason,
  rowFields,
  signedMoney,
  text,
} from './base.ts';
import { csvExportInput, fileAnswer } from './payout-exports.ts';

const tags = ['Payouts'];

export const payout = z.object({
  ...rowFields,
  partnerId: id,
  partnerCode: z.string(),
  partnerName: z.string(),
  /** A number people can say, `PO-2026-000123`. */
  payoutNumber: z.string(),
  periodStart: day,
  periodEnd: day,
  currency: currencyCode,
  totalLeadsCount: count,
  approvedLeads: count,
  convertedLeads: count,
  totalAmount: signedMoney,
  approvedAmount: moneySum,
  rejectedAmount: signedMoney,
  paidAmount: moneySum,
  /** approvedAmount − paidAmount. */
  openAmount: moneySum,
  status: z.enum(payoutStatuses),
  paymentMethod: z.enum(paymentMethods).nullable(),
  paymentDate: day.nullable(),
  referenceNumber: z.string().nullable(),
  /** When a payment file last ordered it; null where none did. Whether it was paid is another matter. */
  paymentFileAt: internal(instant),
  generatedBy: internal(id),
  generatedAt: instant,
  /** Set while the second approval is still missing. */
  firstApprovedBy: internal(id),
  firstApprovedAmount: internal(moneySum),
  needsSecondApproval: internal(z.boolean()),
  approvedBy: internal(id),
  approvedAt: instant.nullable(),
  fourEyesWaived: internal(z.boolean()),
  rejectionNotes: z.string().nullable(),
  cancelReason: z.string().nullable(),
});

export const payoutLine = z.object({
  ...rowFields,
  payoutId: id,
  creditId: id,
  partnerLeadId: id.nullable(),
  leadSubmissionId: id.nullable(),
  leadName: z.string().nullable(),
  sourceId: id.nullable(),
  sourceName: z.string().nullable(),
  policyId: id.nullable(),
  policyRevision: z.int().nullable(),
  policyName: z.string().nullable(),
  amount: signedMoney,
  currency: currencyCode,
  description: explained,
  status: z.enum(['pending', 'approved', 'rejected']),
  notes: z.string().nullable(),
  decidedBy: internal(id),
  decidedAt: instant.nullable(),
});

const payment = z.object({
  id,
  amount: moneySum,
  paymentMethod: z.enum(paymentMethods),
  paymentDate: day,
  referenceNumber: z.string(),
  /** Where it went, masked, as the partner's details were then; null for a check, and for payments recorded before this was kept. */
  account: z.string().nullable(),
  recordedBy: internal(id),
  createdAt: instant,
  /** Set where it did not arrive: the day, and why. */
  failedOn: day.nullable(),
  failureReason: z.string().nullable(),
});

/** Credits that the period would have, but for their holding time. */
const held = z.object({
  partnerId: id,
  partnerName: z.string(),
  currency: currencyCode,
  credits: count,
  amount: signedMoney,
  /** The day the first of them is payable from. */
  until: day,
});
const skipped = z.object({ partnerId: id, partnerName: z.string(), reason: z.string() });
export const generateInput = z.object({
  partnerId: id.optional(),
  periodStart: day,
  periodEnd: day,
  commandId: commandFields.commandId,
});
/** What generating for all partners came to; lists are cut to what one message holds, counts are whole. */
export const generatedSummary = z.object({
  generated: count,
  totalAmount: signedMoney,
  payoutIds: z.array(id),
  skipped: z.array(skipped),
  skippedCount: count,
  held: z.array(held),
});
const decision = ['NOT_FOUND', 'CONFLICT', 'INVALID_TRANSITION'] as const;
const status = z.enum(payoutStatuses);
const statuses = z.union([
  status.transform((one) => [one]),
  z.array(status).min(1).max(payoutStatuses.length),
  z
    .string()
    .max(200)
    .transform((text) => text.split(','))
    .pipe(z.array(status).min(1).max(payoutStatuses.length)),
]);

export const payouts = {
  /** `CreatePayout` of the requirements: chosen credits instead of all of a period. */
  create: procedure('payouts.generate', 'NOT_FOUND', 'CONFLICT', 'INVALID_TRANSITION', 'PARTNER_NOT_ACTIVE')
    .route({
      method: 'POST',
      path: '/payouts',
      summary: 'Make a pending payout of chosen credits of a partner',
      tags,
    })
    .input(
      z.object({
        partnerId: id,
        periodStart: day,
        periodEnd: day,
        creditIds: z.array(id).min(1).max(500),
        commandId: commandFields.commandId,
      }),
    )
    .output(payout),
  generate: procedure('payouts.generate', 'NOT_FOUND', 'CONFLICT')
    .route({
      method: 'POST',
      path: '/payouts/generate',
      summary: 'Gather approved credits of a period into payouts, for one partner or for all',
      tags,
    })
    .input(generateInput)
    .output(z.object({ payouts: z.array(payout), skipped: z.array(skipped), held: z.array(held) })),
  /** The same for all partners, told as it goes. Closing the stream stops before the next partner. */
  generateStream: procedure('payouts.generate', 'NOT_FOUND', 'CONFLICT')
    .input(generateInput)
    .output(
      eventIterator(
        z.discriminatedUnion('type', [
          z.object({ type: z.literal('progress'), done: count, of: count, generated: count }),
          generatedSummary.extend({ type: z.literal('result') }),
        ]),
      ),
    ),
  why: partnerProcedure('payouts.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/payouts/why',
      summary: 'Why a partner has no payout of a period, or what there is of one',
      tags,
    })
    .input(z.object({ partnerId: id, periodStart: day, periodEnd: day }))
    .output(
      z.object({
        partnerId: id,
        partnerName: z.string(),
        periodStart: day,
        periodEnd: day,
        currency: currencyCode,
        /** Every reason that holds, what is there already first. */
        reasons: z.array(
          z.object({
            code: z.enum(whyCodes),
            /** For people. */
            sentence: z.string(),
            /** Minor units; null where no amount belongs to it. */
            amount: signedMoney.nullable(),
          }),
        ),
      }),
    ),
  list: partnerProcedure('payouts.read')
    .route({ method: 'GET', path: '/payouts', summary: 'Payouts, newest first', tags })
    .input(
      z.object({
        partnerId: id.optional(),
        /** One, or several: a list, or text with commas between them. */
        status: statuses.optional(),
        periodStart: day.optional(),
        periodEnd: day.optional(),
        ...pageFields,
      }),
    )
    .output(page(payout)),
  get: partnerProcedure('payouts.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/payouts/{id}', summary: 'One payout', tags })
    .input(z.object({ id }))
    .output(payout),
  stats: partnerProcedure('payouts.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/payouts/stats', summary: 'PayoutStats, of one partner or of all', tags })
    .input(z.object({ partnerId: id.optional() }))
    .output(
      z.object({
        totalPayoutsGenerated: count,
        approvedPayouts: count,
        rejectedPayouts: count,
        totalAmountGenerated: signedMoney,
        totalAmountApproved: signedMoney,
        totalAmountPaid: signedMoney,
        /** approved / (approved + rejected), 0 to 1; null when none was decided. */
        averageApprovalRate: z.number().nullable(),
        pendingApprovalAmount: signedMoney,
        /** Days from generation to approval; null when none was approved. */
        averageDaysToApproval: z.number().nullable(),
        /** The currency of the amounts; null where they are of several, whose minor units can't be compared: see `byCurrency`. */
        currency: currencyCode.nullable(),
        /** The amounts of each currency there are payouts in. */
        byCurrency: z.array(
          z.object({
            currency: currencyCode,
            totalAmountGenerated: signedMoney,
            totalAmountApproved: signedMoney,
            totalAmountPaid: signedMoney,
            pendingApprovalAmount: signedMoney,
          }),
        ),
      }),
    ),
  lines: partnerProcedure('payouts.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/payouts/{id}/lines', summary: 'Lines of a payout', tags })
    .input(z.object({ id, status: payoutLine.shape.status.optional(), ...pageFields }))
    .output(page(payoutLine)),
  addLine: procedure('payouts.generate', ...decision)
    .route({
      method: 'POST',
      path: '/payouts/{id}/lines',
      summary: 'Add an approved credit to a pending payout',
      tags,
    })
    .input(
      z.object({
        id,
        creditId: id.optional(),
        /** Instead of the credit, the lead that it is for, where only one of its credits is free; with an `amount`, the one of that amount. */
        partnerLeadId: id.optional(),
        /** Minor units, as the credit has them; another amount is refused. */
        amount: signedMoney.optional(),
        ...commandFields,
      }),
    )
    .output(payoutLine),
  approveLine: procedure('payouts.approve', ...decision, 'SELF_APPROVAL')
    .route({ method: 'POST', path: '/payout-lines/{id}/approve', summary: 'Approve a line', tags })
    .input(z.object({ id, notes: optionalText(2000), ...commandFields }))
    .output(payoutLine),
  rejectLine: procedure('payouts.approve', ...decision)
    .route({
      method: 'POST',
      path: '/payout-lines/{id}/reject',
      summary: 'Reject a line; its credit is free again',
      tags,
    })
    .input(z.object({ id, notes: reason, ...commandFields }))
    .output(payoutLine),
  decideLines: procedure('payouts.approve', ...decision, 'SELF_APPROVAL')
    .route({
      method: 'POST',
      path: '/payouts/{id}/lines/decide',
      summary: 'Approve or reject several lines of a payout in one go, one outcome each',
      tags,
    })
    .input(
      z.object({
        id,
        action: z.enum(['approve', 'reject']),
        lineIds: z.array(id).min(1).max(500),
        /** Needed to reject. */
        notes: reason.optional(),
        ...commandFields,
      }),
    )
    .output(z.object({ outcomes: z.array(outcome) })),
  approve: procedure('payouts.approve', ...decision, 'SELF_APPROVAL', 'AMOUNT_EXCEEDS', 'PARTNER_NOT_ACTIVE')
    .route({
      method: 'POST',
      path: '/payouts/{id}/approve',
      summary: 'Approve a payout, in full or in part',
      tags,
    })
    .input(
      z.object({
        id,
        /** Minor units; left out: all lines that are not rejected. */
        amount: money.min(1).optional(),
        ...commandFields,
      }),
    )
    .output(payout),
  reject: procedure('payouts.withdraw', ...decision)
    .route({
      method: 'POST',
      path: '/payouts/{id}/reject',
      summary: 'Reject a payout; its credits are free again',
      tags,
    })
    .input(z.object({ id, notes: reason, ...commandFields }))
    .output(payout),
  cancel: procedure('payouts.withdraw', ...decision)
    .route({
      method: 'POST',
      path: '/payouts/{id}/cancel',
      summary: 'Cancel an approved payout before any payment',
      tags,
    })
    .input(z.object({ id, reason, ...commandFields }))
    .output(payout),
  pay: procedure('payouts.pay', ...decision, 'AMOUNT_EXCEEDS', 'PARTNER_NOT_ACTIVE')
    .route({ method: 'POST', path: '/payouts/{id}/pay', summary: 'Record a payment', tags })
    .input(
      z.object({
        id,
        paymentDate: day,
        referenceNumber: text(100),
        /** The method of the partner's bank details where left out. */
        paymentMethod: z.enum(paymentMethods).optional(),
        /** Minor units; left out: all that is open. */
        amount: money.min(1).optional(),
        ...commandFields,
      }),
    )
    .output(payout),
  failPayment: procedure('payouts.pay', ...decision)
    .route({
      method: 'POST',
      path: '/payouts/{id}/payments/{paymentId}/fail',
      summary: 'Record that a payment came back: its amount is payable again',
      tags,
    })
    .input(z.object({ id, paymentId: id, reason, date: day, ...commandFields }))
    .output(payout),
  payments: partnerProcedure('payouts.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/payouts/{id}/payments', summary: 'Payments of a payout', tags })
    .input(z.object({ id }))
    .output(z.object({ items: z.array(payment), nextCursor: z.null() })),
  export: procedure('payouts.export', 'NOT_FOUND')
    .route({
      method: 'POST',
      path: '/payouts/export',
      summary: 'Export payouts as a CSV file; the header x-already-exported counts those exported before',
      tags,
      outputStructure: 'detailed',
    })
    .input(csvExportInput)
    .output(fileAnswer),
};
