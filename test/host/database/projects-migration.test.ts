import sql, { join as listOf, raw } from 'sql-template-tag';
import { expect, it } from 'vitest';
import { type Database, openDatabase } from '#host/database/index.ts';
import { openPostgres } from '#host/database/postgres.ts';
import { openSqlite } from '#host/database/sqlite.ts';
import { silentLogger } from '#host/database/transaction.ts';
import { postgresMigrations } from '#migrations/postgres/index.ts';
import { sqliteMigrations } from '#migrations/sqlite/index.ts';
import { emptyLocation, forEachEngine, type TestLocation } from '#test/support/databases.ts';
import officeAtStep7 from './office-at-step-7.json' with { type: 'json' };

const now = (): string => '2026-05-01T08:00:00.000Z';

/** As the version before projects were records would open it. */
function openOld({ location }: TestLocation): Promise<Database> {
  const old = { now, logger: silentLogger };
  return location.engine === 'sqlite'
    ? openSqlite({ file: location.file, ...old, migrations: sqliteMigrations.slice(0, 7) })
    : openPostgres({ url: location.url, ...old, migrations: postgresMigrations.slice(0, 7) });
}

const { id: tenantId } = officeAtStep7.tenants[0]!;
const [policy] = officeAtStep7.partner_credit_policies;
const [revision] = officeAtStep7.partner_credit_policy_revisions;

forEachEngine((engine) => {
  it('makes records of the projects and campaigns that leads and policies named as text, and sums up what caps are held against', async () => {
    const place = await emptyLocation(engine);
    try {
      const old = await openOld(place);
      await old.migrate();
      await old.write('system', async (tx) => {
        for (const [table, rows] of Object.entries(officeAtStep7)) {
          for (const row of rows as Record<string, string | number | null>[]) {
            const { lead_id: _, ...bare } = row;
            const columns = Object.entries(table === 'partner_leads' ? bare : row);
            const names = listOf(columns.map(([name]) => raw(`"${name}"`)));
            const values = listOf(columns.map(([, value]) => value));
            await tx.run(sql`insert into ${raw(table)} (${names}) values (${values})`);
          }
        }
        const [first, second] = officeAtStep7.partner_leads;
        await tx.run(
          sql`update partner_leads set project_id = 'Turm Süd', campaign_id = 'spring' where id = ${first!.id}`,
        );
        await tx.run(sql`update partner_leads set project_id = 'Turm Süd' where id = ${second!.id}`);
        await tx.run(sql`update partner_credit_policies set campaign_id = 'autumn', deactivated_from = '2026-06-20',
          updated_at = '2026-06-20T10:00:00.000Z' where id = ${policy!.id}`);
        const terms = { ...(JSON.parse(revision!.terms) as object), projectId: 'only once' };
        await tx.run(sql`insert into partner_credit_policy_revisions
          (id, tenant_id, policy_id, revision, terms, made_by, made_at, four_eyes_waived, version, created_at, updated_at)
          values ('01900000-0000-7000-8000-000000000099', ${tenantId}, ${policy!.id}, 99, ${JSON.stringify(terms)},
            ${revision!.made_by}, ${revision!.made_at}, ${false}, 1, ${revision!.made_at}, ${revision!.made_at})`);
      });
      await old.close();

      const database = await openDatabase(place.location);
      await database.migrate();
      const found = await database.read({ tenantId }, async (reader) => ({
        projects: await reader.all<{ code: string; name: string }>(
          sql`select code, name from projects order by code`,
        ),
        campaigns: await reader.all<{ code: string }>(sql`select code from campaigns order by code`),
        ids: await reader.all<{ id: string }>(
          sql`select id from projects union all select id from campaigns`,
        ),
        policies: await reader.all(sql`select credits_made, deactivated_at from partner_credit_policies`),
        credits: await reader.all(
          sql`select trigger_event, event_on from partner_lead_credits order by trigger_event`,
        ),
        leads: await reader.all<{ project_id: string }>(
          sql`select project_id from partner_leads where project_id is not null`,
        ),
      }));
      expect(found).toMatchObject({
        projects: [
          { code: 'Turm Süd', name: 'Turm Süd' },
          { code: 'only once', name: 'only once' },
        ],
        campaigns: [{ code: 'autumn' }, { code: 'spring' }],
        // 10.00 of the approval wait; what was requested by hand is no policy's.
        policies: [{ credits_made: 1000, deactivated_at: '2026-06-20T10:00:00.000Z' }],
        credits: [
          { trigger_event: 'approval', event_on: '2026-06-15' },
          { trigger_event: 'request', event_on: null },
        ],
        leads: [{ project_id: 'Turm Süd' }, { project_id: 'Turm Süd' }],
      });
      for (const { id } of found.ids)
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      await database.close();
    } finally {
      await place.remove();
    }
  });
});
