import { DomainError } from '#domain/errors.ts';
import {
  type PartnerLeadCreditRow,
  type PartnerRow,
  partnerLeadCredits,
  partners,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { settleApproved, settleRejected } from '../credit-engine/settle.ts';
import { refreshLeadCredit } from '../credit-engine.ts';
import { nameOfStaff, requireVersion } from '../credit-policies/refusals.ts';
import { notifyOfCredit } from '../notifications/drafts.ts';
import { creditDays } from '../periods/booking.ts';
import type { Input } from '../service.ts';
import { creditToWire, type WireCredit } from './wire.ts';

/** A credit and its partner, held until the transaction ends: the partner first, as everywhere. */
export interface HeldCredit {
  credit: PartnerLeadCreditRow;
  partner: PartnerRow;
}

/** The notes are the approver's own words; a bulk approval has none. */
export type ApproveInput = Omit<Input<'credits', 'approve'>, 'approvalNotes'> & {
  approvalNotes?: string | null | undefined;
};

/**
 * The credit to be decided, in the version that the caller read.
 * @throws DomainError `NOT_FOUND`, `CONFLICT` with the credit as it stands.
 */
export async function holdCredit(
  tx: Writer,
  input: { id: string; version?: number | undefined },
): Promise<HeldCredit> {
  const seen = await tx.find(partnerLeadCredits, { id: input.id });
  if (seen === undefined) throw new DomainError('NOT_FOUND', 'There is no such credit.');
  const partner = await tx.find(partners, { id: seen.partnerId }, { lock: true, withDeleted: true });
  if (partner === undefined) throw new Error(`The credit ${seen.id} has no partner.`);
  // SQLite's writer is alone: what was read stays so. PostgreSQL may have waited for the partner, so it reads again.
  const credit =
    tx.engine === 'sqlite' ? seen : await tx.find(partnerLeadCredits, { id: input.id }, { lock: true });
  if (credit === undefined) throw new DomainError('NOT_FOUND', 'There is no such credit.');
  await requireVersion(credit, input.version, 'credit', () => creditToWire(tx, credit));
  return { credit, partner };
}

/**
 * Approves a pending credit: its amount goes to the partner's balance (`domain.md`, "Credits" and "Balances"). Whoever asked for it, and
 * for a computed one that is whoever reviewed or converted the lead, can't be the one to approve it.
 * @throws DomainError `NOT_FOUND`, `CONFLICT`, `INVALID_TRANSITION`, `SELF_APPROVAL`.
 */
export async function approveCredit(work: Work, session: Session, input: ApproveInput): Promise<WireCredit> {
  const { tx, now } = work;
  const { credit, partner } = await holdCredit(tx, input);
  await requirePending(tx, session, credit);
  const isOwn = credit.requestedBy === session.userId;
  if (isOwn && session.tenant.settings.fourEyes) {
    const isComputed = credit.origin === 'policy' || credit.origin === 'partner_terms';
    const sentence = isComputed
      ? 'This credit follows from your own decision on the lead, so someone else must approve it.'
      : 'You requested this credit yourself, so someone else must approve it.';
    throw new DomainError('SELF_APPROVAL', sentence);
  }
  const after = await tx.update(
    partnerLeadCredits,
    { id: credit.id, version: credit.version },
    {
      status: 'approved',
      approvedBy: session.userId,
      approvedAt: now,
      ...(await creditDays(work, session, credit, partner)),
      approvalNotes: input.approvalNotes,
      fourEyesWaived: isOwn,
      updatedAt: now,
    },
  );
  await settleApproved(work, session, after);
  await refreshLeads(work, session, after);
  await notifyOfCredit(work, session, { credit: after, partner, told: { event: 'credit_approved' } });
  work.record({
    action: 'credit_approved',
    resource: 'credit',
    resourceId: credit.id,
    partnerId: credit.partnerId,
    details: {
      before: { status: credit.status },
      after: {
        status: after.status,
        approvalNotes: after.approvalNotes,
        approvedOn: after.approvedOn,
        payableFrom: after.payableFrom,
      },
      ...(after.bookingNote !== null && { bookingNote: after.bookingNote }),
      creditAmount: credit.creditAmount,
      currency: credit.currency,
      fourEyesWaived: isOwn,
    },
  });
  return creditToWire(tx, after);
}

/**
 * Rejects a pending credit, with the reason; no money moves.
 * @throws DomainError `NOT_FOUND`, `CONFLICT`, `INVALID_TRANSITION`.
 */
export async function rejectCredit(
  work: Work,
  session: Session,
  input: Input<'credits', 'reject'>,
): Promise<WireCredit> {
  const { tx, now } = work;
  const { credit, partner } = await holdCredit(tx, input);
  await requirePending(tx, session, credit);
  const after = await tx.update(
    partnerLeadCredits,
    { id: credit.id, version: credit.version },
    { status: 'rejected', rejectedBy: session.userId, rejectionReason: input.reason, updatedAt: now },
  );
  await settleRejected(work, session, after);
  await refreshLeads(work, session, after);
  const { reason } = input;
  await notifyOfCredit(work, session, { credit: after, partner, told: { event: 'credit_rejected', reason } });
  work.record({
    action: 'credit_rejected',
    resource: 'credit',
    resourceId: credit.id,
    partnerId: credit.partnerId,
    details: {
      before: { status: credit.status },
      after: { status: after.status, reason: input.reason },
      creditAmount: credit.creditAmount,
      currency: credit.currency,
    },
  });
  return creditToWire(tx, after);
}

/** What the lead shows of its credits follows every decision. */
export async function refreshLeads(
  work: Work,
  session: Session,
  credit: PartnerLeadCreditRow,
): Promise<void> {
  if (credit.partnerLeadId !== null) await refreshLeadCredit(work, session, [credit.partnerLeadId]);
}

async function requirePending(tx: Writer, session: Session, credit: PartnerLeadCreditRow): Promise<void> {
  const { status } = credit;
  if (status === 'pending_approval') return;
  const by =
    status === 'approved' ? credit.approvedBy : status === 'rejected' ? credit.rejectedBy : credit.reversedBy;
  const name = await nameOfStaff(tx, session.tenantId, by);
  throw new DomainError('INVALID_TRANSITION', `This credit was already ${status} by ${name}.`);
}
