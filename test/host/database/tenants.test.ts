import sql from 'sql-template-tag';
import { beforeAll, describe, expect, it } from 'vitest';
import { allTables, type Database, openDatabase, partners, tenants } from '#host/database/index.ts';
import { emptyLocation, forEachEngine, postgresServer, testDatabase } from '#test/support/databases.ts';
import { anOffice, aPartner, type Office, uuidv7 } from './rows.ts';

forEachEngine((engine) => {
  let database: Database;
  let ours: Office;
  let theirs: Office;

  beforeAll(async () => {
    ({ database } = await testDatabase(engine));
    ours = await anOffice(database);
    theirs = await anOffice(database);
  });

  it('finds and lists only rows of the scope’s tenant', async () => {
    await database.read({ tenantId: ours.tenantId }, async (reader) => {
      expect(await reader.find(partners, { id: theirs.partnerId })).toBeUndefined();
      expect(
        await reader.find(partners, { id: theirs.partnerId, tenantId: theirs.tenantId }),
      ).toBeUndefined();
      const listed = await reader.list(partners);
      expect(new Set(listed.map(({ tenantId }) => tenantId))).toEqual(new Set([ours.tenantId]));
      expect((await reader.list(tenants)).map(({ id }) => id)).toEqual([ours.tenantId]);
    });
  });

  it('does not let an "or" in the tail of a list reach another tenant', async () => {
    const listed = await database.read({ tenantId: ours.tenantId }, (reader) =>
      reader.list(partners, sql`partner_code = 'none' or 1 = 1 order by id`),
    );
    expect(new Set(listed.map(({ tenantId }) => tenantId))).toEqual(new Set([ours.tenantId]));
  });

  it('answers NOT_FOUND for an update of another tenant’s row, and leaves it alone', async () => {
    const changing = database.write({ tenantId: ours.tenantId }, (tx) =>
      tx.update(partners, { id: theirs.partnerId }, { status: 'suspended' }),
    );
    await expect(changing).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const row = await database.read('system', (reader) => reader.find(partners, { id: theirs.partnerId }));
    expect(row).toMatchObject({ status: 'active', version: 1 });
  });

  it('refuses to insert a row that names another tenant', async () => {
    const row = { ...aPartner(theirs), tenantId: theirs.tenantId };
    await expect(
      database.write({ tenantId: ours.tenantId }, (tx) => tx.insert(partners, row)),
    ).rejects.toThrow(/another tenant/);
  });

  it('sees every tenant in the system’s scope', async () => {
    const all = await database.read('system', (reader) => reader.list(tenants));
    expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining([ours.tenantId, theirs.tenantId]));
  });

  it.each([
    ['no UUID', 'office'],
    ['SQL', "' or ''='"],
    ['upper case', uuidv7().toUpperCase()],
  ])('refuses a scope whose tenant is %s', async (_what, tenantId) => {
    await expect(database.read({ tenantId }, async () => 1)).rejects.toThrow(TypeError);
    await expect(database.write({ tenantId }, async () => 1)).rejects.toThrow(TypeError);
  });
});

