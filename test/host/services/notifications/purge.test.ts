import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase, tenants } from '#host/database/index.ts';
import { housekeeping } from '#host/housekeeping.ts';
import { addressNotifications, claimMail, tooOld } from '#host/mail/outbox.ts';
import { type Purged, purgeTold } from '#host/services/notifications/purge.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import {
  aMailServer,
  aPartnerWithPerson,
  aSender,
  outboxOf,
  rejectALead,
  setUpMail,
} from '../../mail/mail-stories.ts';

const days = 24 * 60;

forEachEngine((engine) => {
  let host: TestHost;
  beforeEach(async () => {
    host = await testHost(engine);
  });
  afterEach(() => host.close());

  async function purge(office: TestTenant = host, signal = new AbortController().signal): Promise<Purged> {
    const { tenantId } = office;
    const tenant = await host.database.read({ tenantId }, (reader) => reader.find(tenants, { id: tenantId }));
    return purgeTold(host.context, tenant!, signal);
  }

  const count = async (
    table: 'notifications' | 'notification_reads' | 'mail_outbox',
    office: TestTenant = host,
  ) => {
    const row = await host.database.read({ tenantId: office.tenantId }, (reader) =>
      reader.get<{ n: number }>(
        sql`select count(*) as n from ${sql([table])} where tenant_id = ${office.tenantId}`,
      ),
    );
    return row!.n;
  };

  /** Many notifications of one moment for one role, whose e-mails are settled. */
  async function tellApprovers(many: number): Promise<void> {
    await host.database.write({ tenantId: host.tenantId }, async (tx) => {
      for (let n = 0; n < many; n += 1) {
        await tx.run(sql`insert into notifications
          (tenant_id, audience, id, event, resource, resource_id, partner_id, data, actor_id, awaits_mail, created_at)
          values (${host.tenantId}, 'staff:approver', ${uuidv7()}, 'partner_approved', 'partner', ${null}, ${null},
            ${{ partnerName: 'x' }}, ${null}, ${false}, ${host.context.now()})`);
      }
    });
  }

  it('removes what was told longer ago than the organization keeps it, and nothing else', async () => {
    const smtp = await aMailServer();
    await setUpMail(host, smtp.port);
    const { partner, person } = await aPartnerWithPerson(host);
    const sender = aSender(host);
    const old = await rejectALead(host, partner);
    await sender.run();
    const toldOf = async () => {
      const { items } = await person.client.notifications.list({});
      return items.map(({ resourceId }) => resourceId);
    };
    const [told] = (await person.client.notifications.list({ limit: 1 })).items;
    await person.client.notifications.read({ id: told!.id });
    expect(await count('notification_reads')).toBe(1);

    host.clock.advance(100 * days);
    const young = await rejectALead(host, partner, { reason: 'The second.' });
    await sender.run();
    expect(await toldOf()).toEqual(expect.arrayContaining([old, young]));
    host.clock.advance(79 * days);
    expect(await purge()).toEqual({ notifications: 0, reads: 0, mails: 0 });
    host.clock.advance(2 * days);
    const removed = await purge();
    expect(removed.reads).toBe(1);
    expect(removed.notifications).toBeGreaterThan(0);
    expect(removed.mails).toBeGreaterThan(0);
    expect(await toldOf()).toEqual([young]);
    expect((await outboxOf(host, person.email)).map(({ createdAt }) => createdAt)).toHaveLength(1);
    expect(await purge()).toEqual({ notifications: 0, reads: 0, mails: 0 });
    // What was sent before is not sent again.
    await sender.run();
    expect(smtp.to(person.email)).toHaveLength(2);
  });

  it('never removes an e-mail that is still to be sent', async () => {
    const { partner, person } = await aPartnerWithPerson(host);
    await rejectALead(host, partner);
    const notifications = await count('notifications');
    host.clock.advance(400 * days);
    // Not in the outbox yet: the notification stays, for its e-mail is made of it.
    expect(await purge()).toMatchObject({ mails: 0 });
    expect(await outboxOf(host, person.email)).toEqual([]);
    const awaiting = await host.database.read({ tenantId: host.tenantId }, (reader) =>
      reader.all(sql`select id from notifications where tenant_id = ${host.tenantId} and awaits_mail`),
    );
    expect(awaiting.length).toBeGreaterThan(0);
    expect(await count('notifications')).toBeLessThanOrEqual(notifications);

    const smtp = await aMailServer();
    await setUpMail(host, smtp.port);
    await rejectALead(host, partner, { reason: 'The second.' });
    while (await addressNotifications(host.context, host.tenantId));
    const claim = await claimMail(host.context, host.tenantId, {
      sender: '01890000-0000-7000-8000-00000000000d',
      domain: 'nordwind.example',
    });
    expect(claim).toBeDefined();
    await setUpMail(host, smtp.port, { isEnabled: false });
    const { items } = await host.as('admin').mail.outbox({ limit: 500 });
    const waiting = items.filter(({ status }) => status !== 'skipped');
    host.clock.advance(400 * days);
    await purge();
    const after = (await host.as('admin').mail.outbox({ limit: 500 })).items;
    // Of the first purge, what was given up then is gone now; what waited or was on its way is all there.
    expect(waiting.length).toBeGreaterThan(1);
    expect(after.map(({ id }) => id)).toEqual(waiting.map(({ id }) => id));
    // One that waited too long is at its end, mail server or not; one that a host holds is that host's.
    const mine = after.filter(({ address }) => address === person.email);
    expect(mine.map(({ lastError }) => lastError)).toContain(tooOld);
    expect(after.filter(({ status }) => status === 'sending')).toHaveLength(1);
    // By hand, it is sent all the same.
    const skipped = mine.find(({ status }) => status === 'skipped')!;
    await host.as('admin').mail.retry({ id: skipped.id });
    expect(await purge()).toMatchObject({ mails: 0 });
    await setUpMail(host, smtp.port);
    await aSender(host).run();
    expect(smtp.to(person.email).map(({ mail }) => mail.messageId)).toContain(
      `<${skipped.id}@nordwind.example>`,
    );
  });

  it('keeps as long as each organization says', async () => {
    const office = await host.otherTenant();
    await office.as('admin').settings.update({ notificationDays: 400 });
    for (const each of [host, office]) {
      const { partner } = await aPartnerWithPerson(host, each);
      await rejectALead(each, partner);
      while (await addressNotifications(host.context, each.tenantId));
    }
    const [here, there] = [await count('notifications'), await count('notifications', office)];
    expect(Math.min(here, there)).toBeGreaterThan(0);
    host.clock.advance(200 * days);
    await housekeeping(host.context).run();
    expect([await count('notifications'), await count('notifications', office)]).toEqual([0, there]);
    host.clock.advance(200 * days);
    await housekeeping(host.context).run();
    expect(await count('notifications', office)).toBe(0);
    for (const notificationDays of [29, 3651, 30.5]) {
      const refused = refusalOf(host.as('admin').settings.update({ notificationDays }));
      expect((await refused).code).toBe('VALIDATION');
    }
  });

  it('goes on in parts, can be broken off, and is done by two at once', async () => {
    await tellApprovers(900);
    host.clock.advance(181 * days);
    await tellApprovers(10);
    const stopped = new AbortController();
    const { database } = host;
    const { write } = database;
    let transactions = 0;
    database.write = (scope, fn) => {
      transactions += 1;
      if (transactions === 2) stopped.abort();
      return write(scope, fn);
    };
    expect((await purge(host, stopped.signal)).notifications).toBe(400);
    database.write = write;
    expect(await count('notifications')).toBe(510);

    const { options } = database.dataSource;
    const other =
      options.type === 'postgres' && options.url !== undefined
        ? await openDatabase({ engine: 'postgres', url: options.url, now: host.clock.now })
        : undefined;
    const tenant = await database.read({ tenantId: host.tenantId }, (reader) =>
      reader.find(tenants, { id: host.tenantId }),
    );
    const hosts = [host.context, { ...host.context, database: other ?? database }];
    const { signal } = new AbortController();
    const removed = await Promise.all(hosts.map((each) => purgeTold(each, tenant!, signal)));
    await other?.close();
    const again = await purge();
    const sum = [...removed, again].reduce((total, { notifications }) => total + notifications, 0);
    expect(sum).toBe(500);
    expect(await count('notifications')).toBe(10);
  });

  it('is done by the host now and then, with no timer left when it closes', async () => {
    await tellApprovers(3);
    host.clock.advance(181 * days);
    const timers = new Map<() => void, number>();
    const chores = housekeeping(host.context, {
      random: () => 0,
      schedule: (ms, work) => {
        timers.set(work, ms);
        return () => void timers.delete(work);
      },
    });
    chores.start();
    expect([...timers.values()]).toEqual([10 * 60_000]);
    const [[work] = []] = timers;
    timers.clear();
    work!();
    await expect.poll(() => [...timers.values()]).toEqual([12 * 60 * 60_000]);
    expect(await count('notifications')).toBe(0);
    await chores.close();
    expect(timers.size).toBe(0);
    await tellApprovers(1);
    host.clock.advance(181 * days);
    await chores.run();
    expect(await count('notifications')).toBe(1);
  });
});
