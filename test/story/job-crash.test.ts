import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actAs, composeHost, createLog, type Host } from '#host/index.ts';
import { leaseMs } from '#host/services/jobs/owner.ts';
import { testLocation } from '#test/support/databases.ts';
import { admins, prepareOffice, type Task } from './crash-stage.ts';
import { type Client, expectDone, expectSound, interruptedJob, type Job, resumed } from './job-ends.ts';
import { killedAt, type Moment } from './killing.ts';

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
    then: (client: Client, job: Pick<Job, 'id'>, host: Host) => Promise<void>,
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
      await goesOn('import', moment, async (client, job, host) => {
        const before = (await client.imports.list({ limit: 1 })).items[0];
        // Killed early, it has left no import yet.
        expect(before?.jobId === job.id ? before.status : 'interrupted').toBe('interrupted');
        await expectDone('import', client, host, await resumed(client, job));
      });
    },
  );

  it.each([{ write: 4 }, { write: 38 }])('generates the rest of the payouts (%j)', async (moment) => {
    expect.hasAssertions();
    await goesOn('generation', moment, async (client, job, host) => {
      await expectDone('generation', client, host, await resumed(client, job));
    });
  });

  it('scores the rest of the leads, each once', async () => {
    expect.hasAssertions();
    await goesOn('rescoring', { write: 60 }, async (client, job, host) => {
      await expectDone('rescoring', client, host, await resumed(client, job));
    });
  });

  it('left no export half, and makes it whole', async () => {
    await goesOn('export', { write: 3 }, async (client, job, host) => {
      expect((await client.payoutExports.list({})).items).toEqual([]);
      await expectDone('export', client, host, await resumed(client, job));
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
      await expectDone('import', client, host, await resumed(client, await interruptedJob(client)));
      await expectSound(host);
      await host.close();
    } finally {
      await server.remove();
      await remove();
    }
  });
});
