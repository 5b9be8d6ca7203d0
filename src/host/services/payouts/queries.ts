import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import { isDay } from '#domain/calendar.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import { rate } from '#domain/figures.ts';
import type { HostContext } from '../../context.ts';
import {
  type Engine,
  type PartnerPayoutRow,
  partnerPayoutDetails,
  partnerPayoutPaymentFailures,
  partnerPayoutPayments,
  partnerPayouts,
  partners,
  type Reader,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { requireOwn } from '../own-partner.ts';
import { cutPage, decodeCursor } from '../paging.ts';
import type { Input, Output, Service } from '../service.ts';
import { approvedStatuses, linesToWire, onePayoutToWire, payoutsToWire, requirePayout } from './wire.ts';

type Queries = 'list' | 'get' | 'stats' | 'lines' | 'payments';

/** What can be read of payouts (`domain.md`, "Payouts" and "Figures"). */
export function payoutQueries(host: HostContext): Pick<Service<'payouts'>, Queries> {
  const read = <T>(session: Session, work: (reader: Reader) => Promise<T>) =>
    host.database.read({ tenantId: session.tenantId }, work);

  return {
    list: (session, input) => read(session, (reader) => listPayouts(reader, session, input)),
    get: (session, { id }) =>
      read(session, async (reader) =>
        onePayoutToWire(reader, session, await requireOwnPayout(reader, session, id)),
      ),
    stats: (session, { partnerId }) =>
      read(session, (reader) => payoutStats(reader, session, partnerId ?? session.partnerId ?? undefined)),
    lines: (session, input) => read(session, (reader) => listLines(reader, session, input)),
    payments: (session, { id }) =>
      read(session, async (reader) => {
        await requireOwnPayout(reader, session, id);
        return { items: await paymentsOf(reader, id), nextCursor: null };
      }),
  };
}

async function requireOwnPayout(reader: Reader, session: Session, id: string): Promise<PartnerPayoutRow> {
  const payout = await requirePayout(reader, id);
  requireOwn(session, payout.partnerId, 'payout');
  return payout;
}

async function paymentsOf(reader: Reader, payoutId: string): Promise<Output<'payouts', 'payments'>['items']> {
  const rows = await reader.list(partnerPayoutPayments, sql`payout_id = ${payoutId} order by id`);
  const failures = await reader.list(partnerPayoutPaymentFailures, sql`payout_id = ${payoutId}`);
  const failureOf = new Map(failures.map((failure) => [failure.paymentId, failure]));
  return rows.map(({ tenantId: _tenant, payoutId: _payout, ...payment }) => {
    const failure = failureOf.get(payment.id);
    return { ...payment, failedOn: failure?.failedOn ?? null, failureReason: failure?.reason ?? null };
  });
}

/** The days a period filter may name. Throws `VALIDATION` for one that does not exist. */
export function checkDays(input: { periodStart?: string | undefined; periodEnd?: string | undefined }): void {
  const { periodStart, periodEnd } = input;
  for (const [path, day] of Object.entries({ periodStart, periodEnd })) {
    if (day !== undefined && !isDay(day)) throw invalidField(path, 'This day does not exist.');
  }
  if (periodStart !== undefined && periodEnd !== undefined && periodEnd < periodStart) {
    throw invalidField('periodEnd', "A period can't end before it starts.");
  }
}

/**
 * Conditions on payouts, by the filters of lists and exports: the payout's whole period lies within the one given. The
 * newest-first index is walked and the period judged along the way; by the index of periods, SQLite would sort all of them
 * for every page, which the plus sign keeps it from.
 */
export function payoutConditions(
  engine: Engine,
  filter: {
    partnerId?: string | undefined;
    status?: string | readonly string[] | undefined;
    periodStart?: string | undefined;
    periodEnd?: string | undefined;
  },
): Sql[] {
  const plus = engine === 'sqlite' ? raw('+') : empty;
  const conditions: Sql[] = [];
  if (filter.partnerId !== undefined) conditions.push(sql`partner_id = ${filter.partnerId}`);
  const { status } = filter;
  if (typeof status === 'string') conditions.push(sql`status = ${status}`);
  // Several are judged along the newest-first index too: each by its own index would have to be put in order again.
  else if (status?.length === 1) conditions.push(sql`status = ${status[0]}`);
  else if (status !== undefined) conditions.push(sql`${plus}status in (${join([...status])})`);
  if (filter.periodStart !== undefined) conditions.push(sql`${plus}period_start >= ${filter.periodStart}`);
  if (filter.periodEnd !== undefined) conditions.push(sql`${plus}period_end <= ${filter.periodEnd}`);
  return conditions;
}

async function listPayouts(
  reader: Reader,
  session: Session,
  input: Input<'payouts', 'list'>,
): Promise<Output<'payouts', 'list'>> {
  checkDays(input);
  const filters = payoutConditions(reader.engine, input);
  // A partner's user sees only that partner's, whatever is asked for.
  if (session.partnerId !== null) filters.push(sql`partner_id = ${session.partnerId}`);
  const conditions = [...filters];
  if (input.cursor !== undefined) {
    const [createdAt, id] = decodeCursor(input.cursor, ['instant', 'id']);
    conditions.push(sql`(created_at, id) < (${createdAt}, ${id})`);
  }
  const order = sql`order by created_at desc, id desc limit ${input.limit + 1}`;
  const rows = await reader.list(
    partnerPayouts,
    conditions.length === 0 ? order : sql`${join(conditions, ' and ')} ${order}`,
  );
  const { items, nextCursor } = cutPage(rows, input.limit, (row) => [row.createdAt, row.id]);
  const page = { items: await payoutsToWire(reader, session, items), nextCursor };
  if (input.total !== true) return page;
  const counted = await reader.get<{ n: number }>(
    sql`select count(*) as n from partner_payouts where ${join([sql`tenant_id = ${session.tenantId}`, ...filters], ' and ')}`,
  );
  return { ...page, total: counted?.n ?? 0 };
}

/** Oldest credit first, as they were gathered: the ids of lines are made in that order. */
async function listLines(
  reader: Reader,
  session: Session,
  input: Input<'payouts', 'lines'>,
): Promise<Output<'payouts', 'lines'>> {
  await requireOwnPayout(reader, session, input.id);
  const filters = [sql`payout_id = ${input.id}`];
  if (input.status !== undefined) filters.push(sql`status = ${input.status}`);
  const conditions = [...filters];
  if (input.cursor !== undefined) {
    conditions.push(sql`id > ${decodeCursor(input.cursor, ['id'])[0]}`);
  }
  const rows = await reader.list(
    partnerPayoutDetails,
    sql`${join(conditions, ' and ')} order by payout_id, id limit ${input.limit + 1}`,
  );
  const { items, nextCursor } = cutPage(rows, input.limit, (row) => [row.id]);
  const page = { items: await linesToWire(reader, session, items), nextCursor };
  if (input.total !== true) return page;
  const counted = await reader.get<{ n: number }>(
    sql`select count(*) as n from partner_payout_details
      where ${join([sql`tenant_id = ${session.tenantId}`, ...filters], ' and ')}`,
  );
  return { ...page, total: counted?.n ?? 0 };
}

interface StatsRow {
  currency: string;
  generated: number;
  approved: number;
  rejected: number;
  total_amount: number;
  approved_amount: number;
  paid_amount: number;
  pending_amount: number;
  waited_ms: number;
}

/** Whole milliseconds from generation to approval; each engine has its own words for it. */
function waitedMs(engine: Engine): Sql {
  return engine === 'sqlite'
    ? sql`cast(round((julianday(approved_at) - julianday(generated_at)) * 86400000) as integer)`
    : sql`cast(extract(epoch from approved_at - generated_at) * 1000 as bigint)`;
}

/**
 * PayoutStats, of one partner or of all, amounts in minor units (`domain.md`, "Figures"):
 *
 * - generated: every payout there ever was, and the total of their lines as generated;
 * - approved: those approved, in full or in part, and not cancelled since, and what was approved of them;
 * - rejected: those rejected as a whole; `averageApprovalRate` is approved / (approved + rejected);
 * - paid: what was paid, part payments included;
 * - pending: what the lines not rejected of pending payouts come to, one approval of two included;
 * - days to approval: from generation to the (last) approval, over those that count as approved.
 *
 * Counts and days are of all currencies together; so are the amounts, but each currency has its own beside them.
 */
async function payoutStats(
  reader: Reader,
  session: Session,
  partnerId: string | undefined,
): Promise<Output<'payouts', 'stats'>> {
  if (partnerId !== undefined) requireOwn(session, partnerId);
  const partner =
    partnerId === undefined
      ? undefined
      : await reader.find(partners, { id: partnerId }, { withDeleted: true });
  if (partnerId !== undefined && partner === undefined) {
    throw new DomainError('NOT_FOUND', 'There is no such partner.');
  }
  const isApproved = sql`status in (${join([...approvedStatuses])})`;
  const rows = await reader.all<StatsRow>(sql`select currency, count(*) as generated,
      coalesce(sum(case when ${isApproved} then 1 else 0 end), 0) as approved,
      coalesce(sum(case when status = 'rejected' then 1 else 0 end), 0) as rejected,
      coalesce(sum(total_amount), 0) as total_amount,
      coalesce(sum(case when ${isApproved} then approved_amount else 0 end), 0) as approved_amount,
      coalesce(sum(paid_amount), 0) as paid_amount,
      coalesce(sum(case when status = 'pending' then total_amount - rejected_amount else 0 end), 0) as pending_amount,
      coalesce(sum(case when ${isApproved} then ${waitedMs(reader.engine)} else 0 end), 0) as waited_ms
    from partner_payouts
    where tenant_id = ${session.tenantId} ${partnerId === undefined ? empty : sql`and partner_id = ${partnerId}`}
    group by currency order by currency`);
  const sum = (of: (row: StatsRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const approved = sum((row) => row.approved);
  const rejected = sum((row) => row.rejected);
  const [first, ...others] = rows;
  return {
    totalPayoutsGenerated: sum((row) => row.generated),
    approvedPayouts: approved,
    rejectedPayouts: rejected,
    totalAmountGenerated: sum((row) => row.total_amount),
    totalAmountApproved: sum((row) => row.approved_amount),
    totalAmountPaid: sum((row) => row.paid_amount),
    averageApprovalRate: rate(approved, approved + rejected),
    pendingApprovalAmount: sum((row) => row.pending_amount),
    averageDaysToApproval: approved === 0 ? null : sum((row) => row.waited_ms) / approved / 86_400_000,
    currency: others.length > 0 ? null : (first?.currency ?? partner?.currency ?? session.tenant.currency),
    byCurrency: rows.map((row) => ({
      currency: row.currency,
      totalAmountGenerated: row.total_amount,
      totalAmountApproved: row.approved_amount,
      totalAmountPaid: row.paid_amount,
      pendingApprovalAmount: row.pending_amount,
    })),
  };
}
