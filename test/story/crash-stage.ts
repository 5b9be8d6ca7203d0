import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sql from 'sql-template-tag';
import { dayOf } from '#domain/calendar.ts';
import { type Acting, actAs, addTenant, composeHost, createLog, type Host } from '#host/index.ts';

/** The office that is killed over and over: what it is before, and what must hold after. */

export type Task = 'import' | 'approvals' | 'credits' | 'generation' | 'rescoring' | 'export';

export const admins = { first: 'ada@example.com', second: 'bea@example.com' } as const;
export const partnerCount = 15;
/** Leads of each partner: two with an approved credit, one with a pending one, two still to be reviewed. */
const leadsEach = 5;
export const leadCount = partnerCount * leadsEach;
const approvedEach = 3;
export const approvedCount = partnerCount * approvedEach;
export const importedRows = 3000;

/** From long ago to today: the office runs by the real clock, as it would when it is killed. */
export function untilToday(): { periodStart: string; periodEnd: string } {
  const today = dayOf(new Date().toISOString(), 'UTC');
  return { periodStart: '2020-01-01', periodEnd: today };
}

const header = 'First Name,Last Name,E-Mail,Phone';
const rowsOf = (prefix: string, first: number, count: number): string[] =>
  Array.from({ length: count }, (_each, index) => {
    const n = first + index;
    return `Joe,${prefix} ${n},${prefix}-${n}@example.com,+49 30 ${String(1_000_000 + n)}`;
  });
export const importFile = [header, ...rowsOf('many', 500_000, importedRows)].join('\n');

/** Only the e-mail address counts from now on, so that every score becomes another one. */
export async function changeWeights({ settings }: Acting['client']): Promise<void> {
  const { scoreWeights } = await settings.get({});
  const none = Object.fromEntries(Object.keys(scoreWeights).map((field) => [field, 0]));
  await settings.update({ scoreWeights: { ...none, email: 100 } });
}

/**
 * A data folder with a small office in it, made through the calls; where to put copies of it, and how to clear away. With the
 * database on a server, there is one office, and the copies are of the folder alone.
 */
