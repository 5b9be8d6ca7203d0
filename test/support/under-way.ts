import { setImmediate } from 'node:timers/promises';
import type { HostContext } from '#host/context.ts';

/**
 * Until a job of this host has done something. It looks between two slices of the job: a watcher is told a tenth of a second later,
 * when a quick machine may be through with it.
 */
export async function underWay({ jobs }: Pick<HostContext, 'jobs'>, jobId: string): Promise<void> {
  for (;;) {
    const job = jobs.stateOf(jobId);
    if (job === undefined) throw new Error('The job is over, or not one of this host.');
    if ((job.progress?.done ?? 0) > 0) return;
    await setImmediate();
  }
}
