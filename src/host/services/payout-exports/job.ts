import type { HostContext } from '../../context.ts';
import type { Session } from '../../session.ts';
import type { ReadyJob } from '../jobs/foreground.ts';
import type { JobProgress } from '../jobs/types.ts';
import type { Input, Output } from '../service.ts';
import { createExport } from './create.ts';

type ExportInput = Input<'payoutExports', 'create'>;
type ExportRecord = Output<'payoutExports', 'create'>;

/** An export as a job: its file is complete or absent, so one that was interrupted simply starts anew. */
export async function exportJob(
  host: HostContext,
  session: Session,
  input: ExportInput,
): Promise<ReadyJob<JobProgress, ExportRecord>> {
  return {
    spec: {
      kind: 'payout_export',
      title: `Export (${input.format})`,
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
  yield { done: 0, total: null, unit: 'rows' };
  const made = await createExport(host, session, input, signal);
  yield { done: made.rowCount, total: made.rowCount, unit: 'rows' };
  return made;
}
