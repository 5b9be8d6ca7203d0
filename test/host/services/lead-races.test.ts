import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultScoreWeights } from '#domain/quality-score.ts';
import { engines } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { activePartner } from './credit-stories.ts';
import {
  aPerson,
  countersOf,
  type LeadData,
  outcomesOf,
  recountOf,
  submitted,
  walk,
} from './lead-stories.ts';

/** Only how to reach somebody counts. */
const contactOnly = {
  ...Object.fromEntries(Object.keys(defaultScoreWeights).map((field) => [field, 0])),
  email: 50,
  phone: 50,
};

describe.each(engines)('leads at the same moment, on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  const reviewer = (office: TestTenant) => office.as('lead_reviewer').leads;

  /** Returns once so many connections wait for a lock. */
  async function waiting(count: number): Promise<void> {
    for (let looks = 0; looks < 5000; looks += 1) {
      const row = await host.database.read('system', (reader) =>
        reader.get<{ n: number }>(sql`select count(distinct waits.pid)::int as n from pg_locks waits
          join pg_stat_activity backend on backend.pid = waits.pid
          where not waits.granted and backend.datname = current_database()`),
      );
      if ((row?.n ?? 0) >= count) return;
    }
    throw new Error(`Nobody waits: ${count} were expected to.`);
  }

  /**
   * Makes the calls one after the other, the next one when the one before stands still: each waits for the end of its organization's
   * chain, where its own work is done and not yet committed. SQLite lets one command in at a time anyway.
   */
  async function overlapping(office: TestTenant, calls: readonly (() => Promise<unknown>)[]) {
    if (engine === 'sqlite') return outcomesOf(calls.map((call) => call()));
    const [held, free] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holding = host.database.write({ tenantId: office.tenantId }, async (tx) => {
      await tx.get(sql`select seq from activity_heads where tenant_id = ${office.tenantId} for update`);
      held.resolve();
      await free.promise;
    });
    await held.promise;
    const started: Promise<PromiseSettledResult<unknown>[]>[] = [];
    for (const call of calls) {
      started.push(Promise.allSettled([call()]));
      await waiting(started.length);
    }
    free.resolve();
    await holding;
    const ended = (await Promise.all(started)).flat();
    return outcomesOf(
      ended.map((each) =>
        each.status === 'fulfilled' ? Promise.resolve(each.value) : Promise.reject(each.reason),
      ),
    );
  }

  it('a lead that comes in while the first of its person is rejected is under no dead lead', async () => {
    const office = await host.otherTenant();
    await office.as('admin').settings.update({ duplicateHandling: 'link' });
    const [first, second] = [await activePartner(office), await activePartner(office)];
    const person = aPerson();
    const original = await submitted(office, first.id, person);
    // Hired beforehand: nobody is to wait for that.
    await reviewer(office).list({});
    const { codes } = await overlapping(office, [
      () => reviewer(office).reject({ id: original.id, reason: 'No interest' }),
      () => submitted(office, second.id, person),
    ]);
    expect(codes).toEqual([]);
    const [lead] = await walk(office, 'list', { partnerId: second.id });
    expect(lead).toMatchObject({ linkedTo: null });
    expect((await walk(office, 'reviewQueue')).map(({ id }) => id)).toEqual([lead!.id]);
  });

  it('a partner that gets weights of its own while leads come in: each is scored as its history says', async () => {
    const partner = await activePartner(host);
    const client = host.as('partner_manager');
    const rows = Array.from({ length: 1200 }, () => {
      const { firstName, lastName, email, phone } = aPerson();
      return [firstName, lastName, email, phone].join(',');
    });
    const file = Buffer.from(['first name,last name,email,phone', ...rows].join('\n'));
    const { uploadId } = await client.uploads.begin({ fileName: 'leads.csv', size: file.length });
    await client.uploads.append({ uploadId, offset: 0, data: file.toString('base64') });
    let isChanged = false;
    for await (const event of await client.imports.run({ partnerId: partner.id, uploadId })) {
      if (event.type !== 'progress' || isChanged) continue;
      isChanged = true;
      await client.leadScoring.setWeights({ id: partner.id, scoreWeights: contactOnly });
    }
    const scored = await host.database.read('system', (reader) =>
      reader.all<{ score: number; weights: string; kept: number; n: number }>(sql`
        select h.new_score as score, w.weights, l.quality_score as kept, count(*) as n from lead_score_history h
        join lead_score_weights w on w.tenant_id = h.tenant_id and w.fingerprint = h.weights_fingerprint
        join partner_leads l on l.tenant_id = h.tenant_id and l.id = h.lead_id
        where l.partner_id = ${partner.id} group by h.new_score, w.weights, l.quality_score order by h.new_score`),
    );
    const told = scored.map(({ score, kept, weights }) => [
      score,
      kept,
      (typeof weights === 'string' ? JSON.parse(weights) : weights).email,
    ]);
    expect(told).toEqual([
      [3000, 3000, 7.5],
      [10_000, 10_000, 50],
    ]);
    expect(scored.reduce((sum, { n }) => sum + n, 0)).toBe(1200);
    expect(await countersOf(host, partner.id)).toEqual(await recountOf(host, partner.id));
  });

  it('the same file from two stations comes in once, unless both say so', async () => {
    const partner = await activePartner(host);
    const file = Buffer.from(
      [
        'email,phone',
        ...[1, 2, 3].map(() => aPerson()).map((one: LeadData) => `${one.email},${one.phone}`),
      ].join('\n'),
    );
    const imported = async (person: number, again: boolean) => {
      const client = host.as('partner_manager', person);
      const { uploadId } = await client.uploads.begin({ fileName: 'leads.csv', size: file.length });
      await client.uploads.append({ uploadId, offset: 0, data: file.toString('base64') });
      const events = await client.imports.run({ partnerId: partner.id, uploadId, again });
      for await (const event of events) if (event.type === 'result') return event.result.accepted;
      throw new Error('The import told no result.');
    };
    const once = await outcomesOf([1, 2].map((person) => imported(person, false)));
    expect(once).toEqual({ done: [3], codes: ['DUPLICATE'] });
    const twice = await outcomesOf([1, 2].map((person) => imported(person, true)));
    expect(twice).toEqual({ done: [3, 3], codes: [] });
    expect((await host.as('auditor').imports.list({ partnerId: partner.id })).items).toHaveLength(3);
  });

  describe.runIf(engine === 'postgres')('what names a partner in its activity', () => {
    it('waits for the partner before it takes the end of the chain, or an approval and it would wait for each other', async () => {
      const partner = await activePartner(host);
      const { tenantId } = host;
      const lead = await submitted(host, partner.id);
      const { userId } = await host.session('lead_reviewer');
      await reviewer(host).list({});
      const calls = {
        claim: () => reviewer(host).claim({ id: lead.id }),
        assign: () => reviewer(host).assign({ id: lead.id, reviewerId: userId }),
        addNote: () => reviewer(host).addNote({ id: lead.id, body: 'Called.' }),
        release: () => reviewer(host).release({ id: lead.id }),
      };
      for (const call of Object.values(calls)) {
        const [held, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        const approving = host.database.write({ tenantId }, async (tx) => {
          await tx.get(
            sql`select id from partners where tenant_id = ${tenantId} and id = ${partner.id} for update`,
          );
          held.resolve();
          await go.promise;
          // What an approval does last; another one that had it would be waiting for the partner.
          await tx.get(sql`select seq from activity_heads where tenant_id = ${tenantId} for update nowait`);
        });
        await held.promise;
        const calling = call();
        await waiting(1);
        go.resolve();
        await expect(approving).resolves.toBeUndefined();
        await calling;
      }
    });
  });
});
