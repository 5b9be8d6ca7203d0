import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { dayOf } from '#domain/calendar.ts';
import { DomainError } from '#domain/errors.ts';
import { HIGH_QUALITY_SCORE } from '#domain/quality-score.ts';
import type { HostContext } from '../../context.ts';
import { type LeadImportRow, leadImports, partners } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command, type Work } from '../command.ts';
import { holdPartner } from '../hold-partner.ts';
import { notify } from '../notifications/notify.ts';
import type { Output } from '../service.ts';
import { findSameFile, type ImportPlan, mappingRecord } from './plan.ts';
import type { RejectedRow } from './rows.ts';

/** The record of an import: opened before its first row, gone on with after an interruption, and closed once. */

export type ImportResult = Output<'imports', 'upload'>;
export type ImportEnd = 'completed' | 'cancelled' | 'failed' | 'interrupted';

/** How far an import is. `shown` are the rejected rows of its answer, those of an earlier run left out. */
export interface Tally {
  rowsRead: number;
  accepted: number;
  rejected: number;
  duplicates: number;
  highQuality: number;
  shown: RejectedRow[];
}

export const emptyTally = (): Tally => ({
  rowsRead: 0,
  accepted: 0,
  rejected: 0,
  duplicates: 0,
  highQuality: 0,
  shown: [],
});

/** The record that a job opened before it was interrupted, if it came so far. */
export async function findBegun(
  host: HostContext,
  session: Session,
  jobId: string,
): Promise<LeadImportRow | undefined> {
  return host.database.read({ tenantId: session.tenantId }, (reader) => reader.find(leadImports, { jobId }));
}

/** What an import had done before it was interrupted. */
export async function tallyOf(host: HostContext, session: Session, begun: LeadImportRow): Promise<Tally> {
  const { tenantId } = session;
  const row = await host.database.read({ tenantId }, (reader) =>
    reader.get<{ duplicates: number; high: number }>(sql`select count(duplicate_of) as duplicates,
        count(case when quality_score >= ${HIGH_QUALITY_SCORE} and linked_to is null then 1 end) as high
      from partner_leads where tenant_id = ${tenantId} and partner_id = ${begun.partnerId}
        and submitted_at >= ${begun.startedAt} and import_id = ${begun.id}`),
  );
  const { rowsRead, accepted, rejected } = begun;
  return {
    rowsRead,
    accepted,
    rejected,
    duplicates: row?.duplicates ?? 0,
    highQuality: row?.high ?? 0,
    shown: [],
  };
}

function recordOf(
  { record }: Work,
  row: { id: string; partnerId: string },
  action: string,
  details: Record<string, unknown>,
): void {
  record({ action, resource: 'import', resourceId: row.id, partnerId: row.partnerId, details });
}

/**
 * Opens the record of an import. Whoever else begins one for this partner waits here, so that of two stations that hand in the same
 * file at the same moment one is told.
 * @throws DomainError `DUPLICATE` for a file that was imported before, or is being imported, unless `again`.
 */
export function beginImport(
  host: HostContext,
  session: Session,
  plan: ImportPlan,
  { jobId, again }: { jobId: string; again: boolean },
): Promise<string> {
  return command(host, session, { name: 'imports.begin', input: {} }, async (work) => {
    const id = uuidv7();
    const { id: partnerId } = plan.partner;
    await work.tx.find(partners, { id: partnerId }, { lock: true });
    if (!again) await requireNewFile(work, session, plan);
    const file = {
      fileName: plan.upload.fileName,
      fileSha256: plan.sha256,
      mapping: mappingRecord(plan.mapping),
    };
    await work.tx.insert(leadImports, {
      ...file,
      id,
      partnerId,
      fileSize: plan.upload.size,
      status: 'running',
      rowsRead: 0,
      accepted: 0,
      rejected: 0,
      startedBy: session.userId,
      startedAt: work.now,
      jobId,
    });
    recordOf(work, { id, partnerId }, 'import_started', file);
    return id;
  });
}

/** Minutes without a sign of life after which an import that says it runs is taken for interrupted. */
const silentMinutes = 2;

/** Whether an import that says it runs gives no sign of life: its host died and never closed its record. */
export function isSilent(row: Pick<LeadImportRow, 'updatedAt'>, now: string): boolean {
  return Date.parse(now) - Date.parse(row.updatedAt) > silentMinutes * 60_000;
}

