import * as z from 'zod';
import { payoutStatuses } from '#domain/state-machines.ts';
import { count, day, id, instant, page, pageFields, procedure } from './base.ts';

const tags = ['Payouts'];
const layout = z.enum(['payouts', 'lines']);

export const exportInput = z.object({
  payoutIds: z.array(id).min(1).max(10_000).optional(),
  periodStart: day.optional(),
  periodEnd: day.optional(),
  status: z.enum(payoutStatuses).optional(),
  layout,
  /** A byte order mark, for spreadsheets that need one. */
  bom: z.boolean().optional(),
});

const exportRecord = z.object({
  id,
  exportedBy: id,
  layout,
  fileName: z.string(),
  rowCount: count,
  byteSize: count,
  fileSha256: z.string(),
  createdAt: instant,
  /** Payouts in it that an earlier export already held. */
  alreadyExported: count,
});

export const payoutExports = {
  /** What an export would hold, and which payouts were exported before; writes nothing. */
  preview: procedure('payouts.export', 'NOT_FOUND')
    .input(exportInput)
    .output(
      z.object({
        payouts: count,
        rows: count,
        alreadyExported: z.array(z.object({ payoutId: id, payoutNumber: z.string(), exportedAt: instant })),
        alreadyExportedCount: count,
      }),
    ),
  create: procedure('payouts.export', 'NOT_FOUND').input(exportInput).output(exportRecord),
  /** A piece of the file, as text; the same file every time. */
  read: procedure('payouts.export', 'NOT_FOUND')
    .input(z.object({ id, offset: count }))
    .output(z.object({ data: z.string(), nextOffset: count.nullable() })),
  list: procedure('payouts.read')
    .route({ method: 'GET', path: '/payout-exports', summary: 'Exports, newest first', tags })
    .input(z.object(pageFields))
    .output(page(exportRecord)),
};
