import sql from 'sql-template-tag';
import { expect } from 'vitest';
import type { Outputs } from '#contract/index.ts';
import { type Acting, type Host, isSound, verifyAll } from '#host/index.ts';
import { approvedCount, halves, importedRows, leadCount, partnerCount } from './crash-stage.ts';

/** What must be there once a job that was cut off has come to its end, however often and wherever it was cut off. */

export type Client = Acting['client'];
export type Job = Outputs['jobs']['get'];
export type Kind = 'import' | 'generation' | 'rescoring' | 'export' | 'simulation';

/** The one job that the program had; a job it never entered can't be resumed. */
export async function interruptedJob(client: Client): Promise<{ id: string }> {
  const { items } = await client.jobs.list({ status: 'interrupted' });
  expect(items).toHaveLength(1);
  expect((await client.jobs.list({ status: 'running' })).items).toEqual([]);
  expect(items[0]).toMatchObject({ canResume: true, failure: expect.stringMatching(/resume/) });
  return items[0]!;
}

export async function resumed(client: Client, { id }: { id: string }): Promise<Job> {
  await client.jobs.resume({ id });
  let last: Job | undefined;
  for await (const state of await client.jobs.watch({ id })) last = state;
  expect(last).toMatchObject({ id, status: 'completed', failure: null });
  return last!;
}

export async function expectSound(host: Host): Promise<void> {
  expect(isSound(await verifyAll(host))).toBe(true);
  expect(await halves(host)).toEqual({});
}

/** All that a job of the kind was to do is done once. */
export function expectDone(kind: Kind, client: Client, host: Host, job: Job): Promise<void> {
  return done[kind](client, host, job);
}

const done: Record<Kind, (client: Client, host: Host, job: Job) => Promise<void>> = {
  import: async (client, _host, job) => {
    expect(job.result).toMatchObject({ accepted: importedRows, rejected: 0, duplicates: 0 });
    const [record] = (await client.imports.list({ limit: 1 })).items;
    expect(record).toMatchObject({ jobId: job.id, status: 'completed', accepted: importedRows });
    const leads = await client.leads.list({ importId: record!.id, limit: 1, total: true });
    expect(leads.total).toBe(importedRows);
    expect((await client.leads.list({ duplicates: true, limit: 1, total: true })).total).toBe(0);
  },
  generation: async (client) => {
    const made = (await client.payouts.list({ limit: 500 })).items;
    expect(new Set(made.map(({ partnerId }) => partnerId)).size).toBe(partnerCount);
    expect(made.map(({ totalAmount }) => totalAmount)).toEqual(
      Array.from({ length: partnerCount }, () => 2000),
    );
  },
  rescoring: async (_client, host) => {
    const rows = await host.database.read('system', (reader) =>
      reader.all<{ n: number }>(sql`select count(*) as n from lead_score_history
        where why = 'rescoring' group by lead_id`),
    );
    expect(rows).toEqual(Array.from({ length: leadCount }, () => ({ n: 1 })));
  },
  export: async (client, _host, { result }) => {
    if (result?.kind !== 'payout_export') throw new Error('It is no export.');
    expect((await client.payoutExports.list({})).items).toEqual([result.export]);
    const file = await client.payoutExports.read({ id: result.export.id, offset: 0 });
    expect(file.data.trim().split('\r\n')).toHaveLength(1 + 2 * partnerCount);
  },
  simulation: async (_client, _host, { result }) => {
    expect(result).toMatchObject({ kind: 'policy_simulation', leads: approvedCount });
  },
};