/** @throws DomainError `DUPLICATE`. */
async function requireNewFile({ tx, now }: Work, session: Session, plan: ImportPlan): Promise<void> {
  const refusal = (message: string) =>
    new DomainError('DUPLICATE', `${message} Say so if you mean to import it again.`, {
      fields: [{ path: 'file', message: 'Already imported.' }],
    });
  const earlier = await tx.list(
    leadImports,
    sql`partner_id = ${plan.partner.id} and file_sha256 = ${plan.sha256}
      and (accepted > 0 or status = 'running') order by started_at desc`,
  );
  const counted = earlier.find(({ accepted }) => accepted > 0);
  if (counted !== undefined) {
    const day = dayOf(counted.startedAt, session.tenant.timeZone);
    throw refusal(`This very file was imported on ${day} (${counted.accepted} leads).`);
  }
  if (earlier.some((row) => !isSilent(row, now))) {
    throw refusal('This very file is just being imported.');
  }
}

/** Opens the record of an interrupted import again; the id of the import. */
export function goOnWithImport(host: HostContext, session: Session, begun: LeadImportRow): Promise<string> {
  return command(host, session, { name: 'imports.goOn', input: {} }, async (work) => {
    const { id, rowsRead } = begun;
    // One that still says it runs could not be closed when its run ended; the job is this host's, and nobody else's.
    const status = begun.status === 'running' ? 'running' : 'interrupted';
    await holdPartner(work.tx, session.tenantId, begun.partnerId);
    const patch = { status: 'running', finishedAt: null, failure: null, updatedAt: work.now } as const;
    await work.tx.update(leadImports, { id, status, rowsRead }, patch);
    recordOf(work, begun, 'import_resumed', { rowsRead });
    return id;
  });
}

/** Closes the record of an import; one that another host has closed already stays as it is. */
export async function endImport(
  host: HostContext,
  session: Session,
  plan: ImportPlan,
  { importId, highQuality }: { importId: string; highQuality: number },
  status: ImportEnd,
  error?: unknown,
): Promise<void> {
  const failure = status === 'failed' && error instanceof DomainError ? error.message : null;
  try {
    await command(host, session, { name: 'imports.end', input: {} }, async (work) => {
      await holdPartner(work.tx, session.tenantId, plan.partner.id);
      const row = await work.tx.find(leadImports, { id: importId }, { lock: true });
      if (row === undefined) throw new Error('The import under way has no record.');
      if (row.status !== 'running') throw new ClosedElsewhere();
      const { rowsRead, accepted, rejected } = row;
      await work.tx.update(leadImports, { id: importId }, { status, failure, finishedAt: work.now });
      const { id: partnerId, organizationName: partnerName } = plan.partner;
      // Interrupted, it is not over: who resumes it is told of all of them at the end.
      if (highQuality > 0 && status !== 'interrupted') {
        await notify(work, session, {
          event: 'high_quality_leads_imported',
          resourceId: importId,
          partnerId,
          data: { leadCount: highQuality, partnerName, fileName: row.fileName },
        });
      }
      const of = { id: importId, partnerId };
      recordOf(work, of, `import_${status}`, { rowsRead, accepted, rejected, failure });
    });
  } catch (caught) {
    if (!(caught instanceof ClosedElsewhere)) throw caught;
  }
}

/** Thrown out of the transaction, so that nothing of it is kept. */
class ClosedElsewhere extends Error {}

export function resultOf(
  plan: ImportPlan,
  importId: string | null,
  cancelled: boolean,
  tally: Tally,
): ImportResult {
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

/** The result of an import that had ended, but whose host died before its job could say so. */
export async function resultOfBegun(
  host: HostContext,
  session: Session,
  begun: LeadImportRow,
  status: 'completed' | 'cancelled',
): Promise<ImportResult> {
  const { accepted, rejected, duplicates } = await tallyOf(host, session, begun);
  const counts = { accepted, rejected, duplicates };
  const others = await findSameFile(host, session, begun.partnerId, begun.fileSha256, begun.id);
  return {
    importId: begun.id,
    dryRun: false,
    status,
    ...counts,
    rows: [],
    mapping: begun.mapping,
    unmapped: [],
    sameFileAs: others,
  };
}