describe('row-level security on postgres', () => {
  let database: Database;
  let ours: Office;
  let theirs: Office;

  beforeAll(async () => {
    ({ database } = await testDatabase('postgres'));
    ours = await anOffice(database);
    theirs = await anOffice(database);
  });

  const tenantsSeen = (of: Database, scope: { tenantId: string }) =>
    of.read(scope, (reader) =>
      reader.all<{ tenant_id: string }>(sql`select distinct tenant_id from partners`),
    );

  it('shows a raw query that forgot its tenant only its own rows', async () => {
    expect(await tenantsSeen(database, { tenantId: ours.tenantId })).toEqual([{ tenant_id: ours.tenantId }]);
  });

  it('lets a raw statement neither insert, change nor delete another tenant’s rows', async () => {
    const inserting = database.write({ tenantId: ours.tenantId }, (tx) =>
      tx.run(sql`insert into number_sequences (tenant_id, name, value) values (${theirs.tenantId}, 'x', 1)`),
    );
    await expect(inserting).rejects.toThrow(/row-level security/);
    await database.write({ tenantId: ours.tenantId }, async (tx) => {
      const all = await tx.run(sql`update partners set website = 'x'`);
      expect(all.changes).toBe((await tx.list(partners)).length);
      expect(await tx.run(sql`delete from partners where id = ${theirs.partnerId}`)).toEqual({ changes: 0 });
    });
    const untouched = await database.read('system', (reader) =>
      reader.find(partners, { id: theirs.partnerId }),
    );
    expect(untouched?.website).toBeNull();
  });

  it('does not carry a tenant over to the next transaction on the same connection', async () => {
    const { location, close } = await testDatabase('postgres');
    if (location.engine !== 'postgres') throw new Error('Not PostgreSQL.');
    const one = await openDatabase({ ...location, poolSize: 1 });
    const [first, second] = [await anOffice(one), await anOffice(one)];
    for (const { tenantId } of [first, second, first]) {
      expect(await tenantsSeen(one, { tenantId })).toEqual([{ tenant_id: tenantId }]);
    }
    const outside: unknown = await one.dataSource.query(
      `select current_setting('app.tenant_id', true) as tenant, current_setting('app.scope', true) as scope`,
    );
    expect(outside).toEqual([{ tenant: '', scope: '' }]);
    await one.close();
    await close();
  });

  it('runs every transaction as a role that is no superuser and owns nothing', async () => {
    const whoami = sql`select current_user::text as role, rolsuper, rolbypassrls, rolcanlogin
      from pg_roles where rolname = current_user`;
    const expected = { role: 'partner_desk_app', rolsuper: false, rolbypassrls: false, rolcanlogin: false };
    for (const scope of ['system', { tenantId: ours.tenantId }] as const) {
      expect(await database.read(scope, (reader) => reader.get(whoami))).toEqual(expected);
      expect(await database.write(scope, (tx) => tx.get(whoami))).toEqual(expected);
    }
  });

  it('is forced on every table there is', async () => {
    const rows: unknown = await database.dataSource.query(`
      select relname as name from pg_class join pg_policy on polrelid = pg_class.oid
      where relrowsecurity and relforcerowsecurity and polwithcheck is not null order by relname`);
    // The words of leads are an index of this engine's alone, and so no entity.
    const names = [...allTables.map(({ name }) => name), 'lead_search_words'].sort();
    expect(rows).toEqual(names.map((name) => ({ name })));
  });

  it('holds for an owner that is no superuser, without the role', async () => {
    const server = await postgresServer();
    const place = await emptyLocation('postgres');
    if (place.location.engine !== 'postgres') throw new Error('Not PostgreSQL.');
    const admin = await openDatabase(place.location);
    const login = `owner_${process.pid}`;
    const name = new URL(place.location.url).pathname.slice(1);
    await admin.dataSource.query(`CREATE ROLE ${login} LOGIN PASSWORD 'owner' NOSUPERUSER`);
    await admin.dataSource.query(`ALTER DATABASE "${name}" OWNER TO ${login}`);
    await admin.dataSource.query(`ALTER SCHEMA public OWNER TO ${login}`);
    await admin.close();
    try {
      const url = Object.assign(new URL(`${server}/${name}`), { username: login, password: 'owner' });
      const owned = await openDatabase({ engine: 'postgres', url: url.href });
      await owned.migrate();
      const [first] = [await anOffice(owned), await anOffice(owned)];
      expect(await tenantsSeen(owned, { tenantId: first.tenantId })).toEqual([{ tenant_id: first.tenantId }]);
      const who = sql`select current_user::text as role`;
      expect(await owned.read('system', (reader) => reader.get(who))).toEqual({ role: login });
      await owned.close();
    } finally {
      await place.remove();
      const rest = await testDatabase('postgres');
      await rest.database.dataSource.query(`DROP ROLE ${login}`);
    }
  });
});
