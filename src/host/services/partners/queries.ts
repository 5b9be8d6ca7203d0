import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import type { HostContext } from '../../context.ts';
import { ledgerEntries, partners, type Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { isOwn, ownPartner, requireOwn } from '../own-partner.ts';
import { cutPage, decodeCursor } from '../paging.ts';
import type { Input, Output, Service } from '../service.ts';
import { isPayable } from './payability.ts';
import { comparable, searchable } from './search.ts';
import { oneToWire, partnersToWire, requirePartner } from './wire.ts';

type Queries = Pick<Service<'partners'>, 'list' | 'get' | 'getByCode' | 'ledger'>;

/** The lookups of partners, and a partner's ledger. */
export function partnerQueries(host: HostContext): Queries {
  const read = <T>(session: Session, work: (reader: Reader) => Promise<T>): Promise<T> =>
    host.database.read({ tenantId: session.tenantId }, work);

  return {
    list: (session, input) => read(session, (reader) => listPartners(host, reader, session, input)),

    get: (session, { id }) =>
      read(session, async (reader) => {
        requireOwn(session, id);
        return oneToWire(host, reader, session, await requirePartner(reader, id));
      }),

    getByCode: (session, { partnerCode }) =>
      read(session, async (reader) => {
        const row = await reader.find(partners, { partnerCode });
        if (row === undefined || !isOwn(session, row.id)) {
          throw new DomainError('NOT_FOUND', 'There is no partner with this code.');
        }
        return oneToWire(host, reader, session, row);
      }),

    ledger: (session, input) =>
      read(session, async (reader) => {
        await requirePartner(reader, input.id);
        return listLedger(reader, session, input);
      }),
  };
}

/**
 * In the order of the code, walking the index of the codes; filters are judged along the way, so that few hits among many
 * partners, and every total, cost a walk over all of them. `q` is found anywhere in code, name or e-mail, in capitals or not.
 */
async function listPartners(
  host: HostContext,
  reader: Reader,
  session: Session,
  input: Input<'partners', 'list'>,
): Promise<Output<'partners', 'list'>> {
  const matching = sql`${matchingPartners(session, input)}${ownPartner(session, raw('id'))}`;
  const after = input.cursor === undefined ? undefined : codeAfter(input.cursor);
  const rows = await reader.list(
    partners,
    sql`${matching} ${after === undefined ? empty : sql`and partner_code > ${after}`}
      order by partner_code limit ${input.limit + 1}`,
  );
  const page = cutPage(rows, input.limit, (row) => [row.partnerCode]);
  const items = await partnersToWire(host, reader, session, page.items);
  if (input.total !== true) return { items, nextCursor: page.nextCursor };
  const counted = await reader.get<{ total: number }>(
    sql`select count(*) as total from partners
      where tenant_id = ${session.tenantId} and deleted_at is null and ${matching}`,
  );
  return { items, nextCursor: page.nextCursor, total: counted?.total ?? 0 };
}

function matchingPartners(session: Session, input: Input<'partners', 'list'>): Sql {
  const conditions = [sql`1 = 1`];
  // `|| ''` keeps SQLite on the index of the codes: by the one of the statuses it would have to sort.
  if (input.status !== undefined) conditions.push(sql`status || '' = ${input.status}`);
  if (input.partnerType !== undefined) conditions.push(sql`partner_type = ${input.partnerType}`);
  if (input.payable !== undefined) {
    const payable = isPayable(session.tenant.settings);
    conditions.push(input.payable ? payable : sql`not ${payable}`);
  }
  const words = comparable('q', searchable(input.q ?? ''));
  if (words !== '') conditions.push(sql`search_text like ${containing(words)} escape '\\'`);
  return join(conditions, ' and ');
}

/** A `like` pattern for text that stands anywhere; what the caller typed has no wildcards. */
function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
}

/** Newest first; the postings of a whole page come in one query. */
async function listLedger(
  reader: Reader,
  session: Session,
  input: Input<'partners', 'ledger'>,
): Promise<Output<'partners', 'ledger'>> {
  const ofPartner = sql`partner_id = ${input.id}`;
  const before = input.cursor === undefined ? undefined : entryBefore(input.cursor);
  const rows = await reader.list(
    ledgerEntries,
    sql`${ofPartner} ${before === undefined ? empty : sql`and (created_at, id) < (${before.createdAt}, ${before.id})`}
      order by created_at desc, id desc limit ${input.limit + 1}`,
  );
  const page = cutPage(rows, input.limit, (row) => [row.createdAt, row.id]);
  const postings = await postingsOf(
    reader,
    session,
    page.items.map((entry) => entry.id),
  );
  const items = page.items.map((entry) => ({
    id: entry.id,
    partnerId: entry.partnerId,
    kind: entry.kind,
    resource: entry.resource,
    resourceId: entry.resourceId,
    amount: entry.amount,
    currency: entry.currency,
    actorId: entry.actorId,
    bookedOn: entry.bookedOn,
    createdAt: entry.createdAt,
    postings: postings.get(entry.id) ?? [],
  }));
  if (input.total !== true) return { items, nextCursor: page.nextCursor };
  const counted = await reader.get<{ total: number }>(
    sql`select count(*) as total from ledger_entries where tenant_id = ${session.tenantId} and ${ofPartner}`,
  );
  return { items, nextCursor: page.nextCursor, total: counted?.total ?? 0 };
}

async function postingsOf(
  reader: Reader,
  session: Session,
  entryIds: readonly string[],
): Promise<Map<string, { account: string; amount: number }[]>> {
  if (entryIds.length === 0) return new Map();
  const rows = await reader.all<{ entry_id: string; account: string; amount: number }>(
    sql`select entry_id, account, amount from ledger_postings
      where tenant_id = ${session.tenantId} and entry_id in (${join(entryIds)}) order by entry_id, account`,
  );
  const byEntry = Map.groupBy(rows, (row) => row.entry_id);
  return new Map(
    [...byEntry].map(([id, postings]) => [id, postings.map(({ account, amount }) => ({ account, amount }))]),
  );
}

function codeAfter(cursor: string): string {
  return decodeCursor(cursor, ['text'])[0];
}

function entryBefore(cursor: string): { createdAt: string; id: string } {
  const [createdAt, id] = decodeCursor(cursor, ['instant', 'id']);
  return { createdAt, id };
}
