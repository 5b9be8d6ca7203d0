import { pino } from 'pino';
import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DomainError } from '#domain/errors.ts';
import { changeFeed } from '#host/changes.ts';
import { type Database, type JobRow, jobs } from '#host/database/index.ts';
import { leaseFrom, leaseMs } from '#host/services/jobs/owner.ts';
import { nextInTurn, type Waiting } from '#host/services/jobs/queue.ts';
import { createJobRunner } from '#host/services/jobs/runner.ts';
import type { JobRunner, JobTask, RunningJob } from '#host/services/jobs/types.ts';
import { anOffice } from '#test/host/database/rows.ts';
import { engines, testDatabase } from '#test/support/databases.ts';

describe('the turn among waiting jobs', () => {
  const job = (tenantId: string, writes: boolean): Waiting => ({ tenantId, writes });

  it('is the tenant’s whose last one is the longest ago, in the order they came', () => {
    const [first, second, third] = [job('a', true), job('b', true), job('c', true)];
    const lastTurns = new Map([
      ['a', 2],
      ['b', 1],
    ]);
    expect(nextInTurn([first, second, third], [], lastTurns)).toBe(third);
    expect(nextInTurn([first, second], [], lastTurns)).toBe(second);
    expect(nextInTurn([job('a', true), first], [], lastTurns)).not.toBe(first);
  });

  it('passes a second writing job of a tenant over, and lets a reading one begin beside it', () => {
    const reading = job('a', false);
    const elsewhere = job('b', true);
    const running = [job('a', true)];
    expect(nextInTurn([job('a', true)], running, new Map())).toBeUndefined();
    expect(nextInTurn([job('a', true), reading], running, new Map())).toBe(reading);
    expect(nextInTurn([job('a', true), elsewhere], running, new Map())).toBe(elsewhere);
    expect(nextInTurn([{ ...elsewhere, isBlocked: true }], [], new Map())).toBeUndefined();
  });
});

/** Work that goes on step by step as it is let. */
function steps() {
  let waiting = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<string>();
  let done = 0;
  const task: JobTask<number, number> = {
    async *run({ id, signal }) {
      begun.resolve(id);
      const aborted = new Promise((resolve) => {
        signal.addEventListener('abort', resolve, { once: true });
      });
      for (;;) {
        await Promise.race([waiting.promise, aborted]);
        waiting = Promise.withResolvers();
        signal.throwIfAborted();
        done += 1;
        yield done;
        if (done === 3) return done;
      }
    },
    progressOf: (event) => ({ done: event, total: 3, unit: 'leads' }),
    resultOf: (value) => ({ status: 'completed', result: { value } }),
  };
  return { task, begun: begun.promise, step: () => waiting.resolve() };
}

/** Work that does all it has at once. */
const quick = (value: unknown): JobTask<number, unknown> => ({
  async *run() {
    yield 1;
    return value;
  },
  progressOf: () => null,
  resultOf: () => ({ status: 'completed', result: {} }),
});

