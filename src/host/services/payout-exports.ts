import sql from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import type { HostContext } from '../context.ts';
import { type PayoutExportRow, payoutExports, type Reader } from '../database/index.ts';
import type { Session } from '../session.ts';
import { cutPage, decodeCursor } from './paging.ts';
import { contentTypeOf, openFile, pieceSource } from './payout-exports/files.ts';
import { noteHandOut } from './payout-exports/hand-outs.ts';
import { exportNow } from './payout-exports/job.ts';
import { readPiece } from './payout-exports/pieces.ts';
import { previewExport } from './payout-exports/preview.ts';
import { exportToWire } from './payout-exports/record.ts';
import type { Input, Output, Service } from './service.ts';

/** Files for finance, complete or absent, each recorded (`domain.md`, "Payouts"). */
export function payoutExportsService(host: HostContext): Service<'payoutExports'> {
  const read = <T>(session: Session, work: (reader: Reader) => Promise<T>) =>
    host.database.read({ tenantId: session.tenantId }, work);

  return {
    preview: (session, input) => read(session, (reader) => previewExport(host, reader, session, input)),
    create: (session, input, { signal }) => exportNow(host, session, input, signal),
    read: async (session, { id, offset }) => {
      const row = await requireExport(host, session, id);
      const piece = await readPiece(await pieceSource(host, row), offset);
      await noteHandOut(host, session, row, offset === 0);
      return piece;
    },
    file: async (session, { id }) => {
      const row = await requireExport(host, session, id);
      const answer = await fileAnswer(host, row);
      await noteHandOut(host, session, row, true);
      return answer;
    },
    list: (session, input) => read(session, (reader) => listExports(reader, session, input)),
  };
}

/** The CSV export of the REST face: the same record and file, with the file as the answer. */
export function exportOverHttp(host: HostContext): Service<'payouts'>['export'] {
  return async (session, { layout, ...input }, { signal }) => {
    const format = layout === 'lines' ? 'csv_lines' : 'csv_payouts';
    const made = await exportNow(host, session, { ...input, format }, signal);
    return fileAnswer(host, await requireExport(host, session, made.id));
  };
}

/** The accounting journal of a period, recorded as every export is, with the file as the answer. */
export function journalOverHttp(host: HostContext): Service<'ledger'>['journal'] {
  return async (session, input, { signal }) => {
    const made = await exportNow(host, session, { ...input, format: 'journal' }, signal);
    return fileAnswer(host, await requireExport(host, session, made.id));
  };
}

async function requireExport(host: HostContext, session: Session, id: string): Promise<PayoutExportRow> {
  const row = await host.database.read({ tenantId: session.tenantId }, (reader) =>
    reader.find(payoutExports, { id }),
  );
  if (row === undefined) throw new DomainError('NOT_FOUND', 'There is no such export.');
  return row;
}

async function fileAnswer(host: HostContext, row: PayoutExportRow): Promise<Output<'payoutExports', 'file'>> {
  const blob = await openFile(host, row);
  return {
    headers: {
      'content-disposition': `attachment; filename="${row.fileName}"`,
      'x-already-exported': String(exportToWire(row).alreadyExported),
      'x-export-id': row.id,
      'x-sha256': row.fileSha256,
    },
    body: new File([blob], row.fileName, { type: contentTypeOf(row.format) }),
  };
}

async function listExports(
  reader: Reader,
  session: Session,
  input: Input<'payoutExports', 'list'>,
): Promise<Output<'payoutExports', 'list'>> {
  const order = sql`order by created_at desc, id desc limit ${input.limit + 1}`;
  const key = input.cursor === undefined ? undefined : decodeCursor(input.cursor, ['instant', 'id']);
  const rows = await reader.list(
    payoutExports,
    key === undefined ? order : sql`(created_at, id) < (${key[0]}, ${key[1]}) ${order}`,
  );
  const { items, nextCursor } = cutPage(rows, input.limit, (row) => [row.createdAt, row.id]);
  const page = { items: items.map(exportToWire), nextCursor };
  if (input.total !== true) return page;
  const counted = await reader.get<{ n: number }>(
    sql`select count(*) as n from payout_exports where tenant_id = ${session.tenantId}`,
  );
  return { ...page, total: counted?.n ?? 0 };
}
