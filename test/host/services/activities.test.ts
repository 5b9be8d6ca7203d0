import sql, { raw } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Inputs } from '#contract/index.ts';
import type { Writer } from '#host/database/index.ts';
import { appendActivity } from '#host/services/activity-chain.ts';
import { encodeCursor } from '#host/services/paging.ts';
import type { Session } from '#host/session.ts';
import { engines } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { plansOf, scanOrSort } from './partners/plans.ts';
import { register, registerActive } from './partners/setup.ts';

type Query = Inputs['activities']['list'];

describe.each(engines)('the audit trail on %s', (engine) => {
  describe('searching', () => {
    let host: TestHost;
    let manager: Session;
    let approver: Session;
    let first: string;
    let second: string;

    /** Eight activities, in Berlin: 14 June 23:59:59.999, then 15 June 0:00 sharp, then later that day and after. */
    beforeAll(async () => {
      host = await testHost(engine, { now: '2026-06-01T12:00:00.000Z' });
      [manager, approver] = [await host.session('partner_manager'), await host.session('approver')];
      host.clock.set('2026-06-14T21:59:59.999Z');
      first = await recorded('registration_submitted', manager, uuidOf(1));
      host.clock.set('2026-06-14T22:00:00.000Z');
      await recorded('partner_approved', approver, first);
      host.clock.set('2026-06-15T12:00:00.000Z');
      await recorded('partner_suspended', approver, first);
      second = await recorded('registration_submitted', manager, uuidOf(2));
      host.clock.set('2026-06-15T21:59:59.999Z');
      await recorded('lead_approved', approver, uuidOf(3), 'lead');
      // A station's clock is wrong: what it did comes after in the chain, and before by its instant.
      host.clock.set('2026-06-10T08:00:00.000Z');
      await recorded('partner_updated', manager, second);
      host.clock.set('2026-06-16T08:00:00.000Z');
      await recorded('lead_rejected', approver, uuidOf(4), 'lead');
    });
    afterAll(() => host.close());

    const uuidOf = (n: number) => `01900000-0000-7000-8000-00000000000${n}`;

    /** One activity as a command leaves it, at the very instant the clock was set to. */
    async function recorded(
      action: string,
      who: Session,
      resourceId: string,
      resource = 'partner',
    ): Promise<string> {
      const now = host.clock.now();
      await host.database.write(host, (tx) => appendActivity(tx, who, now, { action, resource, resourceId }));
      return resourceId;
    }

    const find = async (query: Query) => (await host.as('auditor').activities.list(query)).items;
    const actions = async (query: Query) => (await find(query)).map((item) => item.action);
    /** Without what the organization began with. */
    const own = async (query: Query) =>
      (await actions(query)).filter((action) => action !== 'organization_created');

    it('lists the newest first, as the chain took them', async () => {
      const items = await find({});
      expect(items.map((item) => item.seq)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
      expect(items[0]).toMatchObject({
        action: 'lead_rejected',
        resource: 'lead',
        resourceId: uuidOf(4),
        userId: approver.userId,
        userName: approver.userName,
        station: 'test',
        createdAt: '2026-06-16T08:00:00.000Z',
        previousHash: items[1]?.hash,
        details: {},
      });
      expect(items[0]).not.toHaveProperty('tenantId');
    });

    it.each<[string, () => Query, string[]]>([
      [
        'an actor',
        () => ({ actorId: manager.userId }),
        ['partner_updated', 'registration_submitted', 'registration_submitted'],
      ],
      ['an action', () => ({ action: 'partner_approved' }), ['partner_approved']],
      ['a kind of thing', () => ({ resource: 'lead' }), ['lead_rejected', 'lead_approved']],
      [
        'a thing',
        () => ({ resource: 'partner', resourceId: second }),
        ['partner_updated', 'registration_submitted'],
      ],
      [
        'an id alone',
        () => ({ resourceId: first }),
        ['partner_suspended', 'partner_approved', 'registration_submitted'],
      ],
      ['an id of another kind', () => ({ resource: 'lead', resourceId: first }), []],
      ['actor and action', () => ({ actorId: approver.userId, action: 'lead_rejected' }), ['lead_rejected']],
      ['actor and time', () => ({ actorId: approver.userId, from: '2026-06-16' }), ['lead_rejected']],
      ['nobody', () => ({ actorId: uuidv7() }), []],
    ])('finds those of %s', async (_what, query, expected) => {
      expect(await actions(query())).toEqual(expected);
      const counted = await host.as('auditor').activities.list({ ...query(), total: true, limit: 1 });
      expect(counted.total).toBe(expected.length);
    });

    it.each<[string, Query, string[]]>([
      [
        'a day of the zone, both ends of it',
        { from: '2026-06-15', to: '2026-06-15' },
        ['lead_approved', 'registration_submitted', 'partner_suspended', 'partner_approved'],
      ],
      ['the day before', { from: '2026-06-14', to: '2026-06-14' }, ['registration_submitted']],
      ['from a day on', { from: '2026-06-16' }, ['lead_rejected']],
      ['until a day', { to: '2026-06-14' }, ['partner_updated', 'registration_submitted']],
      ['the day of a wrong clock', { from: '2026-06-10', to: '2026-06-10' }, ['partner_updated']],
      [
        'an instant, to the millisecond',
        { from: '2026-06-14T22:00:00.000Z', to: '2026-06-14T22:00:00.000Z' },
        ['partner_approved'],
      ],
      [
        'just before it',
        { from: '2026-06-14T21:59:59.999Z', to: '2026-06-14T21:59:59.999Z' },
        ['registration_submitted'],
      ],
      ['an instant without milliseconds', { from: '2026-06-16T08:00:00Z' }, ['lead_rejected']],
      ['a day and an instant', { from: '2026-06-15T21:00:00Z', to: '2026-06-15' }, ['lead_approved']],
      ['a time when nothing was', { from: '2026-07-01', to: '2026-07-31' }, []],
      ['the first day there is', { from: '0001-01-01', to: '0001-01-02' }, []],
      ['the last day there is', { from: '9999-12-31', to: '9999-12-31' }, []],
    ])('finds those of %s', async (_what, query, expected) => {
      expect(await own(query)).toEqual(expected);
    });

    it('pages without losing or repeating one, in time as well', async () => {
      for (const query of [{}, { from: '2026-06-10', to: '2026-06-15' }] as const) {
        const all = await find(query);
        const seen: number[] = [];
        let cursor: string | undefined;
        do {
          const page = await host.as('auditor').activities.list({ ...query, limit: 2, total: true, cursor });
          expect(page.total).toBe(all.length);
          seen.push(...page.items.map((item) => item.seq));
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined);
        expect(seen).toEqual(all.map((item) => item.seq));
      }
    });

    it.each<[string, object]>([
      ['an end before the start', { from: '2026-06-16', to: '2026-06-15' }],
      ['a day that does not exist', { from: '2026-02-30' }],
      ['a time without a zone', { from: '2026-06-15T12:00:00' }],
      ['an id that is none', { actorId: 'me' }],
      ['a NUL', { action: 'a\0' }],
      ['a NUL in the resource', { resource: '\0' }],
      ['a cursor of another list', { cursor: encodeCursor(['2026']) }],
      ['a cursor between two', { cursor: encodeCursor([1.5]) }],
      ['a cursor beyond all numbers', { cursor: encodeCursor([1e300]) }],
    ])('refuses %s', async (_what, query) => {
      expect((await refusalOf(host.as('auditor').activities.list(query))).code).toBe('VALIDATION');
    });

    it('shows nothing of another organization', async () => {
      const other = await host.otherTenant();
      const { id } = await register(other);
      expect(await find({ partnerId: id })).toEqual([]);
      expect(await find({ resourceId: id })).toEqual([]);
      const theirs = await other.as('auditor').activities.list({});
      expect(theirs.items.map((item) => item.action)).toEqual([
        'registration_submitted',
        'organization_created',
      ]);
    });

    it('finds all that happened to a partner', async () => {
      host.clock.set('2026-06-20T08:00:00.000Z');
      const { id } = await registerActive(host);
      await host.as('approver').partners.suspend({ id, reason: 'Complaint.' });
      expect(await actions({ partnerId: id })).toEqual([
        'partner_suspended',
        'partner_approved',
        'registration_submitted',
      ]);
      const [newest] = await find({ partnerId: id, action: 'partner_suspended' });
      expect(newest?.details).toEqual({
        before: { status: 'active' },
        after: { status: 'suspended' },
        reason: 'Complaint.',
      });
    });
  });

  it('is searched along an index, whatever is asked for: no scan, no sort', async () => {
    const host = await testHost(engine);
    try {
      const { id } = await register(host);
      const { userId } = await host.session('auditor');
      await grown(host, 2000);
      const filters = {
        actorId: userId,
        action: 'partner_approved',
        resource: 'partner',
        resourceId: id,
        partnerId: id,
        from: '2026-06-01',
        to: '2026-06-30',
        cursor: encodeCursor([5]),
      };
      const names = Object.keys(filters) as (keyof typeof filters)[];
      const client = host.as('auditor').activities;
      // Every combination there is.
      for (let chosen = 0; chosen < 2 ** names.length; chosen += 1) {
        const query = Object.fromEntries(
          names.filter((_, n) => (chosen >> n) % 2 === 1).map((name) => [name, filters[name]]),
        );
        const plans = await plansOf(host, /partner_activities/, () => client.list(query));
        expect(plans.length).toBeGreaterThan(0);
        expect([query, plans.filter((plan) => scanOrSort.test(plan))]).toEqual([query, []]);
      }
    } finally {
      await host.close();
    }
  });

  it('is searched along an index in a time of very many activities, too, and finds the same', async () => {
    const host = await testHost(engine);
    try {
      const session = await host.session('auditor');
      await grown(host, 45_000);
      host.clock.set('2027-01-01T12:00:00.000Z');
      const client = host.as('auditor').activities;
      const times = {
        'up to now': { from: '2026-06-01' },
        'up to now, with an end': { from: '2026-06-01', to: '2026-12-31' },
        'long ago': { to: '2026-06-20' },
        short: { from: '2026-06-16', to: '2026-06-16' },
      };
      const counts: number[] = [];
      for (const time of Object.values(times)) {
        for (const more of [
          {},
          { action: 'partner_approved' },
          { actorId: session.userId },
          { resource: 'partner' },
        ]) {
          const query = { ...time, ...more };
          const plans = await plansOf(host, /partner_activities/, () => client.list(query));
          expect([query, plans.filter((plan) => scanOrSort.test(plan))]).toEqual([query, []]);
        }
        counts.push((await client.list({ ...time, action: 'partner_approved', total: true })).total ?? -1);
      }
      // One a minute from noon of 15 June on, every fiftieth; in Berlin a day ends at 22:00 UTC. Until then it is 5 days
      // and 10 hours, 7800 minutes; the 16th has the minutes 600 to 2039.
      expect(counts).toEqual([900, 900, 155, 29]);
    } finally {
      await host.close();
    }
  });

  /** So many activities, one a minute from the clock on, and a planner that knows the table. No chain, only rows. */
  async function grown(host: TestHost, rows: number): Promise<void> {
    const start = Date.parse(host.clock.now());
    const instantOf =
      engine === 'sqlite'
        ? sql`strftime('%Y-%m-%dT%H:%M:%fZ', ${start / 1000} + i * 60, 'unixepoch')`
        : sql`to_timestamp(${start / 1000}) + i * interval '1 minute'`;
    await host.database.write('system', async (tx) => {
      await tx.run(sql`insert into partner_activities (tenant_id, seq, user_name, action, resource, details, created_at, previous_hash, hash)
        with recursive numbers (i) as (select 1 union all select i + 1 from numbers where i < ${rows})
        select ${host.tenantId}, 1000 + i, 'Ana', case when i % 50 = 0 then 'partner_approved' else 'lead_approved' end,
          case when i % 100 = 0 then 'partner' else 'lead' end, '{}', ${instantOf}, '', '' from numbers`);
      await tx.run(raw('analyze'));
    });
  }

  describe('verifying', () => {
    let host: TestHost;
    beforeAll(async () => {
      host = await testHost(engine);
      const { id } = await registerActive(host);
      await host.as('approver').partners.suspend({ id, reason: 'Complaint.' });
      await host.as('approver').partners.revealBanking({ id });
      await liftTheBan();
    });
    afterAll(() => host.close());

    const verify = () => host.as('auditor').activities.verify();

    /** As whoever owns the database, not as the programme, which may not even try. */
    function asOwner<T>(work: (tx: Writer) => Promise<T>): Promise<T> {
      return host.database.write('system', async (tx) => {
        if (engine === 'postgres') await tx.run(raw('reset role'));
        return work(tx);
      });
    }

    /** The triggers that keep everybody from changing an activity; whoever owns the database can remove them. */
    async function liftTheBan(): Promise<void> {
      const triggers =
        engine === 'sqlite'
          ? ['drop trigger tr_partner_activities_no_update', 'drop trigger tr_partner_activities_no_delete']
          : ['alter table partner_activities disable trigger user'];
      await asOwner(async (tx) => {
        for (const statement of triggers) await tx.run(raw(statement));
      });
    }

    /** Changes the table, verifies, and puts it back as it was. */
    async function verifiedAfter(change: ReturnType<typeof sql>): Promise<unknown> {
      const rows = await host.database.read('system', (reader) =>
        reader.all<Record<string, unknown>>(sql`select * from partner_activities`),
      );
      const heads = await host.database.read('system', (reader) =>
        reader.all<{ tenant_id: string; seq: number; hash: string }>(sql`select * from activity_heads`),
      );
      const { changes } = await asOwner((tx) => tx.run(change));
      expect(changes).toBe(1);
      const report = await verify();
      await asOwner(async (tx) => {
        await tx.run(sql`delete from partner_activities`);
        for (const row of rows) {
          await tx.run(sql`insert into partner_activities (${raw(Object.keys(row).join(', '))})
            values (${sqlList(Object.values(row))})`);
        }
        for (const head of heads) {
          await tx.run(
            sql`update activity_heads set seq = ${head.seq}, hash = ${head.hash} where tenant_id = ${head.tenant_id}`,
          );
        }
      });
      expect(await verify()).toEqual({ ok: true, checked: 5 });
      return report;
    }

    function sqlList(values: unknown[]) {
      return values
        .slice(1)
        .reduce<ReturnType<typeof sql>>((list, value) => sql`${list}, ${value}`, sql`${values[0]}`);
    }

    it('finds an untouched chain whole', async () => {
      expect(await verify()).toEqual({ ok: true, checked: 5 });
      expect(await host.as('admin').activities.verify()).toEqual({ ok: true, checked: 5 });
    });

    const changed = 'Its content was changed after it was written.';
    it.each<[string, ReturnType<typeof sql>, object]>([
      [
        'details',
        sql`update partner_activities set details = ${'{"after":{"status":"active"}}'} where seq = 4`,
        { seq: 4, reason: changed },
      ],
      [
        'an actor',
        sql`update partner_activities set user_name = 'Somebody Else' where seq = 3`,
        { seq: 3, reason: changed },
      ],
      [
        'an instant',
        sql`update partner_activities set created_at = ${'2026-06-15T11:00:00.000Z'} where seq = 2`,
        { seq: 2, reason: changed },
      ],
      [
        'an action',
        sql`update partner_activities set action = 'partner_rejected' where seq = 3`,
        { seq: 3, reason: changed },
      ],
      [
        'a hash',
        sql`update partner_activities set hash = ${'f'.repeat(64)} where seq = 1`,
        { seq: 1, reason: changed },
      ],
      [
        'a link',
        sql`update partner_activities set previous_hash = ${'f'.repeat(64)} where seq = 5`,
        { seq: 5, reason: 'It does not follow the activity before it.' },
      ],
    ])('names the activity of which %s was changed', async (_what, change, firstBad) => {
      expect(await verifiedAfter(change)).toEqual({
        ok: false,
        checked: (firstBad as { seq: number }).seq - 1,
        firstBad,
      });
    });

    it('names what follows an activity that is gone', async () => {
      expect(await verifiedAfter(sql`delete from partner_activities where seq = 3`)).toEqual({
        ok: false,
        checked: 2,
        firstBad: { seq: 4, reason: 'Activity 3 is missing.' },
      });
    });

    it('misses activities at the end', async () => {
      expect(await verifiedAfter(sql`delete from partner_activities where seq = 5`)).toEqual({
        ok: false,
        checked: 4,
        firstBad: { seq: 5, reason: 'Activities at the end of the chain are missing.' },
      });
    });

    it('is about the own organization only', async () => {
      const other = await host.otherTenant();
      await register(other);
      const tampered = sql`update partner_activities set action = 'x' where seq = 2 and tenant_id = ${other.tenantId}`;
      await asOwner((tx) => tx.run(tampered));
      expect((await verify()).ok).toBe(true);
      expect(await other.as('auditor').activities.verify()).toEqual({
        ok: false,
        checked: 1,
        firstBad: { seq: 2, reason: changed },
      });
    });
  });
});
