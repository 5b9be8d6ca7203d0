import { setImmediate as breathe } from 'node:timers/promises';
import sql from 'sql-template-tag';
import { dayOf, endOfDayExclusive, startOfDay } from '#domain/calendar.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import { formatMinor, sumMinor } from '#domain/money.ts';
import { type AchCredit, fileIdModifier, largestAchTotal, nachaFile } from '#domain/nacha.ts';
import { toPaymentText } from '#domain/sepa-text.ts';
import type { Reader, Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Order } from './order.ts';

/** How many ACH files were made on the day of this instant, in the organization's zone: they are lettered by it. */
export async function filesToday(reader: Reader, session: Session, now: string): Promise<number> {
  const { timeZone } = session.tenant;
  const today = dayOf(now, timeZone);
  const row = await reader.get<{ n: number }>(sql`select count(*) as n from payout_exports
    where tenant_id = ${session.tenantId} and format = 'nacha'
      and created_at >= ${startOfDay(today, timeZone)} and created_at < ${endOfDayExclusive(today, timeZone)}`);
  return row?.n ?? 0;
}

/**
 * Lets one ACH file of the organization be recorded at a time, so that no two of a day have the same letter: PostgreSQL would count
 * past the other's until it is committed. SQLite has one writer.
 */
export async function oneAchFileAtATime(tx: Writer, { tenantId }: Session): Promise<void> {
  if (tx.engine !== 'postgres') return;
  await tx.get(sql`select pg_advisory_xact_lock(hashtextextended(${`ACH file ${tenantId}`}, 0))`);
}

function timeOf(instant: string, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(new Date(instant));
}

/** Payout numbers of more than 15 characters lose their hyphens: PO-2026-12345678 → PO202612345678. */
const identificationOf = (payoutNumber: string): string =>
  payoutNumber.length > 15 ? payoutNumber.replaceAll('-', '') : payoutNumber;

/**
 * ACH credits in dollars, in capitals as the older receivers want them. An account whose type nobody said is taken for a checking
 * account. The file is unbalanced: the bank books the debit, which those that want it in the file are asked to do.
 * Throws `VALIDATION` where the payer is not set up, after 36 files in a day, and for more dollars than a file can say.
 */
export async function achText(
  session: Session,
  orders: readonly Order[],
  { now, executionDate, serial }: { now: string; executionDate: string; serial: number },
): Promise<string> {
  const { settings, timeZone } = session.tenant;
  if (settings.achPayer === null) {
    throw invalidField('achPayer', 'Say first in the settings who pays by ACH, as your bank set it up.');
  }
  const modifier = fileIdModifier(serial);
  if (modifier === undefined) {
    throw new DomainError(
      'VALIDATION',
      'A bank takes 36 ACH files in a day, and those were made. Go on tomorrow.',
    );
  }
  if (sumMinor(orders.map(({ amount }) => amount)) > largestAchTotal) {
    throw new DomainError(
      'VALIDATION',
      `An ACH file orders ${formatMinor(largestAchTotal, 'USD')} USD at most. Export fewer payouts at once.`,
    );
  }
  const credits: AchCredit[] = [];
  for (const order of orders) {
    credits.push(creditOf(order));
    if (credits.length % creditsAtOnce === 0) await breathe();
  }
  return nachaFile({
    originator: settings.achPayer,
    createdOn: dayOf(now, timeZone),
    createdAt: timeOf(now, timeZone),
    fileIdModifier: modifier,
    effectiveDate: executionDate,
    credits,
  });
}

/** Some milliseconds of work. */
const creditsAtOnce = 250;

function creditOf(order: Order): AchCredit {
  return {
    routingNumber: order.details.routingNumber ?? '',
    accountNumber: order.details.accountNumber ?? '',
    accountType: order.details.accountType ?? 'checking',
    amount: order.amount,
    receiverName: toPaymentText(order.details.accountHolder ?? '', 22).toUpperCase(),
    identification: identificationOf(order.payoutNumber),
    addenda: toPaymentText(
      `PAYOUT ${order.payoutNumber} ${order.periodStart} TO ${order.periodEnd}`,
      80,
    ).toUpperCase(),
  };
}
