import sql, { type Sql } from 'sql-template-tag';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Reader, Writer } from '#host/database/index.ts';
import { addressNotifications, nextDue } from '#host/mail/outbox.ts';
import { purgeToldOfAll } from '#host/services/notifications/purge.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';

forEachEngine((engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
    const { tenantId } = host;
    const { userId } = await host.session('approver');
    // Enough that the planner has no reason to read a whole table.
    await host.database.write({ tenantId }, async (tx) => {
      const many = 4_000;
      const id = (n: string) =>
        engine === 'sqlite'
          ? `'01890000-0000-7000-8000-' || printf('%012x', ${n})`
          : `('01890000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;
      const series = engine === 'sqlite' ? 'numbers' : 'generate_series(1, 4000) as numbers(n)';
      const numbers =
        engine === 'sqlite'
          ? `with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${many}) `
          : '';
      const raw = (text: string) => sql([text]);
      await tx.run(sql`insert into notifications
        (tenant_id, audience, id, event, resource, resource_id, partner_id, data, actor_id, awaits_mail, created_at)
        ${raw(numbers)} select ${tenantId}, 'staff:approver', ${raw(id('n'))}, 'partner_approved', 'partner', null, null,
          '{"partnerName":"x"}', null, ${false}, ${host.clock.now()} from ${raw(series)}`);
      await tx.run(sql`insert into mail_outbox (id, tenant_id, notification_id, event, data, recipient_kind,
          recipient_id, address, status, attempts, next_attempt_at, version, created_at, updated_at)
        ${raw(numbers)} select ${raw(id('n'))}, ${tenantId}, ${raw(id('n'))}, 'partner_approved', '{"partnerName":"x"}',
          'staff', ${userId}, 'a@example.com', 'sent', 1, ${host.clock.now()}, 1, ${host.clock.now()},
          ${host.clock.now()} from ${raw(series)}`);
      await tx.run(sql`update notifications set awaits_mail = ${true} where tenant_id = ${tenantId}
        and audience = 'staff:approver' and id < ${'01890000-0000-7000-8000-000000000010'}`);
    });
    await host.database.dataSource.query('analyze');
  });
  afterAll(() => host.close());

  /** The plans of all that a piece of work asks, but for what is asked of tables that stay small. */
  async function costlySteps(work: (reader: Reader) => Promise<unknown>): Promise<string[]> {
    const found: string[] = [];
    const { database } = host;
    const { read, write } = database;
    const explain = async (reader: Reader, statement: Sql): Promise<void> => {
      const steps = await reader.all<{ detail?: string; 'QUERY PLAN'?: string }>(
        engine === 'sqlite' ? sql`explain query plan ${statement}` : sql`explain ${statement}`,
      );
      for (const step of steps) {
        const text = step.detail ?? step['QUERY PLAN'] ?? '';
        // A search by the tenant alone is a scan of all it has, but for the few that await their e-mails.
        const isScan =
          /^(?:SCAN (?:n|notifications|mail_outbox)\b|SEARCH (?:n|notifications|mail_outbox)\b.*\(tenant_id=\?\))/;
        if (isScan.test(text) && !text.includes('ix_notifications_mail')) found.push(text);
        if (/Seq Scan on (?:notifications|mail_outbox)/.test(text)) found.push(text);
      }
    };
    const watched = (reader: Reader): Pick<Reader, 'all' | 'get'> => ({
      all: async (statement) => {
        await explain(reader, statement);
        return reader.all(statement);
      },
      get: async (statement) => {
        await explain(reader, statement);
        return reader.get(statement);
      },
    });
    const watchedWriter = (tx: Writer): Writer => ({
      ...tx,
      ...watched(tx),
      run: async (statement) => {
        await explain(tx, statement);
        return tx.run(statement);
      },
    });
    host.context.database.read = (scope, fn) =>
      read(scope, (reader) => fn({ ...reader, ...watched(reader) }));
    host.context.database.write = (scope, fn) => write(scope, (tx) => fn(watchedWriter(tx)));
    try {
      await read({ tenantId: host.tenantId }, (reader) => work({ ...reader, ...watched(reader) }));
    } finally {
      host.context.database.read = read;
      host.context.database.write = write;
    }
    return found;
  }

  it('reads, counts and marks along the keys', async () => {
    const client = host.as('approver');
    const steps = await costlySteps(async () => {
      const page = await client.notifications.list({});
      expect(page.unreadCount).toBe(1_000);
      await client.notifications.list({ cursor: page.nextCursor!, unread: true });
      await client.notifications.read({ id: page.items[0]!.id });
      await client.notifications.readAll();
      expect((await client.notifications.list({ unread: true })).unreadCount).toBe(0);
    });
    expect(steps).toEqual([]);
  });

  it('looks for what is too old along the keys', async () => {
    const steps = await costlySteps(async () => {
      expect(await purgeToldOfAll(host.context, new AbortController().signal)).toMatchObject({ mails: 0 });
    });
    expect(steps).toEqual([]);
  });

  it('finds the next e-mails, and those of a status, along the keys', async () => {
    const steps = await costlySteps(async (reader) => {
      await nextDue(reader, host.tenantId, host.clock.now());
      await addressNotifications(host.context, host.tenantId);
      await reader.all(sql`select id from mail_outbox where tenant_id = ${host.tenantId} and status = 'failed'
        and id < ${'01890000-0000-7000-8000-000000000fff'} order by id desc limit 50`);
    });
    expect(steps).toEqual([]);
  });
});
