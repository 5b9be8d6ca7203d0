import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { DomainError } from '#domain/errors.ts';
import { isHighQuality } from '#domain/quality-score.ts';
import type { HostContext } from '../../context.ts';
import { type ManualMapping } from '../../csv/columns.ts';
import { type CsvRow, openCsv } from '../../csv/read.ts';
import { leadImportErrors, leadImports } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command } from '../command.ts';
import { assessLeads, type IntakeOutcome, insertLeads, listSources, openIntake } from '../lead-intake.ts';
import { notify } from '../notifications/notify.ts';
import type { Output } from '../service.ts';
import { type ImportPlan, mappingRecord, planImport } from './plan.ts';
import { type RejectedRow, type RowReader, refusedRows, sortRows } from './rows.ts';

export interface ImportInput {
  partnerId: string;
  uploadId: string;
  dryRun: boolean;
  again: boolean;
  mapping?: ManualMapping | undefined;
}

export type ImportResult = Output<'imports', 'upload'>;
export type ImportEvent =
  | {
      type: 'progress';
      importId: string | null;
      bytesRead: number;
      bytesTotal: number;
      rowsRead: number;
      accepted: number;
      rejected: number;
    }
  | { type: 'result'; result: ImportResult };

/** Rejected rows that an answer holds; all of them are in the list of rejected rows. */
const shownRows = 1000;

interface Tally {
  rowsRead: number;
  accepted: number;
  rejected: number;
  duplicates: number;
  /** Of those accepted; reviewers are told once, at the end. */
  highQuality: number;
  shown: RejectedRow[];
}

/**
 * Imports leads from an upload, telling progress as it goes. Rows come in by batches, each its own command: when it is cancelled
 * (`signal`) or the machine stops, every batch is in whole or not at all, and the record of the import says how many rows are.
 * A dry run goes the same way and writes nothing. Throws the refusals of `planImport`, and `DUPLICATE` for a file that was imported
 * before, unless `again`.
 */
export async function* runImport(
  host: HostContext,
  session: Session,
  input: ImportInput,
  signal: AbortSignal | undefined,
): AsyncGenerator<ImportEvent, void, void> {
  const plan = await planImport(host, session, input, signal);
  if (plan.sameFileAs !== null && !input.again && !input.dryRun) {
    throw new DomainError(
      'DUPLICATE',
      `This very file was imported on ${plan.sameFileAs.startedAt.slice(0, 10)} (${plan.sameFileAs.accepted} leads). Say so if you mean to import it again.`,
      { fields: [{ path: 'file', message: 'Already imported.' }] },
    );
  }
  const tally: Tally = { rowsRead: 0, accepted: 0, rejected: 0, duplicates: 0, highQuality: 0, shown: [] };
  const importId = input.dryRun ? null : await beginImport(host, session, plan);
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

  // What ends the import when nothing else does: a caller who walks away ends this generator at its `yield`.
  let end: 'completed' | 'cancelled' | 'failed' = 'cancelled';
  let failure: unknown;
  try {
    const file = await openCsv(plan.upload.path);
    let stopped = false;
    for await (const rows of file.rows()) {
      stopped = signal?.aborted === true;
      if (stopped) break;
      await takeBatch(rows, reader, take, tally);
      yield {
        type: 'progress',
        importId,
        bytesRead: file.bytesRead(),
        bytesTotal: file.bytesTotal ?? plan.upload.size,
        rowsRead: tally.rowsRead,
        accepted: tally.accepted,
        rejected: tally.rejected,
      };
    }
    end = stopped ? 'cancelled' : 'completed';
  } catch (error) {
    end = 'failed';
    failure = error;
    throw error;
  } finally {
    if (importId !== null)
      await endImport(host, session, plan, { importId, highQuality: tally.highQuality }, end, failure);
  }
  if (importId !== null) await host.uploads.discard(session, input.uploadId);
  yield { type: 'result', result: resultOf(plan, importId, end === 'cancelled', tally) };
}

type Taker = (batch: {
  fit: ReturnType<typeof sortRows>['fit'];
  rejected: RejectedRow[];
  rowsRead: number;
}) => Promise<IntakeOutcome[]>;

