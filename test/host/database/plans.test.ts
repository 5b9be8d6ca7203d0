import sql, { type Sql } from 'sql-template-tag';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Database, type Engine, partnerLeads, partners, type Writer } from '#host/database/index.ts';
import { forEachEngine, testDatabase } from '#test/support/databases.ts';
import { anOffice, insertLeads, type Office } from './rows.ts';

/** The steps of the plan that read a whole table or sort what an index should have sorted. */
async function costlySteps(tx: Writer, engine: Engine, statement: Sql): Promise<string[]> {
  if (engine === 'sqlite') {
    const steps = await tx.all<{ detail: string }>(sql`explain query plan ${statement}`);
    return steps
      .map(({ detail }) => detail)
      .filter((detail) => /^SCAN (?!.*COVERING)|TEMP B-TREE/.test(detail));
  }
  // So few rows would be scanned whatever the indexes; forbidden to, the planner shows whether it has another way.
  await tx.run(sql`set local enable_seqscan = off`);
  await tx.run(sql`set local enable_sort = off`);
  await tx.run(sql`set local enable_bitmapscan = off`);
  const steps = await tx.all<{ 'QUERY PLAN': string }>(sql`explain ${statement}`);
  return steps.map((step) => step['QUERY PLAN']).filter((step) => /Seq Scan|Sort/.test(step));
}

const day = '2026-03-01';
const at = `${day}T09:00:00.000Z`;

/** The questions the screens ask again and again, as the services ask them. */
function questions({ tenantId: t, partnerId: p, sourceId: s }: Office): Record<string, Sql> {
  const newestFirst = sql`(submitted_at, id) < (${at}, ${p}) order by submitted_at desc, id desc limit 50`;
  return {
    'the review queue': sql`select * from partner_leads where tenant_id = ${t}
      and status in ('submitted', 'under_review') and deleted_at is null and linked_to is null
      order by quality_score desc, submitted_at, id limit 50`,
    'a later page of the queue, within one score': sql`select * from partner_leads where tenant_id = ${t}
      and status in ('submitted', 'under_review') and deleted_at is null and linked_to is null
      and quality_score = 8000 and (submitted_at, id) > (${at}, ${p})
      order by quality_score desc, submitted_at, id limit 50`,
    'leads, newest first': sql`select * from partner_leads where tenant_id = ${t} and deleted_at is null and ${newestFirst}`,
    'leads of a partner': sql`select * from partner_leads where tenant_id = ${t} and partner_id = ${p} and ${newestFirst}`,
    'leads of a status': sql`select * from partner_leads where tenant_id = ${t} and status = 'approved' and ${newestFirst}`,
    'leads of a source': sql`select * from partner_leads where tenant_id = ${t} and source_id = ${s} and ${newestFirst}`,
    'duplicates by e-mail': sql`select id from partner_leads
      where tenant_id = ${t} and email_key = 'a@example.com' and deleted_at is null`,
    'duplicates by phone': sql`select id from partner_leads
      where tenant_id = ${t} and phone_key = '+49' and deleted_at is null`,
    'a partner by its code': sql`select * from partners where tenant_id = ${t} and partner_code = 'A'`,
    'partners of a status, by name': sql`select * from partners where tenant_id = ${t} and status = 'active'
      order by organization_name, id limit 50`,
    'a sign-in over all tenants': sql`select * from staff where email_key = 'a@example.com'`,
    'a session': sql`select * from sessions where token_hash = 'x'`,
    'credits to approve': sql`select * from partner_lead_credits
      where tenant_id = ${t} and status = 'pending_approval' order by created_at, id limit 50`,
    'credits of a partner': sql`select * from partner_lead_credits
      where tenant_id = ${t} and partner_id = ${p} order by created_at, id limit 50`,
    'credits of a lead': sql`select * from partner_lead_credits where tenant_id = ${t} and partner_lead_id = ${p}`,
    'credits free for a payout': sql`select * from partner_lead_credits c
      where tenant_id = ${t} and partner_id = ${p} and status = 'approved' and approved_on between ${day} and ${day}
      and not exists (select 1 from partner_payout_details d
        where d.tenant_id = c.tenant_id and d.credit_id = c.id and d.released_at is null)`,
    'payouts of a status': sql`select * from partner_payouts where tenant_id = ${t} and status = 'pending'
      order by created_at desc, id desc limit 50`,
    'lines of a payout': sql`select * from partner_payout_details where tenant_id = ${t} and payout_id = ${p} order by id`,
    'whether a payout was exported': sql`select 1 from payout_export_items where tenant_id = ${t} and payout_id = ${p}`,
    'a balance': sql`select sum(amount) from ledger_postings
      where tenant_id = ${t} and partner_id = ${p} and account = 'available'`,
    'the ledger of a partner': sql`select * from ledger_entries where tenant_id = ${t} and partner_id = ${p}
      order by created_at desc, id desc limit 50`,
    'activities, newest first': sql`select * from partner_activities where tenant_id = ${t} order by seq desc limit 50`,
    'activities of an actor': sql`select * from partner_activities
      where tenant_id = ${t} and user_id = ${p} order by seq desc limit 50`,
    'activities of a thing': sql`select * from partner_activities
      where tenant_id = ${t} and resource = 'lead' and resource_id = ${p} order by seq desc limit 50`,
    'jobs, newest first': sql`select * from jobs where tenant_id = ${t} order by created_at desc, id desc limit 50`,
    'jobs of a kind': sql`select * from jobs where tenant_id = ${t} and kind = 'lead_import'
      and (created_at, id) < (${at}, ${p}) order by created_at desc, id desc limit 50`,
    'jobs of a status': sql`select * from jobs where tenant_id = ${t} and status = 'running'
      order by created_at desc, id desc limit 50`,
    'jobs of who started them': sql`select * from jobs where tenant_id = ${t} and started_by = ${p}
      order by created_at desc, id desc limit 50`,
    'jobs about a partner': sql`select * from jobs where tenant_id = ${t} and partner_id = ${p}
      order by created_at desc, id desc limit 50`,
    'the import of a job': sql`select * from lead_imports where tenant_id = ${t} and job_id = ${p}`,
    'an earlier import of the same file': sql`select 1 from lead_imports
      where tenant_id = ${t} and partner_id = ${p} and file_sha256 = 'x'`,
  };
}

