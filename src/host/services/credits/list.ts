import sql, { empty, join, type Sql } from 'sql-template-tag';
import { id, instant } from '#contract/base.ts';
import { invalidField } from '#domain/errors.ts';
import { partnerLeadCredits, type Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { cutPage, decodeCursor } from '../paging.ts';
import type { Input, Output } from '../service.ts';
import { creditsToWire } from './wire.ts';

/** Credits, oldest first. Without filters, for those pending and for a partner the page is a stretch of an index. */
export async function listCredits(
  reader: Reader,
  session: Session,
  input: Input<'credits', 'list'>,
): Promise<Output<'credits', 'list'>> {
  const { partnerId, status, partnerLeadId, cursor, limit } = input;
  const conditions: Sql[] = [];
  if (partnerId !== undefined) conditions.push(sql`partner_id = ${partnerId}`);
  if (partnerLeadId !== undefined) conditions.push(sql`partner_lead_id = ${partnerLeadId}`);
  // Written out, because the index of what waits for approval is a partial one and a parameter would not match it.
  if (status === 'pending_approval') conditions.push(sql`status = 'pending_approval'`);
  else if (status !== undefined) conditions.push(sql`status = ${status}`);

  const after = cursor === undefined ? [] : [afterCursor(cursor)];
  const rows = await reader.list(
    partnerLeadCredits,
    sql`${allOf([...conditions, ...after])} order by created_at, id limit ${limit + 1}`,
  );
  const { items, nextCursor } = cutPage(rows, limit, (row) => [row.createdAt, row.id]);
  const page = { items: await creditsToWire(reader, session.tenantId, items), nextCursor };
  if (!input.total) return page;
  const counted = await reader.get<{ n: number }>(sql`select count(*) as n from partner_lead_credits
    where ${allOf([sql`tenant_id = ${session.tenantId}`, ...conditions])}`);
  return { ...page, total: counted?.n ?? 0 };
}

function afterCursor(cursor: string): Sql {
  const [createdAt, creditId] = decodeCursor(cursor, ['string', 'string']);
  // What is no instant or id would be an error of the database on PostgreSQL, and of nobody on SQLite.
  if (!instant.safeParse(createdAt).success || !id.safeParse(creditId).success) {
    throw invalidField('cursor', 'This page marker is not from this list. Start again without it.');
  }
  return sql`(created_at, id) > (${createdAt}, ${creditId})`;
}

function allOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? empty : join(conditions, ' and ');
}
