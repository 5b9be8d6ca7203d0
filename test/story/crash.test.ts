import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acting, actAs, composeHost, createLog, type Host, isSound, verifyAll } from '#host/index.ts';
import { refusalOf } from '#test/support/host.ts';
import {
  admins,
  halves,
  importedRows,
  importFile,
  importRows,
  partnerCount,
  prepareOffice,
  type Task,
  untilToday,
} from './crash-stage.ts';
import { killedAt, type Moment } from './killing.ts';

describe('killed in the middle', () => {
  let office: Awaited<ReturnType<typeof prepareOffice>>;
  beforeAll(async () => {
    office = await prepareOffice();
  });
  afterAll(() => office.remove());

  /** Kills the task, opens the folder again, finds everything sound, goes on, and finds it sound again. */
  async function survives(
    task: Task,
    moment: Moment,
    goOn: (client: Acting['client']) => Promise<void>,
  ): Promise<void> {
    const folder = await office.copy();
    await killedAt(folder, task, moment);
    const host = await composeHost({ dataFolder: folder, log: createLog('silent') });
    try {
      await expectSound(host);
      const { client } = await actAs(host, admins.second);
      await goOn(client);
      await expectSound(host);
    } finally {
      await host.close();
    }
  }

  async function expectSound(host: Host): Promise<void> {
    const reports = await verifyAll(host);
    expect(reports).toMatchObject([{ activities: { ok: true }, ledger: { ok: true, differences: [] } }]);
    expect(isSound(reports)).toBe(true);
    expect(await halves(host)).toEqual({});
    expect(await host.database.dataSource.query('pragma integrity_check')).toEqual([
      { integrity_check: 'ok' },
    ]);
  }

  it('would show half a command, if there were one', async () => {
    const host = await composeHost({ dataFolder: await office.copy(), log: createLog('silent') });
    const { client } = await actAs(host, admins.second);
    await client.payouts.generate(untilToday());
    expect(await halves(host)).toEqual({});
    await host.database.write('system', async (tx) => {
      for (const damage of [
        sql`update lead_imports set accepted = accepted - 1, rejected = rejected + 1`,
        sql`update partners set approved_leads = approved_leads - 1`,
        sql`update partner_leads set lead_id = (select id from leads limit 1) where status = 'approved'`,
        sql`update partner_lead_credits set status = 'rejected', rejection_reason = 'x' where status = 'approved'`,
        sql`update partner_payouts set total_amount = total_amount + 1`,
        sql`delete from partner_credit_policy_mappings`,
      ]) {
        await tx.run(damage);
      }
    });
    expect(Object.keys(await halves(host))).toEqual([
      'imports that count other leads than theirs',
      'partners that count other leads than theirs',
      'approved leads without all that an approval makes',
      'entries that no lead became',
      'approved credits that are not once in the ledger',
      'approved credits without their activity',
      'payouts whose totals are not their lines',
    ]);
    await host.close();
  });

  const moments: Record<Exclude<Task, 'rescoring' | 'export'>, readonly Moment[]> = {
    // The job and the record of the import are the first writes; each slice of rows makes several.
    import: [{ write: 1 }, { write: 4 }, { write: 9 }, { write: 31 }, { done: 4 }],
    approvals: [{ write: 1 }, { write: 3 }, { write: 47 }, { write: 134 }, { done: 10 }],
    credits: [{ write: 1 }, { write: 4 }, { write: 51 }, { done: 5 }],
    generation: [{ write: 1 }, { write: 2 }, { write: 38 }, { done: 1 }],
  };
  /** What is surely left to do: killed by its steps, the program may have come to its end. */
  const leastLeft = (moment: Moment): number => ('write' in moment ? 1 : 0);

  it.each(moments.import)(
    'of an import: whole batches are in, and it can be imported again (%j)',
    async (moment) => {
      await survives('import', moment, async (client) => {
        const [partner] = (await client.partners.list({ limit: 1 })).items;
        const partnerId = partner!.id;
        const [latest] = (await client.imports.list({ partnerId, limit: 1 })).items;
        // Killed before its record was written, the import before it is the latest.
        const accepted = latest?.fileSize === Buffer.byteLength(importFile) ? latest.accepted : 0;
        expect(importedRows - accepted).toBeGreaterThanOrEqual(leastLeft(moment));
        const before = accepted > 0 ? await refusalOf(importRows(client, partnerId, importFile)) : undefined;
        expect(before?.code).toBe(accepted > 0 ? 'DUPLICATE' : undefined);
        const again = await importRows(client, partnerId, importFile, true);
        expect(again).toHaveLength(importedRows);
        const marked = await client.leads.list({ partnerId, duplicates: true, limit: 1, total: true });
        expect(marked.total).toBe(accepted);
      });
    },
  );

  it.each(moments.approvals)('of approving leads: the others can be approved (%j)', async (moment) => {
    await survives('approvals', moment, async (client) => {
      const { items } = await client.leads.reviewQueue({ limit: 500 });
      expect(items.length).toBeGreaterThanOrEqual(leastLeft(moment));
      expect(items.length).toBeLessThanOrEqual(2 * partnerCount);
      for (const { id } of items) await client.leads.approve({ id });
      const approved = await client.leads.list({ status: 'approved', limit: 1, total: true });
      expect(approved.total).toBe(5 * partnerCount);
    });
  });

  it.each(moments.credits)('of approving credits: the others can be approved (%j)', async (moment) => {
    await survives('credits', moment, async (client) => {
      const { items } = await client.credits.list({ status: 'pending_approval', limit: 500 });
      expect(items.length).toBeGreaterThanOrEqual(leastLeft(moment));
      for (const { id } of items) await client.credits.approve({ id });
      const approved = await client.credits.list({ status: 'approved', limit: 1, total: true });
      expect(approved.total).toBe(3 * partnerCount);
    });
  });

  it.each(moments.generation)('of generating payouts: again adds the rest (%j)', async (moment) => {
    await survives('generation', moment, async (client) => {
      const made = (await client.payouts.list({ limit: 500 })).items;
      expect(partnerCount - made.length).toBeGreaterThanOrEqual(leastLeft(moment));
      const { payouts } = await client.payouts.generate(untilToday());
      expect(payouts).toHaveLength(partnerCount - made.length);
      const all = (await client.payouts.list({ limit: 500 })).items;
      expect(new Set(all.map(({ partnerId }) => partnerId)).size).toBe(partnerCount);
      expect(all.map(({ totalAmount }) => totalAmount)).toEqual(all.map(() => 2000));
      expect((await client.payouts.generate(untilToday())).payouts).toEqual([]);
    });
  });
});
