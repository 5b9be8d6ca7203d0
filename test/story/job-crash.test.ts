import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outputs } from '#contract/index.ts';
import { type Acting, actAs, composeHost, createLog, type Host, isSound, verifyAll } from '#host/index.ts';
import { leaseMs } from '#host/services/jobs/owner.ts';
import { testLocation } from '#test/support/databases.ts';
import { admins, halves, importedRows, partnerCount, prepareOffice, type Task } from './crash-stage.ts';
import { killedAt, type Moment } from './killing.ts';

type Client = Acting['client'];
type Job = Outputs['jobs']['get'];

/** The one job that the killed program had; a job it never entered can't be resumed. */
async function interruptedJob(client: Client): Promise<Job> {
  const { items } = await client.jobs.list({ status: 'interrupted' });
  expect(items).toHaveLength(1);
  expect((await client.jobs.list({ status: 'running' })).items).toEqual([]);
  expect(items[0]).toMatchObject({ canResume: true, failure: expect.stringMatching(/resume/) });
  return items[0]!;
}

async function resumed(client: Client, { id }: Job): Promise<Job> {
  await client.jobs.resume({ id });
  let last: Job | undefined;
  for await (const state of await client.jobs.watch({ id })) last = state;
  expect(last).toMatchObject({ id, status: 'completed', failure: null });
  return last!;
}

async function expectSound(host: Host): Promise<void> {
  expect(isSound(await verifyAll(host))).toBe(true);
  expect(await halves(host)).toEqual({});
}

/** After the import, however often it was interrupted: every row of the file once. */
async function expectAllRowsOnce(client: Client, job: Job): Promise<void> {
  expect(job.result).toMatchObject({ accepted: importedRows, rejected: 0, duplicates: 0 });
  const [record] = (await client.imports.list({ limit: 1 })).items;
  expect(record).toMatchObject({ jobId: job.id, status: 'completed', accepted: importedRows });
  const leads = await client.leads.list({ importId: record!.id, limit: 1, total: true });
  expect(leads.total).toBe(importedRows);
  expect((await client.leads.list({ duplicates: true, limit: 1, total: true })).total).toBe(0);
}

describe('a job whose host was killed', () => {
  let office: Awaited<ReturnType<typeof prepareOffice>>;
  beforeAll(async () => {
    office = await prepareOffice();
  });
  afterAll(() => office.remove());

  /** Kills the task, opens the folder again at once, and goes on with its job. */
  async function goesOn(
    task: Task,
    moment: Moment,
    then: (client: Client, job: Job, host: Host) => Promise<void>,
  ): Promise<void> {
    const folder = await office.copy();
    await killedAt(folder, task, moment);
    const host = await composeHost({ dataFolder: folder, log: createLog('silent') });
    try {
      await expectSound(host);
      const { client } = await actAs(host, admins.first);
      await then(client, await interruptedJob(client), host);
      await expectSound(host);
    } finally {
      await host.close();
    }
  }

  // The job's own row is the first write, its beginning the second, the record of the import the third.
  it.each([{ write: 2 }, { write: 3 }, { write: 9 }, { write: 40 }, { done: 3 }])(
    'takes in the rest of an import, no row twice (%j)',
    async (moment) => {
      await goesOn('import', moment, async (client, job) => {
        const before = (await client.imports.list({ limit: 1 })).items[0];
        // Killed early, it has left no import yet.
        expect(before?.jobId === job.id ? before.status : 'interrupted').toBe('interrupted');
        await expectAllRowsOnce(client, await resumed(client, job));
      });
    },
  );

  it.each([{ write: 4 }, { write: 38 }])('generates the rest of the payouts (%j)', async (moment) => {
    await goesOn('generation', moment, async (client, job) => {
      await resumed(client, job);
      const made = (await client.payouts.list({ limit: 500 })).items;
      expect(new Set(made.map(({ partnerId }) => partnerId)).size).toBe(partnerCount);
      expect(made.map(({ totalAmount }) => totalAmount)).toEqual(
        Array.from({ length: partnerCount }, () => 2000),
      );
    });
  });

  it('scores the rest of the leads, each once', async () => {
    await goesOn('rescoring', { write: 60 }, async (client, job, host) => {
      await resumed(client, job);
      const rows = await host.database.read('system', (reader) =>
        reader.all<{ n: number }>(sql`select count(*) as n from lead_score_history
          where why = 'rescoring' group by lead_id`),
      );
      expect(rows).toEqual(Array.from({ length: 5 * partnerCount }, () => ({ n: 1 })));
    });
  });

  it('left no export half, and makes it whole', async () => {
    await goesOn('export', { write: 3 }, async (client, job) => {
      expect((await client.payoutExports.list({})).items).toEqual([]);
      const { result } = await resumed(client, job);
      if (result?.kind !== 'payout_export') throw new Error('It is no export.');
      expect((await client.payoutExports.list({})).items).toEqual([result.export]);
      const file = await client.payoutExports.read({ id: result.export.id, offset: 0 });
      expect(file.data.trim().split('\r\n')).toHaveLength(1 + 2 * partnerCount);
    });
  });

  it('is settled on PostgreSQL when its lease has lapsed, not before, and goes on on another host', async () => {
    const { location, remove } = await testLocation('postgres');
    if (location.engine !== 'postgres') throw new Error('It is no server.');
    const databaseUrl = location.url;
    const server = await prepareOffice(databaseUrl);
    try {
      const folder = await server.copy();
      await killedAt(folder, 'import', { write: 14 }, databaseUrl);
      const log = createLog('silent');
      const early = await composeHost({ dataFolder: folder, databaseUrl, log });
      const { client: soon } = await actAs(early, admins.first);
      expect((await soon.jobs.list({ status: 'running' })).items).toHaveLength(1);
      await early.close();

      const now = () => new Date(Date.now() + leaseMs).toISOString();
      const host = await composeHost({ dataFolder: folder, databaseUrl, log, now });
      await expectSound(host);
      const { client } = await actAs(host, admins.first);
      await expectAllRowsOnce(client, await resumed(client, await interruptedJob(client)));
      await expectSound(host);
      await host.close();
    } finally {
      await server.remove();
      await remove();
    }
  });
});
