import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { dayOf } from '#domain/calendar.ts';
import { DomainError } from '#domain/errors.ts';
import type { PayoutStatus } from '#domain/state-machines.ts';
import { type PartnerLeadCreditRow, partnerLeadCredits, type Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { settleApproved, settleReversed } from '../credit-engine/settle.ts';
import { nameOfStaff } from '../credit-policies/refusals.ts';
import { notifyOfCredit } from '../notifications/drafts.ts';
import type { Input } from '../service.ts';
import { holdCredit, refreshLeads } from './decide.ts';
import { creditToWire, type WireCredit } from './wire.ts';

interface HoldingPayout {
  id: string;
  payout_number: string;
  status: PayoutStatus;
}

/**
 * Takes back an approved credit, once (`domain.md`, "Credits"). One that no payout holds becomes `reversed`, and its amount
 * leaves the balance. One in an approved or paid payout stays as it is and gets a credit of the same amount below zero beside it,
 * approved at once, which the next payout nets off; that one is returned. One in a payout that waits for approval is
 * refused: rejecting its line there comes first.
 * @throws DomainError `NOT_FOUND`, `CONFLICT`, `INVALID_TRANSITION`.
 */
export async function reverseCredit(
  work: Work,
  session: Session,
  input: Input<'credits', 'reverse'>,
): Promise<WireCredit> {
  const { tx } = work;
  const { credit, partner } = await holdCredit(tx, input);
  await requireReversible(tx, session, credit);
  const payout = await holdingPayout(tx, session.tenantId, credit.id);
  if (payout?.status === 'pending') {
    const sentence = `This credit is in payout ${payout.payout_number}, which waits for approval. Reject its line there first.`;
    throw new DomainError('INVALID_TRANSITION', sentence);
  }
  const after = payout === undefined ? await takeBack(work, session, credit, input) : credit;
  const compensation = payout === undefined ? undefined : await compensate(work, session, credit, input);
  await refreshLeads(work, session, credit);
  const { reason } = input;
  await notifyOfCredit(work, session, { credit, partner, told: { event: 'credit_reversed', reason } });
  work.record({
    action: 'credit_reversed',
    resource: 'credit',
    resourceId: credit.id,
    partnerId: credit.partnerId,
    details: {
      reason: input.reason,
      before: { status: credit.status },
      after: { status: after.status },
      creditAmount: credit.creditAmount,
      currency: credit.currency,
      ...(compensation && { compensatingCreditId: compensation.id, payoutNumber: payout?.payout_number }),
    },
  });
  return creditToWire(tx, compensation ?? after);
}

async function requireReversible(tx: Writer, session: Session, credit: PartnerLeadCreditRow): Promise<void> {
  const { status } = credit;
  if (status === 'pending_approval') {
    throw new DomainError(
      'INVALID_TRANSITION',
      "This credit was not approved yet. Reject it if it shouldn't be.",
    );
  }
  if (status === 'rejected')
    throw new DomainError('INVALID_TRANSITION', "A rejected credit can't be reversed.");
  if (credit.origin === 'reversal') {
    throw new DomainError(
      'INVALID_TRANSITION',
      "This credit takes back another one and can't be reversed itself.",
    );
  }
  const compensation =
    status === 'reversed' ? undefined : await tx.find(partnerLeadCredits, { reversesCreditId: credit.id });
  if (status !== 'reversed' && compensation === undefined) return;
  const name = await nameOfStaff(tx, session.tenantId, compensation?.approvedBy ?? credit.reversedBy);
  throw new DomainError('INVALID_TRANSITION', `This credit was already reversed by ${name}.`);
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

async function takeBack(
  work: Work,
  session: Session,
  credit: PartnerLeadCreditRow,
  input: Input<'credits', 'reverse'>,
): Promise<PartnerLeadCreditRow> {
  const after = await work.tx.update(
    partnerLeadCredits,
    { id: credit.id, version: credit.version },
    { status: 'reversed', reversedBy: session.userId, reversalReason: input.reason, updatedAt: work.now },
  );
  await settleReversed(work, session, after);
  return after;
}

async function compensate(
  work: Work,
  session: Session,
  credit: PartnerLeadCreditRow,
  input: Input<'credits', 'reverse'>,
): Promise<PartnerLeadCreditRow> {
  const { now } = work;
  const compensation: PartnerLeadCreditRow = {
    ...credit,
    id: uuidv7(),
    origin: 'reversal',
    creditAmount: -credit.creditAmount,
    reason: `takes back a credit that was already in a payout: ${input.reason}`,
    requestedBy: session.userId,
    approvedBy: session.userId,
    approvedAt: now,
    approvedOn: dayOf(now, session.tenant.timeZone),
    approvalNotes: null,
    delegatedPolicyId: null,
    reversalReason: input.reason,
    reversesCreditId: credit.id,
    // One person takes a credit back, whatever the setting: nobody is asked for it, so nobody could be a second pair of eyes.
    fourEyesWaived: true,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  await work.tx.insert(partnerLeadCredits, compensation);
  await settleApproved(work, session, compensation);
  return compensation;
}
