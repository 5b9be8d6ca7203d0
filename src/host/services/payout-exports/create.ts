import { mkdir, rm } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { dayOf } from '#domain/calendar.ts';
import type { HostContext } from '../../context.ts';
import { type WrittenFile, writeCsvFile } from '../../csv/write.ts';
import { type PayoutExportRow, payoutExports, type Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command } from '../command.ts';
import { idsOf } from '../payouts/ids.ts';
import type { Output } from '../service.ts';
import { type Layout, lineLayout, type OfPayout, payoutLayout } from './layouts.ts';
import { type ExportInput, requireSelection, selectedPayouts } from './selection.ts';

export type ExportRecord = Output<'payoutExports', 'create'>;

/** Where the file of an export lies in the data folder. */
export function exportFile(host: HostContext, id: string): string {
  return joinPath(host.dataFolder, 'exports', `${id}.csv`);
}

/**
 * Writes the file of an export and records it with who, when, the rows and the file's SHA-256 (`domain.md`, "Payouts").
 * The rows are of one moment: one statement, streamed, so the memory does not grow with them. The file is complete
 * before the export is recorded, and is removed again where recording it fails.
 * Throws `NOT_FOUND` where there is nothing to export, `VALIDATION` for a period that is none; the signal's reason.
 */
export async function createExport(
  host: HostContext,
  session: Session,
  input: ExportInput,
  signal: AbortSignal | undefined,
): Promise<ExportRecord> {
  const id = uuidv7();
  const file = exportFile(host, id);
  await mkdir(joinPath(host.dataFolder, 'exports'), { recursive: true });
  const payoutIds = new Set<string>();
  const options = { ...(input.bom !== undefined && { bom: input.bom }), ...(signal && { signal }) };
  const written = await host.database.read({ tenantId: session.tenantId }, async (reader) => {
    await requireSelection(reader, session, input);
    const payouts = selectedPayouts(reader, session, input);
    return input.layout === 'payouts' ? write(payoutLayout) : write(lineLayout);

    function write<Row extends OfPayout>({ columns, rows }: Layout<Row>): Promise<WrittenFile> {
      return writeCsvFile(file, columns, noting(reader.stream<Row>(rows(payouts))), options);
    }
    async function* noting<Row extends OfPayout>(batches: AsyncIterable<Row[]>) {
      for await (const batch of batches) {
        for (const row of batch) {
          payoutIds.add(row.payout_id);
          yield row;
        }
      }
    }
  });
  try {
    return await recordExport(host, session, input, { id, payoutIds: [...payoutIds], written });
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

function recordExport(
  host: HostContext,
  session: Session,
  input: ExportInput,
  { id, payoutIds, written }: { id: string; payoutIds: string[]; written: WrittenFile },
): Promise<ExportRecord> {
  return command(host, session, { name: 'payoutExports.create', input: {} }, async ({ tx, now, record }) => {
    const { payoutIds: chosen, layout, ...filter } = input;
    const alreadyExported = await countExportedBefore(tx, session, payoutIds);
    const row = {
      id,
      exportedBy: session.userId,
      layout,
      // What was asked for; the payouts themselves are the export's items.
      filter: { ...filter, ...(chosen && { chosenByHand: chosen.length }), alreadyExported },
      fileName: `${layout === 'lines' ? 'payout-lines' : 'payouts'}-${dayOf(now, session.tenant.timeZone)}-${id.slice(-6)}.csv`,
      rowCount: written.rows,
      byteSize: written.bytes,
      fileSha256: written.sha256,
      createdAt: now,
    };
    await tx.insert(payoutExports, row);
    await tx.run(sql`insert into payout_export_items (tenant_id, export_id, payout_id)
      select o.tenant_id, e.id, o.id from partner_payouts o
      join payout_exports e on e.tenant_id = o.tenant_id and e.id = ${id}
      where o.tenant_id = ${session.tenantId} and o.id in (${idsOf(tx.engine, payoutIds)})`);
    record({
      action: 'payouts_exported',
      resource: 'payout_export',
      resourceId: id,
      details: {
        layout,
        fileName: row.fileName,
        payouts: payoutIds.length,
        rows: written.rows,
        fileSha256: written.sha256,
        alreadyExported,
      },
    });
    return exportToWire({ ...row, tenantId: session.tenantId });
  });
}

/** How many of these payouts an earlier export held. */
export async function countExportedBefore(
  reader: Reader,
  session: Session,
  payoutIds: readonly string[],
): Promise<number> {
  const row = await reader.get<{
    n: number;
  }>(sql`select count(distinct payout_id) as n from payout_export_items
    where tenant_id = ${session.tenantId} and payout_id in (${idsOf(reader.engine, payoutIds)})`);
  return row?.n ?? 0;
}

/** `alreadyExported` is what its maker was told then; what was exported since doesn't change it. */
export function exportToWire(row: PayoutExportRow): ExportRecord {
  const { alreadyExported } = row.filter;
  if (typeof alreadyExported !== 'number')
    throw new Error(`The export ${row.id} does not say what it repeated.`);
  return {
    id: row.id,
    exportedBy: row.exportedBy,
    layout: row.layout,
    fileName: row.fileName,
    rowCount: row.rowCount,
    byteSize: row.byteSize,
    fileSha256: row.fileSha256,
    createdAt: row.createdAt,
    alreadyExported,
  };
}
