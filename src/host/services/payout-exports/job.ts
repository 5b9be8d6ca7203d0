import type { ExportFormat } from '#domain/vocabulary.ts';
import type { HostContext } from '../../context.ts';
import { payoutExports } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { earlierAnswer } from '../command.ts';
import { inForeground, type ReadyJob, resultInForeground } from '../jobs/foreground.ts';
import type { JobProgress } from '../jobs/types.ts';
import { createExport } from './create.ts';
import { type ExportRecord, type ExportRun, exportCommand, exportToWire } from './record.ts';
import { checkFormat, type ExportInput, requireSelection } from './selection.ts';

const titles: Record<ExportFormat, string> = {
  csv_payouts: 'Export of payouts (CSV)',
  csv_lines: 'Export of payout lines (CSV)',
  pain001: 'SEPA payment file (pain.001)',
  nacha: 'ACH payment file (NACHA)',
  paypal: 'PayPal payment file',
  journal: 'Accounting journal (CSV)',
};

/**
 * An export as a job: its file is complete or absent, so one that was interrupted starts anew, and one that had recorded its file
 * by then answers with it. Throws `VALIDATION` for a period that is none, and `NOT_FOUND` where nothing is selected.
 */
export async function exportJob(
  host: HostContext,
  session: Session,
  input: ExportInput,
  commandId?: string,
): Promise<ReadyJob<JobProgress, ExportRecord>> {
  checkFormat(input);
  if (input.format !== 'journal') {
    await host.database.read({ tenantId: session.tenantId }, (reader) =>
      requireSelection(reader, session, input),
    );
  }
  return {
    spec: {
      kind: 'payout_export',
      title: titles[input.format],
      partnerId: null,
      input: { ...input },
      writes: false,
    },
    task: {
      run: ({ id, signal }) => exporting(host, session, input, { jobId: id, commandId, signal }),
      progressOf: (progress) => progress,
      resultOf: (made) => ({ status: 'completed', result: { export: made } }),
    },
  };
}

async function* exporting(
  host: HostContext,
  session: Session,
  input: ExportInput,
  run: ExportRun,
): AsyncGenerator<JobProgress, ExportRecord, void> {
  const before = await host.database.read({ tenantId: session.tenantId }, (reader) =>
    reader.find(payoutExports, { jobId: run.jobId }),
  );
  const made = before === undefined ? await createExport(host, session, input, run) : exportToWire(before);
  yield { done: made.rowCount, total: made.rowCount, unit: 'rows' };
  return made;
}

/**
 * An export within the call that asks for it; the same `commandId` once more answers with the file of the first time.
 * Throws what `createExport` throws, and `CONFLICT` for an id that meant something else.
 */
export async function exportNow(
  host: HostContext,
  session: Session,
  { commandId, ...input }: ExportInput & { commandId?: string | undefined },
  signal: AbortSignal | undefined,
): Promise<ExportRecord> {
  const earlier = await exportOfCommand(host, session, input, commandId);
  if (earlier !== undefined) return earlier;
  const job = await exportJob(host, session, input, commandId);
  return resultInForeground(inForeground(host, session, job, signal));
}

async function exportOfCommand(
  host: HostContext,
  session: Session,
  input: ExportInput,
  commandId: string | undefined,
): Promise<ExportRecord | undefined> {
  return host.database.read({ tenantId: session.tenantId }, async (reader) => {
    const stored = await earlierAnswer(reader, session, exportCommand(input, commandId));
    if (typeof stored !== 'object' || stored === null || !('id' in stored)) return undefined;
    const row = await reader.find(payoutExports, { id: String(stored.id) });
    return row && exportToWire(row);
  });
}
