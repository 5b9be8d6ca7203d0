import sql from 'sql-template-tag';
import { jobs } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { notify } from '../notifications/notify.ts';
import { madeUnder, runAwaiting } from './generation-run.ts';

/**
 * A run over all partners that nobody goes on with: what it made before it was interrupted waits for approval all the same, and of
 * an interrupted run nobody was told yet.
 */
export async function tellOfGivenUpRun(
  work: Pick<Work, 'tx' | 'now' | 'changed'>,
  session: Pick<Session, 'tenantId'> & { userId: string | null },
  jobId: string,
): Promise<void> {
  const { tx } = work;
  const job = await tx.find(jobs, { id: jobId });
  const { periodStart, periodEnd } = job?.input ?? {};
  if (typeof periodStart !== 'string' || typeof periodEnd !== 'string') return;
  const made = await tx.get<{ n: number }>(
    sql`select count(*) as n from commands where tenant_id = ${session.tenantId} and ${madeUnder(`job:${jobId}`)}`,
  );
  if (made === undefined || made.n === 0) return;
  await notify(work, session, runAwaiting(periodStart, periodEnd, made.n));
}
