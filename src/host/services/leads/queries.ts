import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { HostContext } from '../../context.ts';
import { type PartnerLeadRow, partnerLeads, type Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { requireOwn } from '../own-partner.ts';
import { cutPage, decodeCursor } from '../paging.ts';
import type { Input, Output } from '../service.ts';
import { noSuchLead, partnerOf } from './claims.ts';
import { type Filters, readFilters } from './filters.ts';
import { hasWords } from './search.ts';
import { overdueBefore } from './service-level.ts';
import { toWire, toWirePage, type WireLead } from './wire.ts';

/**
 * Lists of leads. Every page is a stretch of an index read in its order, from the cursor on: page 10,000 costs what the
 * first one does. Filters that no index leads with are checked row by row on that walk.
 */

type ListInput = Input<'leads', 'list'>;
type QueueInput = Input<'leads', 'reviewQueue'>;

export function getLead(host: HostContext, session: Session, id: string): Promise<WireLead> {
  return host.database.read({ tenantId: session.tenantId }, async (reader) => {
    const lead = await reader.find(partnerLeads, { id });
    if (lead === undefined) throw noSuchLead();
    requireOwn(session, lead.partnerId, 'lead');
    return toWire({ session, now: host.now() }, lead, await partnerOf(reader, lead));
  });
}

/** Newest first; the id settles what the same instant leaves open. */
export function listLeads(
  host: HostContext,
  session: Session,
  input: ListInput,
): Promise<Output<'leads', 'list'>> {
  return host.database.read({ tenantId: session.tenantId }, async (reader) => {
    const now = host.now();
    const filters = await readFilters(reader, session, input, now);
    const after = input.cursor === undefined ? undefined : readListCursor(input.cursor);
    if (filters === undefined) {
      return { items: [], nextCursor: null, ...(input.total === true && { total: 0 }) };
    }
    const rows = await reader.list(
      partnerLeads,
      listTail(filters, after, reader.engine, { limit: input.limit + 1 }),
    );
    const page = cutPage(rows, input.limit, (lead) => [lead.submittedAt, lead.id]);
    return {
      items: await toWirePage(reader, { session, now }, page.items),
      nextCursor: page.nextCursor,
      ...(input.total === true && { total: await countLeads(reader, session, filters, 'all') }),
    };
  });
}

/** What waits for review: highest score first, then oldest (`domain.md`, "Lead"). */
export function listReviewQueue(
  host: HostContext,
  session: Session,
  input: QueueInput,
): Promise<Output<'leads', 'reviewQueue'>> {
  return host.database.read({ tenantId: session.tenantId }, async (reader) => {
    const now = host.now();
    const filters = await readFilters(reader, session, input, now);
    const after = input.cursor === undefined ? undefined : readQueueCursor(input.cursor);
    if (filters === undefined) {
      return { items: [], nextCursor: null, ...(input.total === true && { total: 0 }) };
    }
    const rows: PartnerLeadRow[] = [];
    for (const stretch of queueStretches(after)) {
      const limit = input.limit + 1 - rows.length;
      if (limit === 0) break;
      rows.push(...(await reader.list(partnerLeads, queueTail(filters, stretch, reader.engine, { limit }))));
    }
    const page = cutPage(rows, input.limit, (lead) => [lead.qualityScore, lead.submittedAt, lead.id]);
    return {
      items: await toWirePage(reader, { session, now }, page.items),
      nextCursor: page.nextCursor,
      ...(input.total === true && { total: await countLeads(reader, session, filters, 'queue') }),
    };
  });
}

interface ListCursor {
  submittedAt: string;
  id: string;
}

interface QueueCursor extends ListCursor {
  /** Hundredths. */
  score: number;
}

function readListCursor(cursor: string): ListCursor {
  const [submittedAt, id] = decodeCursor(cursor, ['instant', 'id']);
  return { submittedAt, id };
}

function readQueueCursor(cursor: string): QueueCursor {
  const [score, submittedAt, id] = decodeCursor(cursor, ['integer', 'instant', 'id']);
  return { score, submittedAt, id };
}

type EngineName = Reader['engine'];

/** Conditions that narrow a walk, whichever index it follows. */
function conditionsOf(filters: Filters, engine: EngineName): Sql[] {
  const conditions: Sql[] = [];
  // Where the ids are known, no other column is one to look them up by.
  const column = (name: Column) => (isFew(filters) ? unindexed(name, engine) : raw(name));
  if (filters.waiting) conditions.push(isFew(filters) ? fewWaiting(engine) : waiting);
  if (filters.status !== undefined) conditions.push(sql`${column('status')} = ${filters.status}`);
  if (filters.partnerId !== undefined) conditions.push(sql`${column('partner_id')} = ${filters.partnerId}`);
  if (filters.sourceId !== undefined) conditions.push(sql`${column('source_id')} = ${filters.sourceId}`);
  if (filters.importId !== undefined) conditions.push(sql`import_id = ${filters.importId}`);
  if (filters.minScore !== undefined) conditions.push(sql`${column('quality_score')} >= ${filters.minScore}`);
  if (filters.duplicates !== undefined) {
    conditions.push(filters.duplicates ? sql`duplicate_of is not null` : sql`duplicate_of is null`);
  }
  if (filters.linked !== undefined) {
    conditions.push(
      filters.linked ? sql`${column('linked_to')} is not null` : sql`${column('linked_to')} is null`,
    );
  }
  if (filters.search !== undefined) {
    const { terms, ids } = filters.search;
    if (ids !== 'many') conditions.push(oneOfIds(engine, ids));
    conditions.push(hasWords(engine, terms));
  }
  return conditions;
}

/** As one parameter, so that searches that find one lead or a thousand are one statement. */
function oneOfIds(engine: EngineName, ids: readonly string[]): Sql {
  return engine === 'sqlite'
    ? sql`id in (select value from json_each(${ids}))`
    : sql`id = any(array(select value::uuid from jsonb_array_elements_text(${ids}::jsonb)))`;
}

/** Whether the index of words named the leads, so that they are read by their ids and sorted. */
function isFew({ search }: Filters): boolean {
  return search !== undefined && search.ids !== 'many';
}

type Column = 'submitted_at' | 'quality_score' | 'status' | 'partner_id' | 'source_id' | 'linked_to';

/** The plus keeps SQLite from following an index by this column instead of the one that is meant. */
function unindexed(column: Column, engine: EngineName): Sql {
  return raw(engine === 'sqlite' ? `+${column}` : column);
}

function where(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? empty : sql`${join(conditions, ' and ')} `;
}

/** What follows `where` in the list, for `Reader.list`. */
function listTail(
  filters: Filters,
  after: ListCursor | undefined,
  engine: EngineName,
  page: { limit: number },
): Sql {
  const conditions = conditionsOf(filters, engine);
  const time = isFew(filters) ? unindexed('submitted_at', engine) : sql`submitted_at`;
  if (filters.from !== undefined) conditions.push(sql`${time} >= ${filters.from}`);
  // One upper bound, the lower of the two: given both, SQLite may start its walk at the wrong one.
  if (after !== undefined && (filters.before === undefined || after.submittedAt < filters.before)) {
    conditions.push(sql`(${time}, id) < (${after.submittedAt}, ${after.id})`);
  } else if (filters.before !== undefined) {
    conditions.push(sql`${time} < ${filters.before}`);
  }
  return sql`${where(conditions)}order by ${time} desc, id desc limit ${page.limit}`;
}

/** A stretch of the queue: leads of one score after a certain one, or all of a lower score, or (without bounds) the whole. */
type QueueStretch = { same: QueueCursor } | { below: number } | Record<string, never>;

/**
 * Where a page goes on. The order is down in score and up in time, which no single comparison of keys says; two
 * stretches, each of them a range of the index, do.
 */
function queueStretches(after: QueueCursor | undefined): QueueStretch[] {
  return after === undefined ? [{}] : [{ same: after }, { below: after.score }];
}

/** In these words the partial index of the queue is recognised. */
const waiting = sql`status in ('submitted', 'under_review') and linked_to is null`;

/** The same of leads that are looked up by their ids. */
function fewWaiting(engine: EngineName): Sql {
  return sql`${unindexed('status', engine)} in ('submitted', 'under_review') and ${unindexed('linked_to', engine)} is null`;
}

/** What follows `where` in a stretch of the queue, for `Reader.list`. */
function queueTail(
  filters: Filters,
  stretch: QueueStretch,
  engine: EngineName,
  page: { limit: number },
): Sql {
  const conditions = conditionsOf({ ...filters, waiting: true }, engine);
  const time = unindexed('submitted_at', engine);
  const score = isFew(filters) ? unindexed('quality_score', engine) : sql`quality_score`;
  if (filters.from !== undefined) conditions.push(sql`${time} >= ${filters.from}`);
  if (filters.before !== undefined) conditions.push(sql`${time} < ${filters.before}`);
  if ('same' in stretch) {
    const { score: same, submittedAt, id } = stretch.same;
    conditions.push(sql`${score} = ${same}`, sql`(submitted_at, id) > (${submittedAt}, ${id})`);
  } else if ('below' in stretch) {
    conditions.push(sql`${score} < ${stretch.below}`);
  }
  return sql`${where(conditions)}order by ${score} desc, submitted_at, id limit ${page.limit}`;
}

async function countLeads(
  reader: Reader,
  session: Session,
  filters: Filters,
  of: 'all' | 'queue',
): Promise<number> {
  const conditions = [
    sql`tenant_id = ${session.tenantId}`,
    sql`deleted_at is null`,
    ...conditionsOf({ ...filters, waiting: of === 'queue' || filters.waiting }, reader.engine),
  ];
  if (filters.from !== undefined) conditions.push(sql`submitted_at >= ${filters.from}`);
  if (filters.before !== undefined) conditions.push(sql`submitted_at < ${filters.before}`);
  // The queue's own index answers without a look at the rows; SQLite would choose the one of the statuses and look.
  const byQueue =
    of === 'queue' && filters.partnerId === undefined && filters.sourceId === undefined && !isFew(filters);
  const from =
    byQueue && reader.engine === 'sqlite'
      ? sql`partner_leads indexed by ix_partner_leads_queue`
      : sql`partner_leads`;
  const counted = await reader.get<{ n: number }>(
    sql`select count(*) as n from ${from} where ${join(conditions, ' and ')}`,
  );
  return counted?.n ?? 0;
}

/** How many leads wait, are held by a reviewer, and wait for too long: counted by the queue's index, and that of the claims. */
export function countQueue(host: HostContext, session: Session): Promise<Output<'leads', 'queueCounts'>> {
  return host.database.read({ tenantId: session.tenantId }, async (reader) => {
    const now = host.now();
    const { reviewHours, escalationHours } = session.tenant.settings;
    const late = (hours: number) =>
      sql`coalesce(sum(case when submitted_at <= ${overdueBefore(hours, now)} then 1 else 0 end), 0)`;
    const from =
      reader.engine === 'sqlite' ? sql`partner_leads indexed by ix_partner_leads_queue` : sql`partner_leads`;
    const queue = await reader.get<{ waiting: number; overdue: number; escalated: number }>(
      sql`select count(*) as waiting, ${late(reviewHours)} as overdue, ${late(escalationHours)} as escalated
        from ${from} where tenant_id = ${session.tenantId} and ${waiting} and deleted_at is null`,
    );
    const claims = await reader.get<{ claimed: number }>(
      sql`select count(*) as claimed from partner_leads
        where tenant_id = ${session.tenantId} and claimed_by is not null and claim_expires_at > ${now}`,
    );
    if (queue === undefined || claims === undefined) throw new Error('A count had no answer.');
    return { ...queue, ...claims };
  });
}
