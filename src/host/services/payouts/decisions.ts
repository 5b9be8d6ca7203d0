import sql from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import { formatMinor } from '#domain/money.ts';
import { inactiveReason } from '#domain/payability.ts';
import {
  approvalOutcome,
  type PayoutLine,
  type PayoutLineStatus,
  secondApprovalThresholdFor,
} from '#domain/payouts.ts';
import { payoutMachine, transition } from '#domain/state-machines.ts';
import type { HostContext } from '../../context.ts';
import {
  type PartnerPayoutRow,
  type PartnerRow,
  partnerPayouts,
  type Reader,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command, type Work } from '../command.ts';
import { postToLedger } from '../ledger-posting.ts';
import { payoutApproved, payoutAwaiting, payoutCancelled, payoutRejected } from '../notifications/drafts.ts';
import { notify } from '../notifications/notify.ts';
import type { Input, Service } from '../service.ts';
import { coverLines } from './coverage.ts';
import { makersOf } from './review.ts';
import { lockPayout, nameOf, onePayoutToWire, type Payout } from './wire.ts';

/** What management decides on a whole payout (`domain.md`, "Payouts"). */
export function payoutDecisions(
  host: HostContext,
): Pick<Service<'payouts'>, 'approve' | 'reject' | 'cancel'> {
  return {
    approve: (session, input) =>
      command(host, session, { name: 'payouts.approve', input }, (work) => approve(work, session, input)),
    reject: (session, input) =>
      command(host, session, { name: 'payouts.reject', input }, (work) => reject(work, session, input)),
    cancel: (session, input) =>
      command(host, session, { name: 'payouts.cancel', input }, (work) => cancel(work, session, input)),
  };
}

/** Throws `PARTNER_NOT_ACTIVE`: only an active partner gets payouts approved or paid (`domain.md`, "Partner"). */
export function requireActive(partner: PartnerRow, verb: 'made' | 'approved' | 'paid'): void {
  const reason = inactiveReason({ ...partner, isDeleted: partner.deletedAt !== null }, verb);
  if (reason !== undefined) throw new DomainError('PARTNER_NOT_ACTIVE', reason.sentence);
}

async function approve(work: Work, session: Session, input: Input<'payouts', 'approve'>): Promise<Payout> {
  const { tx } = work;
  const { payout, partner } = await lockPayout(tx, session, input);
  if (payout.status !== 'pending') throw await alreadyDecided(tx, payout, 'approve');
  requireActive(partner, 'approved');
  const { tenant } = session;
  const { fourEyes } = tenant.settings;
  const secondApprovalThreshold = secondApprovalThresholdFor(
    tenant.settings,
    tenant.currency,
    payout.currency,
  );
  const makers = await makersOf(tx, session, payout);
  const outcome = approvalOutcome({
    lines: await sumsByStatus(tx, session, payout),
    currency: payout.currency,
    requestedAmount: input.amount ?? null,
    secondApprovalThreshold,
    firstApproval: firstApprovalOf(payout),
    approver: session.userId,
    makers,
    fourEyes,
  });
  if (outcome.kind === 'refused') throw outcome.error;
  // The setting let it pass: the trail and the payout say so.
  const isWaived = makers.includes(session.userId);
  const fourEyesWaived = payout.fourEyesWaived || isWaived;
  if (outcome.kind === 'awaits_second_approval') {
    await notify(work, session, payoutAwaiting(payout, partner.organizationName));
    return giveFirstApproval(work, session, payout, {
      amount: outcome.amount,
      secondApprovalThreshold,
      fourEyesWaived,
      isWaived,
    });
  }

  const { approvedAmount } = outcome;
  const coverage = await coverLines(work, session, payout, approvedAmount);
  const after = await tx.update(
    partnerPayouts,
    { id: payout.id, version: payout.version },
    {
      status: outcome.status,
      approvedAmount,
      // All of the total that was not approved, so that the two always add up to it.
      rejectedAmount: payout.totalAmount - approvedAmount,
      approvedBy: session.userId,
      approvedAt: work.now,
      fourEyesWaived,
      // One person's two approvals are one; that happens when the threshold was lifted between them.
      ...(payout.firstApprovedBy === session.userId && { firstApprovedBy: null }),
      updatedAt: work.now,
    },
  );
  await postToLedger(work, session, {
    ...movementOf(payout),
    event: { type: 'payout_approved', amount: approvedAmount },
  });
  await notify(work, session, payoutApproved(after, partner.organizationName));
  work.record({
    action: 'payout_approved',
    resource: 'payout',
    resourceId: payout.id,
    partnerId: payout.partnerId,
    details: {
      payoutNumber: payout.payoutNumber,
      currency: payout.currency,
      before: { status: payout.status },
      after: { status: after.status, approvedAmount, rejectedAmount: after.rejectedAmount },
      ...(coverage.leftOutLines > 0 && { leftOutLines: coverage.leftOutLines }),
      ...(coverage.carriedOver > 0 && { carriedOver: coverage.carriedOver }),
      ...(after.firstApprovedBy !== null && { firstApprovedBy: after.firstApprovedBy }),
      ...(isWaived && { fourEyesWaived: true }),
    },
  });
  return onePayoutToWire(tx, session, after);
}

