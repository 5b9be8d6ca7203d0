import sql, { empty, type Sql } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { afterCrash, type JobKind } from '#domain/jobs.ts';
import type { HostContext } from '../../context.ts';
import {
  asJson,
  ConstraintError,
  type Database,
  type JobRow,
  jobs,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { settleImport } from '../imports/settle.ts';
import { tellOfGivenUpRun } from '../payouts/given-up-run.ts';
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
      sql`delete from jobs where tenant_id = ${row.tenantId} and id = ${row.id} and owner = ${row.owner}
        and status in ('queued', 'running')`,
    ),
  );
  return changes === 1;
}

/** The uploads that jobs still work on, or may be resumed with. */
export async function uploadsOfJobs(database: Database): Promise<Set<string>> {
  const rows = await database.read('system', (reader) =>
    reader.all<{ input: unknown }>(sql`select input from jobs
      where kind = 'lead_import' and status in ('queued', 'running', 'interrupted')`),
  );
  return new Set(rows.map(({ input }) => String(asJson<{ uploadId?: string }>(input).uploadId)));
}

interface LiveJob {
  id: string;
  tenant_id: string;
  kind: JobKind;
  partner_id: string | null;
  owner: string;
  lease_until: string;
  cancel_requested_at: string | null;
}

/**
 * Settles the jobs of hosts that died under them, in every organization: interrupted, to be resumed, or failed where there is nothing
 * to resume, or cancelled where somebody had asked for that. Of several hosts that look at once, one settles each. `isMine` tells the
 * jobs that this host still has.
 */
export async function settleDeadJobs(
  store: Store,
  owner: string,
  isMine: (jobId: string) => boolean,
): Promise<LiveJob[]> {
  const { engine } = store.database;
  const live = await store.database.read('system', (reader) =>
    reader.all<LiveJob>(sql`select id, tenant_id, kind, partner_id, owner, lease_until, cancel_requested_at from jobs
      where status in ('queued', 'running') order by lease_until`),
  );
  const settled: LiveJob[] = [];
  for (const job of live) {
    const now = store.now();
    // One of this host's own may be committed and not yet taken up: only when its lease has lapsed, nobody will.
    const isLost =
      job.owner === owner
        ? !isMine(job.id) && job.lease_until <= now
        : isDead(engine, job.owner, job.lease_until, now);
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
  const isCancelled = job.cancel_requested_at !== null;
  const status = isCancelled ? 'cancelled' : after === 'resumes' ? 'interrupted' : 'failed';
  const failure = isCancelled ? null : diedUnder[after];
  return store.database.write({ tenantId: job.tenant_id }, async (tx) => {
    const { changes } = await tx.run(sql`update jobs set status = ${status}, failure = ${failure},
        finished_at = ${now}, updated_at = ${now}, version = version + 1
      where tenant_id = ${job.tenant_id} and id = ${job.id} and owner = ${job.owner}
        and lease_until = ${job.lease_until} and status in ('queued', 'running')
        and cancel_requested_at is ${isCancelled ? sql`not null` : sql`null`}`);
    if (changes !== 1) return false;
    if (job.kind === 'lead_import') {
      await settleImport(tx, job, now, { from: 'running', to: isCancelled ? 'cancelled' : 'interrupted' });
    }
    if (job.kind === 'payout_generation' && isCancelled) {
      const nobody = { tenantId: job.tenant_id, userId: null };
      await tellOfGivenUpRun({ tx, now, changed: () => undefined }, nobody, job.id);
    }
    return true;
  });
}
