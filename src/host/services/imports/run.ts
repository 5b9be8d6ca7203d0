import { setImmediate } from 'node:timers/promises';
import sql from 'sql-template-tag';
import { countryNames } from '#domain/countries.ts';
import { DomainError } from '#domain/errors.ts';
import { isHighQuality } from '#domain/quality-score.ts';
import type { HostContext } from '../../context.ts';
import type { ManualMapping } from '../../csv/columns.ts';
import { type CsvRow, MAX_BATCH_ROWS, openCsv } from '../../csv/read.ts';
import { type Engine, leadImportErrors } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { type SliceSizer, sliceSizer } from '../../slices.ts';
import type { UploadOwner } from '../../uploads.ts';
import { command } from '../command.ts';
import { holdPartner } from '../hold-partner.ts';
import { JobInterrupted } from '../jobs/stopping.ts';
import { assessLeads, type IntakeOutcome, insertLeads, listSources, openIntake } from '../lead-intake.ts';
import { type ImportPlan, planImport } from './plan.ts';
import {
  beginImport,
  emptyTally,
  endImport,
  findBegun,
  goOnWithImport,
  type ImportEnd,
  type ImportResult,
  resultOf,
  resultOfBegun,
  type Tally,
  tallyOf,
} from './record.ts';
import { type RejectedRow, type RowReader, refusedRows, sortRows } from './rows.ts';

export interface ImportInput {
  partnerId: string;
  uploadId: string;
  dryRun: boolean;
  again: boolean;
  mapping?: ManualMapping | undefined;
}

export interface ImportProgress {
  importId: string | null;
  bytesRead: number;
  bytesTotal: number;
  rowsRead: number;
  accepted: number;
  rejected: number;
}

/** The job an import runs as, and whose the file is. */
interface ImportRun {
  jobId: string;
  uploader: UploadOwner;
  signal: AbortSignal;
}

/** Rejected rows that an answer holds; all of them are in the list of rejected rows. */
const shownRows = 1000;
/** Rows of one transaction: as many as fit into a slice, within these. */
const [fewestRows, mostRows] = [5, MAX_BATCH_ROWS];
const rowsOnServer = 250;

/**
 * Imports leads from an upload, telling progress as it goes. Rows come in by slices, each its own command: when it is cancelled
 * (`signal`) or the machine stops, every slice is in whole or not at all, and the record of the import says how many rows are; a job
 * that goes on finds its record and continues after them, so that no row comes in twice.
 * A dry run goes the same way and writes nothing. Throws the refusals of `planImport`, and `DUPLICATE` for a file that was imported
 * before, unless `again`.
 */
export async function* runImport(
  host: HostContext,
  session: Session,
  input: ImportInput,
  run: ImportRun,
): AsyncGenerator<ImportProgress, ImportResult, void> {
  const begun = input.dryRun ? undefined : await findBegun(host, session, run.jobId);
  if (begun?.status === 'completed' || begun?.status === 'cancelled') {
    return resultOfBegun(host, session, begun, begun.status);
  }
  const plan = await planImport(host, session, input, run.uploader, run.signal);
  const tally = begun === undefined ? emptyTally() : await tallyOf(host, session, begun);
  const importId = input.dryRun
    ? null
    : begun === undefined
      ? await beginImport(host, session, plan, { jobId: run.jobId, again: input.again })
      : await goOnWithImport(host, session, begun);
  const take =
    importId === null ? await dryTaker(host, session, plan) : writingTaker(host, session, plan, importId);
  const reader: RowReader = {
    session,
    partner: plan.partner,
    mapping: plan.mapping,
    sources: await host.database.read({ tenantId: session.tenantId }, (rows) =>
      listSources(rows, plan.partner.id),
    ),
  };
  const sizer = rowsPerSlice(host.database.engine);

  // Else the first rows would wait for them within their own slice.
  countryNames();
  await setImmediate();

  // What ends the import when nothing else does: a caller who walks away ends this generator at its `yield`.
  let end: ImportEnd = 'cancelled';
  let failure: unknown;
  try {
    const file = await openCsv(plan.upload.path);
    for await (const rows of slicesAfter(file.rows(), tally.rowsRead, sizer)) {
      if (run.signal.aborted) break;
      await sizer.measure(rows.length, () => takeSlice(rows, reader, take, tally));
      yield {
        importId,
        bytesRead: file.bytesRead(),
        bytesTotal: file.bytesTotal ?? plan.upload.size,
        rowsRead: tally.rowsRead,
        accepted: tally.accepted,
        rejected: tally.rejected,
      };
    }
    const { reason } = run.signal;
    if (reason instanceof JobInterrupted) throw reason;
    end = run.signal.aborted ? 'cancelled' : 'completed';
  } catch (error) {
    // A fault of ours is no end: the job is resumed from here.
    end = error instanceof DomainError && !(error instanceof JobInterrupted) ? 'failed' : 'interrupted';
    failure = error;
    throw error;
  } finally {
    if (importId !== null) {
      const { highQuality } = tally;
      await endImport(host, session, plan, { importId, highQuality }, end, failure);
    }
  }
  return resultOf(plan, importId, end === 'cancelled', tally);
}