forEachEngine((engine) => {
  let database: Database;
  let office: Office;

  beforeAll(async () => {
    ({ database } = await testDatabase(engine));
    office = await anOffice(database);
    await insertLeads(database, office, 300);
  });

  const stepsOf = (statement: Sql) =>
    database.write({ tenantId: office.tenantId }, (tx) => costlySteps(tx, engine, statement));

  describe('neither scans a table nor sorts for', () => {
    const names = Object.keys(
      questions({ tenantId: '', maker: '', checker: '', partnerId: '', sourceId: '' }),
    );
    it.each(names)('%s', async (name) => {
      expect(await stepsOf(questions(office)[name]!)).toEqual([]);
    });
  });

  it('notices a scan and a sort, so that the tests above can fail', async () => {
    const scanning = sql`select * from partner_leads where tenant_id = ${office.tenantId} and company = 'x'
      order by contact_name`;
    expect((await stepsOf(scanning)).length).toBeGreaterThan(0);
  });

  it('reads a page of a list through the index too', async () => {
    // The same text as `list` makes: the tenant's rows as a sub-select.
    const page = sql`select * from (select * from partner_leads where tenant_id = ${office.tenantId} and deleted_at is null)
      as partner_leads where status in ('submitted', 'under_review') and linked_to is null
      order by quality_score desc, submitted_at, id limit 50`;
    expect(await stepsOf(page)).toEqual([]);
    const rows = await database.read({ tenantId: office.tenantId }, (reader) =>
      reader.list(
        partnerLeads,
        sql`status in ('submitted', 'under_review') and linked_to is null
          order by quality_score desc, submitted_at, id limit 50`,
      ),
    );
    expect(rows).toHaveLength(50);
    expect(
      await database.read({ tenantId: office.tenantId }, (reader) => reader.list(partners)),
    ).toHaveLength(1);
  });
});