async function giveFirstApproval(
  work: Work,
  session: Session,
  payout: PartnerPayoutRow,
  {
    amount,
    secondApprovalThreshold,
    fourEyesWaived,
    isWaived,
  }: {
    amount: number;
    secondApprovalThreshold: number | null;
    fourEyesWaived: boolean;
    isWaived: boolean;
  },
): Promise<Payout> {
  const after = await work.tx.update(
    partnerPayouts,
    { id: payout.id, version: payout.version },
    {
      firstApprovedBy: session.userId,
      firstApprovedAt: work.now,
      firstApprovedAmount: amount,
      fourEyesWaived,
      updatedAt: work.now,
    },
  );
  work.record({
    action: 'payout_first_approved',
    resource: 'payout',
    resourceId: payout.id,
    partnerId: payout.partnerId,
    details: {
      payoutNumber: payout.payoutNumber,
      amount,
      currency: payout.currency,
      secondApprovalThreshold,
      ...(isWaived && { fourEyesWaived: true }),
    },
  });
  return onePayoutToWire(work.tx, session, after);
}

function firstApprovalOf(payout: PartnerPayoutRow): { approver: string; amount: number } | null {
  const { firstApprovedBy, firstApprovedAmount } = payout;
  if (firstApprovedBy === null || firstApprovedAmount === null) return null;
  return { approver: firstApprovedBy, amount: firstApprovedAmount };
}

/** A payout's lines as the rule needs them: one sum per status, however many lines there are. */
async function sumsByStatus(tx: Writer, session: Session, payout: PartnerPayoutRow): Promise<PayoutLine[]> {
  return tx.all<{ status: PayoutLineStatus; amount: number }>(sql`select status, sum(amount) as amount
    from partner_payout_details
    where tenant_id = ${session.tenantId} and payout_id = ${payout.id} group by status`);
}

/** Finance withdraws its own work only; approvers and administrators anyone's (`domain.md`, "People"). */
function requireOwnOrApprover(session: Session, payout: PartnerPayoutRow, verb: 'reject' | 'cancel'): void {
  if (payout.generatedBy === session.userId || session.permissions.has('payouts.approve')) return;
  throw new DomainError(
    'FORBIDDEN',
    `You can only ${verb} payouts you generated yourself. Ask an approver to ${verb} this one.`,
  );
}

