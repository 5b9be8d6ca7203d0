import { setImmediate } from 'node:timers/promises';
import { DomainError } from '#domain/errors.ts';
import { afterCrash, type JobKind, type JobStatus } from '#domain/jobs.ts';
import type { HostContext } from '../../context.ts';
import { type Engine, inBackground, type JobRow } from '../../database/index.ts';
import { type EventQueue, eventQueue, keptForReader } from './events.ts';
import { asJob } from './fence.ts';
import { newOwner, renewMs } from './owner.ts';
import { nextInTurn, type Waiting } from './queue.ts';
import { JobCancelled, JobInterrupted } from './stopping.ts';
import { beginJob, endJob, forgetJob, renewJobs, settleDeadJobs } from './store.ts';
import type { EnqueueOptions, JobEnd, JobProgress, JobRunner, JobTask, RunningJob } from './types.ts';

/**
 * Jobs that run at once in a host. On SQLite a slice of each may come between a call and its answer; on PostgreSQL each
 * takes a connection of the pool, of which calls need some.
 */
const mostRunning: Record<Engine, number> = { sqlite: 2, postgres: 5 };
/** Watchers hear of progress this often at most, in milliseconds. */
const tellEvery = 100;
/** How often a watcher asks for a job of another host, and this host for cancellations from others, in milliseconds. */
const lookEvery = 1000;

const rightIsGone =
  'Whoever started this may not do it any more. What is done is kept; somebody who may can resume the job.';

interface Entry extends Waiting {
  readonly row: JobRow;
  readonly stop: AbortController;
  status: JobStatus;
  progress: JobProgress | null;
  renewedAt: number;
  isNews: boolean;
  hasTold: boolean;
  /** Told once each time something changed. */
  readonly watchers: Set<() => void>;
  toldAt: number;
  telling?: NodeJS.Timeout | undefined;
  mayGoOn(): Promise<boolean>;
  /** Runs the task to its end, and writes that down. */
  run(): Promise<void>;
  /** Ends it before it began. */
  drop(reason: DomainError): Promise<void>;
}

