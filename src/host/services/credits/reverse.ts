import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { DomainError } from '#domain/errors.ts';
import { formatMinor } from '#domain/money.ts';
import { laterDay } from '#domain/periods.ts';
import type { PayoutStatus } from '#domain/state-machines.ts';
import { type PartnerLeadCreditRow, partnerLeadCredits, type Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { settleApproved, settleReversed } from '../credit-engine/settle.ts';
import { nameOfStaff } from '../credit-policies/refusals.ts';
import { notifyOfCredit } from '../notifications/drafts.ts';
import { type CreditDays, creditDays } from '../periods/booking.ts';
import type { Input } from '../service.ts';
import { type HeldCredit, holdCredit, refreshLeads } from './decide.ts';
import { creditToWire, type WireCredit } from './wire.ts';

interface HoldingPayout {
  id: string;
  payout_number: string;
  status: PayoutStatus;
}

/** What to take back: all that is left of it, unless `amount` (minor units) says less. */
export interface Reversal {
  reason: string;
  amount?: number | undefined;
}

/** What a reversal did. */
export interface Reversed {
  /** The credit as it stands now. */
  credit: PartnerLeadCreditRow;
  /** The credit below zero beside it, where it could not simply be taken off the balance. */
  compensation: PartnerLeadCreditRow | undefined;
  /** Minor units taken back. */
  amount: number;
  /** The number of the payout that holds the credit. */
  payoutNumber: string | undefined;
}

/**
 * Takes back an approved credit, or a part of it (`domain.md`, "Credits"). A whole one that no payout holds becomes `reversed`, and its
 * amount leaves the balance. One in an approved or paid payout, and one of which a part is or was taken back, stays as it is and gets a
 * credit below zero beside it, approved at once and linked to it, which the next payout nets off; that one is returned. One in a
 * payout that waits for approval is refused: rejecting its line there comes first.
 * @throws DomainError `NOT_FOUND`, `CONFLICT`, `INVALID_TRANSITION`, `AMOUNT_EXCEEDS`.
 */
export async function reverseCredit(
  work: Work,
  session: Session,
  input: Input<'credits', 'reverse'>,
): Promise<WireCredit> {
  const { tx } = work;
  const held = await holdCredit(tx, input);
  const { credit, partner } = held;
  const {
    credit: after,
    compensation,
    amount,
    payoutNumber,
  } = await takeBackWithin(work, session, held, input);
  await refreshLeads(work, session, credit);
  const { reason } = input;
  await notifyOfCredit(work, session, {
    credit,
    partner,
    told: { event: 'credit_reversed', reason, amount },
  });
  work.record({
    action: 'credit_reversed',
    resource: 'credit',
    resourceId: credit.id,
    partnerId: credit.partnerId,
    details: {
      reason,
      before: { status: credit.status },
      after: { status: after.status },
      creditAmount: credit.creditAmount,
      amount,
      currency: credit.currency,
      ...(compensation && { compensatingCreditId: compensation.id, payoutNumber }),
    },
  });
  return creditToWire(tx, compensation ?? after);
}

/**
 * The same within another command, which refreshes the lead and records the activity: a withdrawn conversion takes its credits back.
 * The credit and its partner are held (`holdCredit`). Throws as `reverseCredit` does.
 */
export async function takeBackWithin(
  work: Work,
  session: Session,
  { credit, partner }: HeldCredit,
  reversal: Reversal,
): Promise<Reversed> {
  const { tx } = work;
  refuseIrreversible(credit);
  const left = await leftOf(tx, session, credit);
  if (left <= 0) throw await alreadyReversed(tx, session, credit);
  const amount = reversal.amount ?? left;
  if (amount > left) {
    const message = `${formatMinor(amount, credit.currency)} ${credit.currency} is too much: ${formatMinor(left, credit.currency)} of this credit can still be taken back.`;
    throw new DomainError('AMOUNT_EXCEEDS', message, { fields: [{ path: 'amount', message }] });
  }
  const payout = await holdingPayout(tx, session.tenantId, credit.id);
  if (payout?.status === 'pending') {
    const sentence = `This credit is in payout ${payout.payout_number}, which waits for approval. Reject its line there first.`;
    throw new DomainError('INVALID_TRANSITION', sentence);
  }
  const payoutNumber = payout?.payout_number;
  if (payout === undefined && amount === credit.creditAmount) {
    const taken = await takeOff(work, session, credit, reversal.reason);
    return { credit: taken, compensation: undefined, amount, payoutNumber };
  }
  const days = await compensationDays(work, session, { credit, partner }, amount, payout !== undefined);
  const part =
    amount === credit.creditAmount ? 'a credit' : `${formatMinor(amount, credit.currency)} of a credit`;
  const compensation: PartnerLeadCreditRow = {
    ...credit,
    ...days,
    id: uuidv7(),
    origin: 'reversal',
    creditAmount: -amount,
    reason: `takes back ${part}${payoutNumber === undefined ? '' : ` that was already in payout ${payoutNumber}`}: ${reversal.reason}`,
    requestedBy: session.userId,
    approvedBy: session.userId,
    approvedAt: work.now,
    approvalNotes: null,
    delegatedPolicyId: null,
    reversalReason: reversal.reason,
    reversesCreditId: credit.id,
    carriesOverCreditId: null,
    // One person takes a credit back, whatever the setting: nobody is asked for it, so nobody could be a second pair of eyes.
    fourEyesWaived: true,
    version: 1,
    createdAt: work.now,
    updatedAt: work.now,
  };
  await tx.insert(partnerLeadCredits, compensation);
  await settleApproved(work, session, compensation);
  return { credit, compensation, amount, payoutNumber };
}

/**
 * The days of the credit below zero: never before the one it takes back from, which a period closed and opened again may have put on a
 * later day. Out of a credit that is still held and in no payout it takes what is held, and not what others have earned.
 */
async function compensationDays(
  work: Work,
  session: Session,
  { credit, partner }: HeldCredit,
  amount: number,
  isInPayout: boolean,
): Promise<CreditDays> {
  const days = await creditDays(work, session, { creditAmount: -amount, eventOn: null }, partner);
  const approvedOn = later(days.approvedOn, credit.approvedOn);
  const payableFrom = later(later(days.payableFrom, approvedOn), isInPayout ? null : credit.payableFrom);
  return { ...days, approvedOn, payableFrom };
}

const later = (day: string | null, other: string | null): string | null =>
  day === null ? other : laterDay(day, other);

function refuseIrreversible({ status, origin, creditAmount }: PartnerLeadCreditRow): void {
  const refuse = (sentence: string) => new DomainError('INVALID_TRANSITION', sentence);
  if (status === 'pending_approval') {
    throw refuse("This credit was not approved yet. Reject it if it shouldn't be.");
  }
  if (status === 'rejected') throw refuse("A rejected credit can't be reversed.");
  if (origin === 'reversal') {
    throw refuse("This credit takes back another one and can't be reversed itself.");
  }
  if (creditAmount < 0) {
    throw refuse("A credit below zero can't be taken back. Correct it with an adjustment.");
  }
}

/**
 * What can still be taken back of a credit, in minor units. A credit of which a payout carried a part over stands in two rows or more
 * that are one earning: together they give back no more than it was.
 */
export async function leftOf(tx: Writer, session: Session, credit: PartnerLeadCreditRow): Promise<number> {
  if (credit.status === 'reversed') return 0;
  const ofTenant = sql`c.tenant_id = ${session.tenantId}`;
  const rootId = credit.carriesOverCreditId ?? credit.id;
  const own = await tx.get<{ amount: number }>(sql`select coalesce(sum(c.credit_amount), 0) as amount
    from partner_lead_credits c where ${ofTenant} and c.reverses_credit_id = ${credit.id}`);
  const left = credit.creditAmount + (own?.amount ?? 0);
  const root = await tx.get<{ amount: number }>(sql`select c.credit_amount as amount
    from partner_lead_credits c where ${ofTenant} and c.id = ${rootId}`);
  const family = await tx.get<{ amount: number }>(sql`select coalesce(sum(each.amount), 0) as amount from (
      select c.credit_amount as amount from partner_lead_credits c
      where ${ofTenant} and c.id = ${rootId} and c.status = 'reversed'
      union all
      select c.credit_amount from partner_lead_credits c
      where ${ofTenant} and c.carries_over_credit_id = ${rootId} and c.origin = 'carry_over' and c.status = 'reversed'
      union all
      select -r.credit_amount from partner_lead_credits c
      join partner_lead_credits r on r.tenant_id = c.tenant_id and r.reverses_credit_id = c.id
      where ${ofTenant} and c.carries_over_credit_id = ${rootId} and c.origin = 'carry_over'
      union all
      select -c.credit_amount from partner_lead_credits c where ${ofTenant} and c.reverses_credit_id = ${rootId}
    ) as each`);
  return Math.min(left, (root?.amount ?? 0) - (family?.amount ?? 0));
}

async function alreadyReversed(
  tx: Writer,
  session: Session,
  credit: PartnerLeadCreditRow,
): Promise<DomainError> {
  const [last] = await tx.list(
    partnerLeadCredits,
    sql`reverses_credit_id = ${credit.id} order by created_at desc, id desc limit 1`,
  );
  const name = await nameOfStaff(tx, session.tenantId, last?.approvedBy ?? credit.reversedBy);
  return new DomainError('INVALID_TRANSITION', `This credit was already reversed by ${name}.`);
}

/** The live payout that the credit is in. A line rejected there, or a payout rejected or cancelled, holds it no longer. */
async function holdingPayout(
  tx: Writer,
  tenantId: string,
  creditId: string,
): Promise<HoldingPayout | undefined> {
  // The payout can't be decided meanwhile: its partner is held, and every decision on a payout begins with that.
  return tx.get<HoldingPayout>(sql`select p.id, p.payout_number, p.status
    from partner_payout_details d
    join partner_payouts p on p.tenant_id = d.tenant_id and p.id = d.payout_id
    where d.tenant_id = ${tenantId} and d.credit_id = ${creditId} and d.released_at is null`);
}

async function takeOff(
  work: Work,
  session: Session,
  credit: PartnerLeadCreditRow,
  reason: string,
): Promise<PartnerLeadCreditRow> {
  const after = await work.tx.update(
    partnerLeadCredits,
    { id: credit.id, version: credit.version },
    { status: 'reversed', reversedBy: session.userId, reversalReason: reason, updatedAt: work.now },
  );
  await settleReversed(work, session, after);
  return after;
}
