import { setImmediate as breathe } from 'node:timers/promises';
import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { HostContext } from '../../context.ts';
import { type TenantRow, tenants } from '../../database/index.ts';
import { skipTheOld } from '../../mail/outbox.ts';
import { readSettings } from '../organization/settings.ts';

/** What a purge removed. */
export interface Purged {
  notifications: number;
  reads: number;
  mails: number;
}

type Storing = Pick<HostContext, 'database' | 'now'>;

/** Rows in one transaction, which holds SQLite's only writer: some milliseconds. */
const rowsAtOnce = 200;
const dayMs = 86_400_000;

/**
 * Removes what people were told longer ago than the organization keeps it (`notificationDays` of the settings): notifications, who read
 * them, and e-mails at their end since then. What is not in the outbox yet, waits there or is on its way is never removed; an e-mail that
 * waited for longer than one may is at its end (`oldestToSend`), also where no mail server was ever set up.
 *
 * It goes along the keys, some rows at a time, and others have their turn in between. Two hosts may do it at once: each passes over what the
 * other holds. It can be broken off anywhere (`signal`), and begins again from the oldest.
 */
export async function purgeTold(host: Storing, tenant: TenantRow, signal: AbortSignal): Promise<Purged> {
  const tenantId = tenant.id;
  const { notificationDays } = readSettings(tenant.settings);
  const before = new Date(Date.parse(host.now()) - notificationDays * dayMs).toISOString();
  await skipTheOld(host, tenantId);
  const purge: Purge = { host, tenantId, before, signal };
  return {
    notifications: await purgeNotifications(purge),
    reads: await purgeReads(purge),
    mails: await purgeMails(purge),
  };
}

/** The same for every organization in the database, one after the other. */
export async function purgeToldOfAll(host: Storing, signal: AbortSignal): Promise<Purged> {
  const all = await host.database.read('system', (reader) => reader.list(tenants, sql`1 = 1 order by id`));
  const sum: Purged = { notifications: 0, reads: 0, mails: 0 };
  for (const tenant of all) {
    if (signal.aborted) break;
    const { notifications, reads, mails } = await purgeTold(host, tenant, signal);
    sum.notifications += notifications;
    sum.reads += reads;
    sum.mails += mails;
  }
  return sum;
}

interface Purge {
  host: Storing;
  tenantId: string;
  /** What was there then, and has been left alone since, goes. */
  before: string;
  signal: AbortSignal;
}

/**
 * Audience by audience, as the key has them: an index by age would cost every approval one entry more. Ids grow with time, so the
 * oldest of an audience say whether it has any to go.
 */
async function purgeNotifications(purge: Purge): Promise<number> {
  const { host, tenantId, before, signal } = purge;
  let removed = 0;
  for await (const audience of valuesOf(purge, 'notifications', 'audience')) {
    const where = sql`tenant_id = ${tenantId} and audience = ${audience} and created_at < ${before} and not awaits_mail`;
    for (let count = rowsAtOnce; count === rowsAtOnce && !signal.aborted; ) {
      const oldest = await host.database.read({ tenantId }, (reader) =>
        reader.all<{ id: string; created_at: string }>(sql`select id, created_at from notifications
          where tenant_id = ${tenantId} and audience = ${audience} order by id limit ${rowsAtOnce}`),
      );
      const ids = oldest.filter((row) => row.created_at < before).map(({ id }) => id);
      count = await remove(purge, { table: 'notifications', key: 'id', where, ids });
      removed += count;
      await breathe();
    }
  }
  return removed;
}

/** What was read so long ago is a notification just as old. */
async function purgeReads(purge: Purge): Promise<number> {
  const { host, tenantId, before, signal } = purge;
  let removed = 0;
  for await (const person of valuesOf(purge, 'notification_reads', 'person_id')) {
    const where = sql`tenant_id = ${tenantId} and person_id = ${person} and read_at < ${before}`;
    for (let count = rowsAtOnce; count === rowsAtOnce && !signal.aborted; ) {
      const rows = await host.database.read({ tenantId }, (reader) =>
        reader.all<{ id: string }>(
          sql`select notification_id as id from notification_reads where ${where} limit ${rowsAtOnce}`,
        ),
      );
      const ids = rows.map(({ id }) => id);
      count = await remove(purge, { table: 'notification_reads', key: 'notification_id', where, ids });
      removed += count;
      await breathe();
    }
  }
  return removed;
}

/** E-mails at their end, since when nobody has tried them again. */
async function purgeMails(purge: Purge): Promise<number> {
  const { host, tenantId, before, signal } = purge;
  let removed = 0;
  for (const status of ['sent', 'failed', 'skipped']) {
    const own = sql`tenant_id = ${tenantId} and status = ${status}`;
    const where = sql`${own} and updated_at < ${before}`;
    for (let after: string | undefined; !signal.aborted; ) {
      const rows = await host.database.read({ tenantId }, (reader) =>
        reader.all<{
          id: string;
          created_at: string;
          updated_at: string;
        }>(sql`select id, created_at, updated_at
          from mail_outbox where ${own} ${after === undefined ? empty : sql`and id > ${after}`}
          order by id limit ${rowsAtOnce}`),
      );
      const ids = rows.filter((row) => row.updated_at < before).map(({ id }) => id);
      removed += await remove(purge, { table: 'mail_outbox', key: 'id', where, ids });
      const last = rows.at(-1);
      // Ids grow with time: what comes after a young one is younger.
      if (last === undefined || last.created_at >= before) break;
      after = last.id;
      await breathe();
    }
  }
  return removed;
}

/** Less than any value. */
const beforeAll = { audience: '', person_id: '00000000-0000-0000-0000-000000000000' } as const;

/** The values of the second column of a table's key, by one look into it for each. */
async function* valuesOf(
  { host, tenantId, signal }: Purge,
  table: 'notifications' | 'notification_reads',
  column: 'audience' | 'person_id',
): AsyncGenerator<string, void, void> {
  for (let last: string = beforeAll[column]; !signal.aborted; ) {
    const row = await host.database.read({ tenantId }, (reader) =>
      reader.get<{ value: string }>(sql`select ${raw(column)} as value from ${raw(table)}
        where tenant_id = ${tenantId} and ${raw(column)} > ${last} order by ${raw(column)} limit 1`),
    );
    if (row === undefined) return;
    last = row.value;
    yield last;
  }
}

/** Removes those of the rows that still are as `where` says, and that nobody else holds; how many they were. */
async function remove(
  { host, tenantId }: Purge,
  { table, key, where, ids }: { table: string; key: string; where: Sql; ids: readonly string[] },
): Promise<number> {
  if (ids.length === 0) return 0;
  return host.database.write({ tenantId }, async (tx) => {
    const some = sql`from ${raw(table)} where ${where} and ${raw(key)} in (${join([...ids])})`;
    if (tx.engine === 'sqlite') return (await tx.run(sql`delete ${some}`)).changes;
    const held = await tx.all<{ id: string }>(
      sql`select ${raw(key)} as id ${some} order by ${raw(key)} for update skip locked`,
    );
    if (held.length === 0) return 0;
    const mine = join(held.map(({ id }) => id));
    return (await tx.run(sql`delete from ${raw(table)} where ${where} and ${raw(key)} in (${mine})`)).changes;
  });
}
