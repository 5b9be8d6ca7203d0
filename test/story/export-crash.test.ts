import { createHash } from 'node:crypto';
import { cp, readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outputs } from '#contract/index.ts';
import { type Acting, actAs, composeHost, createLog, type Host, isSound, verifyAll } from '#host/index.ts';
import { testLocation } from '#test/support/databases.ts';
import { schemaErrors } from '#test/support/schemas.ts';
import { admins, partnerCount, prepareOffice } from './crash-stage.ts';
import { type ExportMoment, killedExport, readyToPay } from './export-crash-stage.ts';

type Client = Acting['client'];
type Made = Outputs['payoutExports']['create'];

const log = createLog('silent');
const exportsOf = (folder: string) => readdir(join(folder, 'exports'));
const recordedBy = (moment: ExportMoment) => moment === 'committed' || moment === 'named';

async function textOf(client: Client, { id }: Made): Promise<string> {
  const { body } = await client.payoutExports.file({ id });
  return body.text();
}

/** The export is whole: its file is the one recorded, and it was recorded once, with its activity. */
async function expectWhole(client: Client, made: Made): Promise<string> {
  const text = await textOf(client, made);
  expect(createHash('sha256').update(text).digest('hex')).toBe(made.fileSha256);
  expect(Buffer.byteLength(text)).toBe(made.byteSize);
  expect((await client.payoutExports.list({})).items).toEqual([made]);
  const { items } = await client.activities.list({ action: 'payouts_exported' });
  expect(items.map(({ resourceId }) => resourceId)).toEqual([made.id]);
  return text;
}

/** The export that was recorded, whole; where none was, no trace of one. */
async function whatIsThere(client: Client, count: 0 | 1): Promise<Made | undefined> {
  const { items } = await client.payoutExports.list({});
  expect(items).toHaveLength(count);
  for (const made of items) await expectWhole(client, made);
  const traces = await client.activities.list({ action: 'payouts_exported' });
  expect(traces.items).toHaveLength(count);
  return items[0];
}

/** Goes on with the one job that the killed program had. */
async function resumed(client: Client): Promise<Made> {
  const [job] = (await client.jobs.list({ status: 'interrupted' })).items;
  expect(job).toMatchObject({ kind: 'payout_export', canResume: true });
  await client.jobs.resume({ id: job!.id });
  let last: Outputs['jobs']['get'] | undefined;
  for await (const state of await client.jobs.watch({ id: job!.id })) last = state;
  expect(last).toMatchObject({ status: 'completed', failure: null });
  if (last?.result?.kind !== 'payout_export') throw new Error('It is no export.');
  return last.result.export;
}

/** Each payout is ordered once, whatever was killed. */
const expectOrderedOnce = (client: Client) =>
  expect(client.payoutExports.create({ format: 'pain001' })).rejects.toMatchObject({ code: 'DUPLICATE' });

const expectRows = {
  async csv_lines(_client: Client, text: string): Promise<void> {
    expect(text.trim().split('\r\n')).toHaveLength(1 + 2 * partnerCount);
  },
  async pain001(client: Client, text: string): Promise<void> {
    expect(Object.values(await schemaErrors([text]))).toEqual([[], []]);
    expect(text.split('<EndToEndId>')).toHaveLength(1 + partnerCount);
    await expectOrderedOnce(client);
  },
};

async function expectSound(host: Host): Promise<void> {
  expect(isSound(await verifyAll(host))).toBe(true);
}

/** As if nobody had written to what a crash left for a while. */
async function age(folder: string): Promise<void> {
  const longAgo = new Date(Date.now() - 3_600_000);
  for (const name of await exportsOf(folder)) await utimes(join(folder, 'exports', name), longAgo, longAgo);
}

describe('an export that is killed', () => {
  let office: Awaited<ReturnType<typeof prepareOffice>>;
  let ready: string;
  beforeAll(async () => {
    office = await prepareOffice();
    ready = await office.copy();
    await readyToPay(ready);
  });
  afterAll(() => office.remove());

  it.each<[ExportMoment, 'csv_lines' | 'pain001']>([
    ['growing', 'csv_lines'],
    ['written', 'csv_lines'],
    ['recorded', 'csv_lines'],
    ['committed', 'csv_lines'],
    ['named', 'csv_lines'],
    ['written', 'pain001'],
    ['recorded', 'pain001'],
    ['committed', 'pain001'],
    ['named', 'pain001'],
  ])('is there whole or not at all, and once when its job was resumed (%s, %s)', async (moment, format) => {
    const folder = `${ready}-${moment}-${format}`;
    await cp(ready, folder, { recursive: true });
    await killedExport(folder, moment, format);

    const ending = format === 'pain001' ? 'sealed' : 'csv';
    const left = await exportsOf(folder);
    expect(left).toHaveLength(1);
    const expected: Record<ExportMoment, RegExp> = {
      growing: new RegExp(`^\\..*\\.${ending}\\.unrecorded\\..*\\.tmp$`),
      written: new RegExp(`^[0-9a-f-]{36}\\.${ending}\\.unrecorded$`),
      recorded: new RegExp(`^[0-9a-f-]{36}\\.${ending}\\.unrecorded$`),
      committed: new RegExp(`^[0-9a-f-]{36}\\.${ending}\\.unrecorded$`),
      named: new RegExp(`^[0-9a-f-]{36}\\.${ending}$`),
    };
    expect(left[0]).toMatch(expected[moment]);

    let made: Made;
    const host = await composeHost({ dataFolder: folder, log });
    try {
      await expectSound(host);
      const { client } = await actAs(host, admins.first);
      const before = await whatIsThere(client, recordedBy(moment) ? 1 : 0);
      // What was recorded has its name; what was not may lie there for a while.
      const named = before === undefined ? [] : [`${before.id}.${ending}`];
      expect(await exportsOf(folder)).toEqual(expect.arrayContaining(named));

      made = await resumed(client);
      expect(made).toEqual(before ?? made);
      await expectRows[format](client, await expectWhole(client, made));
      await expectSound(host);
    } finally {
      await host.close();
    }
    // What the crash left goes at a later start, and only that.
    await age(folder);
    await (await composeHost({ dataFolder: folder, log })).close();
    expect(await exportsOf(folder)).toEqual([`${made.id}.${ending}`]);
  });

  it.each<ExportMoment>(['recorded', 'committed'])(
    'is there whole or not at all with its rows on PostgreSQL (%s)',
    async (moment) => {
      const { location, remove } = await testLocation('postgres');
      if (location.engine !== 'postgres') throw new Error('It is no server.');
      const databaseUrl = location.url;
      const server = await prepareOffice(databaseUrl);
      try {
        const folder = await server.copy();
        await readyToPay(folder, databaseUrl);
        await killedExport(folder, moment, 'pain001', databaseUrl);
        const host = await composeHost({ dataFolder: folder, databaseUrl, log });
        await expectSound(host);
        const { client } = await actAs(host, admins.first);
        const before = await whatIsThere(client, recordedBy(moment) ? 1 : 0);
        const made = before ?? (await client.payoutExports.create({ format: 'pain001' }));
        const text = await expectWhole(client, made);
        expect(text).toContain(`<NbOfTxs>${partnerCount}</NbOfTxs>`);
        await expectRows.pain001(client, text);
        await host.close();
      } finally {
        await server.remove();
        await remove();
      }
    },
  );
});
