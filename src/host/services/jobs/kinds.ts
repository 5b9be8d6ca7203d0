import type { JobOrder } from '#contract/jobs.ts';
import type { HostContext } from '../../context.ts';
import type { JobRow } from '../../database/index.ts';
import { refuseRole } from '../../permission.ts';
import type { Session } from '../../session.ts';
import type { UploadOwner } from '../../uploads.ts';
import { simulationJob } from '../credit-policies/simulation-job.ts';
import { importJob } from '../imports/job.ts';
import { rescoringJob } from '../leads/rescoring-job.ts';
import { exportJob } from '../payout-exports/job.ts';
import { generationJob } from '../payouts/generate-all.ts';
import type { ReadyJob } from './foreground.ts';
import { permissionOf, stillMay } from './rights.ts';
import type { JobSpec, RunningJob } from './types.ts';

/** A job of any kind that is ready to start. */
export interface Launch {
  spec: JobSpec;
  launch(row: JobRow): RunningJob<unknown, unknown>;
}

/** A job does nothing its starter may not do: it takes the permission of the call it is another face of. */
export function requireKind(session: Session, kind: JobOrder['kind']): void {
  if (session.partnerId === null && session.permissions.has(permissionOf(kind))) return;
  refuseRole();
}

/**
 * Checks what can be known before a job begins, and makes it ready. `starter` is who asked for it first: the file to import
 * is theirs. Throws the refusals of the kind's own call.
 */
export async function readyJob(
  host: HostContext,
  session: Session,
  order: JobOrder,
  starter: UploadOwner,
): Promise<Launch> {
  const launchable = <E, R>({ spec, task }: ReadyJob<E, R>): Launch => ({
    spec,
    launch: (row) => host.jobs.enqueue(row, task, { mayGoOn: stillMay(host, session, spec.kind) }),
  });
  if (order.kind === 'lead_import') {
    return launchable(await importJob(host, session, order.input, starter));
  }
  if (order.kind === 'payout_generation') {
    return launchable(generationJob(host, session, order.input, { remembers: true }));
  }
  if (order.kind === 'payout_export') {
    return launchable(await exportJob(host, session, order.input));
  }
  if (order.kind === 'lead_rescoring') {
    return launchable(await rescoringJob(host, session, order.input));
  }
  return launchable(await simulationJob(host, session, order.input));
}
