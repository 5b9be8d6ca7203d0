import sql, { empty, join, type Sql } from 'sql-template-tag';
import { endOfDayExclusive, isDay, startOfDay } from '#domain/calendar.ts';
import { invalidField } from '#domain/errors.ts';
import type { HostContext } from '../context.ts';
import { type PartnerActivityRow, partnerActivities, type Reader } from '../database/index.ts';
import type { Session } from '../session.ts';
import { verifyChain } from './activity-chain.ts';
import { cutPage, decodeCursor } from './paging.ts';
import { comparable } from './partners/search.ts';
import type { Input, Output, Service } from './service.ts';

type Query = Input<'activities', 'list'>;
type Page = Output<'activities', 'list'>;

/** The audit trail (`domain.md`, "Activity"): searching it, and checking that nobody changed it. */
export function activitiesService(host: HostContext): Service<'activities'> {
  return {
    list: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, (reader) => listActivities(reader, session, input)),

    verify: (session) =>
      host.database.read({ tenantId: session.tenantId }, (reader) => verifyChain(reader, session.tenantId)),
  };
}

/** Newest first by `seq`, the order in which the chain took them. */
async function listActivities(reader: Reader, session: Session, input: Query): Promise<Page> {
  const time = timeAsked(input, session.tenant.timeZone);
  const matching = [...conditionsOf(input), ...(await withinTime(reader, session, time))];
  const before = input.cursor === undefined ? [] : [sql`seq < ${seqBefore(input.cursor)}`];
  const conditions = [...matching, ...before];
  const rows = await reader.list(
    partnerActivities,
    sql`${conditions.length === 0 ? empty : join(conditions, ' and ')} order by seq desc limit ${input.limit + 1}`,
  );
  const page = cutPage(rows, input.limit, (row) => [row.seq]);
  const items = page.items.map(toWire);
  if (input.total !== true) return { items, nextCursor: page.nextCursor };
  const counted = await reader.get<{ total: number }>(
    sql`select count(*) as total from partner_activities
      where ${join([sql`tenant_id = ${session.tenantId}`, ...matching], ' and ')}`,
  );
  return { items, nextCursor: page.nextCursor, total: counted?.total ?? 0 };
}

/**
 * What `seq` is walked by: an actor, an action, a partner or a thing has an index that goes on with `seq`, and so has
 * the tenant alone. A resource without an id has not: `|| ''` keeps SQLite from taking that index and sorting.
 */
function conditionsOf(input: Query): Sql[] {
  const conditions: Sql[] = [];
  if (input.actorId !== undefined) conditions.push(sql`user_id = ${input.actorId}`);
  if (input.action !== undefined) conditions.push(sql`action = ${comparable('action', input.action)}`);
  if (input.partnerId !== undefined) conditions.push(sql`partner_id = ${input.partnerId}`);
  if (input.resourceId !== undefined) conditions.push(sql`resource_id = ${input.resourceId}`);
  if (input.resource !== undefined) {
    const resource = comparable('resource', input.resource);
    conditions.push(
      input.resourceId === undefined ? sql`resource || '' = ${resource}` : sql`resource = ${resource}`,
    );
  }
  return conditions;
}

/** `from <= instant < until`. */
interface Time {
  from: string | undefined;
  until: string | undefined;
}

// No activity is older or younger; beyond them an instant has no text that both engines read and order alike.
const EARLIEST = '1900-01-01';
const LATEST = '9000-01-01';

/** Days are whole days of the tenant's zone; the end is included, the day's last moment as well as the instant itself. */
function timeAsked(input: Query, zone: string): Time {
  const from = input.from === undefined ? undefined : bounded(input.from);
  const to = input.to === undefined ? undefined : bounded(input.to);
  const time = {
    from: from === undefined ? undefined : isDay(from) ? startOfDay(from, zone) : instantText(from, 0),
    until: to === undefined ? undefined : isDay(to) ? endOfDayExclusive(to, zone) : instantText(to, 1),
  };
  if (time.from !== undefined && time.until !== undefined && time.from >= time.until) {
    throw invalidField('to', 'The end of the time searched must not be before its start.');
  }
  return time;
}

function bounded(dayOrInstant: string): string {
  if (dayOrInstant < EARLIEST) return EARLIEST;
  return dayOrInstant > LATEST ? LATEST : dayOrInstant;
}

/** An instant as the tables spell it, so that text compares as time. */
function instantText(instant: string, laterByMs: number): string {
  return new Date(Date.parse(instant) + laterByMs).toISOString();
}

/** So many rows are walked in a few milliseconds. */
const FEW = 20_000;

/**
 * A time as conditions. The order of `seq` is that of the commits, which is nearly but not always that of the instants (a
 * long command, a clock set back), so the instants are compared in any case. Beside them `seq` is held within what the
 * time reaches, so that every index is walked no further, unless the walk is short anyhow: a long time up to now, whose
 * reach would take longer to find than the page.
 */
async function withinTime(reader: Reader, session: Session, { from, until }: Time): Promise<Sql[]> {
  if (from === undefined && until === undefined) return [];
  // `+` keeps SQLite from walking by the instants and sorting.
  const instant = reader.engine === 'sqlite' ? sql`+created_at` : sql`created_at`;
  const conditions: Sql[] = [];
  const inTime: Sql[] = [sql`tenant_id = ${session.tenantId}`];
  if (from !== undefined) {
    conditions.push(sql`${instant} >= ${from}`);
    inTime.push(sql`created_at >= ${from}`);
  }
  if (until !== undefined) {
    conditions.push(sql`${instant} < ${until}`);
    inTime.push(sql`created_at < ${until}`);
  }
  const later = sql`tenant_id = ${session.tenantId} and created_at >= ${until}`;
  const isUpToNow = until === undefined || (await areFew(reader, later));
  if (isUpToNow && !(await areFew(reader, join(inTime, ' and ')))) return conditions;
  const reach = await reader.get<{ first: number | null; last: number | null }>(
    sql`select min(seq) as first, max(seq) as last from partner_activities where ${join(inTime, ' and ')}`,
  );
  if (reach === undefined || reach.first === null) return [sql`1 = 0`];
  return [sql`seq >= ${reach.first}`, sql`seq <= ${reach.last}`, ...conditions];
}

async function areFew(reader: Reader, condition: Sql): Promise<boolean> {
  const oneMore = await reader.get(
    sql`select seq from partner_activities where ${condition} order by created_at limit 1 offset ${FEW}`,
  );
  return oneMore === undefined;
}

function seqBefore(cursor: string): number {
  return decodeCursor(cursor, ['integer'])[0];
}

function toWire(row: PartnerActivityRow): Page['items'][number] {
  const { tenantId: _, ...activity } = row;
  return activity;
}
