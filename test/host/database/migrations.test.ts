import { readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import sql from 'sql-template-tag';
import { expect, it } from 'vitest';
import {
  type Database,
  DatabaseRefusedError,
  type Engine,
  openDatabase,
  tenants,
} from '#host/database/index.ts';
import { openPostgres } from '#host/database/postgres.ts';
import { openSqlite } from '#host/database/sqlite.ts';
import { silentLogger } from '#host/database/transaction.ts';
import { postgresMigrations } from '#migrations/postgres/index.ts';
import { sqliteMigrations } from '#migrations/sqlite/index.ts';
import type { Migration } from '#migrations/types.ts';
import { emptyLocation, forEachEngine, type TestLocation } from '#test/support/databases.ts';
import { anOffice } from './rows.ts';

const now = (): string => '2026-05-01T08:00:00.000Z';
const migrationsOf: Record<Engine, readonly Migration[]> = {
  sqlite: sqliteMigrations,
  postgres: postgresMigrations,
};

/** As an older or a newer version of the program would open it. */
function openWith(place: TestLocation, migrations: readonly Migration[]): Promise<Database> {
  const { location } = place;
  return location.engine === 'sqlite'
    ? openSqlite({ file: location.file, now, logger: silentLogger, migrations })
    : openPostgres({ url: location.url, now, logger: silentLogger, migrations });
}

it('has the same numbers and names on both engines, from one on without a gap', () => {
  const steps = (migrations: readonly Migration[]) =>
    migrations.map(({ number, name }) => ({ number, name }));
  expect(steps(sqliteMigrations)).toEqual(steps(postgresMigrations));
  expect(sqliteMigrations.map(({ number }) => number)).toEqual(sqliteMigrations.map((_, i) => i + 1));
});

forEachEngine((engine) => {
  const all = migrationsOf[engine];
  const newest = all.length;

  it('makes every table of an empty database, once', async () => {
    const place = await emptyLocation(engine);
    const database = await openDatabase(place.location);
    expect(await database.migrate()).toMatchObject({
      from: 0,
      to: newest,
      applied: all.map(({ name }) => name),
    });
    expect(await database.migrate()).toEqual({ from: newest, to: newest, applied: [] });
    await anOffice(database);
    await database.close();
    await place.remove();
  });

  it('brings an older database with rows in it up to date', async () => {
    const place = await emptyLocation(engine);
    const older = await openWith(place, all.slice(0, 4));
    await older.migrate();
    const { tenantId } = await anOffice(older);
    await older.close();
    const current = await openWith(place, all);
    const report = await current.migrate();
    expect(report).toMatchObject({ from: 4, to: newest, applied: all.slice(4).map(({ name }) => name) });
    expect(
      await current.read({ tenantId }, (reader) => reader.find(tenants, { id: tenantId })),
    ).toBeDefined();
    const difference = await current.dataSource.driver.createSchemaBuilder().log();
    expect(difference.upQueries).toEqual([]);
    await current.close();
    await place.remove();
  });

  it('lets two programs migrate at the same moment', async () => {
    const place = await emptyLocation(engine);
    const [first, second] = [await openWith(place, all), await openWith(place, all)];
    const reports = await Promise.all([first.migrate(), second.migrate()]);
    expect(reports.map(({ to }) => to)).toEqual([newest, newest]);
    await anOffice(second);
    await first.close();
    await second.close();
    await place.remove();
  });

  it('leaves the database as it was before a step that fails', async () => {
    const place = await emptyLocation(engine);
    const broken: Migration = {
      number: newest + 1,
      name: 'broken',
      up: ['CREATE TABLE half_done (id integer)', 'CREATE TABLE nonsense ('],
    };
    const database = await openWith(place, [...all, broken]);
    await expect(database.migrate()).rejects.toThrow(/syntax|incomplete/);
    await database.close();
    const again = await openWith(place, all);
    expect(await again.migrate()).toMatchObject({ from: newest, applied: [] });
    await expect(again.read('system', (reader) => reader.all(sql`select * from half_done`))).rejects.toThrow(
      /half_done/,
    );
    await again.close();
    await place.remove();
  });

  it('refuses a database of a newer version, in a sentence', async () => {
    const place = await emptyLocation(engine);
    const future: Migration = { number: newest + 1, name: 'future', up: [] };
    const newer = await openWith(place, [...all, future]);
    await newer.migrate();
    await newer.close();
    const opening = openDatabase(place.location);
    await expect(opening).rejects.toThrow(DatabaseRefusedError);
    await expect(opening).rejects.toThrow(/newer version of Partner Desk/);
    await place.remove();
  });

  it('refuses a database whose history is another program’s', async () => {
    const place = await emptyLocation(engine);
    const foreign = await openWith(place, [{ number: 1, name: 'something_else', up: [] }]);
    await foreign.migrate();
    await foreign.close();
    await expect(openDatabase(place.location)).rejects.toThrow(/not made by Partner Desk/);
    await place.remove();
  });
});

it('takes a backup beside a local database with tables in it before it changes it', async () => {
  const place = await emptyLocation('sqlite');
  if (place.location.engine !== 'sqlite') throw new Error('Not a file.');
  const { file } = place.location;
  const older = await openWith(place, sqliteMigrations.slice(0, 4));
  expect((await older.migrate()).backupFile).toBeUndefined();
  const { tenantId } = await anOffice(older);
  await older.close();

  const current = await openWith(place, sqliteMigrations);
  const { backupFile } = await current.migrate();
  await current.close();
  expect(dirname(backupFile!)).toBe(dirname(file));
  expect(basename(backupFile!)).toBe('test.sqlite.before-0007-20260501T080000000Z.backup');
  const kept = await openWith(
    { ...place, location: { engine: 'sqlite', file: backupFile! } },
    sqliteMigrations.slice(0, 4),
  );
  expect(await kept.migrate()).toMatchObject({ from: 4, applied: [] });
  expect(await kept.read('system', (reader) => reader.find(tenants, { id: tenantId }))).toBeDefined();
  await kept.close();
  expect((await readdir(dirname(file))).filter((name) => name.endsWith('.unfinished'))).toEqual([]);
  await place.remove();
});

it('refuses a file that is no database, and leaves it alone', async () => {
  const place = await emptyLocation('sqlite');
  if (place.location.engine !== 'sqlite') throw new Error('Not a file.');
  await writeFile(place.location.file, 'Dear diary, '.repeat(100));
  await expect(openDatabase(place.location)).rejects.toThrow(/not a database of Partner Desk/);
  expect(await readdir(join(place.location.file, '..'))).toEqual(['test.sqlite']);
  await place.remove();
});
