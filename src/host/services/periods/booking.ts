import sql from 'sql-template-tag';
import { dayOf } from '#domain/calendar.ts';
import { bookingDayOf, bookingNoteOf, payableFromOf } from '#domain/periods.ts';
import type { PartnerLeadCreditRow, PartnerRow, Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';

export interface Booking {
  /** Today in the tenant's zone, by the command's instant. */
  today: string;
  /** The day that what the command does is booked on: today, or the first open one. */
  day: string;
  /** The last closed day; null: nothing is closed. */
  closedUntil: string | null;
}

/** One look per transaction, however many entries it writes. */
const known = new WeakMap<Writer, Promise<string | null>>();

/**
 * The day a command books on. On PostgreSQL the organization's row is held against a change until the commit, so that no period is closed
 * between this look and the entries that rely on it; SQLite's writer is alone.
 */
export async function bookingOf({ tx, now }: Pick<Work, 'tx' | 'now'>, session: Session): Promise<Booking> {
  const looked = known.get(tx) ?? closedUntilOf(tx, session.tenantId);
  known.set(tx, looked);
  const closedUntil = await looked;
  const today = dayOf(now, session.tenant.timeZone);
  return { today, day: bookingDayOf(today, closedUntil), closedUntil };
}

async function closedUntilOf(tx: Writer, tenantId: string): Promise<string | null> {
  const row = await tx.get<{ closed_until: string | null }>(
    tx.engine === 'postgres'
      ? sql`select closed_until from tenants where id = ${tenantId} for share`
      : sql`select closed_until from tenants where id = ${tenantId}`,
  );
  if (row === undefined) throw new Error(`The organization ${tenantId} is not there.`);
  return row.closed_until;
}

/** The days of a credit that is approved now. */
export type CreditDays = Pick<PartnerLeadCreditRow, 'approvedOn' | 'payableFrom' | 'bookingNote'>;

/**
 * Which day a credit approved now is booked on, and from which day it is payable: the partner's holding period after that, or
 * the organization's where the partner has none of its own. Its event's day does not move it back into the past, but a closed one
 * is said in the note.
 */
export async function creditDays(
  work: Pick<Work, 'tx' | 'now'>,
  session: Session,
  credit: Pick<PartnerLeadCreditRow, 'creditAmount' | 'eventOn'>,
  partner: Pick<PartnerRow, 'holdingDays'>,
): Promise<CreditDays> {
  const { today, day, closedUntil } = await bookingOf(work, session);
  return {
    approvedOn: day,
    payableFrom: payableFromOf(
      day,
      partner.holdingDays ?? session.tenant.settings.holdingDays,
      credit.creditAmount,
    ),
    bookingNote: bookingNoteOf({ today, eventOn: credit.eventOn, closedUntil }),
  };
}
