import { eventIterator } from '@orpc/contract';
import * as z from 'zod';
import { count, id, instant, page, pageFields, partnerProcedure, person, queryBoolean } from './base.ts';

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

/** What an import is told, streamed or as a job. */
export const importInput = z.object({
  partnerId: id,
  uploadId: id,
  dryRun: z.boolean().default(false),
  mapping: importMapping.optional(),
  /** Imports the same file again although it was imported before. */
  again: z.boolean().default(false),
});

/** What a file over REST is told. */
const uploadOptions = {
  dryRun: queryBoolean.optional(),
  /** JSON: header name to field name (null leaves the column out), or field name to header name. */
  mapping: z.string().max(20_000).optional(),
  again: queryBoolean.optional(),
};

export const importResult = z.object({
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
  startedBy: person,
  startedAt: instant,
  finishedAt: instant.nullable(),
  failure: z.string().nullable(),
  /** The job it runs as, to watch, cancel or resume it by; null for imports from before there were jobs. */
  jobId: id.nullable(),
});

const importRefusals = ['NOT_FOUND', 'PARTNER_NOT_ACTIVE'] as const;

/** A file on its way in, in pieces that fit any transport. What is not imported is thrown away after a day. */
export const uploads = {
  begin: partnerProcedure('leads.submit')
    .route({ method: 'POST', path: '/uploads', summary: 'Begin to send a file in pieces', tags: ['Imports'] })
    .input(z.object({ fileName: z.string().min(1).max(255), size: count }))
    .output(z.object({ uploadId: id })),
  append: partnerProcedure('leads.submit', 'NOT_FOUND')
    .route({
      method: 'POST',
      path: '/uploads/{uploadId}/append',
      summary: 'Send the next piece of a file, in base64',
      tags: ['Imports'],
    })
    .input(z.object({ uploadId: id, offset: count, data: z.base64().max(180_000) }))
    .output(z.object({ received: count })),
  discard: partnerProcedure('leads.submit')
    .route({
      method: 'DELETE',
      path: '/uploads/{uploadId}',
      summary: 'Throw away a file that was sent',
      tags: ['Imports'],
    })
    .input(z.object({ uploadId: id }))
    .output(z.object({ ok: z.literal(true) })),
};

export const imports = {
  /** What the file holds and how its columns would be read; writes nothing. */
  inspect: partnerProcedure('leads.submit', ...importRefusals)
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
  run: partnerProcedure('leads.submit', ...importRefusals, 'DUPLICATE')
    .input(importInput)
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
  upload: partnerProcedure('leads.submit', ...importRefusals, 'DUPLICATE')
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
        query: z.object(uploadOptions).optional(),
        /** A form says it in fields beside its file; the query goes before. */
        body: z.object({ uploadId: id, ...uploadOptions }),
      }),
    )
    .output(importResult),
  list: partnerProcedure('leads.read')
    .route({ method: 'GET', path: '/imports', summary: 'Imports, newest first', tags: ['Imports'] })
    .input(z.object({ partnerId: id.optional(), ...pageFields }))
    .output(page(importRecord)),
  get: partnerProcedure('leads.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/imports/{id}', summary: 'One import', tags: ['Imports'] })
    .input(z.object({ id }))
    .output(importRecord),
  rejectedRows: partnerProcedure('leads.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/imports/{id}/rejected-rows',
      summary: 'Rows that did not come in',
      tags: ['Imports'],
    })
    .input(z.object({ id, ...pageFields }))
    .output(page(z.object({ row: z.int(), column: z.string(), value: z.string(), reason: z.string() }))),
};