async function reject(work: Work, session: Session, input: Input<'payouts', 'reject'>): Promise<Payout> {
  const { tx, now } = work;
  const { payout, partner } = await lockPayout(tx, session, input);
  requireOwnOrApprover(session, payout, 'reject');
  if (payout.status !== 'pending') throw await alreadyDecided(tx, payout, 'reject');
  await tx.run(sql`update partner_payout_details
    set status = 'rejected', notes = coalesce(notes, ${input.notes}), decided_by = ${session.userId}, decided_at = ${now},
      released_at = ${now}, updated_at = ${now}, version = version + 1
    where tenant_id = ${session.tenantId} and payout_id = ${payout.id} and released_at is null`);
  const after = await tx.update(
    partnerPayouts,
    { id: payout.id, version: payout.version },
    {
      status: transition(payoutMachine, payout.status, 'reject'),
      rejectedAmount: payout.totalAmount,
      rejectedBy: session.userId,
      rejectionNotes: input.notes,
      updatedAt: now,
    },
  );
  await notify(work, session, payoutRejected(after, partner.organizationName, input.notes));
  work.record({
    action: 'payout_rejected',
    resource: 'payout',
    resourceId: payout.id,
    partnerId: payout.partnerId,
    details: {
      payoutNumber: payout.payoutNumber,
      notes: input.notes,
      totalAmount: payout.totalAmount,
      currency: payout.currency,
      before: { status: payout.status },
      after: { status: after.status },
    },
  });
  return onePayoutToWire(tx, session, after);
}

async function cancel(work: Work, session: Session, input: Input<'payouts', 'cancel'>): Promise<Payout> {
  const { tx, now } = work;
  const { payout, partner } = await lockPayout(tx, session, input);
  requireOwnOrApprover(session, payout, 'cancel');
  if (payout.status === 'cancelled') throw await alreadyDecided(tx, payout, 'cancel');
  const status = transition(payoutMachine, payout.status, 'cancel');
  await tx.run(sql`update partner_payout_details
    set released_at = ${now}, updated_at = ${now}, version = version + 1
    where tenant_id = ${session.tenantId} and payout_id = ${payout.id} and released_at is null`);
  const after = await tx.update(
    partnerPayouts,
    { id: payout.id, version: payout.version },
    { status, cancelledBy: session.userId, cancelReason: input.reason, updatedAt: now },
  );
  await postToLedger(work, session, {
    ...movementOf(payout),
    event: { type: 'payout_cancelled', amount: payout.approvedAmount },
  });
  await notify(work, session, payoutCancelled(after, partner.organizationName, input.reason));
  work.record({
    action: 'payout_cancelled',
    resource: 'payout',
    resourceId: payout.id,
    partnerId: payout.partnerId,
    details: {
      payoutNumber: payout.payoutNumber,
      reason: input.reason,
      approvedAmount: payout.approvedAmount,
      currency: payout.currency,
      before: { status: payout.status },
      after: { status },
    },
  });
  return onePayoutToWire(tx, session, after);
}

function movementOf(payout: PartnerPayoutRow) {
  return {
    partnerId: payout.partnerId,
    currency: payout.currency,
    resource: 'payout',
    resourceId: payout.id,
  };
}

/** Why the decision came too late, with the name of who was first. */
async function alreadyDecided(
  reader: Reader,
  payout: PartnerPayoutRow,
  action: 'approve' | 'reject' | 'cancel',
): Promise<DomainError> {
  const { status } = payout;
  if (status === 'rejected') return decidedBy(reader, 'rejected', payout.rejectedBy);
  if (status === 'cancelled') return decidedBy(reader, 'cancelled', payout.cancelledBy);
  const approved = await nameOf(reader, payout.approvedBy);
  const amount = `${formatMinor(payout.approvedAmount, payout.currency)} ${payout.currency}`;
  const hint = action === 'reject' ? ' Cancel it instead, as long as nothing is paid.' : '';
  return new DomainError(
    'INVALID_TRANSITION',
    `This payout was already approved by ${approved}, for ${amount}.${hint}`,
  );
}

async function decidedBy(reader: Reader, done: string, userId: string | null): Promise<DomainError> {
  return new DomainError(
    'INVALID_TRANSITION',
    `This payout was already ${done} by ${await nameOf(reader, userId)}.`,
  );
}
