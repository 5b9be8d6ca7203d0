import * as z from 'zod';
import {
  commandFields,
  currencyCode,
  day,
  id,
  money,
  optionalText,
  outcome,
  procedure,
  reason,
} from '../base.ts';
import { lead, refusals, tags } from './lead.ts';

/** What reviewers do with leads, one by one or many at once. */
export const leadDeciding = {
  claim: procedure('leads.review', ...refusals)
    .route({ method: 'POST', path: '/leads/{id}/claim', summary: 'Take a lead under review', tags })
    .input(z.object({ id, ...commandFields }))
    .output(lead),
  release: procedure('leads.review', ...refusals)
    .route({ method: 'POST', path: '/leads/{id}/release', summary: 'Give a claimed lead back', tags })
    .input(z.object({ id, ...commandFields }))
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
  notDuplicate: procedure('leads.review', ...refusals)
    .route({
      method: 'POST',
      path: '/leads/{id}/not-duplicate',
      summary: 'Say that a lead is no duplicate; one that was recorded under another stands by itself again',
      tags,
    })
    .input(z.object({ id, reason, ...commandFields }))
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
        action: z.enum(['claim', 'release', 'assign', 'approve', 'reject', 'notDuplicate']),
        ids: z.array(id).min(1).max(500),
        /** Needed to reject, and to say that leads are no duplicates. */
        reason: reason.optional(),
        /** Needed to assign. */
        reviewerId: id.optional(),
        /** A repeat after a lost answer does nothing twice. */
        commandId: commandFields.commandId,
      }),
    )
    .output(z.object({ outcomes: z.array(outcome) })),
};
