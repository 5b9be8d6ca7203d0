import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { createRouterClient } from '@orpc/server';
import { Client as Connection } from 'pg';
import { pino } from 'pino';
import sql from 'sql-template-tag';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Change } from '#host/changes.ts';
import { messagesOf } from '#host/changes-between-hosts.ts';
import { composeHost, type Host } from '#host/compose.ts';
import { forEachEngine, testLocation } from '#test/support/databases.ts';
import { type Client, refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { activePartner, submittedLead } from './credit-stories.ts';
import { partnerPerson } from './notifications/partner-person.ts';

type Event =
  Awaited<ReturnType<Client['changes']['subscribe']>> extends AsyncIterator<infer E, unknown> ? E : never;

interface Hearing {
  events: Event[];
  /** Waits until an event is there that fits. */
  until(fits: (event: Event) => boolean): Promise<Event>;
  /** Ends when the stream does. */
  ended: Promise<void>;
  leave(): void;
}

/** Subscribes, and returns once the host says that it hears. */
async function hearing(client: Client): Promise<Hearing> {
  const leaving = new AbortController();
  const stream = await client.changes.subscribe(undefined, { signal: leaving.signal });
  const events: Event[] = [];
  const waiting = new Set<() => void>();
  const ended = (async () => {
    for await (const event of stream) {
      events.push(event);
      for (const look of waiting) look();
    }
  })();
  const until = (fits: (event: Event) => boolean): Promise<Event> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = events.find(fits);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      ended.then(() => reject(new Error('The stream ended before.')), reject);
    });
  await until((event) => event.type === 'ready');
  return { events, until, ended, leave: () => leaving.abort() };
}

const tellsOf = (resource: string, resourceId: string | null) => (event: Event) =>
  event.type === 'change' && event.resource === resource && event.resourceId === resourceId;

