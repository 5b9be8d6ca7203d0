/**
 * A program that works until it is killed: it tells each step that is done on stdout, and at the write it was given, in
 * the middle of a transaction, it says so and stands still until the signal comes.
 */

import type { Writer } from '#host/database/index.ts';
import { actAs, composeHost, createLog, type Host } from '#host/index.ts';
import { admins, changeWeights, importFile, sendFile, type Task, untilToday } from './crash-stage.ts';

const [, , folder = '', task = '', stopAt = '', databaseUrl = ''] = process.argv;

let writes = 0;
let isArmed = false;

async function countWrite(): Promise<void> {
  if (isArmed && ++writes === Number(stopAt)) await standStill('in the middle');
}

/** Says where it is and waits for the signal. */
async function standStill(where: string): Promise<void> {
  process.stdout.write(`${where}\n`);
  await new Promise(() => {
    process.stdin.resume();
  });
}

function counting(tx: Writer): Writer {
  return {
    ...tx,
    run: async (statement) => {
      await countWrite();
      return tx.run(statement);
    },
    insert: async (table, row) => {
      await countWrite();
      return tx.insert(table, row);
    },
    insertMany: async (table, rows) => {
      await countWrite();
      return tx.insertMany(table, rows);
    },
    update: async (table, where, patch) => {
      await countWrite();
      return tx.update(table, where, patch);
    },
    beforeCommit: (fn) => tx.beforeCommit((last) => fn(counting(last))),
  };
}

function watched(host: Host): Host {
  const { write } = host.database;
  host.database.write = (scope, fn) => write(scope, (tx) => fn(counting(tx)));
  return host;
}

const done = (what: unknown): void => void process.stdout.write(`done ${String(what)}\n`);

const host = watched(
  await composeHost({
    dataFolder: folder,
    log: createLog('silent'),
    ...(databaseUrl !== '' && { databaseUrl }),
  }),
);
const { client } = await actAs(host, admins.second);

const work: Record<Task, () => Promise<void>> = {
  import: async () => {
    const [partner] = (await client.partners.list({ limit: 1 })).items;
    const uploadId = await sendFile(client, importFile);
    isArmed = true;
    const events = await client.imports.run({ partnerId: partner?.id ?? '', uploadId });
    for await (const event of events) if (event.type === 'progress') done(event.accepted);
  },
  approvals: async () => {
    const { items } = await client.leads.reviewQueue({ limit: 500 });
    isArmed = true;
    for (const { id } of items) {
      await client.leads.approve({ id });
      done(id);
    }
  },
  credits: async () => {
    const { items } = await client.credits.list({ status: 'pending_approval', limit: 500 });
    isArmed = true;
    for (const { id } of items) {
      await client.credits.approve({ id });
      done(id);
    }
  },
  rescoring: async () => {
    await changeWeights(client);
    isArmed = true;
    const events = await client.leadScoring.rescore({ all: true });
    for await (const event of events) done(event.changed);
  },
  export: async () => {
    await client.payouts.generate(untilToday());
    isArmed = true;
    await client.payoutExports.create({ format: 'csv_lines' });
  },
  generation: async () => {
    isArmed = true;
    const events = await client.payouts.generateStream(untilToday());
    for await (const event of events) done(event.type === 'progress' ? event.generated : 'all');
  },
};

if (!(task in work)) throw new Error(`There is no task ${task}.`);
await work[task as Task]();
// Whoever kills it by its steps may come late, on a busy machine; it is killed all the same.
await standStill('at the end');
