import { rm } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import BetterSqlite3 from 'better-sqlite3';
import { databaseFile } from '#host/compose.ts';
import type { Connection } from '#host/database/sqlite-connection.ts';
import { fillLeads } from './fill-leads.ts';
import { fillMoney } from './fill-money.ts';
import { type Card, compose, foundOffice, openOffice, writeCard } from './office.ts';
import { addPolicies } from './policies.ts';

/** Leads of each partner: 110 wait, 80 were approved with one credit each, 10 were rejected. */
export const leadsPerPartner = 200;

/**
 * Fills a data folder with an office of `leads` leads, a 200th of that of partners, and two credits for five leads. Raw multi-row
 * SQL, which is checked afterwards: every foreign key by SQLite, every stored figure and the ledger by `ledger.verify`.
 *
 * Left out: the activities (and change notices) of what is filled in, command ids, partners' users, documents and bank
 * details, and the imports the leads would have come by. They are in no path that is measured, but for the activities: a new
 * one goes to the end of its table whatever lies before it.
 */
export async function fill(dataFolder: string, leads: number, say: (what: string) => void): Promise<Card> {
  const start = performance.now();
  for (const end of ['', '-wal', '-shm']) await rm(`${databaseFile(dataFolder)}${end}`, { force: true });
  const partners = Math.max(5, Math.round(leads / leadsPerPartner));
  const host = await compose(dataFolder, '2025-12-01T08:00:00.000Z');
  const founded = await foundOffice(host);
  await host.close();
  const plan = { ...founded, partners, leads: partners * leadsPerPartner };

  const connection = new BetterSqlite3(databaseFile(dataFolder));
  let policyId: string;
  try {
    // What is filled in can be filled in again: nothing of a journal touches the disk, and the app's own mode is set when it opens the file.
    connection.pragma('journal_mode = MEMORY');
    connection.pragma('synchronous = OFF');
    connection.pragma('foreign_keys = OFF');
    connection.pragma('cache_size = -262144');
    connection.pragma('temp_store = MEMORY');
    const restore = withoutIndexes(connection);
    say(`filling in ${plan.leads.toLocaleString('en')} leads of ${partners.toLocaleString('en')} partners`);
    connection.transaction(() => fillLeads(connection, plan))();
    say('filling in credits, payouts and the ledger');
    policyId = connection.transaction(() => fillMoney(connection, plan))();
    say('building the indexes');
    restore();
    say('checking the foreign keys');
    const broken = connection.pragma('foreign_key_check');
    if (Array.isArray(broken) && broken.length > 0) {
      throw new Error(`${broken.length} rows name what isn't there: ${JSON.stringify(broken[0])}`);
    }
  } finally {
    connection.close();
  }

  const card = { ...plan, policyId };
  const filled = await openOffice(dataFolder, card);
  try {
    await addPolicies(filled, partners);
    say('checking the ledger and every stored figure');
    const report = await filled.as('finance').ledger.verify();
    if (!report.ok) throw new Error(`The ledger does not verify: ${JSON.stringify(report).slice(0, 2000)}`);
    filled.writing.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    await filled.close();
  }
  const secondsToFill = Math.round((performance.now() - start) / 1000);
  await writeCard(dataFolder, { ...card, secondsToFill });
  return { ...card, secondsToFill };
}

/** Takes the indexes of the large tables away and returns what builds them again, by their own texts. */
function withoutIndexes(connection: Connection): () => void {
  const indexes = connection
    .prepare<[], { name: string; sql: string }>(
      `select name, sql from sqlite_master where type = 'index' and sql is not null and tbl_name in
        ('partner_leads', 'leads', 'partner_lead_credits', 'partner_credit_policy_mappings',
          'partner_payout_details', 'ledger_entries', 'ledger_postings')`,
    )
    .all();
  for (const { name } of indexes) connection.exec(`drop index "${name}"`);
  return () => {
    for (const { sql } of indexes) connection.exec(sql);
  };
}
