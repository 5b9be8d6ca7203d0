import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import sql from 'sql-template-tag';
import { afterEach, expect, it } from 'vitest';
import { composeHost, fillWithDemoData, verifyAll } from '#host/index.ts';

const folders: string[] = [];
const log = pino({ level: 'silent' });

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** What the story comes to, without what is new in every telling: ids and hashes. */
async function story(seed: number) {
  const dataFolder = await mkdtemp(join(tmpdir(), 'partner-desk-demo-'));
  folders.push(dataFolder);
  const report = await fillWithDemoData({
    dataFolder,
    log,
    seed,
    until: '2026-06-15T12:00:00.000Z',
    days: 40,
  });
  const host = await composeHost({ dataFolder, log, throwAway: true });
  try {
    const [verified] = await verifyAll(host);
    const facts = await host.database.read('system', async (reader) => ({
      partners: await reader.all(
        sql`select partner_code, status, total_leads_submitted, total_earnings, withdrawn_amount from partners order by partner_code`,
      ),
      leads: await reader.all(
        sql`select email_key, status, quality_score, submitted_at, credit_amount from partner_leads order by email_key, submitted_at`,
      ),
      payouts: await reader.all(
        sql`select payout_number, status, total_amount, approved_amount, paid_amount from partner_payouts order by payout_number`,
      ),
    }));
    return { report, verified, facts };
  } finally {
    await host.close();
  }
}

it('tells the same story for the same seed, another for another, and its ledger and chain verify', async () => {
  const first = await story(7);
  const again = await story(7);
  const other = await story(8);
  expect(first.verified?.ledger).toMatchObject({ ok: true, differences: [] });
  expect(first.verified?.activities.ok).toBe(true);
  expect(first.report.partners).toBe(40);
  expect(first.facts.payouts.length).toBeGreaterThan(0);
  expect(again.facts).toEqual(first.facts);
  expect(other.facts.leads).not.toEqual(first.facts.leads);
});