async function takeBatch(
  rows: readonly CsvRow[],
  reader: RowReader,
  take: Taker,
  tally: Tally,
): Promise<void> {
  const { fit, rejected } = sortRows(rows, reader);
  const outcomes = await take({ fit, rejected, rowsRead: rows.length });
  const refused = refusedRows(fit, outcomes, reader.mapping);
  tally.rowsRead += rows.length;
  tally.accepted += fit.length - refused.length;
  tally.rejected += rejected.length + refused.length;
  for (const outcome of outcomes) {
    if (!outcome.accepted) continue;
    if (outcome.duplicateOf !== null) tally.duplicates += 1;
    if (isHighQuality(outcome.row.qualityScore)) tally.highQuality += 1;
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
  return ({ fit, rejected, rowsRead }) =>
    command(host, session, { name: 'imports.batch', input: {} }, async (work) => {
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
      await work.tx.run(sql`update lead_imports
        set rows_read = rows_read + ${rowsRead}, accepted = accepted + ${accepted},
          rejected = rejected + ${rejected.length + refused.length}, updated_at = ${work.now}, version = version + 1
        where tenant_id = ${session.tenantId} and id = ${importId}`);
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

function beginImport(host: HostContext, session: Session, plan: ImportPlan): Promise<string> {
  return command(host, session, { name: 'imports.begin', input: {} }, async ({ tx, now, record }) => {
    const importId = uuidv7();
    await tx.insert(leadImports, {
      id: importId,
      partnerId: plan.partner.id,
      fileName: plan.upload.fileName,
      fileSha256: plan.sha256,
      fileSize: plan.upload.size,
      status: 'running',
      mapping: mappingRecord(plan.mapping),
      rowsRead: 0,
      accepted: 0,
      rejected: 0,
      startedBy: session.userId,
      startedAt: now,
    });
    record({
      action: 'import_started',
      resource: 'import',
      resourceId: importId,
      partnerId: plan.partner.id,
      details: {
        fileName: plan.upload.fileName,
        fileSha256: plan.sha256,
        mapping: mappingRecord(plan.mapping),
      },
    });
    return importId;
  });
}

/** Closes the record of an import. */
async function endImport(
  host: HostContext,
  session: Session,
  plan: ImportPlan,
  { importId, highQuality }: { importId: string; highQuality: number },
  status: 'completed' | 'cancelled' | 'failed',
  error?: unknown,
): Promise<void> {
  const failure =
    error === undefined
      ? null
      : error instanceof DomainError
        ? error.message
        : 'Something went wrong on our side.';
  await command(host, session, { name: 'imports.end', input: {} }, async (work) => {
    const { tx, now, record } = work;
    const row = await tx.find(leadImports, { id: importId }, { lock: true });
    if (row === undefined) throw new Error('The import under way has no record.');
    await tx.update(leadImports, { id: importId, status: 'running' }, { status, failure, finishedAt: now });
    if (highQuality > 0) {
      const { id: partnerId, organizationName: partnerName } = plan.partner;
      await notify(work, session, {
        event: 'high_quality_leads_imported',
        resourceId: importId,
        partnerId,
        data: { leadCount: highQuality, partnerName, fileName: row.fileName },
      });
    }
    record({
      action: `import_${status}`,
      resource: 'import',
      resourceId: importId,
      partnerId: plan.partner.id,
      details: { rowsRead: row.rowsRead, accepted: row.accepted, rejected: row.rejected, failure },
    });
  });
}

function resultOf(plan: ImportPlan, importId: string | null, cancelled: boolean, tally: Tally): ImportResult {
  const { mapping, sameFileAs } = plan;
  return {
    importId,
    dryRun: importId === null,
    status: cancelled ? 'cancelled' : 'completed',
    accepted: tally.accepted,
    rejected: tally.rejected,
    duplicates: tally.duplicates,
    rows: tally.shown.map(({ row, errors }) => ({
      row: row.row,
      fields: Object.fromEntries(mapping.header.map((name, column) => [name, row.cells[column] ?? ''])),
      errors,
    })),
    mapping: mappingRecord(mapping),
    unmapped: [...mapping.unmapped],
    sameFileAs,
  };
}
