import sql, { empty, type Sql } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { afterCrash, type JobKind } from '#domain/jobs.ts';
import type { HostContext } from '../../context.ts';
import { ConstraintError, type JobRow, jobs, type Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { settleImport } from '../imports/settle.ts';
import { isDead, leaseFrom } from './owner.ts';
import type { JobEnd, JobProgress, JobSpec } from './types.ts';

/** The rows of jobs. What a host writes to one holds only while the job is its own: a host taken for dead writes nothing. */

type Store = Pick<HostContext, 'database' | 'now' | 'log'>;

/** Enters a job that is to wait for its turn on this host. */
export async function insertJob(
  tx: Writer,
  session: Session,
  spec: JobSpec,
  of: { owner: string; now: string },
): Promise<JobRow> {
  const row: JobRow = {
    ...spec,
    id: uuidv7(),
    tenantId: session.tenantId,
    status: 'queued',
    done: 0,
    total: null,
    unit: null,
    checkpoint: null,
    result: null,
    failure: null,
    startedBy: session.userId,
    runs: 0,
    startedAt: null,
    finishedAt: null,
    owner: of.owner,
    leaseUntil: leaseFrom(of.now),
    cancelRequestedBy: null,
    cancelRequestedAt: null,
    version: 1,
    createdAt: of.now,
    updatedAt: of.now,
  };
  await tx.insert(jobs, row);
  return row;
}

/**
 * Begins a job whose turn it is on this host. `blocked`: another host runs a writing job of the tenant. `lost`: it is not
 * this host's any more.
 */
export async function beginJob(store: Store, row: JobRow): Promise<'begun' | 'blocked' | 'lost'> {
  const now = store.now();
  try {
    const { changes } = await store.database.write({ tenantId: row.tenantId }, (tx) =>
      tx.run(sql`update jobs set status = 'running', runs = runs + 1, started_at = coalesce(started_at, ${now}),
          lease_until = ${leaseFrom(now)}, updated_at = ${now}, version = version + 1
        where tenant_id = ${row.tenantId} and id = ${row.id} and owner = ${row.owner} and status = 'queued'`),
    );
    return changes === 1 ? 'begun' : 'lost';
  } catch (error) {
    if (error instanceof ConstraintError && error.constraint === 'ux_jobs_writing') return 'blocked';
    throw error;
  }
}

function progressColumns(progress: JobProgress | null): Sql {
  const { done, total, unit, checkpoint } = progress ?? { done: 0, total: null, unit: null };
  const kept = checkpoint === undefined ? empty : sql`, checkpoint = ${JSON.stringify(checkpoint)}`;
  return sql`done = ${done}, total = ${total}, unit = ${unit}${kept}`;
}

/** Tells how far jobs of this host are and that it is alive; answers which of them it has lost, or shall cancel. */
export async function renewJobs(
  store: Store,
  owner: string,
  renewals: readonly { row: JobRow; progress: JobProgress | null }[],
): Promise<Map<string, 'ours' | 'lost' | 'cancel'>> {
  const now = store.now();
  return store.database.write('system', async (tx) => {
    const told = new Map<string, 'ours' | 'lost' | 'cancel'>();
    for (const { row, progress } of renewals) {
      const found = await tx.get<{ cancel_requested_at: string | null }>(sql`update jobs
        set ${progressColumns(progress)},
          lease_until = ${leaseFrom(now)}, updated_at = ${now}
        where tenant_id = ${row.tenantId} and id = ${row.id} and owner = ${owner} and status in ('queued', 'running')
        returning cancel_requested_at`);
      told.set(row.id, found === undefined ? 'lost' : found.cancel_requested_at === null ? 'ours' : 'cancel');
    }
    return told;
  });
}

/** Ends a job of this host; false where it was taken from it in the meantime. */
export async function endJob(
  store: Store,
  row: JobRow,
  end: JobEnd,
  progress: JobProgress | null,
): Promise<boolean> {
  const now = store.now();
  const { changes } = await store.database.write({ tenantId: row.tenantId }, (tx) =>
    tx.run(sql`update jobs set status = ${end.status}, result = ${end.result === null ? null : JSON.stringify(end.result)},
        failure = ${end.failure}, finished_at = ${now}, updated_at = ${now}, version = version + 1,
        ${progressColumns(progress)}
      where tenant_id = ${row.tenantId} and id = ${row.id} and owner = ${row.owner} and status in ('queued', 'running')`),
  );
  return changes === 1;
}

/** Takes back the row of a call that was refused. */
export async function forgetJob(store: Store, row: JobRow): Promise<boolean> {
  const { changes } = await store.database.write({ tenantId: row.tenantId }, (tx) =>
    tx.run(
      sql`delete from jobs where tenant_id = ${row.tenantId} and id = ${row.id} and owner = ${row.owner}`,
    ),
  );
  return changes === 1;
}

interface LiveJob {
  id: string;
  tenant_id: string;
  kind: JobKind;
  partner_id: string | null;
  owner: string;
  lease_until: string;
}

/**
 * Settles the jobs of hosts that died under them, in every organization: interrupted, to be resumed, or failed where there is nothing
 * to resume. Of several hosts that look at once, one settles each. `mine` are the jobs this host still has.
 */
export async function settleDeadJobs(
  store: Store,
  owner: string,
  mine: ReadonlySet<string>,
): Promise<LiveJob[]> {
  const { engine } = store.database;
  const live = await store.database.read('system', (reader) =>
    reader.all<LiveJob>(sql`select id, tenant_id, kind, partner_id, owner, lease_until from jobs
      where status in ('queued', 'running') order by lease_until`),
  );
  const settled: LiveJob[] = [];
  for (const job of live) {
    const now = store.now();
    const isLost = job.owner === owner ? !mine.has(job.id) : isDead(engine, job.owner, job.lease_until, now);
    if (isLost && (await settle(store, job, now))) settled.push(job);
  }
  return settled;
}

const diedUnder = {
  resumes: 'The program was stopped while this ran. What is done is kept; resume the job to go on.',
  fails: 'The program was stopped while this ran. Nothing was changed; start it again.',
} as const;

function settle(store: Store, job: LiveJob, now: string): Promise<boolean> {
  const after = afterCrash[job.kind];
  const status = after === 'resumes' ? 'interrupted' : 'failed';
  return store.database.write({ tenantId: job.tenant_id }, async (tx) => {
    const { changes } = await tx.run(sql`update jobs set status = ${status}, failure = ${diedUnder[after]},
        finished_at = ${now}, updated_at = ${now}, version = version + 1
      where tenant_id = ${job.tenant_id} and id = ${job.id} and owner = ${job.owner}
        and lease_until = ${job.lease_until} and status in ('queued', 'running')`);
    if (changes !== 1) return false;
    if (job.kind === 'lead_import') await settleImport(tx, job.tenant_id, job.id, now);
    return true;
  });
}
