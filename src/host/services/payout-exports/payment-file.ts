import { setImmediate as breathe } from 'node:timers/promises';
import sql, { empty } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { addDays, dayOf, isDay } from '#domain/calendar.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import { mostPaypalPayments, whyNotInFile } from '#domain/payment-files.ts';
import type { PartnerStatus, PayoutStatus } from '#domain/state-machines.ts';
import type { PaymentFileFormat } from '#domain/vocabulary.ts';
import type { HostContext } from '../../context.ts';
import {
  asBoolean,
  type ExportTotal,
  type Reader,
  type SkippedPayout,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { fullDetails } from '../partners/banking.ts';
import { idsOf } from '../payouts/ids.ts';
import { openAmountOf } from '../payouts/wire.ts';
import { achText, filesToday, oneAchFileAtATime } from './ach.ts';
import { writeSealed } from './files.ts';
import type { Order } from './order.ts';
import { pain001Text } from './pain001.ts';
import { paypalText } from './paypal.ts';
import { type ExportRecord, type ExportRun, recordExport, totalsOf } from './record.ts';
import { type ExportInput, requireSelection, selectedPayouts } from './selection.ts';

export type PaymentInput = ExportInput & { format: PaymentFileFormat };

/** What a payment file would order, and what of the selection it can't. */
export interface PaymentPlan {
  orders: Order[];
  skipped: SkippedPayout[];
  totals: ExportTotal[];
  /** Of the selection, by payout: in the state the plan was made from. */
  versions: ReadonlyMap<string, { payout: number; partner: number }>;
  /** Orders whose payouts a payment file held before; only with `again`. */
  repeated: { payoutId: string; payoutNumber: string; exportedAt: string }[];
  /** How many orders earlier payment files hold for these payouts. */
  orderedBefore: number;
}

/** More payments than any bank takes in one file. */
const mostPayments = 20_000;
/** Bank details opened at a stretch: some milliseconds of work. */
const openedAtOnce = 500;

interface CandidateRow {
  id: string;
  version: number;
  payout_number: string;
  period_start: string;
  period_end: string;
  currency: string;
  status: PayoutStatus;
  approved_amount: number;
  paid_amount: number;
  partner_id: string;
  partner_version: number;
  organization_name: string;
  partner_status: PartnerStatus;
  banking_secret: string | null;
  banking_is_verified: unknown;
  ordered_at: string | null;
  times_ordered: number;
}

/**
 * Looks at every selected payout: an order, or the reason why not (`domain/payment-files.ts`). One that a payment file held
 * before is left out with that as the reason, unless `again` asks for it: paying from two files pays twice.
 * Throws as `requireSelection` does; `VALIDATION` for more payouts than a file takes, and for several currencies at PayPal.
 */
export async function planPayments(
  host: HostContext,
  reader: Reader,
  session: Session,
  input: PaymentInput,
): Promise<PaymentPlan> {
  const selected = await requireSelection(reader, session, input);
  if (selected > mostPayments) {
    throw invalidField(
      'payoutIds',
      `A payment file takes ${mostPayments} payouts at most; these are ${selected}.`,
    );
  }
  const rows =
    await reader.all<CandidateRow>(sql`select o.id, o.version, o.payout_number, o.period_start, o.period_end,
      o.currency, o.status, o.approved_amount, o.paid_amount, o.partner_id, p.version as partner_version, p.organization_name,
      p.status as partner_status, p.banking_secret, p.banking_is_verified,
      (select max(e.created_at) from payout_export_items i
        join payout_exports e on e.tenant_id = i.tenant_id and e.id = i.export_id
        where i.tenant_id = o.tenant_id and i.payout_id = o.id and i.amount is not null) as ordered_at,
      (select count(*) from payout_export_items i
        where i.tenant_id = o.tenant_id and i.payout_id = o.id and i.amount is not null) as times_ordered
    from ${selectedPayouts(reader, session, input)} as o
    join partners p on p.tenant_id = o.tenant_id and p.id = o.partner_id
    order by o.payout_number`);
  const { format } = input;
  const orders: Order[] = [];
  const skipped: SkippedPayout[] = [];
  const repeated: PaymentPlan['repeated'] = [];
  const versions = new Map<string, { payout: number; partner: number }>();
  let orderedBefore = 0;
  for (const [index, row] of rows.entries()) {
    if (index > 0 && index % openedAtOnce === 0) await breathe();
    const details = fullDetails(host, session, { id: row.partner_id, bankingSecret: row.banking_secret });
    const openAmount = openAmountOf({
      status: row.status,
      approvedAmount: row.approved_amount,
      paidAmount: row.paid_amount,
    });
    const reason =
      whyNotInFile(format, {
        status: row.status,
        currency: row.currency,
        openAmount,
        partnerStatus: row.partner_status,
        details,
        isVerified: asBoolean(row.banking_is_verified),
      }) ?? whyNotNow(row, input, session.tenant.timeZone);
    if (reason !== null || details === null) {
      skipped.push({
        payoutId: row.id,
        payoutNumber: row.payout_number,
        partnerName: row.organization_name,
        reason: reason ?? '',
      });
      continue;
    }
    orders.push({
      payoutId: row.id,
      payoutNumber: row.payout_number,
      periodStart: row.period_start,
      periodEnd: row.period_end,
      currency: row.currency,
      amount: openAmount,
      details,
    });
    versions.set(row.id, { payout: row.version, partner: row.partner_version });
    orderedBefore += row.times_ordered;
    if (row.ordered_at !== null) {
      repeated.push({ payoutId: row.id, payoutNumber: row.payout_number, exportedAt: row.ordered_at });
    }
  }
  const totals = totalsOf();
  for (const { currency, amount } of orders) {
    totals.add(currency, amount);
    totals.addPayout(currency);
  }
  const plan = { orders, skipped, totals: totals.result(), versions, repeated, orderedBefore };
  if (format === 'paypal') requireOneCurrency(plan);
  return plan;
}

const alreadyOrdered = 'already in the payment file of';

function whyNotNow(
  row: CandidateRow,
  { format, currency, again }: PaymentInput,
  timeZone: string,
): string | null {
  if (format === 'paypal' && currency !== undefined && row.currency !== currency) {
    return `It is in ${row.currency}; this file is in ${currency}.`;
  }
  if (row.ordered_at === null || again === true) return null;
  return `It is ${alreadyOrdered} ${dayOf(row.ordered_at, timeZone)}. To order it once more, export it again on purpose.`;
}

function requireOneCurrency({ totals, orders }: Pick<PaymentPlan, 'totals' | 'orders'>): void {
  if (totals.length > 1) {
    const currencies = totals.map(({ currency }) => currency).join(', ');
    throw invalidField(
      'currency',
      `A PayPal file holds one currency; these payouts are in ${currencies}. Choose one.`,
    );
  }
  if (orders.length > mostPaypalPayments) {
    throw invalidField(
      'payoutIds',
      `PayPal takes ${mostPaypalPayments} payments in a file; these are ${orders.length}. Choose fewer.`,
    );
  }
}

/**
 * Throws where there is nothing to order: `DUPLICATE` where all that could be paid is in a payment file already, else
 * `VALIDATION`; the fields tell the reason of each payout.
 */
export function requireOrders({ orders, skipped }: PaymentPlan): void {
  if (orders.length > 0) return;
  const repeats = skipped.filter(({ reason }) => reason.includes(alreadyOrdered));
  const told = repeats[0] ?? skipped[0];
  const rest = skipped.length > 1 ? ` (and ${skipped.length - 1} more)` : '';
  throw new DomainError(
    repeats.length > 0 ? 'DUPLICATE' : 'VALIDATION',
    `There is nothing to pay in this file. ${told?.payoutNumber} of ${told?.partnerName}: ${told?.reason}${rest}`,
    {
      fields: skipped
        .slice(0, 100)
        .map(({ payoutNumber, reason }) => ({ path: `payoutIds.${payoutNumber}`, message: reason })),
    },
  );
}

/**
 * Makes a payment file: SEPA credit transfers, ACH credits or a PayPal batch. It orders what is open of each payout and pays nothing
 * itself: recording the payment stays a person's act. Between looking and recording nothing may have changed, or it is all dropped.
 * Throws as `planPayments` and `requireOrders` do; `VALIDATION` where the payer is not set up or the date does not do; `CONFLICT`
 * where a payout or its partner changed meanwhile, or another payment file took one.
 */
export async function createPaymentFile(
  host: HostContext,
  session: Session,
  input: PaymentInput,
  run: ExportRun,
): Promise<ExportRecord> {
  const id = uuidv7();
  const { format } = input;
  const now = host.now();
  const executionDate = executionDateOf(session, input, now);
  const { plan, serial } = await host.database.read({ tenantId: session.tenantId }, async (reader) => ({
    plan: await planPayments(host, reader, session, input),
    serial: format === 'nacha' ? await filesToday(reader, session, now) : 0,
  }));
  requireOrders(plan);
  const about = { id, now, executionDate, serial };
  const text =
    format === 'pain001'
      ? await pain001Text(session, plan.orders, about)
      : format === 'nacha'
        ? await achText(session, plan.orders, about)
        : paypalText(plan.orders);
  const { key, ...written } = await writeSealed(
    host,
    { id, tenantId: session.tenantId, format },
    text,
    run.signal,
  );
  return recordExport(host, session, input, run, {
    id,
    written: { rows: plan.orders.length, ...written },
    totals: plan.totals,
    payoutIds: plan.orders.map(({ payoutId }) => payoutId),
    key,
    amounts: new Map(plan.orders.map(({ payoutId, amount }) => [payoutId, amount])),
    skipped: plan.skipped,
    ...(format !== 'paypal' && { executionDate }),
    async guard(tx, at) {
      if (format === 'nacha') {
        await oneAchFileAtATime(tx, session);
        if ((await filesToday(tx, session, at)) !== serial) throw overtaken();
      }
      await requireUnchanged(tx, session, plan);
    },
  });
}

const overtaken = (): DomainError =>
  new DomainError(
    'CONFLICT',
    'A payout, a partner or another payment file changed while this one was made. Nothing was kept; export again.',
  );

/** Holds the payouts, so that of two files made at once only one is recorded. */
async function requireUnchanged(
  tx: Writer,
  session: Session,
  { versions, orderedBefore }: PaymentPlan,
): Promise<void> {
  const ids = idsOf(tx.engine, [...versions.keys()]);
  const rows = await tx.all<{ id: string; version: number; partner_version: number }>(
    sql`select o.id, o.version, p.version as partner_version from partner_payouts o
      join partners p on p.tenant_id = o.tenant_id and p.id = o.partner_id
      where o.tenant_id = ${session.tenantId} and o.id in (${ids}) order by o.id
      ${tx.engine === 'postgres' ? sql`for update of o` : empty}`,
  );
  const isSame = rows.every((row) => {
    const seen = versions.get(row.id);
    return seen?.payout === row.version && seen.partner === row.partner_version;
  });
  if (rows.length !== versions.size || !isSame) throw overtaken();
  const ordered = await tx.get<{ n: number }>(
    sql`select count(*) as n from payout_export_items
      where tenant_id = ${session.tenantId} and payout_id in (${ids}) and amount is not null`,
  );
  // Asked for again, it must still be again of what was looked at: two such files made at once would order it twice.
  if (ordered?.n !== orderedBefore) throw overtaken();
}

/** Saturday and Sunday move on to Monday; bank holidays are the bank's to know. */
function workingDayFrom(day: string): string {
  let next = day;
  while (weekendName(next) !== undefined) next = addDays(next, 1);
  return next;
}

function weekendName(day: string): string | undefined {
  return { 0: 'Sunday', 6: 'Saturday' }[new Date(`${day}T00:00:00Z`).getUTCDay()];
}

/** The day the bank is to pay on. Throws `VALIDATION` for one in the past, beyond a year, or at a weekend. */
export function executionDateOf(
  session: Session,
  { format, executionDate }: PaymentInput,
  now: string,
): string {
  const today = dayOf(now, session.tenant.timeZone);
  if (executionDate === undefined) return workingDayFrom(format === 'nacha' ? addDays(today, 1) : today);
  if (!isDay(executionDate)) throw invalidField('executionDate', 'This day does not exist.');
  if (executionDate < today)
    throw invalidField('executionDate', 'A bank pays today or later, not in the past.');
  if (executionDate > addDays(today, 365)) {
    throw invalidField('executionDate', 'No bank keeps an order for more than a year.');
  }
  const weekend = weekendName(executionDate);
  if (weekend !== undefined) {
    const next = workingDayFrom(executionDate);
    throw invalidField(
      'executionDate',
      `This is a ${weekend}, and banks pay from Monday to Friday. The next such day is ${next}.`,
    );
  }
  return executionDate;
}
