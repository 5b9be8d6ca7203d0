import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { dayOf } from '#domain/calendar.ts';
import { formatMinor, sumMinor } from '#domain/money.ts';
import { generationOutcome, leadCountsOf, minimumPayoutOf } from '#domain/payouts.ts';
import {
  type PartnerPayoutRow,
  type PartnerRow,
  partnerPayoutDetails,
  partnerPayouts,
  partners,
  type Reader,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { creditsToTake, type FreeCredit, freeCredits } from './free-credits.ts';
import { heldCredits } from './held-credits.ts';
import { type Payout, payoutToWire } from './wire.ts';

export interface PayoutPeriod {
  periodStart: string;
  periodEnd: string;
}

/** Thrown out of the transaction where a partner gets no payout: nothing of it is kept, and the reason is told. */
export class NoPayout extends Error {
  readonly partnerName: string;

  constructor(partnerName: string, reason: string) {
    super(reason);
    this.name = 'NoPayout';
    this.partnerName = partnerName;
  }
}

/** Why a partner who is not active gets no payout: it could be neither approved nor paid. */
function heldReason(partner: PartnerRow): string {
  return `The partner is ${partner.status}: its balance is on hold until it is active again.`;
}

/** What a payout will be made of: decided, and nothing written yet. */
export interface PayoutPlan {
  partner: PartnerRow;
  period: PayoutPeriod;
  taken: readonly FreeCredit[];
  totalAmount: number;
}

/**
 * Gathers one partner's free credits into a pending payout, within the command's transaction: credits by
 * `creditsToTake`, one line each with its lead, source and policy and the credit's reason, in the order in which they became payable
 * (`domain.md`, "Payouts"). Throws NoPayout, with the reason in words.
 */
export async function generatePayout(
  work: Work,
  session: Session,
  partnerId: string,
  period: PayoutPeriod,
): Promise<Payout> {
  return writePayout(work, session, await planPayout(work, session, partnerId, period));
}

/**
 * What a payout of the period would take of a partner's credits. It writes nothing, so a NoPayout does no harm to others in the same
 * transaction. Credits still held, and those booked on a day to come, are left out and the reason says so. Partners who are not
 * active are left out until they are: their balance is on hold.
 *
 * The partner is locked first, so of two who generate at once the second finds the credits taken; the unique key of live
 * lines is the fence behind that.
 */
export async function planPayout(
  { tx, now }: Pick<Work, 'tx' | 'now'>,
  session: Session,
  partnerId: string,
  { periodStart, periodEnd }: PayoutPeriod,
): Promise<PayoutPlan> {
  const partner = await tx.find(partners, { id: partnerId }, { lock: true });
  // Deleted between being listed and its turn.
  if (partner === undefined) throw new NoPayout('', 'The partner was deleted.');
  const until = payableUntil(session, now, periodEnd);
  const today = dayOf(now, session.tenant.timeZone);
  const free = await freeCredits(tx, session, partnerId, { until, today });
  const minimumPayout = minimumPayoutOf(partner, session.tenant.settings.minimumPayouts);
  const taken = creditsToTake(free, periodStart, await closedUntil(tx, session, partnerId), minimumPayout);
  const outcome = generationOutcome(
    taken.map((credit) => credit.amount),
    partner.currency,
    minimumPayout,
  );
  if (outcome.kind === 'nothing') {
    const hasCredits = await hasApprovedCredits(tx, session, partnerId, { periodStart, periodEnd: until });
    const [held] = await heldCredits(tx, session, {
      until,
      periodEnd,
      which: sql`p.id = ${partnerId}`,
    });
    throw new NoPayout(partner.organizationName, nothingReason(hasCredits, free, partner, held));
  }
  if (partner.status !== 'active') throw new NoPayout(partner.organizationName, heldReason(partner));
  if (outcome.kind === 'carried_over') throw new NoPayout(partner.organizationName, outcome.reason);
  return { partner, period: { periodStart, periodEnd }, taken, totalAmount: outcome.totalAmount };
}

/** The last day on which credits may have become payable to be paid now: that of the period, and no day to come. */
export function payableUntil(session: Session, now: string, periodEnd: string): string {
  const today = dayOf(now, session.tenant.timeZone);
  return periodEnd < today ? periodEnd : today;
}

/** Makes the pending payout that was planned, with its lines and its activity. */
export async function writePayout(
  work: Work,
  session: Session,
  { partner, period, taken, totalAmount }: PayoutPlan,
): Promise<Payout> {
  const { tx, now } = work;
  const payout: PartnerPayoutRow = {
    ...emptyPayout(work, session, partner, period),
    payoutNumber: await nextPayoutNumber(tx, session, now),
    ...leadCountsOf(taken),
    totalAmount,
  };
  await tx.insert(partnerPayouts, payout);
  await insertLines(work, payout.id, taken);
  work.record({
    action: 'payout_generated',
    resource: 'payout',
    resourceId: payout.id,
    partnerId: partner.id,
    details: {
      payoutNumber: payout.payoutNumber,
      periodStart: period.periodStart,
      periodEnd: period.periodEnd,
      lines: taken.length,
      totalAmount: payout.totalAmount,
      currency: payout.currency,
    },
  });
  return payoutToWire(payout, { code: partner.partnerCode, name: partner.organizationName });
}

/** The last day of any period the partner had a payout for, whatever became of it; null where it had none. */
export async function closedUntil(tx: Reader, session: Session, partnerId: string): Promise<string | null> {
  const row = await tx.get<{ last: string | null }>(sql`select max(period_end) as last from partner_payouts
    where tenant_id = ${session.tenantId} and partner_id = ${partnerId}`);
  return row?.last ?? null;
}

export async function hasApprovedCredits(
  tx: Reader,
  session: Session,
  partnerId: string,
  { periodStart, periodEnd }: PayoutPeriod,
): Promise<boolean> {
  const row = await tx.get(sql`select id from partner_lead_credits
    where tenant_id = ${session.tenantId} and partner_id = ${partnerId} and status = 'approved'
      and payable_from >= ${periodStart} and payable_from <= ${periodEnd} limit 1`);
  return row !== undefined;
}

/** Why there is nothing to gather; credits that are `held` and `earlier` ones left to a period of their own are named, so that nobody forgets them. */
export function nothingReason(
  hasCredits: boolean,
  earlier: readonly FreeCredit[],
  { currency }: Pick<PartnerRow, 'currency'>,
  held?: { amount: number; until: string },
): string {
  const reason = hasCredits
    ? 'All approved credits of the period are already in a payout.'
    : 'There are no approved credits in the period.';
  const sentences = [reason];
  if (held !== undefined) {
    const amount = formatMinor(held.amount, currency);
    sentences.push(`${amount} ${currency} is held, the first of it until ${held.until}.`);
  }
  if (earlier.length > 0) {
    const amount = formatMinor(sumMinor(earlier.map((credit) => credit.amount)), currency);
    sentences.push(`${amount} ${currency} from before it is still free: generate the earlier period.`);
  }
  return sentences.join(' ');
}

function emptyPayout(
  { now }: Work,
  session: Session,
  partner: PartnerRow,
  period: PayoutPeriod,
): Omit<
  PartnerPayoutRow,
  'payoutNumber' | 'totalLeadsCount' | 'approvedLeads' | 'convertedLeads' | 'totalAmount'
> {
  return {
    id: uuidv7(),
    tenantId: session.tenantId,
    partnerId: partner.id,
    ...period,
    currency: partner.currency,
    approvedAmount: 0,
    rejectedAmount: 0,
    paidAmount: 0,
    status: 'pending',
    paymentMethod: null,
    paymentDate: null,
    referenceNumber: null,
    generatedBy: session.userId,
    generatedAt: now,
    firstApprovedBy: null,
    firstApprovedAt: null,
    firstApprovedAmount: null,
    approvedBy: null,
    approvedAt: null,
    fourEyesWaived: false,
    rejectedBy: null,
    rejectionNotes: null,
    cancelledBy: null,
    cancelReason: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}

/** `PO-2026-000123`: counted through the year of its making in the tenant's zone, without gaps. */
async function nextPayoutNumber(tx: Writer, session: Session, now: string): Promise<string> {
  const year = dayOf(now, session.tenant.timeZone).slice(0, 4);
  const row = await tx.get<{ value: number }>(sql`insert into number_sequences (tenant_id, name, value)
    values (${session.tenantId}, ${`payouts-${year}`}, 1)
    on conflict (tenant_id, name) do update set value = number_sequences.value + 1 returning value`);
  if (row === undefined) throw new Error('The next payout number did not come.');
  return `PO-${year}-${String(row.value).padStart(6, '0')}`;
}

/**
 * One line per credit, in the order in which they became payable, which is also that of the ids. Their values come along with the free
 * credits: reading credits and leads a second time costs more than handing the values back.
 */
async function insertLines({ tx, now }: Work, payoutId: string, taken: readonly FreeCredit[]): Promise<void> {
  await tx.insertMany(
    partnerPayoutDetails,
    taken.map((credit) => ({
      id: uuidv7(),
      payoutId,
      creditId: credit.id,
      partnerLeadId: credit.partnerLeadId,
      leadSubmissionId: credit.leadSubmissionId,
      sourceId: credit.sourceId,
      policyId: credit.policyId,
      policyRevision: credit.policyRevision,
      amount: credit.amount,
      description: credit.reason,
      status: 'pending' as const,
      createdAt: now,
      updatedAt: now,
    })),
  );
}
