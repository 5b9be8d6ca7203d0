import sql, { join } from 'sql-template-tag';
import { type JobOrder, jobOrder } from '#contract/jobs.ts';
import { DomainError } from '#domain/errors.ts';
import { isAtRest, jobTransitions } from '#domain/jobs.ts';
import type { HostContext } from '../context.ts';
import { type JobHead, type JobRow, jobs, type Reader, type Table, type Writer } from '../database/index.ts';
import type { Session } from '../session.ts';
import { isStillSignedIn } from './changes.ts';
import { command } from './command.ts';
import { holdPartner } from './hold-partner.ts';
import { settleImport } from './imports/settle.ts';
import { type Launch, readyJob, requireKind } from './jobs/kinds.ts';
import { leaseFrom } from './jobs/owner.ts';
import { insertJob } from './jobs/store.ts';
import type { LiveState } from './jobs/types.ts';
import { headToWire, jobToWire, type WireJob } from './jobs/wire.ts';
import { requireOwn } from './own-partner.ts';
import { cutPage, decodeCursor } from './paging.ts';
import { tellOfGivenUpRun } from './payouts/given-up-run.ts';
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

const { input: _input, checkpoint: _checkpoint, result: _result, ...headColumns } = jobs.columns;
/** `jobs` read in part: what may be large is left out, for a page of it would keep everybody else waiting. */
const jobHeads: Table<JobHead> = { ...jobs, columns: headColumns };

/** What this host knows beyond the row: nothing of a job that has ended, or that another host has taken over. */
function liveStateOf(host: HostContext, row: JobHead): LiveState | undefined {
  return isAtRest(row.status) || row.owner !== host.jobs.owner ? undefined : host.jobs.stateOf(row.id);
}

function show(host: HostContext, row: JobRow): WireJob {
  return jobToWire(row, liveStateOf(host, row));
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
      jobHeads,
      sql`${wanted} ${after} order by created_at desc, id desc limit ${paging.limit + 1}`,
    );
    const page = cutPage(rows, paging.limit, (row) => [row.createdAt, row.id]);
    const counted = paging.total
      ? await reader.get<{ n: number }>(
          sql`select count(*) as n from jobs where tenant_id = ${session.tenantId} and ${wanted}`,
        )
      : undefined;
    return {
      items: page.items.map((row) => headToWire(row, liveStateOf(host, row))),
      nextCursor: page.nextCursor,
      ...(counted && { total: counted.n }),
    };
  });
}

/**
 * The job as it is, then whenever it is different, and at last at rest. A slow watcher misses steps, never the last. It ends when the
 * watcher leaves, is signed out or deactivated, and when the host closes.
 */
async function* watchJob(
  host: HostContext,
  session: Session,
  id: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<WireJob, void, void> {
  const ends = AbortSignal.any([host.changes.closed, ...(signal === undefined ? [] : [signal])]);
  let told = '';
  while (!ends.aborted) {
    // Asked for before looking, so that no change falls between the two.
    const change = host.jobs.changed(id, ends);
    const job = show(host, await readJob(host, session, id));
    const now = JSON.stringify(job);
    if (now !== told) {
      if (told !== '' && !(await isStillSignedIn(host, session))) return;
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
  let givenUp: JobRow | undefined;
  await command(host, session, { name: 'jobs.cancel', input }, async (work) => {
    const { tx, now, record } = work;
    const row = await lockJob(tx, session, id);
    requireMine(session, row);
    if (!jobTransitions[row.status].includes('cancelled')) {
      throw new DomainError(
        'INVALID_TRANSITION',
        `This job ${rest[row.status]}; there is nothing to cancel.`,
      );
    }
    if (row.cancelRequestedAt === null) {
      const asked = { cancelRequestedBy: session.userId, cancelRequestedAt: now, updatedAt: now };
      await tx.update(jobs, { id }, asked);
    }
    if (row.status === 'interrupted') {
      const over = { status: 'cancelled', failure: null, finishedAt: now, updatedAt: now } as const;
      givenUp = await tx.update(jobs, { id, status: row.status }, over);
      if (row.kind === 'lead_import') {
        const job = { tenant_id: session.tenantId, id };
        await settleImport(tx, job, now, { from: 'interrupted', to: 'cancelled' });
      }
      if (row.kind === 'payout_generation') await tellOfGivenUpRun(work, session, id);
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
  if (givenUp !== undefined) await discardFileOf(host, givenUp);
  return show(host, await readJob(host, session, id));
}

/** Nobody needs the file of an import that was given up; one that is gone already is no matter. */
async function discardFileOf(host: HostContext, row: JobRow): Promise<void> {
  const order = jobOrder.safeParse({ kind: row.kind, input: row.input });
  if (order.data?.kind !== 'lead_import') return;
  const owner = { tenantId: row.tenantId, userId: row.startedBy };
  await host.uploads.discard(owner, order.data.input.uploadId).catch((error: unknown) => {
    if (!(error instanceof DomainError)) throw error;
  });
}

async function lockJob(tx: Writer, session: Session, id: string): Promise<JobRow> {
  const { partnerId } = await findJob(tx, id);
  await holdPartner(tx, session.tenantId, partnerId);
  const row = await tx.find(jobs, { id }, { lock: true });
  if (row === undefined) throw new DomainError('NOT_FOUND', 'There is no such job.');
  return row;
}

/** What a job was asked. Throws `INVALID_TRANSITION` where an older version asked in a way that is no longer known. */
function orderOf(row: JobRow): JobOrder {
  const order = jobOrder.safeParse({ kind: row.kind, input: row.input });
  if (order.success) return order.data;
  throw new DomainError(
    'INVALID_TRANSITION',
    'This job was started by an older version, so it can’t be resumed. Start it again.',
  );
}

async function resumeJob(
  host: HostContext,
  session: Session,
  input: Input<'jobs', 'resume'>,
): Promise<WireJob> {
  const { id } = input;
  const found = await readJob(host, session, id);
  requireMine(session, found);
  requireKind(session, found.kind);
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
    // Another host took it for dead while it is only just noticing here: two runs of it must not meet.
    if (host.jobs.stateOf(id) !== undefined) {
      throw new DomainError('CONFLICT', 'This job is only just being stopped. Try again in a moment.');
    }
    ready = await readyJob(host, session, orderOf(found), {
      tenantId: found.tenantId,
      userId: found.startedBy,
    });
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
