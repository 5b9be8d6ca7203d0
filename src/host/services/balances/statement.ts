import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import { isDay } from '#domain/calendar.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import { type LedgerAccount, type LedgerEventType, ledgerEventTypes, postingsFor } from '#domain/ledger.ts';
import type { CreditOrigin } from '#domain/vocabulary.ts';
import { partners, type Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { requireOwn } from '../own-partner.ts';
import { cutPage, decodeCursor } from '../paging.ts';
import type { Input, Output } from '../service.ts';

type Statement = Output<'balances', 'statement'>;
type Line = Statement['items'][number];
type Kind = Line['kind'];

/** What one minor unit of an event does to an account: so that SQL adds up what the domain's postings would. */
function weightOf(type: LedgerEventType, account: LedgerAccount): number {
  return postingsFor({ type, amount: 1 }).find((posting) => posting.account === account)?.amount ?? 0;
}

/** What an entry does to an account, as an expression over `ledger_entries e`. */
function changeOf(account: LedgerAccount): Sql {
  const cases = ledgerEventTypes.map((type) => raw(`when '${type}' then ${weightOf(type, account)}`));
  return sql`e.amount * case e.kind ${join(cases, ' ')} end`;
}

const available = changeOf('available');
const payable = changeOf('payable');

interface Sums {
  available: number;
  payable: number;
}

const balanceOf = (sums: Sums) => ({ ...sums, balance: sums.available + sums.payable });

/**
 * A partner's statement (issue "statement per partner and period"): the balance before the first day, each entry of the ledger booked in
 * the period in the order of its days, and the balance after the last day, in minor units of the partner's one currency. It is the
 * ledger itself: the closing balance is what the accounts `available` and `payable` hold at the end of that day, and the next
 * period opens with it. Each page also has the sums of the whole period; a line's balances follow from all before it.
 * Throws `NOT_FOUND`, `VALIDATION` for days that make no period.
 */
export async function statementOf(
  reader: Reader,
  session: Session,
  input: Input<'balances', 'statement'>,
): Promise<Statement> {
  const { id: partnerId, from, to, limit } = input;
  requirePeriod(from, to);
  const partner = await reader.find(partners, { id: partnerId }, { withDeleted: true });
  if (partner === undefined) throw new DomainError('NOT_FOUND', 'There is no such partner.');
  requireOwn(session, partner.id);
  const ofPartner = sql`e.tenant_id = ${session.tenantId} and e.partner_id = ${partnerId}`;
  const within = sql`${ofPartner} and e.booked_on >= ${from} and e.booked_on <= ${to}`;
  const opening = await sumsOf(reader, sql`${ofPartner} and e.booked_on < ${from}`);
  const moved = await sumsOf(reader, within);
  const after = input.cursor === undefined ? undefined : readCursor(input.cursor);
  const isAfter = after === undefined ? empty : sql`and (e.booked_on, e.id) > (${after[0]}, ${after[1]})`;
  const isUpTo = after === undefined ? undefined : sql`and (e.booked_on, e.id) <= (${after[0]}, ${after[1]})`;
  const before =
    isUpTo === undefined ? { available: 0, payable: 0 } : await sumsOf(reader, sql`${within} ${isUpTo}`);
  const rows = await entriesOf(reader, sql`${within} ${isAfter}`, limit + 1);
  const { items, nextCursor } = cutPage(rows, limit, (row) => [row.booked_on, row.id]);
  return {
    partnerId,
    partnerName: partner.organizationName,
    currency: partner.currency,
    from,
    to,
    opening: balanceOf(opening),
    closing: balanceOf(plus(opening, moved)),
    totals: await totalsOf(reader, within),
    held: await heldAt(reader, session, partnerId, to),
    items: toLines(items, plus(opening, before), to),
    nextCursor,
    ...(input.total === true && { total: await countOf(reader, within) }),
  };
}

function requirePeriod(from: string, to: string): void {
  for (const [path, day] of Object.entries({ from, to })) {
    if (!isDay(day)) throw invalidField(path, 'This day does not exist.');
  }
  if (to < from) throw invalidField('to', "A period can't end before it starts.");
}

function readCursor(cursor: string): [day: string, id: string] {
  const [day, id] = decodeCursor(cursor, ['text', 'id']);
  if (isDay(day)) return [day, id];
  throw invalidField('cursor', 'This page marker is not from this list. Start again without it.');
}

const plus = (a: Sums, b: Sums): Sums => ({
  available: a.available + b.available,
  payable: a.payable + b.payable,
});

async function sumsOf(reader: Reader, entries: Sql): Promise<Sums> {
  const row = await reader.get<Sums>(sql`select coalesce(sum(${available}), 0) as available,
      coalesce(sum(${payable}), 0) as payable from ledger_entries e where ${entries}`);
  return row ?? { available: 0, payable: 0 };
}

async function countOf(reader: Reader, entries: Sql): Promise<number> {
  const row = await reader.get<{ n: number }>(
    sql`select count(*) as n from ledger_entries e where ${entries}`,
  );
  return row?.n ?? 0;
}

interface EntryRow {
  id: string;
  booked_on: string;
  created_at: string;
  kind: LedgerEventType;
  available_change: number;
  payable_change: number;
  credit_id: string | null;
  origin: CreditOrigin | null;
  reason: string | null;
  reversal_reason: string | null;
  credit_status: string | null;
  payable_from: string | null;
  lead_id: string | null;
  contact_name: string | null;
  policy_id: string | null;
  policy_name: string | null;
  payout_id: string | null;
  payout_number: string | null;
  cancel_reason: string | null;
  reference_number: string | null;
  failure_reason: string | null;
}

/** A page of entries with what they are about, each by its key. */
function entriesOf(reader: Reader, entries: Sql, limit: number): Promise<EntryRow[]> {
  const isPayment = sql`e.kind in ('payment_recorded', 'payment_failed')`;
  // The id of a payment is text in the entry; on PostgreSQL the two only compare as text.
  const asText = (column: Sql) => (reader.engine === 'postgres' ? sql`cast(${column} as text)` : column);
  return reader.all<EntryRow>(sql`select e.*, c.id as credit_id, c.origin, c.reason, c.reversal_reason,
      c.status as credit_status, c.payable_from, l.id as lead_id, l.contact_name, y.id as policy_id, y.policy_name,
      o.id as payout_id, o.payout_number, o.cancel_reason, m.reference_number, f.reason as failure_reason
    from (
      select e.tenant_id, e.id, e.booked_on, e.created_at, e.kind, e.resource, e.resource_id, e.discriminator,
        ${available} as available_change, ${payable} as payable_change
      from ledger_entries e where ${entries} order by e.booked_on, e.id limit ${limit}
    ) as e
    left join partner_lead_credits c on e.resource = 'credit' and c.tenant_id = e.tenant_id and c.id = e.resource_id
    left join partner_leads l on l.tenant_id = c.tenant_id and l.id = c.partner_lead_id
    left join partner_credit_policies y on y.tenant_id = c.tenant_id and y.id = c.policy_id
    left join partner_payouts o on e.resource = 'payout' and o.tenant_id = e.tenant_id and o.id = e.resource_id
    left join partner_payout_payments m on ${isPayment} and m.tenant_id = e.tenant_id and m.payout_id = e.resource_id
      and ${asText(raw('m.id'))} = e.discriminator
    left join partner_payout_payment_failures f on e.kind = 'payment_failed' and f.tenant_id = e.tenant_id
      and f.payment_id = m.id
    order by e.booked_on, e.id`);
}

const kinds: Record<LedgerEventType, Kind> = {
  credit_approved: 'credit',
  credit_reversed: 'reversal',
  payout_approved: 'payout_approved',
  payout_cancelled: 'payout_cancelled',
  payment_recorded: 'payment',
  payment_failed: 'payment_failed',
};
const kindsByOrigin: Partial<Record<CreditOrigin, Kind>> = {
  reversal: 'claw_back',
  adjustment: 'adjustment',
  bonus: 'bonus',
  carry_over: 'carry_over',
};

function kindOf(row: EntryRow): Kind {
  const byOrigin = row.origin === null ? undefined : kindsByOrigin[row.origin];
  return row.kind === 'credit_approved' && byOrigin !== undefined ? byOrigin : kinds[row.kind];
}

function toLines(rows: readonly EntryRow[], before: Sums, to: string): Line[] {
  let sums = before;
  return rows.map((row) => {
    const change = { available: row.available_change, payable: row.payable_change };
    sums = plus(sums, change);
    const isHeld =
      row.kind === 'credit_approved' &&
      row.credit_status === 'approved' &&
      row.payable_from !== null &&
      row.payable_from > to;
    return {
      id: row.id,
      bookedOn: row.booked_on,
      createdAt: row.created_at,
      kind: kindOf(row),
      description: descriptions[row.kind](row, `payout ${row.payout_number ?? ''}`),
      amount: change.available + change.payable,
      availableChange: change.available,
      payableChange: change.payable,
      ...balanceOf(sums),
      creditId: row.credit_id,
      leadId: row.lead_id,
      leadName: row.contact_name,
      policyId: row.policy_id,
      policyName: row.policy_name,
      payoutId: row.payout_id,
      payoutNumber: row.payout_number,
      heldUntil: isHeld ? row.payable_from : null,
    };
  });
}

/** What happened, in words, by the kind of entry. */
const descriptions: Record<EntryRow['kind'], (row: EntryRow, payout: string) => string> = {
  credit_approved: (row) => row.reason ?? '',
  credit_reversed: (row) => `taken back: ${row.reversal_reason ?? ''}`,
  payout_approved: (_row, payout) => `${payout} approved`,
  payout_cancelled: (row, payout) => `${payout} cancelled: ${row.cancel_reason ?? ''}`,
  payment_recorded: (row, payout) => `${payout} paid, ${row.reference_number ?? ''}`,
  payment_failed: (row, payout) =>
    `payment ${row.reference_number ?? ''} of ${payout} came back: ${row.failure_reason ?? ''}`,
};

/** What each kind of movement adds to the balance. */
async function totalsOf(reader: Reader, entries: Sql): Promise<Statement['totals']> {
  const ofKind = (...words: LedgerEventType[]) =>
    sql`e.kind in (${join(words.map((word) => raw(`'${word}'`)))})`;
  const sumOf = (condition: Sql, change: Sql) =>
    sql`coalesce(sum(case when ${condition} then ${change} else 0 end), 0)`;
  const isCredit = ofKind('credit_approved');
  const isAdjustment = sql`c.origin in ('adjustment', 'bonus')`;
  const row = await reader.get<
    Record<'credits' | 'taken_back' | 'adjustments' | 'payments' | 'failed' | 'payouts', number>
  >(
    sql`select
        ${sumOf(sql`${isCredit} and c.origin <> 'reversal' and not ${isAdjustment}`, available)} as credits,
        ${sumOf(sql`${ofKind('credit_reversed')} or (${isCredit} and c.origin = 'reversal')`, available)} as taken_back,
        ${sumOf(sql`${isCredit} and ${isAdjustment}`, available)} as adjustments,
        ${sumOf(ofKind('payment_recorded'), payable)} as payments,
        ${sumOf(ofKind('payment_failed'), payable)} as failed,
        ${sumOf(ofKind('payout_approved', 'payout_cancelled'), payable)} as payouts
      from ledger_entries e
      left join partner_lead_credits c on e.resource = 'credit' and c.tenant_id = e.tenant_id and c.id = e.resource_id
      where ${entries}`,
  );
  if (row === undefined) throw new Error('The sums of a statement came back empty.');
  const { credits, taken_back: reversals, adjustments, payments, failed: failedPayments, payouts } = row;
  return { credits, reversals, adjustments, payments, failedPayments, payouts };
}

/** Booked by the day, not taken back by then, and payable only after it. */
async function heldAt(reader: Reader, session: Session, partnerId: string, day: string): Promise<number> {
  const row = await reader.get<{ held: number }>(sql`select coalesce(sum(c.credit_amount), 0) as held
    from partner_lead_credits c
    where c.tenant_id = ${session.tenantId} and c.partner_id = ${partnerId} and c.status in ('approved', 'reversed')
      and c.payable_from > ${day} and c.approved_on <= ${day}
      and not exists (
        select 1 from ledger_entries e where e.tenant_id = c.tenant_id and e.kind = 'credit_reversed'
          and e.resource_id = c.id and e.booked_on <= ${day}
      )`);
  return row?.held ?? 0;
}
