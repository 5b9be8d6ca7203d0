import sql, { join } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import {
  figuresDelta,
  type LedgerEvent,
  type LedgerEventType,
  ledgerEventTypes,
  postingsFor,
} from '#domain/ledger.ts';
import { laterDay } from '#domain/periods.ts';
import type { Session } from '../session.ts';
import type { Work } from './command.ts';
import { beyondExact, staysExact } from './exact-sums.ts';
import { bookingOf } from './periods/booking.ts';

/** One movement of a partner's money, and what it was for. */
export interface LedgerMovement {
  partnerId: string;
  /** The partner's one currency. */
  currency: string;
  /** What happened and its amount in minor units. */
  event: LedgerEvent;
  /** What it happened to: `credit`, `payout`. */
  resource: string;
  resourceId: string;
  /** Tells apart several entries of one kind about one thing, such as the id of a part payment. */
  discriminator?: string;
  /** A day that this can't be booked before: that of a credit itself. */
  notBefore?: string | null;
}

/**
 * Writes one ledger entry and moves the partner's four stored figures by what it means (`domain.md`, "Balances"), in three
 * statements. It is booked on the command's day, or on the first open one after a closed period (`bookingOf`), and never before another entry about the
 * same thing: where a period was closed and opened again in between, a credit would else be taken back on a day before it was there. The partner's `version` stays: money that comes and goes must not make an open form stale.
 *
 * Whoever decides anything by the partner's row locks it before calling (the order of locks begins with the partner).
 *
 * Throws a RangeError for an amount the event can't have, and a ConstraintError when this very event is in the ledger
 * already: the caller's own state check comes first, the unique key is the fence behind it.
 * @throws DomainError `VALIDATION` where a figure would leave the integers that are exact.
 */
export async function postToLedger(work: Work, session: Session, movement: LedgerMovement): Promise<void> {
  const { tx, now } = work;
  const { partnerId, event, resourceId } = movement;
  const tenantId = session.tenantId;
  const entryId = uuidv7();
  const [first, second] = postingsFor(event);
  const day = await bookingDayFor(work, session, movement);
  // The postings first: the entry seals them, and the database refuses it unless they sum to zero.
  await tx.run(sql`insert into ledger_postings (tenant_id, entry_id, account, partner_id, amount) values
    (${tenantId}, ${entryId}, ${first.account}, ${partnerId}, ${first.amount}),
    (${tenantId}, ${entryId}, ${second.account}, ${partnerId}, ${second.amount})`);
  await tx.run(sql`insert into ledger_entries
    (id, tenant_id, partner_id, kind, resource, resource_id, discriminator, currency, amount, actor_id, booked_on, created_at)
    values (${entryId}, ${tenantId}, ${partnerId}, ${event.type}, ${movement.resource}, ${resourceId},
      ${movement.discriminator ?? ''}, ${movement.currency}, ${event.amount}, ${session.userId}, ${day}, ${now})`);

  const delta = figuresDelta(event);
  // A payment moves none of the four: one statement less on that path.
  if (Object.values(delta).every((change) => change === 0)) return;
  const { changes } = await tx.run(sql`update partners set
    total_earnings = total_earnings + ${delta.totalEarnings},
    available_balance = available_balance + ${delta.availableBalance},
    pending_payout_amount = pending_payout_amount + ${delta.pendingPayoutAmount},
    withdrawn_amount = withdrawn_amount + ${delta.withdrawnAmount}
    where tenant_id = ${tenantId} and id = ${partnerId}
      and ${staysExact(sql`total_earnings`, delta.totalEarnings)}
      and ${staysExact(sql`available_balance`, delta.availableBalance)}
      and ${staysExact(sql`withdrawn_amount`, delta.withdrawnAmount)}`);
  if (changes === 1) return;
  const isThere = await tx.get(
    sql`select id from partners where tenant_id = ${tenantId} and id = ${partnerId}`,
  );
  if (isThere !== undefined) throw beyondExact("The partner's balance");
  throw new Error(`The ledger moved money of the partner ${partnerId}, who is not there.`);
}

/** The kinds that begin what they are about: no entry about it can be there before. */
const firstKinds: ReadonlySet<LedgerEventType> = new Set(['credit_approved', 'payout_approved']);

async function bookingDayFor(
  work: Work,
  session: Session,
  { event, resourceId, notBefore = null }: LedgerMovement,
): Promise<string> {
  const { day } = await bookingOf(work, session);
  if (firstKinds.has(event.type)) return laterDay(day, notBefore);
  // All kinds are named, so that the entries of the one thing are found by their key.
  const row = await work.tx.get<{ last: string | null }>(sql`select max(booked_on) as last from ledger_entries
    where tenant_id = ${session.tenantId} and kind in (${join([...ledgerEventTypes])}) and resource_id = ${resourceId}`);
  return laterDay(day, row?.last ?? null);
}
