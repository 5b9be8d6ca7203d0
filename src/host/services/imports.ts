import sql, { join } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import type { HostContext } from '../context.ts';
import { mapColumns } from '../csv/columns.ts';
import { openCsv } from '../csv/read.ts';
import {
  type LeadImportRow,
  leadImportErrors,
  leadImports,
  partners,
  type Reader,
} from '../database/index.ts';
import type { Session } from '../session.ts';
import { importJob } from './imports/job.ts';
import { findSameFile, hashFile, importPartner, mappingRecord, parseMapping } from './imports/plan.ts';
import { isSilent } from './imports/record.ts';
import { asStream, inForeground, resultInForeground } from './jobs/foreground.ts';
import { JobInterrupted } from './jobs/stopping.ts';
import { ownPartner, requireOwn } from './own-partner.ts';
import { cutPage, decodeCursor } from './paging.ts';
import type { Output, Service } from './service.ts';

const sampleRows = 5;

/** An import whose host died never closed its record; it is told by its silence. */
function statusAt(row: LeadImportRow, now: string): LeadImportRow['status'] {
  return row.status === 'running' && isSilent(row, now) ? 'interrupted' : row.status;
}

async function toWire(
  reader: Reader,
  rows: readonly LeadImportRow[],
  now: string,
): Promise<Output<'imports', 'get'>[]> {
  const ids = [...new Set(rows.map((row) => row.partnerId))];
  const named =
    ids.length === 0 ? [] : await reader.list(partners, sql`id in (${join(ids)})`, { withDeleted: true });
  const names = new Map(named.map((partner) => [partner.id, partner.organizationName]));
  return rows.map((row) => ({
    id: row.id,
    partnerId: row.partnerId,
    partnerName: names.get(row.partnerId) ?? '',
    fileName: row.fileName,
    fileSha256: row.fileSha256,
    fileSize: row.fileSize,
    status: statusAt(row, now),
    rowsRead: row.rowsRead,
    accepted: row.accepted,
    rejected: row.rejected,
    startedBy: row.startedBy,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    failure: row.failure,
    jobId: row.jobId,
  }));
}

async function requireImport(reader: Reader, session: Session, id: string): Promise<LeadImportRow> {
  const row = await reader.find(leadImports, { id });
  if (row === undefined) throw new DomainError('NOT_FOUND', 'There is no such import.');
  requireOwn(session, row.partnerId, 'import');
  return row;
}

/** Leads from CSV files (`domain.md`, "Lead"). */
export function importsService(host: HostContext): Service<'imports'> {
  const discard = (session: Session, uploadId: string) =>
    host.uploads.discard(session, uploadId).catch((error: unknown) => {
      if (!(error instanceof DomainError && error.code === 'NOT_FOUND')) throw error;
    });
  return {
    inspect: async (session, input, { signal }) => {
      const partner = await importPartner(host, session, input.partnerId);
      const upload = await host.uploads.find(session, input.uploadId);
      const file = await openCsv(upload.path, { signal });
      const mapping = mapColumns(file.header, input.mapping);
      const sample: string[][] = [];
      for await (const rows of file.rows()) {
        sample.push(...rows.slice(0, sampleRows).map((row) => row.cells));
        break;
      }
      return {
        fileName: upload.fileName,
        encoding: file.encoding,
        delimiter: file.delimiter,
        header: [...file.header],
        sample,
        mapping: mappingRecord(mapping),
        missing: [...mapping.missing],
        unmapped: [...mapping.unmapped],
        sameFileAs: await findSameFile(host, session, partner.id, await hashFile(upload.path)),
      };
    },

    run: async (session, input, { signal }) =>
      asStream(inForeground(host, session, await importJob(host, session, input, session), signal), {
        event: (progress) => ({ type: 'progress' as const, ...progress }),
        result: (result) => ({ type: 'result' as const, result }),
      }),

    upload: async (session, { params, query, body }, { signal }) => {
      const { uploadId } = body;
      const dryRun = query?.dryRun ?? body.dryRun ?? false;
      const again = query?.again ?? body.again ?? false;
      const mapping = query?.mapping ?? body.mapping;
      try {
        const input = { partnerId: params.id, uploadId, dryRun, again, mapping: parseMapping(mapping) };
        const ready = await importJob(host, session, input, session);
        const result = await resultInForeground(inForeground(host, session, ready, signal));
        await discard(session, uploadId);
        return result;
      } catch (error) {
        // Spooled for this one call: nobody asks for the file again, unless the job is to be resumed.
        if (!(error instanceof JobInterrupted)) await discard(session, uploadId);
        throw error;
      }
    },

    list: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const [startedAt, lastId] =
          input.cursor === undefined ? [] : decodeCursor(input.cursor, ['instant', 'id']);
        const chosen = input.partnerId === undefined ? sql`1 = 1` : sql`partner_id = ${input.partnerId}`;
        const ofPartner = sql`${chosen}${ownPartner(session)}`;
        const after = startedAt === undefined ? sql`` : sql`and (started_at, id) < (${startedAt}, ${lastId})`;
        const rows = await reader.list(
          leadImports,
          sql`${ofPartner} ${after} order by started_at desc, id desc limit ${input.limit + 1}`,
        );
        const page = cutPage(rows, input.limit, (row) => [row.startedAt, row.id]);
        const counted = input.total
          ? await reader.get<{ n: number }>(
              sql`select count(*) as n from lead_imports where tenant_id = ${session.tenantId} and ${ofPartner}`,
            )
          : undefined;
        return {
          items: await toWire(reader, page.items, host.now()),
          nextCursor: page.nextCursor,
          ...(counted && { total: counted.n }),
        };
      }),

    get: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const row = await requireImport(reader, session, input.id);
        const [shown] = await toWire(reader, [row], host.now());
        if (shown === undefined) throw new Error('An import that was found is not shown.');
        return shown;
      }),

    rejectedRows: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        await requireImport(reader, session, input.id);
        const [row, seq] =
          input.cursor === undefined ? [] : decodeCursor(input.cursor, ['integer', 'integer']);
        const after = row === undefined ? sql`` : sql`and ("row", seq) > (${row}, ${seq})`;
        const rows = await reader.list(
          leadImportErrors,
          sql`import_id = ${input.id} ${after} order by "row", seq limit ${input.limit + 1}`,
        );
        const page = cutPage(rows, input.limit, (each) => [each.row, each.seq]);
        return {
          items: page.items.map((each) => ({
            row: each.row,
            column: each.columnName ?? '',
            value: each.value ?? '',
            reason: each.reason,
          })),
          nextCursor: page.nextCursor,
        };
      }),
  };
}

/** Files on their way in, piece by piece. */
export function uploadsService(host: HostContext): Service<'uploads'> {
  return {
    begin: async (session, input) => ({ uploadId: await host.uploads.begin(session, input.fileName) }),
    append: async (session, input) => ({
      received: await host.uploads.append(
        session,
        input.uploadId,
        input.offset,
        Buffer.from(input.data, 'base64'),
      ),
    }),
    discard: async (session, input) => {
      await host.uploads.discard(session, input.uploadId);
      return { ok: true };
    },
  };
}
