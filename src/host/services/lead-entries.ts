import sql, { join, type Sql } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import type { HostContext } from '../context.ts';
import { type LeadRow, leads } from '../database/index.ts';
import { cutPage, decodeCursor } from './paging.ts';
import type { Output, Service } from './service.ts';

/** The entries of `leads`, as sales works with them: made, linked and moved on by what is decided about partners' leads. */
export function leadEntriesService(host: HostContext): Service<'leadEntries'> {
  return {
    /** Newest first. */
    list: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const filters: Sql[] = [];
        if (input.status !== undefined) filters.push(sql`status = ${input.status}`);
        if (input.partnerId !== undefined) filters.push(sql`partner_id = ${input.partnerId}`);
        const [at, id] = input.cursor === undefined ? [] : decodeCursor(input.cursor, ['instant', 'id']);
        const onPage = at === undefined ? filters : [...filters, sql`(created_at, id) < (${at}, ${id})`];
        const where = onPage.length === 0 ? sql`` : sql`${join(onPage, ' and ')} `;
        const rows = await reader.list(
          leads,
          sql`${where}order by created_at desc, id desc limit ${input.limit + 1}`,
        );
        const page = cutPage(rows, input.limit, (row) => [row.createdAt, row.id]);
        const counted =
          input.total === true
            ? await reader.get<{ total: number }>(
                sql`select count(*) as total from leads
                  where ${join([sql`tenant_id = ${session.tenantId}`, ...filters], ' and ')}`,
              )
            : undefined;
        return { items: page.items.map(toWire), nextCursor: page.nextCursor, ...counted };
      }),

    get: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const row = await reader.find(leads, { id: input.id });
        if (row === undefined) throw new DomainError('NOT_FOUND', 'There is no such entry.');
        return toWire(row);
      }),
  };
}

function toWire(row: LeadRow): Output<'leadEntries', 'get'> {
  const { tenantId: _tenant, leadData: _data, ...shown } = row;
  return shown;
}
