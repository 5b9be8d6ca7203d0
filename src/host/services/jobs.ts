import sql, { join } from 'sql-template-tag';
import { jobOrder } from '#contract/jobs.ts';
import { DomainError } from '#domain/errors.ts';
import { isAtRest, jobTransitions } from '#domain/jobs.ts';
import type { HostContext } from '../context.ts';
import { type JobRow, jobs, type Reader, type Writer } from '../database/index.ts';
import type { Session } from '../session.ts';
import { command } from './command.ts';
import { holdPartner } from './hold-partner.ts';
import { type Launch, readyJob, requireKind } from './jobs/kinds.ts';
import { leaseFrom } from './jobs/owner.ts';
import { insertJob } from './jobs/store.ts';
import { jobToWire, type WireJob } from './jobs/wire.ts';
import { requireOwn } from './own-partner.ts';
import { cutPage, decodeCursor } from './paging.ts';
import type { Input, Output, Service } from './service.ts';

/**
 * Long work as jobs (issue "Jobs"): import, generation, re-scoring, export, simulation. Whoever may make the kind's own call
 * may start one; all staff see them; one's own, or with `jobs.manage` anybody's, may be cancelled and resumed. Starting,
 * cancelling and resuming leave an activity; what a job does leaves those of its own commands.
 */
export function jobsService(host: HostContext): Service<'jobs'> {
  return {
    start: (session, input) => startJob(host, session, input),
    list: (session, input) => listJobs(host, session, input),
    get: async (session, { id }) => show(host, await readJob(host, session, id)),
    watch: async (session, { id }, { signal }) => {
      // Before the stream begins, where a refusal still is an answer of its own.
      await readJob(host, session, id);
      return watchJob(host, session, id, signal);
    },
    cancel: (session, input) => cancelJob(host, session, input),
    resume: (session, input) => resumeJob(host, session, input),
  };
}

function show(host: HostContext, row: JobRow): WireJob {
  return jobToWire(row, isAtRest(row.status) ? undefined : host.jobs.stateOf(row.id));
}

async function findJob(reader: Reader, id: string): Promise<JobRow> {
  const row = await reader.find(jobs, { id });
  if (row === undefined) throw new DomainError('NOT_FOUND', 'There is no such job.');
  return row;
}

function readJob(host: HostContext, session: Session, id: string): Promise<JobRow> {
  return host.database.read({ tenantId: session.tenantId }, (reader) => findJob(reader, id));
}

async function startJob(
  host: HostContext,
  session: Session,
  { commandId, ...order }: Input<'jobs', 'start'>,
): Promise<WireJob> {
  requireKind(session, order.kind);
  const ready = await readyJob(host, session, order, session);
  let made: JobRow | undefined;
  const job = await command(
    host,
    session,
    { name: 'jobs.start', input: { ...order, commandId } },
    async (work) => {
      made = await insertJob(work.tx, session, ready.spec, { owner: host.jobs.owner, now: work.now });
      work.record({
        action: 'job_started',
        resource: 'job',
        resourceId: made.id,
        partnerId: made.partnerId,
        details: { kind: made.kind, title: made.title },
      });
      return jobToWire(made);
    },
  );
  // A repeated command answers with the job it started the first time.
  if (made !== undefined) ready.launch(made);
  return show(host, await readJob(host, session, job.id));
}

async function listJobs(
  host: HostContext,
  session: Session,
  { kind, status, partnerId, mine, ...paging }: Input<'jobs', 'list'>,
): Promise<Output<'jobs', 'list'>> {
  const conditions = [
    sql`1 = 1`,
    ...(kind === undefined ? [] : [sql`kind = ${kind}`]),
    ...(status === undefined ? [] : [sql`status = ${status}`]),
    ...(partnerId === undefined ? [] : [sql`partner_id = ${partnerId}`]),
    ...(mine === true ? [sql`started_by = ${session.userId}`] : []),
  ];
  const wanted = join(conditions, ' and ');
  const key = paging.cursor === undefined ? undefined : decodeCursor(paging.cursor, ['instant', 'id']);
  const after = key === undefined ? sql`` : sql`and (created_at, id) < (${key[0]}, ${key[1]})`;
  return host.database.read({ tenantId: session.tenantId }, async (reader) => {
    const rows = await reader.list(
      jobs,
      sql`${wanted} ${after} order by created_at desc, id desc limit ${paging.limit + 1}`,
    );
    const page = cutPage(rows, paging.limit, (row) => [row.createdAt, row.id]);
    const counted = paging.total
      ? await reader.get<{ n: number }>(
          sql`select count(*) as n from jobs where tenant_id = ${session.tenantId} and ${wanted}`,
        )
      : undefined;
    return {
      items: page.items.map((row) => show(host, row)),
      nextCursor: page.nextCursor,
      ...(counted && { total: counted.n }),
    };
  });
}

