import { Client } from 'pg';
import sql from 'sql-template-tag';
import { beforeAll, expect, it } from 'vitest';
import { type Database, type DatabaseLogger, numberSequences } from '#host/database/index.ts';
import { leaseMs } from '#host/services/jobs/owner.ts';
import { testDatabase } from '#test/support/databases.ts';
import { anOffice, type Office } from './rows.ts';

let database: Database;
let office: Office;
let scope: { tenantId: string };

beforeAll(async () => {
  ({ database } = await testDatabase('postgres'));
  office = await anOffice(database);
  scope = { tenantId: office.tenantId };
});

it('runs a unit of work again after a deadlock, with nothing of the first try left', async () => {
  await database.write(scope, (tx) =>
    tx.insertMany(numberSequences, [
      { name: 'a', value: 0 },
      { name: 'b', value: 0 },
    ]),
  );
  let attempts = 0;
  let holding = 0;
  let bothHold = (): void => {};
  const both = new Promise<void>((done) => {
    bothHold = done;
  });
  const afterCommit: string[] = [];
  const both1 = async (first: string, second: string): Promise<void> => {
    await database.write(scope, async (tx) => {
      attempts++;
      tx.afterCommit(() => void afterCommit.push(first));
      await tx.find(numberSequences, { name: first }, { lock: true });
      // The first two to come here each hold one row and want the other's.
      if (++holding === 2) bothHold();
      await both;
      await tx.find(numberSequences, { name: second }, { lock: true });
      await tx.run(sql`update number_sequences set value = value + 1 where tenant_id = ${office.tenantId}`);
    });
  };
  await Promise.all([both1('a', 'b'), both1('b', 'a')]);
  const rows = await database.read(scope, (reader) => reader.list(numberSequences, sql`order by name`));
  expect(rows.map(({ value }) => value)).toEqual([2, 2]);
  expect(attempts).toBe(3);
  expect(afterCommit.sort()).toEqual(['a', 'b']);
});

it('gives up after a bounded number of tries', async () => {
  let attempts = 0;
  const clashing = database.write(scope, async (tx) => {
    attempts++;
    await tx.run(sql`do $$ begin raise exception using errcode = '40001'; end $$`);
  });
  await expect(clashing).rejects.toMatchObject({ code: '40001' });
  expect(attempts).toBe(6);
});

it('does not hand a broken connection on', async () => {
  const breaking = database.write(scope, async (tx) => {
    await tx.run(sql`select pg_terminate_backend(pg_backend_pid())`);
  });
  await expect(breaking).rejects.toThrow(/terminat/);
  for (let i = 0; i < 12; i++) {
    expect(await database.read(scope, (reader) => reader.get(sql`select 1 as n`))).toEqual({ n: 1 });
  }
});

it('outlives a connection that breaks between two statements, and keeps nothing of its transaction', async () => {
  const broke = Promise.withResolvers<void>();
  const logger: DatabaseLogger = {
    info() {},
    error() {},
    warn: (_details, message) =>
      void (message.includes('connection to the database broke') && broke.resolve()),
  };
  const opened = await testDatabase('postgres', { logger });
  if (opened.location.engine !== 'postgres') throw new Error('It is no server.');
  const { tenantId } = await anOffice(opened.database);
  const killer = new Client({ connectionString: opened.location.url });
  await killer.connect();
  try {
    const breaking = opened.database.write({ tenantId }, async (tx) => {
      await tx.insertMany(numberSequences, [{ name: 'c', value: 0 }]);
      const row = await tx.get<{ pid: number }>(sql`select pg_backend_pid() as pid`);
      await killer.query('select pg_terminate_backend($1)', [row?.pid]);
      await broke.promise;
      await tx.get(sql`select 1 as n`);
    });
    await expect(breaking).rejects.toThrow(/connection/);
    const left = await opened.database.read({ tenantId }, (reader) =>
      reader.find(numberSequences, { name: 'c' }),
    );
    expect(left).toBeUndefined();
  } finally {
    await killer.end();
  }
});

it('takes the locks of a host that stands still back before its jobs are taken over', async () => {
  const pause = await database.read('system', (reader) =>
    reader.get<{ ms: number }>(
      sql`select setting::integer as ms from pg_settings where name = 'idle_in_transaction_session_timeout'`,
    ),
  );
  expect(pause?.ms).toBeGreaterThan(0);
  expect(pause?.ms).toBeLessThan(leaseMs);
});

it('throws for a sum that is not exact as a number rather than rounding it', async () => {
  const asking = database.read(scope, (reader) => reader.get(sql`select 9007199254740993::bigint as n`));
  await expect(asking).rejects.toThrow(/not exact/);
});

it('reads an instant whatever its precision', async () => {
  const row = await database.read(scope, (reader) =>
    reader.get(sql`select timestamptz '2026-03-01 10:00:00+02' as a, timestamptz '2026-03-01 10:00:00.12Z' as b,
      timestamptz '2026-03-01 10:00:00.123456Z' as c, null::timestamptz as d`),
  );
  expect(row).toEqual({
    a: '2026-03-01T08:00:00.000Z',
    b: '2026-03-01T10:00:00.120Z',
    c: '2026-03-01T10:00:00.123Z',
    d: null,
  });
});
