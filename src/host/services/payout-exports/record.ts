import sql from 'sql-template-tag';
import { dayOf } from '#domain/calendar.ts';
import { addMinor } from '#domain/money.ts';
import type { ExportFormat } from '#domain/vocabulary.ts';
import type { HostContext } from '../../context.ts';
import {
  type ExportTotal,
  type PayoutExportRow,
  payoutExports,
  type Reader,
  type SkippedPayout,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command } from '../command.ts';
import { idsOf } from '../payouts/ids.ts';
import type { Output } from '../service.ts';
import { contentTypeOf, dropFile, isPaymentFile, keepFile, keepKey } from './files.ts';
import type { ExportInput } from './selection.ts';

export type ExportRecord = Output<'payoutExports', 'create'>;

/** The making of an export: the job it is made by, and what its caller calls it. */
export interface ExportRun {
  /** An export is recorded once for its job, so that one resumed after a crash answers with what it had made. */
  jobId: string;
  /** The same id answers with the first file again (`domain.md`, "Conventions": retries). */
  commandId?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** How the command is stored: everything that makes a repeat the same. */
export const exportCommand = (input: ExportInput, commandId: string | undefined) => ({
  name: 'payoutExports.create',
  input: { ...input, commandId },
});

/** A file that lies complete in the data folder and is not recorded yet. */
export interface MadeFile {
  id: string;
  written: { rows: number; bytes: number; sha256: string };
  totals: ExportTotal[];
  payoutIds: readonly string[];
  /** What a payment file orders for each payout, in minor units. */
  amounts?: ReadonlyMap<string, number>;
  /** What a payment file is sealed with. */
  key?: Buffer;
  skipped?: SkippedPayout[];
  executionDate?: string;
  /** What must still hold when the file is recorded; throws where it doesn't. */
  guard?: (tx: Writer, now: string) => Promise<void>;
}

const names: Record<ExportFormat, { stem: string; ending: string }> = {
  csv_payouts: { stem: 'payouts', ending: 'csv' },
  csv_lines: { stem: 'payout-lines', ending: 'csv' },
  pain001: { stem: 'sepa', ending: 'xml' },
  nacha: { stem: 'ach', ending: 'txt' },
  paypal: { stem: 'paypal', ending: 'csv' },
  journal: { stem: 'journal', ending: 'csv' },
};

/**
 * Records a file with who, when, format, rows, totals and SHA-256 (`domain.md`, "Payouts"), and gives it its name; where that
 * fails, the file goes again.
 */
export async function recordExport(
  host: HostContext,
  session: Session,
  input: ExportInput,
  run: ExportRun,
  made: MadeFile,
): Promise<ExportRecord> {
  const { format } = input;
  const file = { id: made.id, format };
  let row: PayoutExportRow;
  try {
    row = await insertExport(host, session, input, run, made);
  } catch (error) {
    await dropFile(host, file);
    throw error;
  }
  // The same command had made its file meanwhile: that one counts.
  if (row.id !== made.id) await dropFile(host, file);
  else await keepFile(host, file);
  return exportToWire(row);
}

function insertExport(
  host: HostContext,
  session: Session,
  input: ExportInput,
  { jobId, commandId }: ExportRun,
  made: MadeFile,
): Promise<PayoutExportRow> {
  const { id, written, totals, payoutIds, amounts, skipped, executionDate } = made;
  return command(host, session, exportCommand(input, commandId), async ({ tx, now, record }) => {
    await made.guard?.(tx, now);
    const { payoutIds: chosen, format, ...filter } = input;
    const alreadyExported = await countExportedBefore(tx, session, payoutIds, format);
    const name = names[format];
    const row: PayoutExportRow = {
      id,
      tenantId: session.tenantId,
      exportedBy: session.userId,
      format,
      // What was asked for; the payouts themselves are the export's items.
      filter: { ...filter, ...(chosen && { chosenByHand: chosen.length }), alreadyExported },
      fileName: `${name.stem}-${dayOf(now, session.tenant.timeZone)}-${id.slice(-6)}.${name.ending}`,
      rowCount: written.rows,
      byteSize: written.bytes,
      fileSha256: written.sha256,
      totals,
      skipped: skipped ?? null,
      executionDate: executionDate ?? null,
      jobId,
      createdAt: now,
    };
    await tx.insert(payoutExports, row);
    if (made.key !== undefined) await keepKey(host, tx, row, made.key);
    if (amounts === undefined) await insertItems(tx, session, id, payoutIds);
    else await insertOrders(tx, session, id, amounts);
    record({
      action: 'payouts_exported',
      resource: 'payout_export',
      resourceId: id,
      details: {
        format,
        fileName: row.fileName,
        payouts: payoutIds.length,
        rows: written.rows,
        totals,
        fileSha256: written.sha256,
        alreadyExported,
        ...(executionDate !== undefined && { executionDate }),
        ...(skipped !== undefined && { skipped: skipped.length }),
      },
    });
    return row;
  });
}

async function insertItems(
  tx: Writer,
  session: Session,
  id: string,
  payoutIds: readonly string[],
): Promise<void> {
  if (payoutIds.length === 0) return;
  await tx.run(sql`insert into payout_export_items (tenant_id, export_id, payout_id)
    select o.tenant_id, e.id, o.id from partner_payouts o
    join payout_exports e on e.tenant_id = o.tenant_id and e.id = ${id}
    where o.tenant_id = ${session.tenantId} and o.id in (${idsOf(tx.engine, payoutIds)})`);
}

/** The same with what each payout's order is. */
async function insertOrders(
  tx: Writer,
  session: Session,
  id: string,
  amounts: ReadonlyMap<string, number>,
): Promise<void> {
  const orders = JSON.stringify([...amounts].map(([payoutId, amount]) => ({ id: payoutId, amount })));
  const given =
    tx.engine === 'sqlite'
      ? sql`(select value ->> 'id' as id, value ->> 'amount' as amount from json_each(${orders}))`
      : sql`jsonb_to_recordset(cast(${orders} as jsonb))`;
  const named = tx.engine === 'sqlite' ? sql`as g` : sql`as g(id uuid, amount bigint)`;
  await tx.run(sql`insert into payout_export_items (tenant_id, export_id, payout_id, amount)
    select o.tenant_id, e.id, o.id, g.amount from ${given} ${named}
    join partner_payouts o on o.tenant_id = ${session.tenantId} and o.id = g.id
    join payout_exports e on e.tenant_id = o.tenant_id and e.id = ${id}`);
}

/** How many of these payouts an earlier export held; for a payment file, how many an earlier payment file did. */
export async function countExportedBefore(
  reader: Reader,
  session: Session,
  payoutIds: readonly string[],
  format: ExportFormat,
): Promise<number> {
  const row = await reader.get<{ n: number }>(sql`select count(*) as n from partner_payouts o
    where o.tenant_id = ${session.tenantId} and o.id in (${idsOf(reader.engine, payoutIds)})
      and exists (select 1 from payout_export_items i where i.tenant_id = o.tenant_id and i.payout_id = o.id
        ${isPaymentFile(format) ? sql`and i.amount is not null` : sql``})`);
  return row?.n ?? 0;
}

/** Adds an amount to the total of its currency; `payouts` counts by `addPayout`. */
export function totalsOf(): {
  add: (currency: string, amount: number) => void;
  addPayout: (currency: string) => void;
  result: () => ExportTotal[];
} {
  const totals = new Map<string, ExportTotal>();
  const of = (currency: string): ExportTotal => {
    let total = totals.get(currency);
    if (total === undefined) totals.set(currency, (total = { currency, payouts: 0, amount: 0 }));
    return total;
  };
  return {
    add(currency, amount) {
      const total = of(currency);
      total.amount = addMinor(total.amount, amount);
    },
    addPayout(currency) {
      of(currency).payouts += 1;
    },
    result: () => [...totals.values()].toSorted((one, other) => (one.currency < other.currency ? -1 : 1)),
  };
}

/** `alreadyExported` is what its maker was told then; what was exported since doesn't change it. */
export function exportToWire(row: PayoutExportRow): ExportRecord {
  const { alreadyExported } = row.filter;
  if (typeof alreadyExported !== 'number')
    throw new Error(`The export ${row.id} does not say what it repeated.`);
  return {
    id: row.id,
    exportedBy: row.exportedBy,
    format: row.format,
    fileName: row.fileName,
    contentType: contentTypeOf(row.format),
    rowCount: row.rowCount,
    totals: row.totals,
    byteSize: row.byteSize,
    fileSha256: row.fileSha256,
    executionDate: row.executionDate,
    createdAt: row.createdAt,
    alreadyExported,
    skipped: row.skipped ?? [],
  };
}