/** Only on SQLite does the database keep the process to itself; on PostgreSQL it is reading the rows that takes its time. */
function rowsPerSlice(engine: Engine): SliceSizer {
  return engine === 'sqlite' ? sliceSizer(fewestRows, mostRows) : sliceSizer(rowsOnServer, rowsOnServer);
}

/** The rows beyond the first `skip`, in slices as the sizer finds them short enough at the time. */
async function* slicesAfter(
  batches: AsyncIterable<CsvRow[]>,
  skip: number,
  sizer: SliceSizer,
): AsyncGenerator<CsvRow[]> {
  let left = skip;
  for await (const batch of batches) {
    // Reading it was a slice by itself.
    await setImmediate();
    const skipped = Math.min(left, batch.length);
    left -= skipped;
    for (let at = skipped; at < batch.length; ) {
      const slice = batch.slice(at, at + sizer.size());
      at += slice.length;
      yield slice;
    }
  }
}

type Taker = (batch: {
  fit: ReturnType<typeof sortRows>['fit'];
  rejected: RejectedRow[];
  rowsBefore: number;
  rowsRead: number;
}) => Promise<IntakeOutcome[]>;

async function takeSlice(
  rows: readonly CsvRow[],
  reader: RowReader,
  take: Taker,
  tally: Tally,
): Promise<void> {
  const { fit, rejected } = sortRows(rows, reader);
  const outcomes = await take({ fit, rejected, rowsBefore: tally.rowsRead, rowsRead: rows.length });
  const refused = refusedRows(fit, outcomes, reader.mapping);
  tally.rowsRead += rows.length;
  tally.accepted += fit.length - refused.length;
  tally.rejected += rejected.length + refused.length;
  for (const outcome of outcomes) {
    if (!outcome.accepted) continue;
    if (outcome.duplicateOf !== null) tally.duplicates += 1;
    // One recorded under another is not reviewed.
    if (isHighQuality(outcome.row.qualityScore) && outcome.row.linkedTo === null) tally.highQuality += 1;
  }
  const room = shownRows - tally.shown.length;
  if (room > 0) {
    const all = [...rejected, ...refused].toSorted((left, right) => left.row.row - right.row.row);
    tally.shown.push(...all.slice(0, room));
  }
}

/** Says what would happen, batch after batch, and writes nothing. */
async function dryTaker(host: HostContext, session: Session, plan: ImportPlan): Promise<Taker> {
  const now = host.now();
  const scope = { tenantId: session.tenantId };
  const state = await host.database.read(scope, (reader) => openIntake(reader, session, plan.partner, now));
  return ({ fit }) =>
    host.database.read(scope, (reader) =>
      assessLeads(
        reader,
        session,
        plan.partner,
        fit.map((row) => row.prepared),
        { state, now },
      ),
    );
}

function writingTaker(host: HostContext, session: Session, plan: ImportPlan, importId: string): Taker {
  return ({ fit, rejected, rowsBefore, rowsRead }) =>
    command(host, session, { name: 'imports.batch', input: {} }, async (work) => {
      if (fit.length === 0) await holdPartner(work.tx, session.tenantId, plan.partner.id);
      const outcomes =
        fit.length === 0
          ? []
          : await insertLeads(
              work,
              session,
              plan.partner,
              fit.map((row) => row.prepared),
              { importId },
            );
      const refused = refusedRows(fit, outcomes, plan.mapping);
      const accepted = fit.length - refused.length;
      const errors = [...rejected, ...refused].flatMap(({ row, errors: reasons }) =>
        reasons.map((reason, seq) => ({
          tenantId: session.tenantId,
          importId,
          row: row.row,
          seq,
          columnName: reason.column,
          value: reason.value,
          reason: reason.reason,
        })),
      );
      if (errors.length > 0) await work.tx.insertMany(leadImportErrors, errors);
      const { changes } = await work.tx.run(sql`update lead_imports
        set rows_read = rows_read + ${rowsRead}, accepted = accepted + ${accepted},
          rejected = rejected + ${rejected.length + refused.length}, updated_at = ${work.now}, version = version + 1
        where tenant_id = ${session.tenantId} and id = ${importId} and status = 'running' and rows_read = ${rowsBefore}`);
      // This host was taken for dead, and the import closed or gone on with elsewhere: these rows must not come in twice.
      if (changes !== 1) throw new JobInterrupted('Another host took this import over.');
      work.record({
        action: 'leads_imported',
        resource: 'import',
        resourceId: importId,
        partnerId: plan.partner.id,
        details: { rowsRead, accepted, rejected: rejected.length + refused.length },
      });
      return outcomes;
    });
}
