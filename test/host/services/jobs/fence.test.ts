import sql from 'sql-template-tag';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JobRow, jobs } from '#host/database/index.ts';
import { command } from '#host/services/command.ts';
import { insertJob } from '#host/services/jobs/store.ts';
import type { JobTask } from '#host/services/jobs/types.ts';
import type { Session } from '#host/session.ts';
import { engines } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';

describe.each(engines)('a job that another host has taken over, on %s', (engine) => {
  let host: TestHost;
  let session: Session;

  beforeEach(async () => {
    host = await testHost(engine);
    session = await host.session('lead_reviewer');
  });
  afterEach(() => host.close());

  const scope = () => ({ tenantId: host.tenantId });
  const stored = (id: string): Promise<JobRow | undefined> =>
    host.database.read(scope(), (reader) => reader.find(jobs, { id }));

  function aJob(): Promise<JobRow> {
    const spec = {
      kind: 'lead_rescoring',
      title: 'A job',
      partnerId: null,
      input: {},
      writes: true,
    } as const;
    const of = { owner: host.context.jobs.owner, now: host.context.now() };
    return host.database.write(scope(), (tx) => insertJob(tx, session, spec, of));
  }
  const act = (action: string): Promise<void> =>
    command(host.context, session, { name: 'test.act', input: {} }, async ({ record }) =>
      record({ action, resource: 'job', resourceId: null }),
    );
  async function acts(): Promise<string[]> {
    const rows = await host.database.read(scope(), (reader) =>
      reader.all<{ action: string }>(sql`select action from partner_activities
        where tenant_id = ${host.tenantId} and action like 'act_%' order by seq`),
    );
    return rows.map(({ action }) => action);
  }
  /** What its host sees when it wakes up after standing still for longer than its lease. */
  const takenOver = (id: string, as: Partial<JobRow>): Promise<unknown> =>
    host.database.write(scope(), (tx) => tx.update(jobs, { id }, as));

  const work = (id: () => string, as: Partial<JobRow>): JobTask<number, number> => ({
    async *run() {
      await act('act_before');
      yield 1;
      await takenOver(id(), as);
      await act('act_after');
      yield 2;
      return 2;
    },
    progressOf: (done) => ({ done, total: 2, unit: 'leads' }),
    resultOf: (value) => ({ status: 'completed', result: { value } }),
  });

  it.each<[string, Partial<JobRow>]>([
    ['goes on there', { owner: 'another/1/host' }],
    ['was interrupted there', { status: 'interrupted', finishedAt: '2026-06-15T12:00:00.000Z' }],
  ])('writes nothing more here when it %s', async (_what, as) => {
    const row = await aJob();
    const running = host.context.jobs.enqueue(
      row,
      work(() => row.id, as),
    );
    const ending = running.result.catch((error: unknown) => error);
    expect(await ending).toMatchObject({ message: expect.stringMatching(/Another host took this over/) });
    await running.settled;
    expect(await acts()).toEqual(['act_before']);
    // Nor does it end it in the other's place.
    expect(await stored(row.id)).toMatchObject({ status: 'running', result: null, ...as });
    // Whoever is no job is not asked.
    await act('act_by_hand');
    expect(await acts()).toEqual(['act_before', 'act_by_hand']);
  });
});