describe.each(engines)('the runner of jobs on %s', (engine) => {
  let database: Database;
  let tenantId: string;
  let userId: string;
  let at: number;
  const runners: JobRunner[] = [];
  const log = pino({ level: 'silent' });
  const now = () => new Date(at++).toISOString();
  const scope = () => ({ tenantId });

  beforeEach(async () => {
    at = Date.parse('2026-06-15T12:00:00.000Z');
    ({ database } = await testDatabase(engine, { now }));
    const office = await anOffice(database);
    tenantId = office.tenantId;
    userId = office.maker;
  });
  afterEach(async () => {
    for (const one of runners.splice(0)) await one.stop();
  });

  function runner(): JobRunner {
    const made = createJobRunner({ database, now, log, changes: changeFeed() });
    runners.push(made);
    return made;
  }

  async function row(of: { owner: string }, patch: Partial<JobRow> = {}): Promise<JobRow> {
    const asked = now();
    const made: JobRow = {
      id: uuidv7(),
      tenantId,
      kind: 'lead_rescoring',
      title: 'A job',
      partnerId: null,
      input: {},
      writes: true,
      status: 'queued',
      done: 0,
      total: null,
      unit: null,
      checkpoint: null,
      result: null,
      failure: null,
      startedBy: userId,
      runs: 0,
      startedAt: null,
      finishedAt: null,
      leaseUntil: leaseFrom(asked),
      cancelRequestedBy: null,
      cancelRequestedAt: null,
      version: 1,
      createdAt: asked,
      updatedAt: asked,
      ...patch,
      owner: of.owner,
    };
    await database.write(scope(), (tx) => tx.insert(jobs, made));
    return made;
  }

  const stored = (job: { id: string }): Promise<JobRow | undefined> =>
    database.read(scope(), (reader) => reader.find(jobs, { id: job.id }));
  const ending = async (running: RunningJob<unknown, unknown>): Promise<unknown> =>
    running.result.catch((error: unknown) => error);

  it('runs a job to its end whether anybody listens or not, and keeps its result', async () => {
    const host = runner();
    const job = await row(host);
    const work = steps();
    const running = host.enqueue(job, work.task);
    await work.begun;
    expect(await stored(job)).toMatchObject({ status: 'running', runs: 1 });
    for (const _each of [1, 2, 3]) {
      const changed = host.changed(job.id);
      work.step();
      await changed;
    }
    expect(await running.result).toBe(3);
    expect(await stored(job)).toMatchObject({
      status: 'completed',
      result: { value: 3 },
      done: 3,
      total: 3,
      unit: 'leads',
      failure: null,
    });
  });

  it('lets one writing job of a tenant run at a time, a reading one beside it', async () => {
    const host = runner();
    const [first, second] = [steps(), steps()];
    const one = await row(host);
    const two = await row(host);
    const reading = await row(host, { writes: false, kind: 'payout_export' });
    const runningOne = host.enqueue(one, first.task);
    const runningTwo = host.enqueue(two, second.task);
    await first.begun;
    expect(await host.enqueue(reading, quick('read')).result).toBe('read');
    expect(await stored(two)).toMatchObject({ status: 'queued' });
    runningOne.cancel();
    await runningOne.settled;
    expect(await second.begun).toBe(two.id);
    runningTwo.cancel();
    await runningTwo.settled;
  });

  it('cancels one that runs at its next step, and one that waits at once', async () => {
    const host = runner();
    const work = steps();
    const job = await row(host);
    const waiting = await row(host);
    const running = host.enqueue(job, work.task);
    const queued = host.enqueue(waiting, quick(1));
    await work.begun;
    host.cancel(waiting.id);
    await queued.settled;
    expect(await stored(waiting)).toMatchObject({ status: 'cancelled', runs: 0, startedAt: null });
    host.cancel(job.id);
    expect(await ending(running)).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/cancelled/),
    });
    expect(await stored(job)).toMatchObject({ status: 'cancelled', failure: null, result: null });
  });

  it('keeps the sentence of a refusal, and no secret of a fault', async () => {
    const host = runner();
    const failing = (error: Error): JobTask<never, never> => ({
      // oxlint-disable-next-line require-yield -- it fails before it has anything to tell
      async *run() {
        throw error;
      },
      progressOf: () => null,
      resultOf: () => ({ status: 'completed', result: {} }),
    });
    const refused = await row(host);
    const refusal = new DomainError('PARTNER_NOT_ACTIVE', 'Hafen is suspended.');
    expect(await ending(host.enqueue(refused, failing(refusal)))).toBe(refusal);
    expect(await stored(refused)).toMatchObject({ status: 'failed', failure: 'Hafen is suspended.' });
    const simulation = await row(host, { kind: 'policy_simulation', writes: false });
    await ending(host.enqueue(simulation, failing(new Error('password=geheim'))));
    expect(await stored(simulation)).toMatchObject({
      status: 'failed',
      failure: expect.not.stringContaining('geheim'),
    });
    const broken = await row(host);
    await ending(host.enqueue(broken, failing(new Error('password=geheim'))));
    const { status, failure } = (await stored(broken))!;
    expect([status, failure]).toEqual([
      'interrupted',
      'Something went wrong on our side; the details are in the log. What is done is kept; resume the job to go on.',
    ]);
  });

  it('stops at the next step when the host closes, and what waited or came late is interrupted too', async () => {
    const host = runner();
    const work = steps();
    const [job, waiting, late] = [await row(host), await row(host), await row(host)];
    const running = host.enqueue(job, work.task);
    const queued = host.enqueue(waiting, quick(1));
    await work.begun;
    const stopped = host.stop();
    const tooLate = host.enqueue(late, quick(1));
    await stopped;
    for (const each of [running, queued, tooLate]) {
      expect(await ending(each)).toMatchObject({ message: expect.stringMatching(/program was closed/) });
    }
    const all = await Promise.all([job, waiting, late].map(stored));
    expect(all.map((each) => each?.status)).toEqual(['interrupted', 'interrupted', 'interrupted']);
  });

  it('of two hosts on one database runs one writing job of the tenant, and settles nothing of the living', async () => {
    const [here, there] = [runner(), runner()];
    const [first, second] = [steps(), steps()];
    const one = await row(here);
    const two = await row(there);
    const runningOne = here.enqueue(one, first.task);
    await first.begun;
    const runningTwo = there.enqueue(two, second.task);
    await there.settleDead();
    await here.settleDead();
    expect(await stored(one)).toMatchObject({ status: 'running' });
    expect(await stored(two)).toMatchObject({ status: 'queued' });
    runningOne.cancel();
    await runningOne.settled;
    // The other host finds out by itself.
    expect(await second.begun).toBe(two.id);
    runningTwo.cancel();
    await runningTwo.settled;
  });

  it('settles the jobs of a host whose lease has lapsed, once, and by their kind', async () => {
    const dead = { owner: 'elsewhere/1/gone' };
    const running = await row(dead, { status: 'running', runs: 1 });
    const waiting = await row(dead);
    const simulation = await row(dead, { status: 'running', kind: 'policy_simulation', writes: false });
    const [one, other] = [runner(), runner()];
    await one.settleDead();
    expect(await stored(running)).toMatchObject({ status: 'running' });
    at += leaseMs;
    await Promise.all([one.settleDead(), other.settleDead()]);
    expect(await stored(running)).toMatchObject({ status: 'interrupted', version: 2 });
    expect((await stored(running))?.failure).toMatch(/resume/);
    expect(await stored(waiting)).toMatchObject({ status: 'interrupted', version: 2 });
    expect(await stored(simulation)).toMatchObject({ status: 'failed', version: 2 });
  });

  it('settles as cancelled what somebody had asked to cancel before its host died', async () => {
    const asked = { cancelRequestedBy: userId, cancelRequestedAt: now() };
    const job = await row({ owner: 'elsewhere/1/gone' }, { status: 'running', runs: 1, ...asked });
    const simulation = await row(
      { owner: 'elsewhere/1/gone' },
      { status: 'running', kind: 'policy_simulation', writes: false, ...asked },
    );
    at += leaseMs;
    await runner().settleDead();
    expect(await stored(job)).toMatchObject({ status: 'cancelled', failure: null });
    expect(await stored(simulation)).toMatchObject({ status: 'cancelled', failure: null });
  });

  it('leaves what it has just entered, and not taken up yet, until its lease has lapsed', async () => {
    const host = runner();
    const job = await row(host);
    const forgotten = await row(host);
    await host.settleDead();
    expect(await stored(job)).toMatchObject({ status: 'queued', version: 1 });
    expect(await host.enqueue(job, quick('done')).result).toBe('done');
    at += leaseMs;
    await host.settleDead();
    expect(await stored(forgotten)).toMatchObject({ status: 'interrupted' });
  });

  it('stops a job when who started it may not do it any more, before it begins and while it runs', async () => {
    const host = runner();
    const work = steps();
    const job = await row(host);
    const [never, mayGoOn] = [await row(host, { writes: false }), { now: true }];
    const refused = host.enqueue(never, quick(1), { mayGoOn: async () => false });
    expect(await ending(refused)).toMatchObject({ message: expect.stringMatching(/may not do it any more/) });
    expect(await stored(never)).toMatchObject({ status: 'interrupted', done: 0 });
    const running = host.enqueue(job, work.task, { mayGoOn: async () => mayGoOn.now });
    await work.begun;
    work.step();
    mayGoOn.now = false;
    expect(await ending(running)).toMatchObject({ message: expect.stringMatching(/may not do it any more/) });
    expect(await stored(job)).toMatchObject({
      status: 'interrupted',
      failure: expect.stringMatching(/somebody who may can resume/),
    });
  });

  it('goes on with a job when the rights of its starter can’t be looked up for once', async () => {
    const host = runner();
    const job = await row(host);
    const mayGoOn = (): Promise<boolean> => Promise.reject(new Error('no connection'));
    expect(await host.enqueue(job, quick('done'), { mayGoOn }).result).toBe('done');
  });

  it('clears away what the work needed only when its end is written down', async () => {
    const host = runner();
    const job = await row(host);
    const lost = await row(host);
    const seen: unknown[] = [];
    const tidying = (id: string, during: () => Promise<unknown>): JobTask<number, string> => ({
      async *run() {
        yield 1;
        await during();
        return id;
      },
      progressOf: () => null,
      resultOf: () => ({ status: 'completed', result: {} }),
      tidy: async (value) => void seen.push([value, (await stored({ id }))?.status]),
    });
    await host.enqueue(
      job,
      tidying(job.id, async () => undefined),
    ).settled;
    const taken = sql`update jobs set owner = 'another' where tenant_id = ${tenantId} and id = ${lost.id}`;
    await host.enqueue(
      lost,
      tidying(lost.id, () => database.write(scope(), (tx) => tx.run(taken))),
    ).settled;
    expect(seen).toEqual([[job.id, 'completed']]);
  });

  it('stops a job that another host has taken from it', async () => {
    const host = runner();
    const work = steps();
    const job = await row(host);
    const running = host.enqueue(job, work.task);
    await work.begun;
    await database.write(scope(), (tx) =>
      tx.run(sql`update jobs set status = 'interrupted', finished_at = ${now()}, owner = 'another'
        where tenant_id = ${tenantId} and id = ${job.id}`),
    );
    // With progress to tell, it looks at its row.
    work.step();
    expect(await ending(running)).toMatchObject({ message: expect.stringMatching(/Another host/) });
    expect(await stored(job)).toMatchObject({ status: 'interrupted', owner: 'another' });
  });

  it('hears of a cancellation from another host', async () => {
    const host = runner();
    const work = steps();
    const job = await row(host);
    const running = host.enqueue(job, work.task);
    await work.begun;
    await database.write(scope(), (tx) =>
      tx.update(jobs, { id: job.id }, { cancelRequestedBy: userId, cancelRequestedAt: now() }),
    );
    work.step();
    await running.settled;
    expect(await stored(job)).toMatchObject({ status: 'cancelled' });
  });
});