forEachEngine((engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  it('tells the own organization’s staff what was committed, and nobody else', async () => {
    const office = await host.otherTenant();
    const [here, there] = [await hearing(host.as('auditor')), await hearing(office.as('admin'))];
    const partner = await activePartner(host);
    await here.until(tellsOf('partner', partner.id));
    // What is refused is no change.
    await refusalOf(host.as('approver').partners.approve({ id: partner.id }));
    const lead = await submittedLead(host, partner.id, 85);
    await here.until(tellsOf('lead', lead.id));
    await here.until(tellsOf('notification', null));
    const elsewhere = await activePartner(office);
    await there.until(tellsOf('partner', elsewhere.id));
    expect(JSON.stringify(there.events)).not.toContain(partner.id);
    expect(JSON.stringify(here.events)).not.toContain(elsewhere.id);
    here.leave();
    there.leave();
    await Promise.all([here.ended, there.ended].map((end) => end.catch(() => undefined)));
  });

  it('tells a partner’s user of the own partner only', async () => {
    const [own, other] = [await activePartner(host), await activePartner(host)];
    const person = await partnerPerson(host, own.id, { role: 'viewer' });
    const heard = await hearing(person.client);
    const theirs = await submittedLead(host, other.id);
    await host.as('policy_manager').creditPolicies.createForAll({
      policyCode: `ALL-${engine}`,
      policyName: 'For all',
      policyType: 'time_based',
      timeUnitType: 'monthly',
      calculationType: 'fixed_price',
      baseCredit: 100,
    });
    const mine = await submittedLead(host, own.id);
    await heard.until(tellsOf('lead', mine.id));
    expect(JSON.stringify(heard.events)).not.toContain(theirs.id);
    expect(heard.events.filter((event) => event.type === 'change' && event.resource !== 'lead')).toEqual([]);
    heard.leave();
    await heard.ended.catch(() => undefined);
  });

  it('ends with the session', async () => {
    const person = await host.session('finance', 3);
    const heard = await hearing(host.as('finance', 3));
    await host.as('admin').staff.update({ id: person.userId, isActive: false });
    await heard.ended;
    expect((await refusalOf(host.as('finance', 3).changes.subscribe())).code).toBe('UNAUTHENTICATED');
  });

  it('ends where a partner’s person gets another role, and where the partner is let in no longer', async () => {
    const { id } = await activePartner(host);
    const [one, two] = [await partnerPerson(host, id), await partnerPerson(host, id)];
    const [first, second] = [await hearing(one.client), await hearing(two.client)];
    await host.as('partner_manager').partnerUsers.update({ id: one.id, role: 'viewer' });
    await expect(first.ended).resolves.toBeUndefined();
    await host.as('approver').partners.deactivate({ id, reason: 'It is over.' });
    await expect(second.ended).resolves.toBeUndefined();
  });

  it('goes on where the person was changed but may still see the same', async () => {
    const person = await host.session('finance', 4);
    const heard = await hearing(host.as('finance', 4));
    await host.as('admin').staff.update({ id: person.userId, lastName: 'Married' });
    const partner = await activePartner(host);
    await expect(heard.until(tellsOf('partner', partner.id))).resolves.toBeDefined();
    heard.leave();
    await heard.ended.catch(() => undefined);
  });

  it('ends where a second factor is asked for, and so does what else a person is told', async () => {
    const office = await host.otherTenant();
    const { id } = await activePartner(office);
    const { client } = await partnerPerson(host, id, { office });
    const heard = await hearing(client);
    await office.as('admin').settings.update({ requireSecondFactor: true });
    await heard.ended;
    const { changes, notifications } = client;
    const calls = [
      () => changes.subscribe(),
      () => notifications.list({}),
      () => notifications.read({ id }),
      () => notifications.readAll(),
      () => notifications.preferences(),
      () => notifications.updatePreferences({ byMail: {} }),
    ];
    for (const call of calls) expect((await refusalOf(call())).code).toBe('FORBIDDEN');
  });

  describe('when nothing happens', () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    /** Lets time pass, and what follows from it happen. */
    async function pass(ms: number): Promise<void> {
      for (let turns = 0; turns < 5; turns += 1) await turn();
      await vi.advanceTimersByTimeAsync(ms);
      for (let turns = 0; turns < 5; turns += 1) await turn();
    }
    const alive = (events: readonly Event[]) => events.filter(({ type }) => type === 'alive').length;

    it('says every twenty seconds that the line still stands', async () => {
      const partner = await activePartner(host);
      const client = host.as('finance', 5);
      await client.auth.me();
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const heard = await hearing(client);
      await pass(19_000);
      expect(alive(heard.events)).toBe(0);
      await pass(1_000);
      await heard.until(({ type }) => type === 'alive');
      await pass(20_000);
      await expect.poll(() => alive(heard.events)).toBe(2);
      // Whatever is told says that, too: the twenty seconds begin anew.
      await pass(15_000);
      const lead = await submittedLead(host, partner.id);
      await heard.until(tellsOf('lead', lead.id));
      await pass(15_000);
      expect(alive(heard.events)).toBe(2);
      await pass(5_000);
      await expect.poll(() => alive(heard.events)).toBe(3);
      heard.leave();
      await heard.ended.catch(() => undefined);
    });

    it('ends once the session has run out', async () => {
      const session = await host.session('finance', 6);
      const client = host.as('finance', 6);
      await client.auth.me();
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const heard = await hearing(client);
      await host.database.write({ tenantId: host.tenantId }, (tx) =>
        tx.run(sql`update sessions set expires_at = ${host.clock.now()}
          where tenant_id = ${host.tenantId} and id = ${session.sessionId}`),
      );
      await pass(20_000);
      await heard.ended;
      expect(heard.events).toEqual([{ type: 'ready' }]);
    });
  });

  it('ends when the host closes', async () => {
    const own = await testHost(engine);
    const heard = await hearing(own.as('auditor'));
    own.context.changes.close();
    await expect(heard.ended).resolves.toBeUndefined();
    await own.close();
  });

  it('tells a subscriber who does not keep up to read everything again', async () => {
    const { tenantId } = host;
    const stream = await host.as('auditor').changes.subscribe();
    expect((await stream.next()).value).toEqual({ type: 'ready' });
    const publish = (n: number): void => {
      const resourceId = `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`;
      host.context.changes.publish({ tenantId, resource: 'lead', resourceId, partnerId: null });
    };
    for (let n = 0; n < 5_000; n += 1) publish(n);
    expect((await stream.next()).value).toEqual({ type: 'refresh' });
    // The same thing over and over is one change.
    for (let n = 0; n < 5_000; n += 1) publish(n % 2);
    expect((await stream.next()).value).toMatchObject({ type: 'change', resource: 'lead' });
    expect((await stream.next()).value).toMatchObject({ type: 'change', resource: 'lead' });
    publish(7);
    expect((await stream.next()).value).toMatchObject({ resourceId: '01890000-0000-7000-8000-000000000007' });
    await stream.return?.();
  });
});

