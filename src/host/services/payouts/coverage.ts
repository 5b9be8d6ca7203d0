import sql, { type Sql } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { formatMinor } from '#domain/money.ts';
import {
  type PartnerLeadCreditRow,
  type PartnerPayoutDetailRow,
  type PartnerPayoutRow,
  partnerLeadCredits,
  partnerPayoutDetails,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { settleApproved } from '../credit-engine/settle.ts';
import { refreshLeadCredit } from '../credit-engine.ts';
import { bookingOf } from '../periods/booking.ts';

/** What an approval leaves out of a payout's lines, in minor units. */
export interface Coverage {
  /** Lines that came free as a whole. */
  leftOutLines: number;
  /** The part of one credit that is carried over; 0 where the amount ends between two lines. */
  carriedOver: number;
}

/**
 * Decides the lines of a payout that is being approved for `amount`, so that those it keeps come to exactly that and no
 * cent is left that belongs to no line and no free credit:
 *
 * 1. Lines below zero are covered first, because they can't be left out; then those approved one by one, then the others,
 *    each group in its order, for as long as the amount lasts. What is covered is approved.
 * 2. The one line the amount ends in stays too. What it is short of is carried over as a pair of credits of the same lead, source
 *    and policy, linked to it and approved with the payout: one below zero, a line of this payout, and one above zero that is free for the next payout.
 * 3. The lines after it are rejected with a note, and their credits are free.
 *
 * With all that is not rejected as the amount, every line is simply approved.
 */
export async function coverLines(
  work: Work,
  session: Session,
  payout: PartnerPayoutRow,
  amount: number,
): Promise<Coverage> {
  const { tx, now } = work;
  const ofPayout = sql`tenant_id = ${session.tenantId} and payout_id = ${payout.id}`;
  const leftOut = await tx.run(sql`update partner_payout_details
    set status = 'rejected', notes = ${`Not covered by the approved amount of ${money(amount, payout)}.`},
      decided_by = ${session.userId}, decided_at = ${now}, released_at = ${now}, updated_at = ${now}, version = version + 1
    where ${ofPayout} and id in (select id from (${inOrder(ofPayout)}) as each_line
      where through > ${amount} and through - amount >= ${amount})`);
  const short = await tx.get<{
    id: string;
    through: number;
  }>(sql`select id, through from (${inOrder(ofPayout)}) as each_line
    where through > ${amount} order by through limit 1`);
  if (short !== undefined) await carryOver(work, session, payout, short.id, short.through - amount);
  await tx.run(sql`update partner_payout_details
    set status = 'approved', decided_by = ${session.userId}, decided_at = ${now}, updated_at = ${now}, version = version + 1
    where ${ofPayout} and status = 'pending'`);
  return {
    leftOutLines: leftOut.changes,
    carriedOver: short === undefined ? 0 : short.through - amount,
  };
}

/** The lines not rejected, in the order they are covered in, each with what they come to up to and with it. */
function inOrder(ofPayout: Sql): Sql {
  return sql`select id, amount, sum(amount) over (
      order by case when amount < 0 then 0 when status = 'approved' then 1 else 2 end, id
      rows unbounded preceding
    ) as through
    from partner_payout_details where ${ofPayout} and status <> 'rejected'`;
}

async function carryOver(
  work: Work,
  session: Session,
  payout: PartnerPayoutRow,
  lineId: string,
  rest: number,
): Promise<void> {
  const { tx, now } = work;
  const line = await tx.find(partnerPayoutDetails, { id: lineId });
  const credit = line && (await tx.find(partnerLeadCredits, { id: line.creditId }));
  if (line === undefined || credit === undefined) throw new Error(`The payout line ${lineId} vanished.`);
  const part = `${formatMinor(rest, payout.currency)} of ${money(credit.creditAmount, payout)}`;
  const { day } = await bookingOf(work, session);
  const taken = creditBeside(work, session, payout, day, credit, {
    creditAmount: -rest,
    reason: `carried over: ${part} was not approved with this payout`,
  });
  const free = creditBeside(work, session, payout, day, credit, {
    creditAmount: rest,
    reason: `carried over from payout ${payout.payoutNumber}: ${part}`,
  });
  await tx.insertMany(partnerLeadCredits, [taken, free]);
  await settleApproved(work, session, taken);
  await settleApproved(work, session, free);
  await tx.insert(partnerPayoutDetails, lineFor(work, payout, taken, line.leadSubmissionId, session.userId));
  if (credit.partnerLeadId !== null) await refreshLeadCredit(work, session, [credit.partnerLeadId]);
  await tx.update(
    partnerPayoutDetails,
    { id: line.id },
    {
      notes: `${money(line.amount - rest, payout)} of it is covered; the rest is carried over.`,
      updatedAt: now,
    },
  );
}

/** A credit beside another, of the same lead and terms, approved with the payout. */
function creditBeside(
  { now }: Work,
  session: Session,
  payout: PartnerPayoutRow,
  day: string,
  credit: PartnerLeadCreditRow,
  made: Pick<PartnerLeadCreditRow, 'creditAmount' | 'reason'>,
): PartnerLeadCreditRow {
  return {
    ...credit,
    ...made,
    id: uuidv7(),
    origin: 'carry_over',
    carriesOverCreditId: credit.carriesOverCreditId ?? credit.id,
    status: 'approved',
    // Two people had a hand in it as in the payout: who generated that, and who approved less of it.
    requestedBy: payout.generatedBy,
    approvedBy: session.userId,
    approvedAt: now,
    approvedOn: day,
    // It was payable before: nothing holds the rest of it back again.
    payableFrom: day,
    bookingNote: null,
    approvalNotes: `approved with payout ${payout.payoutNumber}`,
    delegatedPolicyId: null,
    rejectedBy: null,
    rejectionReason: null,
    reversedBy: null,
    reversalReason: null,
    reversesCreditId: null,
    fourEyesWaived: payout.generatedBy === session.userId,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}

/** The line a credit gets in a payout. `decidedBy`: already approved by that person; null: still to be decided. */
export function lineFor(
  { now }: Work,
  payout: PartnerPayoutRow,
  credit: PartnerLeadCreditRow,
  leadSubmissionId: string | null,
  decidedBy: string | null,
): PartnerPayoutDetailRow {
  return {
    id: uuidv7(),
    tenantId: payout.tenantId,
    payoutId: payout.id,
    creditId: credit.id,
    partnerLeadId: credit.partnerLeadId,
    leadSubmissionId,
    sourceId: credit.sourceId,
    policyId: credit.policyId,
    policyRevision: credit.policyRevision,
    amount: credit.creditAmount,
    description: credit.reason,
    status: decidedBy === null ? 'pending' : 'approved',
    notes: null,
    decidedBy,
    decidedAt: decidedBy === null ? null : now,
    releasedAt: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}

function money(amount: number, { currency }: Pick<PartnerPayoutRow, 'currency'>): string {
  return `${formatMinor(amount, currency)} ${currency}`;
}
