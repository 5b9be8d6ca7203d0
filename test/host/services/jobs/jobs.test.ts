import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sql from 'sql-template-tag';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Inputs, Outputs } from '#contract/index.ts';
import { jobOrder } from '#contract/jobs.ts';
import { defaultScoreWeights } from '#domain/quality-score.ts';
import { idFieldsOf } from '#test/host/procedures.ts';
import { engines } from '#test/support/databases.ts';
import { type Client, refusalOf, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { underWay } from '#test/support/under-way.ts';
import { activePartner, approvedLead, policyInForce } from '../credit-stories.ts';
import { approvedCredits, june, pendingPayout } from '../payout-stories.ts';

type Job = Outputs['jobs']['get'];
type Order = Inputs['jobs']['start'];
type JobInput<K extends Order['kind']> = Extract<Order, { kind: K }>['input'];

const header = 'First Name;last_name;E-Mail;Telefon';
const goodRow = (n: number) => `Ana;Meyer ${n};ana${n}@example.com;+49 30 ${1_000_000 + n}`;
const rows = (count: number) => [header, ...Array.from({ length: count }, (_, n) => goodRow(n))].join('\n');
const aSimulation: JobInput<'policy_simulation'> = {
  policy: {
    policyType: 'time_based',
    timeUnitType: 'monthly',
    calculationType: 'fixed_price',
    baseCredit: 700,
  },
  leads: [{ qualityScore: 85 }],
};
const nowhere = '01890000-0000-7000-8000-000000000000';

describe.each(engines)('jobs on %s', (engine) => {
  let host: TestHost;
  let partnerId: string;

  beforeEach(async () => {
    host = await testHost(engine);
    partnerId = (await activePartner(host)).id;
  });
  afterEach(() => host.close());

  async function upload(client: Client, content: string): Promise<string> {
    const { uploadId } = await client.uploads.begin({ fileName: 'leads.csv', size: content.length });
    const bytes = Buffer.from(content);
    for (let offset = 0; offset < bytes.length; offset += 100_000) {
      const data = bytes.subarray(offset, offset + 100_000).toString('base64');
      await client.uploads.append({ uploadId, offset, data });
    }
    return uploadId;
  }

  async function startImport(
    content: string,
    client = host.as('partner_manager'),
    more: object = {},
  ): Promise<Job> {
    const input = { partnerId, uploadId: await upload(client, content), ...more };
    return client.jobs.start({ kind: 'lead_import', input });
  }

  async function watched(job: { id: string }, client = host.as('auditor')): Promise<Job[]> {
    const states: Job[] = [];
    for await (const state of await client.jobs.watch({ id: job.id })) states.push(state);
    return states;
  }
  const atRest = async (job: { id: string }): Promise<Job> => (await watched(job)).at(-1)!;

  it('starts an import that goes on by itself, tells two watchers how far it is, and keeps its result', async () => {
    const job = await startImport(rows(2000));
    expect(job).toMatchObject({
      kind: 'lead_import',
      title: expect.stringMatching(/^Import of leads\.csv for /),
      partnerId,
      result: null,
      canResume: false,
    });
    const [one, other] = await Promise.all([watched(job), watched(job, host.as('finance'))]);
    for (const states of [one, other]) {
      expect(states[0]!.status).toMatch(/queued|running/);
      expect(states.at(-1)).toMatchObject({
        status: 'completed',
        result: { kind: 'lead_import', accepted: 2000, rejected: 0, dryRun: false },
        failure: null,
      });
      const told = states.map(({ progress }) => progress?.done ?? 0);
      expect(told).toEqual(told.toSorted((a, b) => a - b));
    }
    expect(await host.as('auditor').jobs.get({ id: job.id })).toEqual(one.at(-1));
    const [record] = (await host.as('auditor').imports.list({})).items;
    expect(record).toMatchObject({ jobId: job.id, status: 'completed', accepted: 2000 });
    // Whoever comes late sees the end at once.
    expect(await watched(job)).toEqual([one.at(-1)]);
    // Its end is written down first; then its file goes.
    await host.context.jobs.stop();
    expect(await readdir(join(host.context.dataFolder, 'uploads'))).toEqual([]);
  });

  it('goes on when its watcher goes away', async () => {
    const job = await startImport(rows(1000));
    for await (const _state of await host.as('auditor').jobs.watch({ id: job.id })) break;
    expect(await atRest(job)).toMatchObject({ status: 'completed', result: { accepted: 1000 } });
  });

  it('generates for all partners, and exports what it made', async () => {
    for (const amounts of [[100], [200, 300]]) {
      await approvedCredits(host, (await activePartner(host)).id, amounts);
    }
    const generation = await host.as('finance').jobs.start({ kind: 'payout_generation', input: june });
    expect(await atRest(generation)).toMatchObject({
      status: 'completed',
      progress: { done: 3, total: 3, unit: 'partners' },
      result: { kind: 'payout_generation', generated: 2, totalAmount: 600, skippedCount: 1 },
    });
    const order = { kind: 'payout_export', input: { ...june, format: 'csv_lines' } } as const;
    const exporting = await atRest(await host.as('finance').jobs.start(order));
    expect(exporting).toMatchObject({ status: 'completed', progress: { done: 3, total: 3, unit: 'rows' } });
    const { result } = exporting;
    if (result?.kind !== 'payout_export') throw new Error('It is no export.');
    const file = await host.as('finance').payoutExports.read({ id: result.export.id, offset: 0 });
    expect(file.data.trim().split('\r\n')).toHaveLength(4);
  });

  it('simulates a policy over a period, changing nothing, and scores leads again', async () => {
    await approvedLead(host, partnerId);
    await approvedLead(host, partnerId);
    const { policy } = aSimulation;
    const input = { policy: { ...policy, partnerId }, from: '2026-06-01', to: '2026-06-30' };
    const simulation = await host.as('policy_manager').jobs.start({ kind: 'policy_simulation', input });
    expect(await atRest(simulation)).toMatchObject({
      status: 'completed',
      partnerId,
      progress: { done: 2, total: 2, unit: 'leads' },
      result: {
        kind: 'policy_simulation',
        leads: 2,
        totals: [{ currency: 'EUR', amount: 1400 }],
        omitted: 0,
      },
    });
    expect((await host.as('auditor').credits.list({})).items).toEqual([]);
    const rescoring = { kind: 'lead_rescoring', input: { all: true } } as const;
    expect(await atRest(await host.as('lead_reviewer').jobs.start(rescoring))).toMatchObject({
      status: 'completed',
      result: { kind: 'lead_rescoring', scored: 2, changed: 0 },
    });
  });

  it('goes on scoring after the last lead it looked at', async () => {
    await atRest(await startImport(rows(3000)));
    // Only the e-mail address counts, so every score changes.
    const none = Object.fromEntries(Object.keys(defaultScoreWeights).map((field) => [field, 0]));
    const scoreWeights = { ...none, email: 100 };
    await host.as('partner_manager').leadScoring.setWeights({ id: partnerId, scoreWeights });
    const job = await host.as('lead_reviewer').jobs.start({ kind: 'lead_rescoring', input: {} });
    await underWay(host.context, job.id);
    await host.context.jobs.stop();
    const before = await host.as('auditor').jobs.get({ id: job.id });
    expect(before).toMatchObject({ status: 'interrupted' });
    const next = host.anotherHost();
    await next.clientWith(await host.token('lead_reviewer')).jobs.resume({ id: job.id });
    const states = await watched(job, next.clientWith(await host.token('auditor')));
    expect(states.at(-1)).toMatchObject({
      status: 'completed',
      progress: { done: 3000, total: 3000 },
      result: { scored: 3000, changed: 3000 },
    });
    expect(states[0]!.progress!.done).toBeGreaterThanOrEqual(before.progress!.done);
    const [histories] = await host.database.read({ tenantId: host.tenantId }, (reader) =>
      reader.all<{ n: number }>(sql`select count(*) as n from lead_score_history
        where tenant_id = ${host.tenantId} and why = 'rescoring'`),
    );
    expect(histories!.n).toBe(3000);
  });

  it('answers the same command id with the same job', async () => {
    const order = { kind: 'payout_generation', input: june, commandId: 'once' } as const;
    const first = await host.as('finance').jobs.start(order);
    await atRest(first);
    expect((await host.as('finance').jobs.start(order)).id).toBe(first.id);
    expect((await host.as('auditor').jobs.list({})).items).toHaveLength(1);
  });

  it('takes the permission of the kind, and nothing of another organization', async () => {
    const uploadId = await upload(host.as('admin'), rows(1));
    const orders: Order[] = [
      { kind: 'lead_import', input: { partnerId, uploadId } },
      { kind: 'payout_generation', input: june },
      { kind: 'payout_export', input: { format: 'csv_payouts' } },
      { kind: 'lead_rescoring', input: {} },
      { kind: 'policy_simulation', input: aSimulation },
    ];
    const mayStart = {
      partner_manager: ['lead_import'],
      lead_reviewer: ['lead_rescoring'],
      policy_manager: ['policy_simulation'],
      approver: ['policy_simulation'],
      finance: ['payout_generation', 'payout_export'],
      auditor: ['policy_simulation'],
    } as const;
    for (const [role, kinds] of Object.entries(mayStart)) {
      for (const order of orders) {
        const started = host.as(role as keyof typeof mayStart).jobs.start(order);
        const code = await started.then(
          () => 'started',
          (error: { code: string }) => error.code,
        );
        const may = kinds.some((kind) => kind === order.kind);
        // With the permission it is judged by what it names.
        expect([role, order.kind, code === 'FORBIDDEN']).toEqual([role, order.kind, !may]);
      }
    }
    const other = await host.otherTenant();
    const theirs = await pendingPayout(other, [100]);
    const job = await other.as('finance').jobs.start({ kind: 'payout_generation', input: june });
    await other.as('finance').jobs.get({ id: job.id });
    const ours = host.as('admin');
    const theirPolicy = await policyInForce(other, theirs.partner.id);
    const [theirSource] = (await other.as('admin').sources.list({ id: theirs.partner.id })).items;
    const simulate = (more: object) =>
      ours.jobs.start({ kind: 'policy_simulation', input: { ...aSimulation, ...more } });
    const foreign: Record<string, () => Promise<unknown>> = {
      'lead_import partnerId': async () =>
        ours.jobs.start({
          kind: 'lead_import',
          input: { partnerId: theirs.partner.id, uploadId: await upload(ours, rows(1)) },
        }),
      'lead_import uploadId': async () =>
        ours.jobs.start({
          kind: 'lead_import',
          input: { partnerId, uploadId: await upload(other.as('admin'), rows(1)) },
        }),
      'payout_export payoutIds': () =>
        ours.jobs.start({
          kind: 'payout_export',
          input: { format: 'csv_payouts', payoutIds: [theirs.payout.id] },
        }),
      'lead_rescoring partnerId': () =>
        ours.jobs.start({ kind: 'lead_rescoring', input: { partnerId: theirs.partner.id } }),
      'policy_simulation policy.id': () => simulate({ policy: { id: theirPolicy.id } }),
      'policy_simulation policy.partnerId': () =>
        simulate({ policy: { ...aSimulation.policy, partnerId: theirs.partner.id } }),
      'policy_simulation policy.sourceId': () =>
        simulate({ policy: { ...aSimulation.policy, partnerId, sourceId: theirSource!.id } }),
      'policy_simulation leads': () => simulate({ leads: [theirs.lines[0]!.partnerLeadId!] }),
      'policy_simulation leads.id': () => simulate({ leads: [{ id: theirs.lines[0]!.partnerLeadId! }] }),
      get: () => ours.jobs.get({ id: job.id }),
      watch: () => ours.jobs.watch({ id: job.id }),
      cancel: () => ours.jobs.cancel({ id: job.id }),
      resume: () => ours.jobs.resume({ id: job.id }),
    };
    for (const [what, attempt] of Object.entries(foreign)) {
      expect([what, (await refusalOf(attempt())).code]).toEqual([what, 'NOT_FOUND']);
    }
    expect((await ours.jobs.list({})).items.map(({ id }) => id)).not.toContain(job.id);
    // No field that takes an id was forgotten above.
    const fields = jobOrder.options.flatMap((option) =>
      idFieldsOf({ '~orpc': { inputSchema: option } } as never).map(
        (field) => `${option.shape.kind.value} ${field.replace('input.', '')}`,
      ),
    );
    expect(Object.keys(foreign)).toEqual(expect.arrayContaining(fields));
  });

  it('refuses what can be known beforehand, and leaves no job', async () => {
    await host.as('approver').partners.suspend({ id: partnerId, reason: 'an audit' });
    expect((await refusalOf(startImport(rows(1)))).code).toBe('PARTNER_NOT_ACTIVE');
    const backwards = { periodStart: '2026-06-30', periodEnd: '2026-06-01' };
    const finance = host.as('finance');
    for (const order of [
      { kind: 'payout_generation', input: backwards },
      { kind: 'payout_export', input: { ...backwards, format: 'csv_payouts' } },
      { kind: 'payout_export', input: { format: 'csv_payouts', again: true } },
    ] as const) {
      expect((await refusalOf(finance.jobs.start(order))).code).toBe('VALIDATION');
    }
    const unknown = finance.jobs.start({
      kind: 'payout_export',
      input: { format: 'csv_payouts', payoutIds: [nowhere] },
    });
    expect((await refusalOf(unknown)).code).toBe('NOT_FOUND');
    expect((await host.as('auditor').jobs.list({})).items).toEqual([]);
  });

  it('keeps the sentence of one that fails', async () => {
    const job = await startImport([header, goodRow(1), 'Ana;"Meyer;a@b.de;1'].join('\n'));
    const failed = await atRest(job);
    expect(failed).toMatchObject({ status: 'failed', result: null, canResume: false });
    expect(failed.failure).toMatch(/quotation mark/);
    expect((await refusalOf(host.as('admin').jobs.resume({ id: job.id }))).code).toBe('INVALID_TRANSITION');
  });

  /** An import that surely is not over: it waits for the one before it. */
  async function twoImports(): Promise<[Job, Job]> {
    return [await startImport(rows(5000)), await startImport(rows(3000).replaceAll('ana', 'bo'))];
  }

  it('is cancelled by who started it and by who manages jobs; nobody else; what is in stays whole', async () => {
    const [first, second] = await twoImports();
    for (const other of [host.as('partner_manager', 2), host.as('finance'), host.as('auditor')]) {
      expect((await refusalOf(other.jobs.cancel({ id: second.id }))).code).toBe('FORBIDDEN');
    }
    expect(await host.as('partner_manager').jobs.cancel({ id: second.id })).toMatchObject({
      cancelRequestedBy: (await host.session('partner_manager')).userId,
    });
    await host.as('admin').jobs.cancel({ id: first.id });
    expect(await atRest(first)).toMatchObject({ status: 'cancelled', failure: null });
    expect(await atRest(second)).toMatchObject({ status: 'cancelled' });
    expect((await refusalOf(host.as('admin').jobs.cancel({ id: first.id }))).code).toBe('INVALID_TRANSITION');
    const records = (await host.as('auditor').imports.list({})).items;
    for (const { id, accepted, status } of records) {
      const leads = await host.as('auditor').leads.list({ importId: id, total: true, limit: 1 });
      expect([status, leads.total]).toEqual(['cancelled', accepted]);
    }
    expect((await host.as('auditor').activities.verify()).ok).toBe(true);
  });

  it('lists an import of a call, which another may cancel, and which ends when its caller goes away', async () => {
    const client = host.as('partner_manager');
    const stream = await client.imports.run({ partnerId, uploadId: await upload(client, rows(5000)) });
    const results = [];
    let cancelled: string | undefined;
    for await (const event of stream) {
      if (event.type === 'result') results.push(event.result);
      else if (cancelled === undefined) {
        const [job] = (await host.as('auditor').jobs.list({ status: 'running' })).items;
        cancelled = job!.id;
        await host.as('admin').jobs.cancel({ id: job!.id });
      }
    }
    expect(results).toMatchObject([{ status: 'cancelled' }]);
    expect(results[0]!.accepted).toBeLessThan(5000);
    expect(await host.as('auditor').jobs.get({ id: cancelled! })).toMatchObject({ status: 'cancelled' });

    const again = await client.imports.run({ partnerId, uploadId: await upload(client, rows(6000)) });
    for await (const event of again) if (event.type === 'progress') break;
    const [latest] = (await host.as('auditor').jobs.list({})).items;
    expect(latest).toMatchObject({ status: 'cancelled' });
  });

  it('lists by kind, status and starter, newest first, page after page', async () => {
    const finance = host.as('finance');
    for (const _each of [1, 2, 3]) await finance.payouts.generate(june);
    await atRest(await startImport(rows(1)));
    const all = (await host.as('auditor').jobs.list({ total: true })).items;
    expect(all).toHaveLength(4);
    expect(all.map(({ askedAt }) => askedAt)).toEqual(
      all
        .map(({ askedAt }) => askedAt)
        .toSorted()
        .toReversed(),
    );
    const paged: typeof all = [];
    let cursor: string | undefined;
    do {
      const page = await host.as('auditor').jobs.list({ limit: 3, cursor, kind: 'payout_generation' });
      paged.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(paged).toEqual(all.filter(({ kind }) => kind === 'payout_generation'));
    const ids = async (filter: Parameters<Client['jobs']['list']>[0], of: TestTenant = host) =>
      (await of.as('finance').jobs.list(filter)).items.map(({ id }) => id);
    expect(await ids({ mine: true })).toEqual(paged.map(({ id }) => id));
    expect(await ids({ partnerId })).toEqual(
      all.filter((job) => job.partnerId === partnerId).map(({ id }) => id),
    );
    expect(await ids({ status: 'failed' })).toEqual([]);
    expect((await refusalOf(finance.jobs.list({ cursor: 'nonsense' }))).code).toBe('VALIDATION');
  });

  it('stops when the host closes, and goes on where it stopped, no row twice', async () => {
    const [job, waiting] = await twoImports();
    await underWay(host.context, job.id);
    await host.context.jobs.stop();
    const interrupted = await host.as('auditor').jobs.get({ id: job.id });
    expect(interrupted).toMatchObject({ status: 'interrupted', canResume: true });
    expect(await host.as('auditor').jobs.get({ id: waiting.id })).toMatchObject({ status: 'interrupted' });
    const [record] = (await host.as('auditor').imports.list({})).items;
    expect(record).toMatchObject({ status: 'interrupted', jobId: job.id });

    const next = host.anotherHost();
    const as = async (...who: Parameters<TestHost['token']>) => next.clientWith(await host.token(...who));
    const resumed = async (client: Client, { id }: Job): Promise<Job> => {
      await client.jobs.resume({ id });
      return (await watched({ id }, await as('auditor'))).at(-1)!;
    };
    for (const other of [await as('partner_manager', 2), await as('finance')]) {
      expect((await refusalOf(other.jobs.resume({ id: job.id }))).code).toBe('FORBIDDEN');
    }
    // An administrator goes on with somebody else's file.
    expect(await resumed(await as('admin'), job)).toMatchObject({
      status: 'completed',
      result: { accepted: 5000, rejected: 0, duplicates: 0 },
    });
    expect(await host.as('auditor').imports.get({ id: record!.id })).toMatchObject({ accepted: 5000 });
    const refusal = await refusalOf((await as('admin')).jobs.resume({ id: job.id }));
    expect(refusal.code).toBe('INVALID_TRANSITION');
    expect(await resumed(await as('partner_manager'), waiting)).toMatchObject({ status: 'completed' });
    const leads = await host.as('auditor').leads.list({ partnerId, limit: 1, total: true });
    expect(leads.total).toBe(8000);
    expect((await host.as('auditor').activities.verify()).ok).toBe(true);
    const actions = await host.database.read({ tenantId: host.tenantId }, (reader) =>
      reader.all<{ action: string }>(sql`select action from partner_activities
        where tenant_id = ${host.tenantId} and action like 'job%' or action like 'import_%' order by seq`),
    );
    expect(actions.map(({ action }) => action)).toEqual([
      'job_started',
      expect.stringMatching(/job_started|import_started/),
      expect.stringMatching(/job_started|import_started/),
      'import_interrupted',
      'job_resumed',
      'import_resumed',
      'import_completed',
      'job_resumed',
      'import_started',
      'import_completed',
    ]);
  });
});
