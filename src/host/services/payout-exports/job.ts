import type { ExportFormat } from '#domain/vocabulary.ts';
import type { HostContext } from '../../context.ts';
import type { Session } from '../../session.ts';
import { inForeground, type ReadyJob, resultInForeground } from '../jobs/foreground.ts';
import type { JobProgress } from '../jobs/types.ts';
import { createExport } from './create.ts';
import type { ExportRecord } from './record.ts';
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
 * An export as a job: its file is complete or absent, so one that was interrupted simply starts anew. Throws `VALIDATION` for
 * a period that is none, and `NOT_FOUND` where nothing is selected.
 */
export async function exportJob(
  host: HostContext,
  session: Session,
  input: ExportInput,
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
      run: ({ signal }) => exporting(host, session, input, signal),
      progressOf: (progress) => progress,
      resultOf: (made) => ({ status: 'completed', result: { export: made } }),
    },
  };
}

async function* exporting(
  host: HostContext,
  session: Session,
  input: ExportInput,
  signal: AbortSignal,
): AsyncGenerator<JobProgress, ExportRecord, void> {
  const made = await createExport(host, session, input, signal);
  yield { done: made.rowCount, total: made.rowCount, unit: 'rows' };
  return made;
}

/** An export within the call that asks for it. Throws what `createExport` throws. */
export async function exportNow(
  host: HostContext,
  session: Session,
  input: ExportInput,
  signal: AbortSignal | undefined,
): Promise<ExportRecord> {
  const job = await exportJob(host, session, input);
  return resultInForeground(inForeground(host, session, job, signal));
}