export async function prepareOffice(
  databaseUrl?: string,
): Promise<{ copy: () => Promise<string>; remove: () => Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'partner-desk-crash-'));
  const master = join(root, 'master');
  const host = await composeHost({
    dataFolder: master,
    log: createLog('silent'),
    ...(databaseUrl === undefined ? { throwAway: true } : { databaseUrl }),
  });
  await addTenant(host, {
    organizationName: 'Crash Office',
    currency: 'EUR',
    timeZone: 'UTC',
    admin: { email: admins.first, password: 'correct horse battery', firstName: 'Ada', lastName: 'First' },
  });
  const { client: ada } = await actAs(host, admins.first);
  const second = {
    email: admins.second,
    firstName: 'Bea',
    lastName: 'Second',
    password: 'correct horse battery',
  };
  await ada.staff.create({ ...second, roles: ['admin'] });
  const { client: bea } = await actAs(host, admins.second);

  const policy = await ada.creditPolicies.createForAll({
    policyCode: 'FIXED',
    policyName: 'Fixed price',
    policyType: 'time_based',
    timeUnitType: 'monthly',
    calculationType: 'fixed_price',
    baseCredit: 1000,
  });
  await bea.creditPolicies.approve({ id: policy.id });
  for (let n = 0; n < partnerCount; n += 1) {
    const partner = await ada.partners.create({
      partnerType: 'portal',
      organizationName: `Partner ${n}`,
      contactEmail: 'partner@example.com',
    });
    await bea.partners.approve({ id: partner.id, override: true, reason: 'Details follow' });
    const ids = await importRows(
      ada,
      partner.id,
      [header, ...rowsOf(`p${n}`, n * 100, leadsEach)].join('\n'),
    );
    await ada.leads.bulk({ action: 'approve', ids: ids.slice(0, approvedEach) });
    const { items } = await bea.credits.list({ partnerId: partner.id });
    await bea.credits.bulk({ action: 'approve', ids: items.slice(0, 2).map(({ id }) => id) });
  }
  await host.close();
  let copies = 0;
  return {
    copy: async () => {
      const folder = join(root, `copy-${++copies}`);
      await cp(master, folder, { recursive: true });
      return folder;
    },
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Sends a file in pieces, as the screens do; the id of the upload. */
export async function sendFile({ uploads }: Acting['client'], file: string): Promise<string> {
  const data = Buffer.from(file);
  const { uploadId } = await uploads.begin({ fileName: 'leads.csv', size: data.length });
  const piece = 120_000;
  for (let offset = 0; offset < data.length; offset += piece) {
    const part = data.subarray(offset, offset + piece).toString('base64');
    await uploads.append({ uploadId, offset, data: part });
  }
  return uploadId;
}

/** Imports a file for a partner; the ids of its leads. */
export async function importRows(
  client: Acting['client'],
  partnerId: string,
  file: string,
  again = false,
): Promise<string[]> {
  const uploadId = await sendFile(client, file);
  let importId: string | undefined;
  for await (const event of await client.imports.run({ partnerId, uploadId, again })) {
    if (event.type === 'result') importId = event.result.importId ?? undefined;
  }
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.leads.list({ importId, limit: 500, cursor });
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return ids;
}

/** What is half of something, whatever command it came from; nothing is. Each query finds the rows that would show one. */
export function halves(host: Host): Promise<Record<string, unknown[]>> {
  const approved = sql`l.status in ('approved', 'converted')`;
  const queries = {
    'imports that count other leads than theirs': sql`select i.id from lead_imports i
      where i.rows_read <> i.accepted + i.rejected
        or i.accepted <> (select count(*) from partner_leads l where l.import_id = i.id)`,
    'partners that count other leads than theirs': sql`select p.id from partners p
      where p.total_leads_submitted <> (select count(*) from partner_leads l where l.partner_id = p.id)
        or p.approved_leads <> (select count(*) from partner_leads l where l.partner_id = p.id and ${approved})
        or p.total_leads_submitted <> (select sum(m.leads_submitted) from partner_months m where m.partner_id = p.id)
        or p.total_leads_submitted <> (select sum(s.leads_generated) from partner_sources s where s.partner_id = p.id)`,
    'approved leads without all that an approval makes': sql`select l.id from partner_leads l where ${approved} and (
      (select count(*) from leads e where e.id = l.lead_id) <> 1
      or (select count(*) from partner_credit_policy_mappings m where m.partner_lead_id = l.id) <> 1
      or (select count(*) from partner_lead_credits c where c.partner_lead_id = l.id) <> 1
      or (select count(*) from partner_activities a where a.resource_id = l.id and a.action = 'lead_approved') <> 1)`,
    'what an approval makes, of leads that are not approved': sql`select l.id from partner_leads l where not ${approved} and (
      l.lead_id is not null
      or exists (select 1 from partner_credit_policy_mappings m where m.partner_lead_id = l.id)
      or exists (select 1 from partner_lead_credits c where c.partner_lead_id = l.id)
      or exists (select 1 from partner_activities a where a.resource_id = l.id and a.action = 'lead_approved'))`,
    'entries that no lead became': sql`select e.id from leads e
      where not exists (select 1 from partner_leads l where l.lead_id = e.id)`,
    'approved credits that are not once in the ledger': sql`select c.id from partner_lead_credits c
      where (c.status = 'approved') <> ((select count(*) from ledger_entries e where e.resource_id = c.id) = 1)`,
    'approved credits without their activity': sql`select c.id from partner_lead_credits c where (c.status = 'approved')
      <> exists (select 1 from partner_activities a where a.resource_id = c.id and a.action = 'credit_approved')`,
    'payouts whose totals are not their lines': sql`select o.id from partner_payouts o
      where o.total_amount <> (select coalesce(sum(d.amount), 0) from partner_payout_details d where d.payout_id = o.id)
        or o.total_leads_count <> (select count(distinct d.partner_lead_id) from partner_payout_details d where d.payout_id = o.id)
        or (select count(*) from partner_activities a where a.resource_id = o.id and a.action = 'payout_generated') <> 1`,
  };
  return host.database.read('system', async (reader) => {
    const found: Record<string, unknown[]> = {};
    for (const [what, query] of Object.entries(queries)) {
      const rows = await reader.all(query);
      if (rows.length > 0) found[what] = rows;
    }
    return found;
  });
}
