import sql, { join, raw, type Sql } from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allTables, type Database } from '#host/database/index.ts';
import { type Column, columnName, type Table } from '#host/database/table.ts';
import { testDatabase } from '#test/support/databases.ts';
import { uuidv7 } from './rows.ts';

/**
 * The second fence: on PostgreSQL a query that forgot its tenant sees and changes only the rows of the tenant whose unit of
 * work it runs in, in every table there is. The database of this test has lost its checks, keys and triggers, so that a row
 * can be made up for any table, a new one included, and nothing but the fence stands between the tenants.
 */

let database: Database;
let close: () => Promise<void>;
const [ours, theirs] = [uuidv7(), uuidv7()];

const madeUpValues: Record<Column<unknown>['kind'], (number: number) => unknown> = {
  uuid: () => uuidv7(),
  text: (number) => `text ${number}`,
  integer: (number) => number,
  bigint: (number) => number,
  boolean: () => true,
  instant: () => '2026-06-15T12:00:00.000Z',
  day: () => '2026-06-15',
  json: () => '{}',
};
let serial = 0;

/** A value the column takes; another one each time, where the kind has more than one. */
function madeUp(column: Column<unknown>): unknown {
  return column.values?.[0] ?? madeUpValues[column.kind](++serial);
}

function insertion(table: Table<unknown>, tenantId: string): Sql {
  const entries = Object.entries(table.columns);
  const names = raw(entries.map(([field]) => `"${columnName(field)}"`).join(', '));
  const values = entries.map(([field, column]) => (field === table.tenantField ? tenantId : madeUp(column)));
  return sql`insert into ${raw(`"${table.name}"`)} (${names}) values (${join(values)})`;
}

const tenantOf = (table: Table<unknown>) => raw(`"${columnName(table.tenantField)}"`);
const nameOf = (table: Table<unknown>) => raw(`"${table.name}"`);
/** A column that an update may set to itself without touching the tenant. */
const another = (table: Table<unknown>) =>
  raw(`"${columnName(Object.keys(table.columns).find((field) => field !== table.tenantField)!)}"`);

function stored(table: Table<unknown>, tenantId: string): Promise<unknown[]> {
  return database.read('system', (reader) =>
    reader.all(sql`select * from ${nameOf(table)} where ${tenantOf(table)} = ${tenantId}`),
  );
}

describe('a query that forgot its tenant', () => {
  beforeAll(async () => {
    ({ database, close } = await testDatabase('postgres'));
    const constraints: { drop: string }[] = await database.dataSource.query(`
      select format('alter table %s drop constraint %I cascade', conrelid::regclass, conname) as drop
      from pg_constraint where connamespace = 'public'::regnamespace and contype in ('c', 'f')`);
    const triggers: { drop: string }[] = await database.dataSource.query(`
      select format('drop trigger %I on %s', tgname, tgrelid::regclass) as drop from pg_trigger where not tgisinternal`);
    for (const { drop } of [...constraints, ...triggers]) await database.dataSource.query(drop);
    for (const tenantId of [ours, theirs]) {
      await database.write({ tenantId }, async (tx) => {
        for (const table of allTables) await tx.run(insertion(table, tenantId));
      });
    }
  });
  afterAll(() => close());

  it('runs as the application’s role, which no policy is waived for', async () => {
    const who = await database.read({ tenantId: ours }, (reader) =>
      reader.get(
        sql`select current_user::text as role, rolsuper, rolbypassrls from pg_roles where rolname = current_user`,
      ),
    );
    expect(who).toEqual({ role: 'partner_desk_app', rolsuper: false, rolbypassrls: false });
  });

  describe.each(allTables.map((table) => ({ name: table.name, table })))('in $name', ({ table }) => {
    it('sees only its own rows', async () => {
      const seen = sql`select ${tenantOf(table)} as tenant, count(*) as n from ${nameOf(table)} group by 1`;
      expect(await database.read({ tenantId: ours }, (reader) => reader.all(seen))).toEqual([
        { tenant: ours, n: 1 },
      ]);
      expect(await database.write({ tenantId: theirs }, (tx) => tx.all(seen))).toEqual([
        { tenant: theirs, n: 1 },
      ]);
      // Both are there: it is the fence that hides one.
      expect(await database.read('system', (reader) => reader.all(seen))).toHaveLength(2);
    });

    it('finds nothing when it asks for another tenant’s rows', async () => {
      const asked = sql`select * from ${nameOf(table)} where ${tenantOf(table)} = ${theirs}`;
      expect(await database.read({ tenantId: ours }, (reader) => reader.all(asked))).toEqual([]);
    });

    it('changes only its own rows, and hands none over', async () => {
      const before = await stored(table, theirs);
      const touch = sql`update ${nameOf(table)} set ${another(table)} = ${another(table)}`;
      expect(await database.write({ tenantId: ours }, (tx) => tx.run(touch))).toEqual({ changes: 1 });
      const aimed = sql`${touch} where ${tenantOf(table)} = ${theirs}`;
      expect(await database.write({ tenantId: ours }, (tx) => tx.run(aimed))).toEqual({ changes: 0 });
      const giveAway = sql`update ${nameOf(table)} set ${tenantOf(table)} = ${theirs}`;
      await expect(database.write({ tenantId: ours }, (tx) => tx.run(giveAway))).rejects.toThrow(
        /row-level security/,
      );
      expect(await stored(table, theirs)).toEqual(before);
    });

    it('puts no row into another tenant', async () => {
      const putting = database.write({ tenantId: ours }, (tx) => tx.run(insertion(table, theirs)));
      await expect(putting).rejects.toThrow(/row-level security/);
      expect(await stored(table, theirs)).toHaveLength(1);
    });

    it('deletes only its own rows', async () => {
      const before = await stored(table, theirs);
      const all = sql`delete from ${nameOf(table)}`;
      const undone = new Error('undone');
      const deleting = database.write({ tenantId: ours }, async (tx) => {
        expect(await tx.run(all)).toEqual({ changes: 1 });
        throw undone;
      });
      await expect(deleting).rejects.toBe(undone);
      const aimed = sql`${all} where ${tenantOf(table)} = ${theirs}`;
      expect(await database.write({ tenantId: ours }, (tx) => tx.run(aimed))).toEqual({ changes: 0 });
      expect(await stored(table, theirs)).toEqual(before);
    });
  });
});
