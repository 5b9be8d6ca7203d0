import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actAs, composeHost, createLog } from '#host/index.ts';
import { leaseMs } from '#host/services/jobs/owner.ts';
import { engines, testLocation } from '#test/support/databases.ts';
import { admins, changeWeights, importFile, prepareOffice, untilToday } from './crash-stage.ts';
import {
  type Client,
  expectDone,
  expectSound,
  interruptedJob,
  type Job,
  type Kind,
  resumed,
} from './job-ends.ts';
import { hasActivity, hasImported, type Place, type Served, startServed } from './served.ts';

/** The program as it is served, told to end, or standing still, while a job of each kind is under way. */

const ada = { email: admins.first, password: 'correct horse battery' };
const log = createLog('silent');

interface Stage {
  /** What must be there before; done by a host that is closed again. */
  before?: (client: Client) => Promise<unknown>;
  order: (served: Served) => Promise<object>;
  /** How far it is to be: with work that is done, where there is such. */
  isFar: (served: Served, id: string) => () => Promise<boolean>;
}

const progressOf =
  ({ call }: Served, id: string) =>
  async () =>
    (await call<Job>('GET', `/jobs/${id}`)).progress !== null;
const runs =
  ({ call }: Served, id: string) =>
  async () =>
    (await call<Job>('GET', `/jobs/${id}`)).status === 'running';

async function send({ call }: Served, file: string): Promise<string> {
  const bytes = Buffer.from(file);
  const begun = { fileName: 'leads.csv', size: bytes.length };
  const { uploadId } = await call<{ uploadId: string }>('POST', '/uploads', begun);
  for (let offset = 0; offset < bytes.length; offset += 100_000) {
    const data = bytes.subarray(offset, offset + 100_000).toString('base64');
    await call('POST', `/uploads/${uploadId}/append`, { offset, data });
  }
  return uploadId;
}

const stages: Record<Kind, Stage> = {
  import: {
    order: async (served) => {
      const [partner] = (await served.call<{ items: { id: string }[] }>('GET', '/partners?limit=1')).items;
      const input = { partnerId: partner?.id, uploadId: await send(served, importFile) };
      return { kind: 'lead_import', input };
    },
    isFar: hasImported,
  },
  generation: {
    order: async () => ({ kind: 'payout_generation', input: untilToday() }),
    isFar: progressOf,
  },
  rescoring: {
    before: changeWeights,
    order: async () => ({ kind: 'lead_rescoring', input: { all: true } }),
    isFar: (served) => hasActivity(served, 'leads_rescored'),
  },
  export: {
    before: ({ payouts }) => payouts.generate(untilToday()),
    order: async () => ({ kind: 'payout_export', input: { format: 'csv_lines' } }),
    isFar: runs,
  },
  simulation: {
    order: async () => {
      const { periodStart: from, periodEnd: to } = untilToday();
      const policy = {
        policyType: 'time_based',
        timeUnitType: 'monthly',
        calculationType: 'fixed_price',
        baseCredit: 700,
      };
      return { kind: 'policy_simulation', input: { policy, from, to } };
    },
    isFar: runs,
  },
};
const kinds = Object.keys(stages) as Kind[];

const composed = ({ data, databaseUrl }: Place, now?: () => string) =>
  composeHost({ dataFolder: data, databaseUrl, log, ...(now && { now }) });

/** A place with an office in it that nothing was done to yet, on either engine. */
async function aPlace(
  engine: (typeof engines)[number],
  folder: () => Promise<string>,
): Promise<Place & { remove(): Promise<void> }> {
  if (engine === 'sqlite') return { data: await folder(), remove: async () => undefined };
  const { location, remove } = await testLocation('postgres');
  if (location.engine !== 'postgres') throw new Error('It is no server.');
  const office = await prepareOffice(location.url);
  return {
    data: await office.copy(),
    databaseUrl: location.url,
    remove: async () => {
      await office.remove();
      await remove();
    },
  };
}

/** Serves the place and has a job of this kind under way. */
async function withJob(place: Place, kind: Kind): Promise<{ served: Served; id: string }> {
  const { before, order, isFar } = stages[kind];
  if (before !== undefined) {
    const host = await composed(place);
    await before((await actAs(host, admins.second)).client);
    await host.close();
  }
  const served = await startServed(place, ada);
  const { id } = await served.call<Job>('POST', '/jobs', await order(served));
  await served.stepUntil(isFar(served, id));
  expect(await served.call('GET', `/jobs/${id}`)).toMatchObject({ status: 'running' });
  return { served, id };
}

describe.each(engines)('a program that is told to end while a job runs, on %s', (engine) => {
  let office: Awaited<ReturnType<typeof prepareOffice>> | undefined;
  beforeAll(async () => {
    if (engine === 'sqlite') office = await prepareOffice();
  });
  afterAll(() => office?.remove());

  it.each(kinds)(
    'ends in order and soon, and goes on afterwards: %s',
    async (kind) => {
      const place = await aPlace(engine, () => office!.copy());
      try {
        const { served, id } = await withJob(place, kind);
        // Who looks on must not hold it up; nor does who asks twice hurry it into leaving something half.
        const streams = await Promise.all([served.open(`/jobs/${id}/watch`), served.open('/changes')]);
        for (const { headers } of streams) expect(headers.get('content-type')).toContain('text/event-stream');
        const asked = performance.now();
        served.process.kill('SIGTERM');
        served.process.kill('SIGINT');
        served.process.kill('SIGTERM');
        expect(await served.ended).toMatchObject({ code: 0, signal: null });
        // A stream that held it up would for 20 seconds.
        expect(performance.now() - asked).toBeLessThan(15_000);
        for (const stream of streams) await stream.text().catch(() => 'cut');

        const host = await composed(place);
        try {
          await expectSound(host);
          const { client } = await actAs(host, admins.first);
          const job = await interruptedJob(client);
          expect(job).toMatchObject({ id, failure: expect.stringMatching(/program was closed/) });
          await expectDone(kind, client, host, await resumed(client, job));
          await expectSound(host);
        } finally {
          await host.close();
        }
      } finally {
        await place.remove();
      }
    },
    120_000,
  );
});

describe('a program that stands still for longer than its lease, on PostgreSQL', () => {
  it.each(kinds.filter((kind) => kind !== 'simulation'))(
    'does nothing twice when it wakes, and ends nothing that another has taken over: %s',
    async (kind) => {
      const place = await aPlace('postgres', () => Promise.reject(new Error('It is on a server.')));
      try {
        const { served, id } = await withJob(place, kind);
        served.process.kill('SIGSTOP');
        const host = await composed(place, () => new Date(Date.now() + leaseMs).toISOString());
        try {
          const { client } = await actAs(host, admins.first);
          const done = await resumed(client, await interruptedJob(client));
          await expectDone(kind, client, host, done);
          const last = await client.activities.list({ limit: 1, total: true });

          served.process.kill('SIGCONT');
          served.letGo();
          await served.logged('A job was taken from this host before it ended');
          // It wrote nothing more, and left the end as it was.
          expect(await client.activities.list({ limit: 1, total: true })).toEqual(last);
          expect(await client.jobs.get({ id })).toEqual(done);
          expect(await served.call('GET', `/jobs/${id}`)).toEqual(done);
          await expectDone(kind, client, host, done);
          await expectSound(host);
        } finally {
          await host.close();
        }
        served.process.kill('SIGTERM');
        expect(await served.ended).toMatchObject({ code: 0 });
      } finally {
        await place.remove();
      }
    },
    120_000,
  );
});
