import sql, { empty, join, type Sql } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import {
  isNotificationEvent,
  notificationEvents,
  notificationTitle,
  type StoredNotificationData,
} from '#domain/notifications.ts';
import type { HostContext } from '../context.ts';
import { asJson, notificationPreferences, type Reader } from '../database/index.ts';
import type { Session } from '../session.ts';
import { audiencesOf, eventsFor, requireComplete } from './notifications/audience.ts';
import { cutPage, decodeCursor } from './paging.ts';
import type { Output, Service } from './service.ts';

type Wire = Output<'notifications', 'read'>;

interface Row {
  id: string;
  event: string;
  resource: string;
  resource_id: string | null;
  partner_id: string | null;
  data: unknown;
  created_at: string;
  read_at: string | null;
}

/** Unread ones are counted up to here: further nobody reads the number, and counting would take its time. */
const mostCounted = 1000;

/**
 * An id is made some time before its row is committed, and by the clock of its host. So a mark "all up to here" stays so many
 * milliseconds behind the newest: one that turns up later with an older id would be read by nobody. What is newer is marked one by one.
 */
const unsettled = 60_000;
/** With more than these in so short a time, the mark goes up to them. */
const mostOneByOne = 200;

/**
 * What people are told in the app. Marking as read is no command: it changes nothing but what its reader sees, and leaves
 * no activity.
 */
export function notificationsService(host: HostContext): Service<'notifications'> {
  return {
    list: async (session, input) => {
      requireComplete(session);
      const [before] = input.cursor === undefined ? [] : decodeCursor(input.cursor, ['id']);
      return host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const unread = await unreadOnly(reader, session);
        const rows = await visible(reader, session, {
          where: sql`${before === undefined ? empty : sql`and n.id < ${before}`}
            ${input.unread === true ? unread : empty}`,
          limit: input.limit + 1,
        });
        const page = cutPage(rows, input.limit, (row) => [row.id]);
        const total = input.total === true ? await count(reader, session, empty) : undefined;
        return {
          items: page.items.flatMap(toWire),
          nextCursor: page.nextCursor,
          unreadCount: await count(reader, session, unread, mostCounted),
          ...(total !== undefined && { total }),
        };
      });
    },

    read: async (session, input) => {
      requireComplete(session);
      const find = async (reader: Reader): Promise<Wire> => {
        const [row] = await visible(reader, session, { where: sql`and n.id = ${input.id}`, limit: 1 });
        const [wire] = row === undefined ? [] : toWire(row);
        if (wire === undefined) throw new DomainError('NOT_FOUND', 'There is no such notification.');
        return wire;
      };
      return host.database.write({ tenantId: session.tenantId }, async (tx) => {
        if ((await find(tx)).readAt === null) {
          await tx.run(sql`insert into notification_reads (tenant_id, person_id, notification_id, read_at)
            values (${session.tenantId}, ${session.userId}, ${input.id}, ${host.now()})
            on conflict (tenant_id, person_id, notification_id) do nothing`);
        }
        return find(tx);
      });
    },

    readAll: async (session) => {
      requireComplete(session);
      const { tenantId, userId } = session;
      await host.database.write({ tenantId }, async (tx) => {
        const now = host.now();
        const where = await unreadOnly(tx, session);
        const newest = (await visible(tx, session, { where, limit: mostOneByOne })).map(({ id }) => id);
        const [first] = newest;
        if (first === undefined) return;
        const settled = idAt(instantOf(first) - unsettled);
        const last = newest.at(mostOneByOne - 1) ?? settled;
        const through = last > settled ? last : settled;
        await tx.run(sql`insert into notification_marks (tenant_id, person_id, read_through, read_at)
          values (${tenantId}, ${userId}, ${through}, ${now})
          on conflict (tenant_id, person_id)
          do update set read_through = excluded.read_through, read_at = excluded.read_at
          where notification_marks.read_through < excluded.read_through`);
        await tx.run(sql`delete from notification_reads
          where tenant_id = ${tenantId} and person_id = ${userId} and notification_id <= ${through}`);
        const rest = newest.filter((id) => id > through);
        if (rest.length === 0) return;
        await tx.run(sql`insert into notification_reads (tenant_id, person_id, notification_id, read_at)
          values ${join(rest.map((id) => sql`(${tenantId}, ${userId}, ${id}, ${now})`))}
          on conflict (tenant_id, person_id, notification_id) do nothing`);
      });
      return { ok: true };
    },

    preferences: async (session) => {
      requireComplete(session);
      return host.database.read({ tenantId: session.tenantId }, (reader) => preferences(reader, session));
    },

    updatePreferences: async (session, input) => {
      requireComplete(session);
      const { tenantId, userId } = session;
      return host.database.write({ tenantId }, async (tx) => {
        for (const event of eventsFor(session)) {
          const byMail = input.byMail[event];
          if (byMail === undefined) continue;
          await tx.run(sql`insert into notification_preferences (tenant_id, person_id, event, by_mail)
            values (${tenantId}, ${userId}, ${event}, ${byMail})
            on conflict (tenant_id, person_id, event) do update set by_mail = excluded.by_mail`);
        }
        return preferences(tx, session);
      });
    },
  };
}

