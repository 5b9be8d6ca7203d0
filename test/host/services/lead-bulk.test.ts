import { setImmediate } from 'node:timers/promises';
import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import { activePartner, creditsOf } from './credit-stories.ts';
import { aPerson, countersOf, getLead, recountOf, submitted, walk } from './lead-stories.ts';
import { actionsOf } from './partners/setup.ts';

describe.each(engines)('deciding many leads at once, on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  const reviewer = (person = 1) => host.as('lead_reviewer', person).leads;

  /** Leads of one partner, imported, as their ids in the order of the queue. */
  async function imported(partnerId: string, count: number): Promise<string[]> {
    const client = host.as('partner_manager');
    const rows = Array.from({ length: count }, () => {
      const { email, phone } = aPerson();
      return `${email},${phone}`;
    });
    const file = Buffer.from(['email,phone', ...rows].join('\n'));
    const { uploadId } = await client.uploads.begin({ fileName: 'leads.csv', size: file.length });
    await client.uploads.append({ uploadId, offset: 0, data: file.toString('base64') });
    for await (const _ of await client.imports.run({ partnerId, uploadId })) continue;
    return (await walk(host, 'reviewQueue', { partnerId, limit: 500 })).map(({ id }) => id);
  }

  it('500 of them have an outcome each, a transaction and an activity of their own, and the counters add up', async () => {
    const partner = await activePartner(host, { leadPrice: 100 });
    const ids = await imported(partner.id, 500);
    expect(ids).toHaveLength(500);
    const held = ids.filter((_, n) => n % 10 === 3);
    const decided = ids.filter((_, n) => n % 10 === 7);
    await reviewer(2).bulk({ action: 'claim', ids: held });
    await reviewer(2).bulk({ action: 'reject', ids: decided, reason: 'Fair is over' });
    const before = await chainLength();
    const { outcomes } = await reviewer().bulk({ action: 'approve', ids });
    expect(outcomes.map(({ id }) => id)).toEqual(ids);
    expect(outcomes.map(({ ok, code }) => (ok ? 'ok' : code))).toEqual(
      ids.map((_, n) => (n % 10 === 3 ? 'LOCKED' : n % 10 === 7 ? 'INVALID_TRANSITION' : 'ok')),
    );
    expect((await chainLength()) - before).toBe(400);
    const counters = await countersOf(host, partner.id);
    expect(counters).toEqual(await recountOf(host, partner.id));
    expect(counters.partner).toMatchObject({ approved_leads: 400, rejected_leads: 50 });
    expect(await host.as('auditor').activities.verify()).toMatchObject({ ok: true });
  });

  /** How many activities the organization has. */
  async function chainLength(): Promise<number> {
    const head = await host.database.read('system', (reader) =>
      reader.get<{ seq: number }>(sql`select seq from activity_heads where tenant_id = ${host.tenantId}`),
    );
    return head!.seq;
  }

  it('lets everybody else have a turn between two of them', async () => {
    const ids = await imported((await activePartner(host)).id, 40);
    const done = new AbortController();
    let turns = 0;
    const deciding = reviewer()
      .bulk({ action: 'approve', ids })
      .finally(() => done.abort());
    while (!done.signal.aborted) {
      await setImmediate();
      turns += 1;
    }
    expect((await deciding).outcomes.every(({ ok }) => ok)).toBe(true);
    expect(turns).toBeGreaterThanOrEqual(ids.length);
  });

  it('repeated with its command id answers the same for what was done, and does nothing twice', async () => {
    const partner = await activePartner(host, { leadPrice: 100 });
    const [free, held] = [await submitted(host, partner.id), await submitted(host, partner.id)];
    await reviewer(2).claim({ id: held.id });
    const input = {
      action: 'approve' as const,
      ids: [free.id, held.id],
      commandId: 'approve the fair',
    };
    const first = await reviewer().bulk(input);
    expect(first.outcomes).toMatchObject([
      { id: free.id, ok: true },
      { id: held.id, ok: false, code: 'LOCKED' },
    ]);
    expect(await reviewer().bulk(input)).toEqual(first);
    // What was refused is tried again.
    await reviewer(2).release({ id: held.id });
    expect((await reviewer().bulk(input)).outcomes).toEqual([
      { id: free.id, ok: true },
      { id: held.id, ok: true },
    ]);
    expect(await creditsOf(host, free)).toHaveLength(1);
    expect(await actionsOf(host, free.id)).toEqual(['lead_submitted', 'lead_approved']);
    const other = await reviewer().bulk({ ...input, action: 'reject', reason: 'No' });
    expect(other.outcomes.map(({ code }) => code)).toEqual(['CONFLICT', 'CONFLICT']);
    expect((await getLead(host, free)).status).toBe('approved');
  });
});
