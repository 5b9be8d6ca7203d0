import * as z from 'zod';
import {
  commandFields,
  day,
  id,
  instant,
  optionalText,
  page,
  pageFields,
  procedure,
  reason,
  rowFields,
} from './base.ts';

const tags = ['Periods'];

export const period = z.object({
  ...rowFields,
  /** null for the first one: everything before its end. */
  periodStart: day.nullable(),
  periodEnd: day,
  note: z.string().nullable(),
  closedBy: id,
  closedAt: instant,
  /** Whether it is still closed; the fields below say who opened it again. */
  isClosed: z.boolean(),
  reopenedBy: id.nullable(),
  reopenedAt: instant.nullable(),
  reopenReason: z.string().nullable(),
  fourEyesWaived: z.boolean(),
});

export const periods = {
  list: procedure('periods.read')
    .route({ method: 'GET', path: '/periods', summary: 'Closed periods, newest first', tags })
    .input(z.object(pageFields))
    .output(
      page(period).extend({
        /** Nothing is booked on this day or before it any more; null: nothing is closed. */
        closedUntil: day.nullable(),
      }),
    ),
  close: procedure('periods.close', 'INVALID_TRANSITION')
    .route({
      method: 'POST',
      path: '/periods/close',
      summary: 'Close the books up to and with a day; what is approved later is booked on the first open day',
      tags,
    })
    .input(z.object({ periodEnd: day, note: optionalText(2000), commandId: commandFields.commandId }))
    .output(period),
  reopen: procedure('periods.reopen', 'NOT_FOUND', 'CONFLICT', 'INVALID_TRANSITION', 'SELF_APPROVAL')
    .route({
      method: 'POST',
      path: '/periods/{id}/reopen',
      summary: 'Open the newest closed period again, with a reason',
      tags,
    })
    .input(z.object({ id, reason, ...commandFields }))
    .output(period),
};
