import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import sql from 'sql-template-tag';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, numberSequences, openDatabase, partners } from '#host/database/index.ts';
import { openSqlite } from '#host/database/sqlite.ts';
import { silentLogger } from '#host/database/transaction.ts';
import { testLocation } from '#test/support/databases.ts';
import { anOffice, aPartner, type Office } from './rows.ts';

const now = (): string => new Date().toISOString();
let file: string;
let remove: () => Promise<void>;
let database: Database;
let office: Office;

beforeAll(async () => {
  const place = await testLocation('sqlite');
  if (place.location.engine !== 'sqlite') throw new Error('Not a file.');
  ({ file } = place.location);
  ({ remove } = place);
  database = await openSqlite({ file, now, logger: silentLogger, patience: 150 });
  office = await anOffice(database);
});
afterAll(async () => {
  await database.close();
  await remove();
});

const increment = () =>
  database.write({ tenantId: office.tenantId }, (tx) =>
    tx.insert(numberSequences, { name: now(), value: 1 }),
  );

it('writes through to the disk, in WAL, with foreign keys', async () => {
  const pragma = async (name: string) => await database.dataSource.query(`pragma ${name}`);
  expect(await pragma('journal_mode')).toEqual([{ journal_mode: 'wal' }]);
  expect(await pragma('synchronous')).toEqual([{ synchronous: 2 }]);
  expect(await pragma('foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  expect(await pragma('recursive_triggers')).toEqual([{ recursive_triggers: 1 }]);
  expect(await pragma('wal_autocheckpoint')).toEqual([{ wal_autocheckpoint: 65536 }]);
});

it('waits for another program that is writing', async () => {
  const other = new BetterSqlite3(file);
  other.exec('begin immediate');
  const writing = increment().then(() => 'written');
  await new Promise(setImmediate);
  other.exec('rollback');
  other.close();
  expect(await writing).toBe('written');
});

it('says so when another program goes on writing, and writes nothing', async () => {
  const other = new BetterSqlite3(file);
  other.exec('begin immediate');
  await expect(increment()).rejects.toMatchObject({ code: 'LOCKED' });
  other.exec('rollback');
  other.close();
  await increment();
});

it('does not stop the process while it waits', async () => {
  const other = new BetterSqlite3(file);
  other.exec('begin immediate');
  const writing = increment().catch(() => 'told');
  const reads = await Promise.all(
    Array.from({ length: 5 }, () =>
      database.read({ tenantId: office.tenantId }, (reader) => reader.list(partners)),
    ),
  );
  expect(reads).toHaveLength(5);
  expect(await writing).toBe('told');
  other.exec('rollback');
  other.close();
});

it('makes a complete copy while the database is in use', async () => {
  const target = join(dirname(file), 'copy.sqlite');
  const writing = Array.from({ length: 50 }, () =>
    database.write({ tenantId: office.tenantId }, (tx) => tx.insert(partners, aPartner(office))),
  );
  await database.backup!(target);
  await Promise.all(writing);
  const copy = await openDatabase({ engine: 'sqlite', file: target });
  expect(await copy.dataSource.query('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  expect(
    await copy.read('system', (reader) => reader.find(partners, { id: office.partnerId })),
  ).toBeDefined();
  await copy.close();
  expect((await stat(target)).size).toBeGreaterThan(100_000);
});

it('leaves no half copy behind', async () => {
  const folder = dirname(file);
  await expect(database.backup!(join(folder, 'no', 'such', 'folder.sqlite'))).rejects.toThrow(/director/);
  expect((await readdir(folder)).filter((name) => name.includes('unfinished'))).toEqual([]);
});

it('logs a slow statement with its text and without its values', async () => {
  const logged: { details: object; message: string }[] = [];
  const warn = (details: object, message: string): void => void logged.push({ details, message });
  const place = await testLocation('sqlite');
  const slow = await openDatabase(place.location, { info() {}, warn, error: warn });
  await slow.read('system', (reader) =>
    reader.all(sql`with recursive numbers(n, secret) as
      (select 1, ${'hunter2'} union all select n + 1, secret from numbers where n < 3000000)
      select count(*), max(secret) from numbers`),
  );
  await slow.close();
  await place.remove();
  expect(logged.map(({ message }) => message)).toEqual(['slow statement']);
  expect(JSON.stringify(logged)).toContain('with recursive numbers');
  expect(JSON.stringify(logged)).not.toContain('hunter2');
});
