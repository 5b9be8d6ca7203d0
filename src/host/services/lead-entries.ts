import sql, { join, type Sql } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { DomainError, invalidField } from '#domain/errors.ts';
import { normalizeLeadData } from '#domain/lead-data.ts';
import { isCurrency } from '#domain/money.ts';
import type { HostContext } from '../context.ts';
import { type LeadRow, leads } from '../database/index.ts';
import { command } from './command.ts';
import { contactNameOf } from './leads/preparation.ts';
import { cutPage, decodeCursor } from './paging.ts';
import type { Output, Service } from './service.ts';

/**
 * The entries of `leads`, as sales works with them: made, linked and moved on by what is decided about partners' leads. One that sales
 * has already is entered first, for the approval to link to (the requirements' ApprovePartnerLead with an actual lead).
 */
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

    /** @throws DomainError `VALIDATION` for data that no partner's lead could have either. */
    create: (session, input) =>
      command(host, session, { name: 'leadEntries.create', input }, async ({ tx, now, record }) => {
        const { defaultCountry } = session.tenant.settings;
        const { currency = session.tenant.currency } = input;
        if (!isCurrency(currency)) throw invalidField('currency', 'Use the code of a currency, such as EUR.');
        const normalized = normalizeLeadData(input.leadData, { defaultCountry });
        if (!normalized.ok) {
          const { fields } = normalized;
          throw new DomainError('VALIDATION', fields[0]?.message ?? "The lead's data is not right.", {
            fields,
          });
        }
        const { leadData } = normalized;
        const id = uuidv7();
        await tx.insert(leads, {
          id,
          source: 'partner_referral',
          contactName: contactNameOf(leadData),
          company: leadData.company ?? null,
          email: leadData.email,
          phone: leadData.phone,
          leadData,
          status: 'open',
          estimatedValue: input.estimatedValue ?? null,
          currency,
          createdAt: now,
          updatedAt: now,
        });
        const row = await tx.find(leads, { id });
        if (row === undefined) throw new Error('An entry that was made is not there.');
        record({
          action: 'lead_entry_created',
          resource: 'lead_entry',
          resourceId: id,
          details: {
            after: {
              contactName: row.contactName,
              estimatedValue: row.estimatedValue,
              currency: row.currency,
            },
          },
        });
        return toWire(row);
      }),
  };
}

function toWire(row: LeadRow): Output<'leadEntries', 'get'> {
  const { tenantId: _tenant, leadData: _data, ...shown } = row;
  return shown;
}
