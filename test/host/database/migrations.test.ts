import { readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import sql, { join as listOf, raw } from 'sql-template-tag';
import { describe, expect, it } from 'vitest';
import { type Database, DatabaseRefusedError, type Engine, openDatabase } from '#host/database/index.ts';
import { openPostgres } from '#host/database/postgres.ts';
import { openSqlite } from '#host/database/sqlite.ts';
import { silentLogger } from '#host/database/transaction.ts';
import { postgresMigrations } from '#migrations/postgres/index.ts';
import { rebuildTable } from '#migrations/sqlite/helpers.ts';
import { sqliteMigrations } from '#migrations/sqlite/index.ts';
import type { Migration } from '#migrations/types.ts';
import { emptyLocation, forEachEngine, type TestLocation } from '#test/support/databases.ts';
import officeAtStep7 from './office-at-step-7.json' with { type: 'json' };
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

/**
 * The rows of an organization as the version with seven steps stored them, one of nearly everything, in an order the foreign keys and
 * the balance of ledger entries (their postings come first) allow.
 */
async function insertOldOffice(database: Database): Promise<void> {
  await database.write('system', async (tx) => {
    for (const [table, rows] of Object.entries(officeAtStep7)) {
      for (const row of rows as Record<string, string | number | null>[]) {
        // A partner lead and its entry in `leads` name each other: the entry's id follows once it is there.
        const { lead_id: _, ...now } = row;
        const columns = Object.entries(table === 'partner_leads' ? now : row);
        const names = listOf(columns.map(([name]) => raw(`"${name}"`)));
        await tx.run(
          sql`insert into ${raw(table)} (${names}) values (${listOf(columns.map(([, value]) => value))})`,
        );
      }
    }
    for (const { id, lead_id } of officeAtStep7.partner_leads) {
      await tx.run(sql`update partner_leads set lead_id = ${lead_id} where id = ${id}`);
    }
  });
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

  it('brings an older database with rows in it up to date, and keeps every row', async () => {
    const place = await emptyLocation(engine);
    const older = await openWith(place, all.slice(0, 7));
    await older.migrate();
    await insertOldOffice(older);
    await older.close();
    const current = await openWith(place, all);
    const report = await current.migrate();
    expect(report).toMatchObject({ from: 7, to: newest, applied: all.slice(7).map(({ name }) => name) });
    const difference = await current.dataSource.driver.createSchemaBuilder().log();
    expect(difference.upQueries).toEqual([]);
    for (const [table, rows] of Object.entries(officeAtStep7)) {
      const [after] = await current.read('system', (reader) =>
        reader.all<{ n: number }>(sql`select count(*) as n from ${raw(table)}`),
      );
      expect(`${table}: ${after?.n}`).toBe(`${table}: ${rows.length}`);
    }
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
  const older = await openWith(place, sqliteMigrations.slice(0, 7));
  expect((await older.migrate()).backupFile).toBeUndefined();
  await insertOldOffice(older);
  await older.close();

  const newest = String(sqliteMigrations.length).padStart(4, '0');
  const current = await openWith(place, sqliteMigrations);
  const { backupFile } = await current.migrate();
  await current.close();
  expect(dirname(backupFile!)).toBe(dirname(file));
  expect(basename(backupFile!)).toBe(`test.sqlite.before-${newest}-20260501T080000000Z.backup`);
  const kept = await openWith(
    { ...place, location: { engine: 'sqlite', file: backupFile! } },
    sqliteMigrations.slice(0, 7),
  );
  expect(await kept.migrate()).toMatchObject({ from: 7, applied: [] });
  expect(await kept.read('system', (reader) => reader.all(sql`select id from partner_leads`))).toHaveLength(
    officeAtStep7.partner_leads.length,
  );
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

it('tells the planner of SQLite about the indexes of a new step, where it knows the older ones', async () => {
  const steps: Migration[] = [
    {
      number: 1,
      name: 'words',
      up: [
        'CREATE TABLE "words" (id INTEGER PRIMARY KEY, word TEXT, length INTEGER) STRICT',
        'CREATE INDEX "ix_words_word" ON words (word)',
        "INSERT INTO words VALUES (1, 'a', 1), (2, 'be', 2), (3, 'so', 2)",
      ],
    },
  ];
  const place = await emptyLocation('sqlite');
  const older = await openWith(place, steps);
  await older.migrate();
  await older.write('system', (tx) => tx.run(sql`analyze`));
  await older.close();
  const index: Migration = {
    number: 2,
    name: 'lengths',
    up: ['CREATE INDEX "ix_words_length" ON words (length)'],
  };
  const database = await openWith(place, [...steps, index]);
  await database.migrate();
  const known = await database.read('system', (reader) =>
    reader.all(sql`select idx, stat from sqlite_stat1 where tbl = 'words' order by idx`),
  );
  expect(known).toEqual([
    { idx: 'ix_words_length', stat: '3 2' },
    { idx: 'ix_words_word', stat: '3 1' },
  ]);
  await database.close();
  await place.remove();
});

describe('a step that makes a table of SQLite anew', () => {
  const steps: Migration[] = [
    {
      number: 1,
      name: 'families',
      up: [
        'CREATE TABLE "parents" (id INTEGER PRIMARY KEY, name TEXT CHECK (name <> \'b\')) STRICT',
        'CREATE TABLE "children" (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parents (id) ON DELETE CASCADE) STRICT',
        "INSERT INTO parents VALUES (1, 'a')",
        'INSERT INTO children VALUES (10, 1)',
      ],
    },
  ];
  const widened = (columns: string[]): Migration => ({
    number: 2,
    name: 'wider',
    rebuilds: true,
    up: rebuildTable(
      'parents',
      'CREATE TABLE "parents" (id INTEGER PRIMARY KEY, name TEXT, note TEXT) STRICT',
      [...columns, 'name'],
      ['CREATE INDEX "ix_parents_name" ON parents (name)'],
    ),
  });

  it('keeps the rows that belong to its rows, and the foreign keys are on again', async () => {
    const place = await emptyLocation('sqlite');
    const database = await openWith(place, [...steps, widened(['id'])]);
    await database.migrate();
    const children = await database.read('system', (reader) => reader.all(sql`select * from children`));
    expect(children).toEqual([{ id: 10, parent: 1 }]);
    await database.write('system', (tx) => tx.run(sql`insert into parents (id, name) values (2, 'b')`));
    await expect(
      database.write('system', (tx) => tx.run(sql`insert into children values (11, 3)`)),
    ).rejects.toThrow(/foreign/);
    await database.close();
    await place.remove();
  });

  it('changes nothing when it would leave a row without what it belongs to', async () => {
    const place = await emptyLocation('sqlite');
    const database = await openWith(place, [...steps, widened([])]);
    const older = await openWith(place, steps);
    await older.migrate();
    // The rows get new numbers where the id isn't taken over: 7 becomes 1, and 1 is nobody's parent then.
    await older.write('system', async (tx) => {
      await tx.run(sql`insert into parents values (7, 'c')`);
      await tx.run(sql`insert into children values (12, 7)`);
    });
    await older.close();
    await expect(database.migrate()).rejects.toThrow(
      /left 1 rows without what they belong to, the first in children/,
    );
    const rows = await database.read('system', (reader) => reader.all(sql`select id, name from parents`));
    expect(rows).toEqual([
      { id: 1, name: 'a' },
      { id: 7, name: 'c' },
    ]);
    await database.close();
    await place.remove();
  });
});