describe('two hosts on one PostgreSQL', () => {
  const log = pino({ level: 'silent' });
  let url: string;
  let remove: () => Promise<void>;
  let folder: string;
  let hosts: [Host, Host];
  let clients: [Client, Client];

  beforeAll(async () => {
    const place = await testLocation('postgres');
    if (place.location.engine !== 'postgres') throw new Error('Not on PostgreSQL.');
    url = place.location.url;
    remove = place.remove;
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-test-'));
    const start = () => composeHost({ dataFolder: folder, databaseUrl: url, log });
    hosts = [await start(), await start()];
    const anonymous: Client = createRouterClient(hosts[0].router, {
      context: { token: null, station: null },
    });
    const { token } = await anonymous.setup.run({
      organizationName: 'Office',
      currency: 'EUR',
      timeZone: 'Europe/Berlin',
      admin: { email: 'a@example.com', password: 'correct horse', firstName: 'A', lastName: 'B' },
    });
    const clientOf = (host: Host): Client =>
      createRouterClient(host.router, { context: { token, station: null } });
    clients = [clientOf(hosts[0]), clientOf(hosts[1])];
  });
  afterAll(async () => {
    for (const host of hosts) await host.close();
    await remove();
    await rm(folder, { recursive: true, force: true });
  });

  const newPartner = (client: Client, organizationName: string) =>
    client.partners.create({ partnerType: 'portal', organizationName, contactEmail: 'a@example.com' });

  /** The connections over which the hosts hear of each other. */
  async function listeners(connection: Connection): Promise<number[]> {
    const { rows } = await connection.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and application_name = 'partner-desk changes'`,
    );
    return rows.map(({ pid }) => pid);
  }

  async function bothListen(): Promise<void> {
    const connection = new Connection({ connectionString: url });
    await connection.connect();
    await expect.poll(async () => (await listeners(connection)).length).toBe(2);
    await connection.end();
  }

  it('tell each other', async () => {
    await bothListen();
    const [here, there] = [await hearing(clients[0]), await hearing(clients[1])];
    const first = await newPartner(clients[0], 'First');
    await Promise.all([here, there].map((each) => each.until(tellsOf('partner', first.id))));
    const second = await newPartner(clients[1], 'Second');
    await Promise.all([here, there].map((each) => each.until(tellsOf('partner', second.id))));
    // A host does not hear its own words again.
    const told = there.events.filter(tellsOf('partner', second.id));
    expect(told).toHaveLength(1);
    for (const each of [here, there]) {
      each.leave();
      await each.ended.catch(() => undefined);
    }
  });

  it('find each other again after the connection was lost, and tell everybody to read again', async () => {
    await bothListen();
    const [here, there] = [await hearing(clients[0]), await hearing(clients[1])];
    const connection = new Connection({ connectionString: url });
    await connection.connect();
    const before = await listeners(connection);
    await connection.query('select pg_terminate_backend(pid) from unnest($1::int[]) as pid', [before]);
    await Promise.all([here, there].map((each) => each.until((event) => event.type === 'refresh')));
    await expect
      .poll(async () => (await listeners(connection)).filter((pid) => !before.includes(pid)).length)
      .toBe(2);
    // What somebody else says on their line is passed over.
    for (const nonsense of ['', '{', 'null', '{"from":1}', '{"from":"x","changes":[[1]]}']) {
      await connection.query("select pg_notify('partner_desk_changes', $1)", [nonsense]);
    }
    const partner = await newPartner(clients[0], 'After');
    await there.until(tellsOf('partner', partner.id));
    await connection.end();
    for (const each of [here, there]) {
      each.leave();
      await each.ended.catch(() => undefined);
    }
  });

  it('put what they say into messages that PostgreSQL takes', () => {
    const changes = Array.from(
      { length: 400 },
      (_, n): Change => ({
        tenantId: '01890000-0000-7000-8000-000000000000',
        resource: 'lead',
        resourceId: `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`,
        partnerId: '01890000-0000-7000-8000-000000000001',
      }),
    );
    const messages = messagesOf('01890000-0000-7000-8000-00000000000a', changes, false);
    expect(Math.max(...messages.map((message) => Buffer.byteLength(message)))).toBeLessThan(8_000);
    const told = messages.flatMap((message) => (JSON.parse(message) as { changes: unknown[] }).changes);
    expect(told).toHaveLength(400);
    expect(messagesOf('a', changes, true)).toEqual(['{"from":"a","changes":null}']);
  });

  it('lets a session end on one where it was ended on the other', async () => {
    await bothListen();
    const person = await clients[0].staff.create({
      email: 'c@example.com',
      firstName: 'C',
      lastName: 'D',
      roles: ['finance'],
      password: 'correct horse',
    });
    const anonymous: Client = createRouterClient(hosts[1].router, {
      context: { token: null, station: null },
    });
    const { token } = await anonymous.auth.login({ email: 'c@example.com', password: 'correct horse' });
    const heard = await hearing(createRouterClient(hosts[1].router, { context: { token, station: null } }));
    await clients[0].staff.update({ id: person.id, isActive: false });
    await heard.ended;
    const left = await hosts[0].database.read('system', (reader) =>
      reader.all(sql`select id from sessions where user_id = ${person.id} and revoked_at is null`),
    );
    expect(left).toEqual([]);
  });
});
