import { join } from 'node:path';
import sql, { join as listOf, raw } from 'sql-template-tag';
import { describe, expect, it } from 'vitest';
import { readSearch, searchTextOf } from '#domain/lead-search.ts';
import { type Database, type Engine, openDatabase, partnerLeads } from '#host/database/index.ts';
import { openPostgres } from '#host/database/postgres.ts';
import { openSqlite } from '#host/database/sqlite.ts';
import { silentLogger } from '#host/database/transaction.ts';
import { findLeads } from '#host/services/leads/search.ts';
import { postgresMigrations } from '#migrations/postgres/index.ts';
import { sqliteMigrations } from '#migrations/sqlite/index.ts';
import type { Migration } from '#migrations/types.ts';
import { emptyLocation, engines, type TestLocation, testDatabase } from '#test/support/databases.ts';
import officeAtStep7 from './office-at-step-7.json' with { type: 'json' };
import { aLead, anOffice, uuidv7 } from './rows.ts';

const now = (): string => '2026-05-01T08:00:00.000Z';
const migrationsOf: Record<Engine, readonly Migration[]> = {
  sqlite: sqliteMigrations,
  postgres: postgresMigrations,
};

function openWith({ location }: TestLocation, migrations: readonly Migration[]): Promise<Database> {
  return location.engine === 'sqlite'
    ? openSqlite({ file: location.file, now, logger: silentLogger, migrations })
    : openPostgres({ url: location.url, now, logger: silentLogger, migrations });
}

/** Leads as the version before the search stored them. */
const old = [
  ['Ana-María Müller', 'Weiß & Søn 54 GmbH', 'Ana.Mueller@hafen.example.com', '+49301234567'],
  ['Łukasz O’Brien', '100% "Immo" (Bau)', "o'brien_l@example.org", '+48221234567'],
  ['Zoë d’Or', undefined, 'zoe+near@example.net', '+12025550143'],
  ['Иван Петров', '株式会社東京', 'ivan@example.ua', '+380441234567'],
] as const;

const idsFor = (database: Database, tenantId: string, q: string): Promise<string[] | 'many'> =>
  database.read({ tenantId }, (reader) => findLeads(reader, tenantId, readSearch(q) ?? []));

describe.each(engines)('the index of leads’ words on %s', (engine) => {
  it('has the leads that were there before it, found as new ones are', async () => {
    const place = await emptyLocation(engine);
    const older = await openWith(place, migrationsOf[engine].slice(0, 7));
    await older.migrate();
    const insert = (table: string, row: object) => {
      const columns = Object.entries(row);
      const names = listOf(columns.map(([name]) => raw(`"${name}"`)));
      return sql`insert into ${raw(table)} (${names}) values (${listOf(columns.map(([, value]) => value))})`;
    };
    const ids: string[] = [];
    const [pattern] = officeAtStep7.partner_leads;
    const tenantId = pattern!.tenant_id;
    await older.write('system', async (tx) => {
      for (const table of ['tenants', 'staff', 'partners', 'partner_sources'] as const) {
        for (const row of officeAtStep7[table]) await tx.run(insert(table, row));
      }
      for (const [name, company, email, phone] of old) {
        const id = uuidv7();
        ids.push(id);
        const text = [name, company, email, phone]
          .filter((part) => part !== undefined)
          .join(' ')
          .toLowerCase();
        const row = {
          ...pattern,
          id,
          lead_id: null,
          contact_name: name,
          email_key: email.toLowerCase(),
          phone_key: phone,
        };
        await tx.run(insert('partner_leads', { ...row, company: company ?? null, search_text: text }));
      }
    });
    await older.close();
    const current = await openWith(place, migrationsOf[engine]);
    await current.migrate();
    for (const [n, [name, company, email, phoneKey]] of old.entries()) {
      const row = await current.read({ tenantId }, (reader) => reader.find(partnerLeads, { id: ids[n]! }));
      const words = (text: string) => [...new Set(text.trim().split(/ +/))].toSorted();
      // The number stood among the other words before, and still does.
      const expected = words(searchTextOf({ name, company, email, phoneKey }));
      expect(words(row!.searchText)).toEqual(expected);
      for (const q of [
        name,
        email,
        phoneKey,
        phoneKey.slice(-9),
        ...(company === undefined ? [] : [company]),
      ]) {
        expect([q, await idsFor(current, tenantId, q)]).toEqual([q, [ids[n]]]);
      }
    }
    await current.close();
    await place.remove();
  });

  it('forgets the words a lead no longer has, and a lead that is gone', async () => {
    const { database } = await testDatabase(engine);
    const office = await anOffice(database);
    const { tenantId } = office;
    const scope = { tenantId };
    const textOf = (name: string) =>
      searchTextOf({ name, company: undefined, email: 'a@example.com', phoneKey: '+49301234567' });
    const [lead, twin] = [
      aLead(office, { searchText: textOf('Early') }),
      aLead(office, { searchText: textOf('Twin') }),
    ];
    await database.write(scope, (tx) => tx.insertMany(partnerLeads, [lead, twin]));
    await database.write(scope, (tx) =>
      tx.update(partnerLeads, { id: lead.id }, { searchText: textOf('Late') }),
    );
    expect(await idsFor(database, tenantId, 'early')).toEqual([]);
    expect(await idsFor(database, tenantId, 'late')).toEqual([lead.id]);
    expect(await idsFor(database, tenantId, 'twin')).toEqual([twin.id]);
    await database.write('system', (tx) => tx.run(sql`delete from partner_leads where id = ${lead.id}`));
    expect(await idsFor(database, tenantId, '1234567')).toEqual([twin.id]);
    const left = await database.read('system', (reader) =>
      engine === 'sqlite'
        ? reader.all(sql`select lead_id from lead_search where lead_search match 'late'`)
        : reader.all(sql`select lead_id from lead_search_words where word = 'late'`),
    );
    expect(left).toEqual([]);
  });
});

it('is whole in a copy of a local database, whose rows may be numbered anew', async () => {
  const { database, location } = await testDatabase('sqlite');
  if (location.engine !== 'sqlite') throw new Error('Not SQLite.');
  const office = await anOffice(database);
  const leads = ['One', 'Two', 'Three'].map((name, n) =>
    aLead(office, {
      searchText: searchTextOf({
        name,
        company: undefined,
        email: 'a@example.com',
        phoneKey: `+4930123456${n}`,
      }),
    }),
  );
  await database.write({ tenantId: office.tenantId }, (tx) => tx.insertMany(partnerLeads, leads));
  await database.write('system', (tx) => tx.run(sql`delete from partner_leads where id = ${leads[0]!.id}`));
  const copy = join(location.file, '..', `copy-${uuidv7()}.sqlite`);
  await database.backup?.(copy);
  const copied = await openDatabase({ engine: 'sqlite', file: copy });
  expect(await idsFor(copied, office.tenantId, 'two')).toEqual([leads[1]!.id]);
  expect(await idsFor(copied, office.tenantId, 'three')).toEqual([leads[2]!.id]);
  expect(await idsFor(copied, office.tenantId, 'one')).toEqual([]);
  await copied.close();
});
