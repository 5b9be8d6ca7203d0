import sql, { empty, join, type Sql } from 'sql-template-tag';
import { type PartnerLeadCreditRow, partnerLeadCredits, type Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { cutPage, decodeCursor } from '../paging.ts';
import type { Input, Output } from '../service.ts';
import { creditsToWire } from './wire.ts';

type ListInput = Input<'credits', 'list'>;

/**
 * Credits, oldest first. Without filters, for those pending and for a partner the page is a stretch of an index; a lead's few
 * credits are found by the lead and put in order here, because by their order SQLite would read those of all leads.
 */
export async function listCredits(
  reader: Reader,
  session: Session,
  input: ListInput,
): Promise<Output<'credits', 'list'>> {
  const { cursor, limit } = input;
  const conditions = conditionsOf(session, input);
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const rows =
    input.partnerLeadId === undefined
      ? await stretch(reader, conditions, after, limit + 1)
      : (await reader.list(partnerLeadCredits, allOf(conditions)))
          .sort(byAge)
          .filter((row) => after === undefined || byAge(row, after) > 0);
  const { items, nextCursor } = cutPage(rows, limit, (row) => [row.createdAt, row.id]);
  const page = { items: await creditsToWire(reader, session.tenantId, items), nextCursor };
  if (!input.total) return page;
  const counted = await reader.get<{ n: number }>(sql`select count(*) as n from partner_lead_credits
    where ${allOf([sql`tenant_id = ${session.tenantId}`, ...conditions])}`);
  return { ...page, total: counted?.n ?? 0 };
}

function conditionsOf(session: Session, { partnerId, status, partnerLeadId }: ListInput): Sql[] {
  const conditions: Sql[] = [];
  // A partner's user who asks for another partner's credits finds none: both conditions hold.
  if (session.partnerId !== null) conditions.push(sql`partner_id = ${session.partnerId}`);
  if (partnerId !== undefined) conditions.push(sql`partner_id = ${partnerId}`);
  if (partnerLeadId !== undefined) conditions.push(sql`partner_lead_id = ${partnerLeadId}`);
  // Written out, because the index of what waits for approval is a partial one and a parameter would not match it.
  if (status === 'pending_approval') conditions.push(sql`status = 'pending_approval'`);
  else if (status !== undefined) conditions.push(sql`status = ${status}`);
  return conditions;
}

type Age = Pick<PartnerLeadCreditRow, 'createdAt' | 'id'>;

function stretch(
  reader: Reader,
  conditions: readonly Sql[],
  after: Age | undefined,
  rows: number,
): Promise<PartnerLeadCreditRow[]> {
  const from = after === undefined ? [] : [sql`(created_at, id) > (${after.createdAt}, ${after.id})`];
  return reader.list(
    partnerLeadCredits,
    sql`${allOf([...conditions, ...from])} order by created_at, id limit ${rows}`,
  );
}

function byAge(a: Age, b: Age): number {
  const [left, right] = a.createdAt === b.createdAt ? [a.id, b.id] : [a.createdAt, b.createdAt];
  return left === right ? 0 : left < right ? -1 : 1;
}

function readCursor(cursor: string): Age {
  const [createdAt, id] = decodeCursor(cursor, ['instant', 'id']);
  return { createdAt, id };
}

function allOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? empty : join(conditions, ' and ');
}
