import * as z from 'zod';
import { payoutStatuses } from '#domain/state-machines.ts';
import { exportFormats } from '#domain/vocabulary.ts';
import {
  commandFields,
  count,
  currencyCode,
  day,
  id,
  instant,
  page,
  pageFields,
  partnerProcedure,
  procedure,
  signedMoney,
} from './base.ts';

const tags = ['Payouts'];

/** Which payouts a file is about: those named, those of a period and status, or both at once. */
const selection = {
  payoutIds: z.array(id).min(1).max(10_000).optional(),
  periodStart: day.optional(),
  periodEnd: day.optional(),
  status: z.enum(payoutStatuses).optional(),
};
/** A byte order mark, for spreadsheets that need one; CSV only. */
const bom = z.boolean().optional();

/** The body of `/payouts/export`: a CSV file with a row per payout or per line. */
export const csvExportInput = z.object({ ...selection, layout: z.enum(['payouts', 'lines']), bom });

/**
 * What a file is to hold. A payment file (`pain001`, `nacha`, `paypal`) takes of the selection what can be paid that way
 * and tells of the rest why not; without ids or a status it looks at open payouts only. A `journal` takes both days, of
 * the organization's time zone, and nothing else of the selection.
 */
export const exportInput = z.object({
  ...selection,
  format: z.enum(exportFormats),
  bom,
  /** When the bank is to pay: Monday to Friday. Where left out, the first such day from today on, for ACH from tomorrow on. */
  executionDate: day.optional(),
  /** For PayPal, whose files hold one currency each. */
  currency: currencyCode.optional(),
  /** Payouts that a payment file already held, in one more. */
  again: z.boolean().optional(),
});

const total = z.object({
  currency: currencyCode,
  payouts: count,
  /** Minor units: what a payment file orders; of a CSV file the totals of its rows, of a journal its debits. */
  amount: signedMoney,
});
const skipped = z.object({
  payoutId: id,
  payoutNumber: z.string(),
  partnerName: z.string(),
  /** In words. */
  reason: z.string(),
});

export const exportRecord = z.object({
  id,
  exportedBy: id,
  format: z.enum(exportFormats),
  fileName: z.string(),
  contentType: z.string(),
  /** Without a header; of a payment file its payments. */
  rowCount: count,
  /** Null for what was exported before totals were kept. */
  totals: z.array(total).nullable(),
  byteSize: count,
  fileSha256: z.string(),
  executionDate: day.nullable(),
  createdAt: instant,
  /** Payouts in it that an earlier export already held; of a payment file, an earlier payment file. */
  alreadyExported: count,
  /** Chosen payouts that a payment file left out. */
  skipped: z.array(skipped),
});

/** A file over HTTP, with the headers that name it. */
export const fileAnswer = z.object({ headers: z.record(z.string(), z.string()), body: z.file() });

export const payoutExports = {
  /** What an export would hold, what it would skip, and which payouts were exported before; writes nothing. */
  preview: procedure('payouts.export', 'NOT_FOUND', 'CONFLICT')
    .input(exportInput)
    .output(
      z.object({
        payouts: count,
        rows: count,
        totals: z.array(total),
        skipped: z.array(skipped),
        alreadyExported: z.array(z.object({ payoutId: id, payoutNumber: z.string(), exportedAt: instant })),
        alreadyExportedCount: count,
      }),
    ),
  create: procedure('payouts.export', 'NOT_FOUND', 'CONFLICT', 'DUPLICATE')
    .route({
      method: 'POST',
      path: '/payout-exports',
      summary: 'Make a file for finance: CSV, SEPA (pain.001), ACH (NACHA), PayPal or accounting journal',
      tags,
    })
    .input(exportInput.extend({ commandId: commandFields.commandId }))
    .output(exportRecord),
  /** A piece of the file, as text; the same file every time. */
  read: procedure('payouts.export', 'NOT_FOUND', 'CONFLICT')
    .input(z.object({ id, offset: count }))
    .output(z.object({ data: z.string(), nextOffset: count.nullable() })),
  file: procedure('payouts.export', 'NOT_FOUND', 'CONFLICT')
    .route({
      method: 'GET',
      path: '/payout-exports/{id}/file',
      summary: 'The file of an export, the same bytes every time',
      tags,
      outputStructure: 'detailed',
    })
    .input(z.object({ id }))
    .output(fileAnswer),
  list: procedure('payouts.read')
    .route({ method: 'GET', path: '/payout-exports', summary: 'Exports, newest first', tags })
    .input(z.object(pageFields))
    .output(page(exportRecord)),
};

const statementFormat = z.enum(['html', 'pdf']);

/** What a payout is made of, for the partner: every line explained. */
export const remittances = {
  statement: partnerProcedure('payouts.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/payouts/{id}/remittance',
      summary: 'The remittance statement of a payout, as a page or a PDF file',
      tags,
      outputStructure: 'detailed',
    })
    .input(z.object({ id, format: statementFormat.default('html') }))
    .output(fileAnswer),
  /** The same in pieces of base64 for the screens; `sha256` tells whether the payout changed between two pieces. */
  read: partnerProcedure('payouts.read', 'NOT_FOUND')
    .input(z.object({ id, format: statementFormat, offset: count }))
    .output(
      z.object({
        fileName: z.string(),
        contentType: z.string(),
        byteSize: count,
        sha256: z.string(),
        data: z.string(),
        nextOffset: count.nullable(),
      }),
    ),
};