/** The milliseconds that an id of version 7 begins with. */
function instantOf(id: string): number {
  return Number.parseInt(`${id.slice(0, 8)}${id.slice(9, 13)}`, 16);
}

/** The first id there can be at an instant. */
function idAt(ms: number): string {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

/** What is not read: after the mark, which the key is searched by, and not read one by one. */
async function unreadOnly(reader: Reader, { tenantId, userId }: Session): Promise<Sql> {
  const mark = await reader.get<{ read_through: string }>(sql`select read_through from notification_marks
    where tenant_id = ${tenantId} and person_id = ${userId}`);
  const after = mark === undefined ? empty : sql`and n.id > ${mark.read_through}`;
  return sql`${after} and r.notification_id is null`;
}

/** The rows of one audience, newest first, with whether the person has read them. What they caused is not told to them. */
function ofAudience(session: Session, audience: string, columns: Sql, where: Sql, limit: number): Sql {
  const { tenantId, userId } = session;
  return sql`select * from (select ${columns} from notifications n
    left join notification_marks m on m.tenant_id = n.tenant_id and m.person_id = ${userId}
    left join notification_reads r on r.tenant_id = n.tenant_id and r.person_id = ${userId} and r.notification_id = n.id
    where n.tenant_id = ${tenantId} and n.audience = ${audience}
      and (n.actor_id is null or n.actor_id <> ${userId}) ${where}
    order by n.id desc limit ${limit}) as told`;
}

const shown = sql`n.id, n.event, n.resource, n.resource_id, n.partner_id, n.data, n.created_at,
  case when n.id <= m.read_through then m.read_at else r.read_at end as read_at`;

/** The newest of all audiences together; one that came through two of them is shown once. */
async function visible(
  reader: Reader,
  session: Session,
  { where, limit }: { where: Sql; limit: number },
): Promise<Row[]> {
  const found = new Map<string, Row>();
  for (const audience of audiencesOf(session)) {
    for (const row of await reader.all<Row>(ofAudience(session, audience, shown, where, limit))) {
      found.set(row.id, row);
    }
  }
  return [...found.values()].toSorted((left, right) => (left.id < right.id ? 1 : -1)).slice(0, limit);
}

async function count(
  reader: Reader,
  session: Session,
  where: Sql,
  most = Number.MAX_SAFE_INTEGER,
): Promise<number> {
  const arms = audiencesOf(session).map((audience) => ofAudience(session, audience, sql`n.id`, where, most));
  const row = await reader.get<{ n: number }>(
    sql`select count(*) as n from (select id from (${join(arms, ' union ')}) as each_once limit ${most}) as counted`,
  );
  return row?.n ?? 0;
}

/** Empty for an event that a newer version of the program wrote and this one does not know. */
function toWire(row: Row): Wire[] {
  if (!isNotificationEvent(row.event)) return [];
  const data = asJson<StoredNotificationData>(row.data);
  return [
    {
      id: row.id,
      event: row.event,
      title: notificationTitle(row.event, data),
      resource: row.resource,
      resourceId: row.resource_id,
      partnerId: row.partner_id,
      data,
      readAt: row.read_at,
      createdAt: row.created_at,
    },
  ];
}

async function preferences(
  reader: Reader,
  session: Session,
): Promise<Output<'notifications', 'preferences'>> {
  const stored = await reader.list(notificationPreferences, sql`person_id = ${session.userId}`);
  const chosen = new Map(stored.map(({ event, byMail }) => [event, byMail]));
  return {
    items: eventsFor(session).map((event) => ({
      event,
      label: notificationEvents[event].label,
      byMail: chosen.get(event) ?? true,
    })),
  };
}