/** Runs the jobs of a host (issue "Jobs"): some at once, one writing job at a time in a tenant, tenants by turns. */
export function createJobRunner(host: Pick<HostContext, 'database' | 'now' | 'log' | 'changes'>): JobRunner {
  const { owner, end: endOwner } = newOwner();
  const entries = new Map<string, Entry>();
  const lastTurns = new Map<string, number>();
  let turns = 0;
  let slice: Promise<unknown> = Promise.resolve();
  /** Renewing and settling, one after the other; waited for before the database is closed. */
  let upkeep: Promise<unknown> = Promise.resolve();
  let stopping: Promise<void> | undefined;
  let beat: NodeJS.Timeout | undefined;
  let sweep: NodeJS.Timeout | undefined;

  /** One slice of one job in a turn of the event loop, so that two jobs never add up to a long wait. */
  function nextSlice(): Promise<unknown> {
    slice = slice.then(() => setImmediate());
    return slice;
  }

  function tell(entry: Entry): void {
    clearTimeout(entry.telling);
    entry.telling = undefined;
    entry.toldAt = performance.now();
    for (const watcher of entry.watchers) watcher();
    entry.watchers.clear();
  }

  /** Progress comes faster than anybody can read; the last of it is told, too. */
  function tellSoon(entry: Entry): void {
    const wait = tellEvery - (performance.now() - entry.toldAt);
    if (wait <= 0) tell(entry);
    else entry.telling ??= setTimeout(() => tell(entry), wait).unref();
  }

  function publish(row: JobRow): void {
    const { tenantId, id: resourceId, partnerId } = row;
    host.changes.publish({ tenantId, resource: 'job', resourceId, partnerId });
  }

  function fail(error: unknown, what: string): void {
    host.log.error({ err: error }, what);
  }

  function keepUp<T>(work: () => Promise<T>): Promise<T> {
    const done = upkeep.then(work);
    upkeep = done.catch(() => undefined);
    return done;
  }

  function add<E, R>(
    row: JobRow,
    task: JobTask<E, R>,
    { isCall = false, mayGoOn = async () => true }: EnqueueOptions,
  ): RunningJob<E, R> {
    // Nobody but the caller of a call reads them: what watches a job looks at its progress.
    const queue = eventQueue<E>(isCall ? keptForReader : 0);
    const result = Promise.withResolvers<R>();
    const settled = Promise.withResolvers<void>();
    // Whoever started it may have gone away: then nobody hears of its failure here, but its row tells it.
    result.promise.catch(() => undefined);
    const finish = async (end: JobEnd, outcome: { value: R } | { error: unknown }): Promise<void> => {
      const isRefusedCall =
        isCall &&
        end.status === 'failed' &&
        !entry.hasTold &&
        'error' in outcome &&
        outcome.error instanceof DomainError;
      try {
        const isOurs = isRefusedCall
          ? await forgetJob(host, row)
          : await endJob(host, row, end, entry.progress);
        if (!isOurs) host.log.warn({ job: row.id }, 'A job was taken from this host before it ended');
        else if ('value' in outcome) await task.tidy?.(outcome.value);
      } catch (error) {
        // Where it keeps saying that it runs, it does until its lease lapses; then it is settled like one of a dead host.
        fail(error, 'The end of a job could not be written down, or what it left not be cleared away');
      }
      entries.delete(row.id);
      entry.status = end.status;
      tell(entry);
      publish(row);
      queue.end();
      if ('value' in outcome) result.resolve(outcome.value);
      else result.reject(outcome.error);
      settled.resolve();
      takeTurns();
    };
    const entry: Entry = {
      row,
      tenantId: row.tenantId,
      writes: row.writes,
      stop: new AbortController(),
      status: 'queued',
      progress: row.unit === null ? null : { done: row.done, total: row.total, unit: row.unit },
      renewedAt: performance.now(),
      isNews: false,
      hasTold: false,
      watchers: new Set(),
      toldAt: 0,
      mayGoOn,
      drop: (reason) => finish(endOf(reason, reason, row.kind), { error: reason }),
      run: async () => {
        const { signal } = entry.stop;
        try {
          const value = await drain(task, entry, queue);
          await finish({ ...task.resultOf(value), failure: null }, { value });
        } catch (error) {
          if (!(error instanceof DomainError)) fail(error, 'A job failed');
          await finish(endOf(error, signal.reason, row.kind), { error });
        }
      },
    };
    entries.set(row.id, entry);
    publish(row);
    return {
      events: queue.read(),
      result: result.promise,
      settled: settled.promise,
      cancel: () => cancel(entry),
    };
  }

  async function drain<E, R>(task: JobTask<E, R>, entry: Entry, queue: EventQueue<E>): Promise<R> {
    const { signal } = entry.stop;
    await nextSlice();
    // Work that has not begun has nothing to clear away, and need not look by itself.
    signal.throwIfAborted();
    const work = task.run({ id: entry.row.id, signal, checkpoint: entry.row.checkpoint });
    for (;;) {
      const step = await inBackground(() => asJob(entry.row, () => work.next()));
      if (step.done === true) return step.value;
      entry.hasTold = true;
      const progress = task.progressOf(step.value);
      if (progress !== null) {
        entry.progress = progress;
        entry.isNews = true;
        tellSoon(entry);
      }
      queue.put(step.value);
      await nextSlice();
    }
  }

  function cancel(entry: Entry): void {
    stopEntry(entry, new JobCancelled());
  }

  function stopEntry(entry: Entry, reason: DomainError): void {
    if (entry.stop.signal.aborted) return;
    entry.stop.abort(reason);
    if (entry.status === 'queued')
      entry.drop(reason).catch((error: unknown) => fail(error, 'A job was not dropped'));
  }

  /** Begins what may begin now. */
  function takeTurns(): void {
    if (stopping !== undefined) return;
    for (;;) {
      const all = [...entries.values()];
      const running = all.filter(({ status }) => status === 'running');
      if (running.length >= mostRunning[host.database.engine]) return;
      const waiting = all.filter(({ status, stop }) => status === 'queued' && !stop.signal.aborted);
      const next = nextInTurn(waiting, running, lastTurns);
      if (next === undefined) return;
      lastTurns.set(next.tenantId, ++turns);
      // Until its row says so, it takes a place here; a blocked one gives it back.
      next.status = 'running';
      begin(next).catch((error: unknown) => fail(error, 'A job could not begin'));
    }
  }

  async function begin(entry: Entry): Promise<void> {
    const begun = await beginJob(host, entry.row).catch((error: unknown) => {
      fail(error, 'A job could not begin');
      return 'blocked' as const;
    });
    if (begun === 'blocked') {
      // Another host writes for this tenant; the next beat tries again.
      entry.status = 'queued';
      entry.isBlocked = true;
      const { signal } = entry.stop;
      if (signal.aborted && signal.reason instanceof DomainError) await entry.drop(signal.reason);
      return;
    }
    if (begun === 'lost') return entry.drop(new JobInterrupted('Another host took this over.'));
    tell(entry);
    publish(entry.row);
    // It may have waited for long: whoever asked for it may have left, or do something else by now.
    await stopUnlessAllowed(entry);
    await entry.run();
  }

  /** A job does nothing its starter may not do, at any time: it stops when that person leaves or loses the right. */
  async function stopUnlessAllowed(entry: Entry): Promise<void> {
    const isAllowed = await entry.mayGoOn().catch((error: unknown) => {
      // The next beat asks again.
      fail(error, 'The rights of who started a job could not be looked up');
      return true;
    });
    if (!isAllowed) stopEntry(entry, new JobInterrupted(rightIsGone));
  }

  async function renew(): Promise<void> {
    const due = [...entries.values()].filter(
      ({ isNews, renewedAt }) => isNews || performance.now() - renewedAt >= renewMs,
    );
    for (const entry of due) {
      entry.isNews = false;
      entry.renewedAt = performance.now();
    }
    const told = due.length === 0 ? undefined : await renewJobs(host, owner, due);
    for (const entry of due) {
      const state = told?.get(entry.row.id);
      // One that has ended in the meantime is not there to be stopped.
      if (!entries.has(entry.row.id)) continue;
      if (state === 'lost') stopEntry(entry, new JobInterrupted('Another host took this over.'));
      if (state === 'cancel') cancel(entry);
      if (entry.status === 'running') await stopUnlessAllowed(entry);
    }
    for (const entry of entries.values()) entry.isBlocked = false;
    takeTurns();
  }

  /** Beats while there are jobs: tells how far they are, that the host lives, and hears what other hosts ask. */
  function keepBeating(): void {
    beat ??= setInterval(() => {
      if (entries.size === 0) {
        clearInterval(beat);
        beat = undefined;
        return;
      }
      keepUp(renew).catch((error: unknown) => fail(error, 'The lease of the jobs could not be renewed'));
      // A program that has nothing to do but wait for its turn must not end before it.
    }, lookEvery);
  }

  async function settle(): Promise<void> {
    if (stopping !== undefined) return;
    const settled = await settleDeadJobs(host, owner, (id) => entries.has(id));
    for (const { id, kind, tenant_id: tenantId, partner_id: partnerId } of settled) {
      host.log.warn({ job: id, kind }, 'A job whose host died was settled');
      host.changes.publish({ tenantId, resource: 'job', resourceId: id, partnerId });
    }
  }

  async function stopAll(): Promise<void> {
    clearInterval(sweep);
    const left: Promise<void>[] = [];
    for (const entry of entries.values()) {
      left.push(over(entry));
      stopEntry(entry, new JobInterrupted());
    }
    await Promise.all(left);
    clearInterval(beat);
    await upkeep;
    endOwner();
  }

  /** Resolves when a job is over. */
  async function over(entry: Entry): Promise<void> {
    while (entries.has(entry.row.id)) {
      await new Promise<void>((resolve) => {
        entry.watchers.add(resolve);
      });
    }
  }

  return {
    owner,
    enqueue(row, task, options = {}) {
      const running = add(row, task, options);
      const entry = entries.get(row.id);
      if (stopping !== undefined && entry !== undefined) stopEntry(entry, new JobInterrupted());
      else {
        keepBeating();
        takeTurns();
      }
      return running;
    },
    cancel(jobId) {
      const entry = entries.get(jobId);
      if (entry !== undefined) cancel(entry);
    },
    stateOf: (jobId) => entries.get(jobId),
    changed: (jobId, signal) =>
      new Promise((resolve) => {
        const entry = entries.get(jobId);
        const timer = entry === undefined ? setTimeout(done, lookEvery).unref() : undefined;
        function done(): void {
          clearTimeout(timer);
          entry?.watchers.delete(done);
          signal?.removeEventListener('abort', done);
          resolve();
        }
        entry?.watchers.add(done);
        signal?.addEventListener('abort', done);
        if (signal?.aborted === true) done();
      }),
    async settleDead() {
      await keepUp(settle);
      sweep ??= setInterval(() => {
        keepUp(settle).catch((error: unknown) => fail(error, 'Jobs of dead hosts could not be settled'));
      }, renewMs).unref();
    },
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}

/**
 * How a job that ended with an error, or whose signal was aborted for `reason`, is told. A refusal is for good. A fault (a full disk, a
 * database that went away) may be over the next time: what was begun is gone on with, as after a crash.
 */
function endOf(error: unknown, reason: unknown, kind: JobKind): JobEnd {
  const isStopped = error === reason && reason !== undefined;
  if (isStopped && reason instanceof JobInterrupted) {
    return { status: 'interrupted', result: null, failure: reason.message };
  }
  if (isStopped && reason instanceof JobCancelled)
    return { status: 'cancelled', result: null, failure: null };
  if (error instanceof DomainError) return { status: 'failed', result: null, failure: error.message };
  const fault = 'Something went wrong on our side; the details are in the log.';
  return afterCrash[kind] === 'resumes'
    ? {
        status: 'interrupted',
        result: null,
        failure: `${fault} What is done is kept; resume the job to go on.`,
      }
    : { status: 'failed', result: null, failure: `${fault} Nothing was changed; start it again.` };
}
