import { openAsBlob } from 'node:fs';
import sql from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import type { HostContext } from '../context.ts';
import { payoutExports, type Reader } from '../database/index.ts';
import type { Session } from '../session.ts';
import { cutPage, decodeCursor } from './paging.ts';
import { createExport, exportFile, exportToWire } from './payout-exports/create.ts';
import { readPiece } from './payout-exports/pieces.ts';
import { type ExportInput, requireSelection, selectedPayouts } from './payout-exports/selection.ts';
import type { Input, Output, Service } from './service.ts';

const contentType = 'text/csv; charset=utf-8';

/** So many payouts exported before are named in a preview; `alreadyExportedCount` says how many there are. */
const namedInPreview = 200;

/** Files for finance, complete or absent, each recorded (`domain.md`, "Payouts"). */
export function payoutExportsService(host: HostContext): Service<'payoutExports'> {
  const read = <T>(session: Session, work: (reader: Reader) => Promise<T>) =>
    host.database.read({ tenantId: session.tenantId }, work);

  return {
    preview: (session, input) => read(session, (reader) => preview(reader, session, input)),
    create: (session, input, { signal }) => createExport(host, session, input, signal),
    read: async (session, { id, offset }) => {
      const row = await read(session, (reader) => reader.find(payoutExports, { id }));
      if (row === undefined) throw new DomainError('NOT_FOUND', 'There is no such export.');
      return readPiece(exportFile(host, id), offset);
    },
    list: (session, input) => read(session, (reader) => listExports(reader, session, input)),
  };
}

/** The export of the REST face: the same record and file, with the file as the answer. */
export function exportOverHttp(host: HostContext): Service<'payouts'>['export'] {
  return async (session, input, { signal }) => {
    const made = await createExport(host, session, input, signal);
    // Read from the disk as it is sent, never whole in memory.
    const blob = await openAsBlob(exportFile(host, made.id), { type: contentType });
    return {
      headers: {
        'content-disposition': `attachment; filename="${made.fileName}"`,
        'x-already-exported': String(made.alreadyExported),
        'x-export-id': made.id,
        'x-sha256': made.fileSha256,
      },
      body: new File([blob], made.fileName, { type: contentType }),
    };
  };
}

async function preview(
  reader: Reader,
  session: Session,
  input: ExportInput,
): Promise<Output<'payoutExports', 'preview'>> {
  const payouts = await requireSelection(reader, session, input);
  const selected = selectedPayouts(reader, session, input);
  const lines =
    input.layout === 'payouts'
      ? undefined
      : await reader.get<{ n: number }>(sql`select count(*) as n from ${selected} as o
          join partner_payout_details d on d.tenant_id = o.tenant_id and d.payout_id = o.id`);
  const earlier = await reader.all<{ id: string; payout_number: string; exported_at: string; n: number }>(
    sql`select o.id, o.payout_number, max(e.created_at) as exported_at, count(*) over () as n
      from ${selected} as o
      join payout_export_items i on i.tenant_id = o.tenant_id and i.payout_id = o.id
      join payout_exports e on e.tenant_id = i.tenant_id and e.id = i.export_id
      group by o.id, o.payout_number order by o.payout_number limit ${namedInPreview}`,
  );
  return {
    payouts,
    rows: lines?.n ?? payouts,
    alreadyExported: earlier.map((row) => ({
      payoutId: row.id,
      payoutNumber: row.payout_number,
      exportedAt: row.exported_at,
    })),
    alreadyExportedCount: earlier[0]?.n ?? 0,
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
