import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Outputs } from '#contract/index.ts';
import { defaultScoreWeights } from '#domain/quality-score.ts';
import type { StaffRole } from '#domain/vocabulary.ts';
import { jobs } from '#host/database/index.ts';
import { engines } from '#test/support/databases.ts';
import { type Client, refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { underWay } from '#test/support/under-way.ts';
import { activePartner } from '../credit-stories.ts';
import { june } from '../payout-stories.ts';

type Job = Outputs['jobs']['get'];

const header = 'First Name;last_name;E-Mail;Telefon';
const rowsOf = (name: string, count: number) =>
  [
    header,
    ...Array.from({ length: count }, (_, n) => `Ana;M ${n};${name}${n}@example.com;+49 30 ${1_000_000 + n}`),
  ].join('\n');

describe.each(engines)('jobs and people who come in each other’s way on %s', (engine) => {
  let host: TestHost;
  let partnerId: string;

  beforeEach(async () => {
    host = await testHost(engine);
    partnerId = (await activePartner(host)).id;
  });
  afterEach(() => host.close());

  async function startImport(name: string, count: number, client = host.as('partner_manager')): Promise<Job> {
    const bytes = Buffer.from(rowsOf(name, count));
    const { uploadId } = await client.uploads.begin({ fileName: `${name}.csv`, size: bytes.length });
    for (let offset = 0; offset < bytes.length; offset += 100_000) {
      const data = bytes.subarray(offset, offset + 100_000).toString('base64');
      await client.uploads.append({ uploadId, offset, data });
    }
    return client.jobs.start({ kind: 'lead_import', input: { partnerId, uploadId } });
  }
  /** One that runs, and one that surely waits for it. */
  async function twoImports(): Promise<[Job, Job]> {
    return [await startImport('ana', 4000), await startImport('bo', 40)];
  }
  async function atRest({ id }: { id: string }, client = host.as('auditor')): Promise<Job> {
    let last: Job | undefined;
    for await (const state of await client.jobs.watch({ id })) last = state;
    return last!;
  }
  const uploads = () => readdir(join(host.context.dataFolder, 'uploads'));
  const anotherHost = () => {
    const next = host.anotherHost();
    return async (...who: Parameters<TestHost['token']>): Promise<Client> =>
      next.clientWith(await host.token(...who));
  };
  /** An import of 4000 rows that was interrupted when some were in, and one that had not begun. */
  async function interrupted(): Promise<[Job, Job]> {
    const [job, waiting] = await twoImports();
    await underWay(host.context, job.id);
    await host.context.jobs.stop();
    expect((await host.as('auditor').jobs.get({ id: job.id })).status).toBe('interrupted');
    return [job, waiting];
  }

  it.each<[string, { isActive?: boolean; roles?: StaffRole[] }, string]>([
    ['is deactivated', { isActive: false }, 'UNAUTHENTICATED'],
    ['has another role', { roles: ['lead_reviewer'] }, 'FORBIDDEN'],
  ])('does nothing more for one who %s while the job waits', async (_what, patch, code) => {
    const [first, waiting] = await twoImports();
    const { userId: id } = await host.session('partner_manager');
    await host.as('admin').staff.update({ id, ...patch });
    await atRest(first);
    const stopped = await atRest(waiting);
    expect(stopped).toMatchObject({
      status: 'interrupted',
      canResume: true,
      failure: expect.stringMatching(/Whoever started this may not do it any more/),
    });
    const records = (await host.as('auditor').imports.list({})).items;
    expect(records.filter(({ jobId }) => jobId === waiting.id)).toEqual([]);
    const refusal = await refusalOf(host.as('partner_manager').jobs.resume({ id: waiting.id }));
    expect(refusal.code).toBe(code);
    // Somebody who may goes on with it.
    await host.as('admin').jobs.resume({ id: waiting.id });
    expect(await atRest(waiting)).toMatchObject({ status: 'completed', result: { accepted: 40 } });
  });

  it('goes on with a job whose starter has only signed out', async () => {
    const [first, waiting] = await twoImports();
    await host.as('partner_manager').auth.logout();
    await atRest(first);
    expect(await atRest(waiting)).toMatchObject({ status: 'completed', result: { accepted: 40 } });
  });

  it('is resumed once, however many ask at once and on whichever host', async () => {
    const [job] = await interrupted();
    const [one, other] = [anotherHost(), anotherHost()];
    const clients = [
      await one('admin'),
      await other('admin'),
      await one('partner_manager'),
      await other('admin'),
    ];
    const endings = await Promise.allSettled(clients.map((client) => client.jobs.resume({ id: job.id })));
    const refusals = endings.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));
    // Who looks after the first one is told of the step, who looked before of the change in between.
    expect(refusals.filter((code) => !['INVALID_TRANSITION', 'CONFLICT'].includes(code))).toEqual([]);
    expect(refusals).toHaveLength(3);
    expect(await atRest(job, await one('auditor'))).toMatchObject({
      status: 'completed',
      result: { accepted: 4000, rejected: 0, duplicates: 0 },
    });
    const leads = await host.as('auditor').leads.list({ partnerId, limit: 1, total: true });
    expect(leads.total).toBe(4000);
    const { items } = await host.as('auditor').activities.list({ resourceId: job.id, limit: 50 });
    expect(items.filter(({ action }) => action === 'job_resumed')).toHaveLength(1);
  });

  it('answers the same resumption, asked for twice with its id, with the same job', async () => {
    const [, waiting] = await interrupted();
    const next = anotherHost();
    const client = await next('admin');
    const resume = () => client.jobs.resume({ id: waiting.id, commandId: 'go on' });
    const [one, other] = await Promise.all([resume(), resume()]);
    expect(one.id).toBe(other.id);
    expect(await atRest(waiting, await next('auditor'))).toMatchObject({ status: 'completed' });
    expect(await resume()).toMatchObject({ id: waiting.id, status: 'completed' });
    const { items } = await host.as('auditor').activities.list({ resourceId: waiting.id, limit: 50 });
    expect(items.filter(({ action }) => action === 'job_resumed')).toHaveLength(1);
  });

  it('is given up after an interruption: what is in stays, its file goes, nobody resumes it', async () => {
    // Only the e-mail address counts, so every lead is of high quality.
    const none = Object.fromEntries(Object.keys(defaultScoreWeights).map((field) => [field, 0]));
    const scoreWeights = { ...none, email: 100 };
    await host.as('partner_manager').leadScoring.setWeights({ id: partnerId, scoreWeights });
    const reviewersTold = async () =>
      (await host.as('lead_reviewer').notifications.list({})).items.map(({ event, data }) => [event, data]);
    const [job, waiting] = await interrupted();
    // Whoever resumes it tells of all of them at its end.
    expect(await reviewersTold()).toEqual([]);
    expect((await uploads()).filter((name) => name.endsWith('.part'))).toHaveLength(2);
    const stranger = await refusalOf(host.as('finance').jobs.cancel({ id: job.id }));
    expect(stranger.code).toBe('FORBIDDEN');
    const cancelled = await host.as('admin').jobs.cancel({ id: job.id });
    expect(cancelled).toMatchObject({ status: 'cancelled', failure: null, canResume: false });
    expect(await host.as('partner_manager').jobs.cancel({ id: waiting.id })).toMatchObject({
      status: 'cancelled',
    });
    expect(await uploads()).toEqual([]);
    const [record] = (await host.as('auditor').imports.list({})).items;
    expect(record).toMatchObject({ jobId: job.id, status: 'cancelled' });
    const leads = await host.as('auditor').leads.list({ importId: record!.id, limit: 1, total: true });
    expect(leads.total).toBe(record!.accepted);
    expect(await reviewersTold()).toMatchObject([
      ['high_quality_leads_imported', { leadCount: record!.accepted, fileName: 'ana.csv' }],
    ]);
    const next = anotherHost();
    const refusal = await refusalOf((await next('admin')).jobs.resume({ id: job.id }));
    expect(refusal).toMatchObject({
      code: 'INVALID_TRANSITION',
      message: expect.stringMatching(/cancelled/),
    });
    expect((await host.as('auditor').activities.verify()).ok).toBe(true);
  });

  it('is interrupted by a fault of ours, says nothing secret of it, and goes on when that is over', async () => {
    const fault =
      engine === 'sqlite'
        ? [
            `create trigger fault before insert on partner_leads when new.email_key = 'ana1500@example.com'
              begin select raise(abort, 'the disk sda1 is full'); end`,
          ]
        : [
            `create function fault() returns trigger language plpgsql as
              $$ begin raise exception 'the disk sda1 is full'; end $$`,
            `create trigger fault before insert on partner_leads for each row
              when (new.email_key = 'ana1500@example.com') execute function fault()`,
          ];
    for (const statement of fault) await host.database.dataSource.query(statement);
    const job = await startImport('ana', 2000);
    const broken = await atRest(job);
    expect(broken).toMatchObject({ status: 'interrupted', canResume: true, result: null });
    expect(broken.failure).toMatch(/^Something went wrong on our side; the details are in the log/);
    const [record] = (await host.as('auditor').imports.list({})).items;
    expect(record).toMatchObject({ jobId: job.id, status: 'interrupted' });
    expect(record!.accepted).toBeLessThan(2000);
    const leads = () => host.as('auditor').leads.list({ importId: record!.id, limit: 1, total: true });
    expect((await leads()).total).toBe(record!.accepted);

    const over = engine === 'sqlite' ? 'drop trigger fault' : 'drop trigger fault on partner_leads';
    await host.database.dataSource.query(over);
    await host.as('partner_manager').jobs.resume({ id: job.id });
    expect(await atRest(job)).toMatchObject({
      status: 'completed',
      result: { accepted: 2000, rejected: 0, duplicates: 0 },
    });
    expect((await leads()).total).toBe(2000);
    expect((await host.as('auditor').activities.verify()).ok).toBe(true);
  });

  it('refuses to go on with a file that is gone, and says so', async () => {
    const [job] = await interrupted();
    for (const name of (await uploads()).filter((each) => each.endsWith('.part'))) {
      await rm(join(host.context.dataFolder, 'uploads', name));
    }
    const next = anotherHost();
    expect(await refusalOf((await next('admin')).jobs.resume({ id: job.id }))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/Choose the file again/),
    });
    // It can still be given up.
    expect(await (await next('admin')).jobs.cancel({ id: job.id })).toMatchObject({ status: 'cancelled' });
  });

  it('tells lists without results, so that a page of them stays small', async () => {
    const finance = host.as('finance');
    const job = await finance.jobs.start({ kind: 'payout_generation', input: june });
    expect((await atRest(job)).result).toMatchObject({ kind: 'payout_generation', generated: 0 });
    const [listed] = (await finance.jobs.list({})).items;
    expect(listed).toMatchObject({ id: job.id, status: 'completed' });
    expect(Object.keys(listed!)).not.toContain('result');
  });

  it('does without the result of an older version that is no longer known, and refuses to resume its order', async () => {
    const finance = host.as('finance');
    const job = await finance.jobs.start({ kind: 'payout_generation', input: june });
    await atRest(job);
    const patch = {
      result: { made: 'long ago' },
      input: { month: '2019-06' },
      status: 'interrupted',
    } as const;
    await host.database.write({ tenantId: host.tenantId }, (tx) => tx.update(jobs, { id: job.id }, patch));
    expect(await finance.jobs.get({ id: job.id })).toMatchObject({ result: null, canResume: true });
    expect(await refusalOf(finance.jobs.resume({ id: job.id }))).toMatchObject({
      code: 'INVALID_TRANSITION',
      message: expect.stringMatching(/older version/),
    });
  });

  it('tells a watcher who was signed out nothing more', async () => {
    const [job] = await twoImports();
    const seen: string[] = [];
    for await (const { status } of await host.as('finance').jobs.watch({ id: job.id })) {
      seen.push(status);
      if (seen.length > 1) continue;
      await host.as('finance').auth.logout();
      await host.as('admin').jobs.cancel({ id: job.id });
    }
    expect(seen).toHaveLength(1);
    expect(await atRest(job)).toMatchObject({ status: 'cancelled' });
  });

  it('lets a watcher go when the host closes', async () => {
    const [, waiting] = await twoImports();
    const states = await host.as('auditor').jobs.watch({ id: waiting.id });
    await states.next();
    const next = states.next();
    host.context.changes.close();
    expect(await next).toMatchObject({ done: true });
  });

  it('is nothing to a partner’s people but for an import of their own, which they may cancel', async () => {
    const [job] = await twoImports();
    const me = host.asPartner(partnerId, 'admin');
    expect((await refusalOf(me.jobs.list({}))).code).toBe('FORBIDDEN');
    expect((await refusalOf(me.jobs.get({ id: job.id }))).code).toBe('FORBIDDEN');
    expect((await refusalOf(me.jobs.watch({ id: job.id }))).code).toBe('FORBIDDEN');
    expect((await refusalOf(me.jobs.cancel({ id: job.id }))).code).toBe('NOT_FOUND');
    expect((await refusalOf(me.jobs.resume({ id: job.id }))).code).toBe('NOT_FOUND');
    const order = { kind: 'payout_generation', input: june } as const;
    expect((await refusalOf(me.jobs.start(order))).code).toBe('FORBIDDEN');
    const bytes = Buffer.from(rowsOf('own', 30));
    const { uploadId } = await me.uploads.begin({ fileName: 'own.csv', size: bytes.length });
    await me.uploads.append({ uploadId, offset: 0, data: bytes.toString('base64') });
    const mine = { kind: 'lead_import', input: { partnerId, uploadId } } as const;
    expect((await refusalOf(me.jobs.start(mine))).code).toBe('FORBIDDEN');

    const events = await me.imports.run({ partnerId, uploadId });
    const ending = (async () => {
      for await (const event of events) if (event.type === 'result') return event.result.status;
      return 'nothing';
    })().catch((error: unknown) => error);
    // It waits behind the office's own.
    let own: { id: string } | undefined;
    while (own === undefined) {
      const { items } = await host.as('auditor').jobs.list({ status: 'queued', limit: 10 });
      own = items.find(({ title }) => title.includes('own.csv'));
    }
    const { userId } = await host.partnerSession(partnerId, 'admin');
    expect(await me.jobs.cancel({ id: own.id })).toMatchObject({ cancelRequestedBy: userId, result: null });
    expect(await ending).toMatchObject({ code: 'CONFLICT' });
    expect(await atRest(own)).toMatchObject({ status: 'cancelled', startedBy: userId });
    const leads = await host.as('auditor').leads.list({ q: 'own0@example.com', limit: 1 });
    expect(leads.items).toEqual([]);
  });
});