/** The job as it is, then whenever it is different, and at last at rest. A slow watcher misses steps, never the last. */
async function* watchJob(
  host: HostContext,
  session: Session,
  id: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<WireJob, void, void> {
  let told = '';
  for (;;) {
    if (signal?.aborted === true) return;
    // Asked for before looking, so that no change falls between the two.
    const change = host.jobs.changed(id);
    const job = show(host, await readJob(host, session, id));
    const now = JSON.stringify(job);
    if (now !== told) {
      told = now;
      yield job;
    }
    if (isAtRest(job.status)) return;
    await change;
  }
}

/** Throws `FORBIDDEN` for somebody else's job, unless the caller manages them all. */
function requireMine(session: Session, row: JobRow): void {
  if (row.startedBy === session.userId || session.permissions.has('jobs.manage')) return;
  requireOwn(session, null, 'job');
  throw new DomainError('FORBIDDEN', 'This job was started by somebody else. Ask them, or an administrator.');
}

const rest: Record<string, string> = {
  completed: 'is completed',
  cancelled: 'was cancelled',
  failed: 'has failed',
  interrupted: 'was interrupted',
  queued: 'waits for its turn',
  running: 'is running',
};

async function cancelJob(
  host: HostContext,
  session: Session,
  input: Input<'jobs', 'cancel'>,
): Promise<WireJob> {
  const { id } = input;
  await command(host, session, { name: 'jobs.cancel', input }, async ({ tx, now, record }) => {
    const row = await lockJob(tx, session, id);
    requireMine(session, row);
    if (!jobTransitions[row.status].includes('cancelled')) {
      throw new DomainError(
        'INVALID_TRANSITION',
        `This job ${rest[row.status]}; there is nothing to cancel.`,
      );
    }
    if (row.cancelRequestedAt === null) {
      await tx.update(
        jobs,
        { id },
        { cancelRequestedBy: session.userId, cancelRequestedAt: now, updatedAt: now },
      );
    }
    record({
      action: 'job_cancelled',
      resource: 'job',
      resourceId: id,
      partnerId: row.partnerId,
      details: { kind: row.kind, title: row.title },
    });
    return { id };
  });
  host.jobs.cancel(id);
  return show(host, await readJob(host, session, id));
}

async function lockJob(tx: Writer, session: Session, id: string): Promise<JobRow> {
  const { partnerId } = await findJob(tx, id);
  await holdPartner(tx, session.tenantId, partnerId);
  const row = await tx.find(jobs, { id }, { lock: true });
  if (row === undefined) throw new DomainError('NOT_FOUND', 'There is no such job.');
  return row;
}

async function resumeJob(
  host: HostContext,
  session: Session,
  input: Input<'jobs', 'resume'>,
): Promise<WireJob> {
  const { id } = input;
  const found = await readJob(host, session, id);
  requireMine(session, found);
  const order = jobOrder.parse({ kind: found.kind, input: found.input });
  requireKind(session, order.kind);
  const refuse = (row: JobRow): void => {
    if (jobTransitions[row.status].includes('queued')) return;
    throw new DomainError(
      'INVALID_TRANSITION',
      `This job ${rest[row.status]}; only an interrupted one is resumed.`,
    );
  };
  let resumed: JobRow | undefined;
  let ready: Launch | undefined;
  if (input.commandId === undefined) refuse(found);
  if (found.status === 'interrupted') {
    ready = await readyJob(host, session, order, { tenantId: found.tenantId, userId: found.startedBy });
  }
  await command(host, session, { name: 'jobs.resume', input }, async ({ tx, now, record }) => {
    const row = await lockJob(tx, session, id);
    refuse(row);
    resumed = await tx.update(
      jobs,
      { id, version: row.version },
      {
        status: 'queued',
        owner: host.jobs.owner,
        leaseUntil: leaseFrom(now),
        failure: null,
        finishedAt: null,
        cancelRequestedBy: null,
        cancelRequestedAt: null,
        updatedAt: now,
      },
    );
    record({
      action: 'job_resumed',
      resource: 'job',
      resourceId: id,
      partnerId: row.partnerId,
      details: { kind: row.kind, title: row.title },
    });
    return { id };
  });
  if (resumed !== undefined) ready?.launch(resumed);
  return show(host, await readJob(host, session, id));
}
