import * as z from 'zod';
import {
  commandFields,
  currencyCode,
  id,
  money,
  optionalText,
  partnerProcedure,
  procedure,
  text,
} from './base.ts';
import { leadDeciding } from './leads/deciding.ts';
import { lead, leadDataInput, refusals, submitFields, tags } from './leads/lead.ts';
import { leadNote, leadReading } from './leads/reading.ts';

/** Leads of partners: taking them in and correcting them here, reading and deciding in files of their own. */
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
  addNote: procedure('leads.note', 'NOT_FOUND')
    .route({ method: 'POST', path: '/leads/{id}/notes', summary: 'Add an internal note', tags })
    .input(z.object({ id, body: text(10_000), commandId: commandFields.commandId }))
    .output(leadNote),
  ...leadReading,
  ...leadDeciding,
};
