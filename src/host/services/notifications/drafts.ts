import { isHighQuality, scoreToNumber } from '#domain/quality-score.ts';
import type { CreditOrigin } from '#domain/vocabulary.ts';
import {
  type PartnerCreditPolicyRow,
  type PartnerLeadCreditRow,
  type PartnerLeadRow,
  type PartnerPayoutRow,
  type PartnerRow,
  partnerLeads,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { type NotificationDraft, notify } from './notify.ts';

/** The drafts that several commands share, so that each of them says in one line whom it tells what. */

type Named = Pick<PartnerRow, 'id' | 'organizationName'>;

function lead(row: PartnerLeadRow, partner: Named) {
  return {
    about: { resourceId: row.id, partnerId: row.partnerId },
    data: { leadName: row.contactName, partnerName: partner.organizationName },
  };
}

/** The partner's people learn of the approval; for the credits it made see `creditsOfLead`. */
export function leadApproved(
  row: PartnerLeadRow,
  partner: Named,
  made: readonly PartnerLeadCreditRow[],
): NotificationDraft[] {
  const { about, data } = lead(row, partner);
  return [
    {
      event: 'lead_approved',
      ...about,
      data: { ...data, qualityScore: scoreToNumber(row.qualityScore) },
    },
    ...creditsOfLead(row, partner, made),
  ];
}

/** The reason is told to the partner's people. */
export function leadRejected(row: PartnerLeadRow, partner: Named, reason: string): NotificationDraft {
  const { about, data } = lead(row, partner);
  return { event: 'lead_rejected', ...about, data: { ...data, reason } };
}

/**
 * For a lead that has come to be "high quality" (`domain.md`, "Lead") and waits for review; none for others, for one that was so before, or
 * for one recorded under another, which is not reviewed.
 */
export function highQualityLead(
  row: PartnerLeadRow,
  partner: Named,
  before?: PartnerLeadRow,
): NotificationDraft[] {
  if (!isReadyForReview(row) || (before !== undefined && isReadyForReview(before))) return [];
  const { about, data } = lead(row, partner);
  const qualityScore = scoreToNumber(row.qualityScore);
  return [{ event: 'high_quality_lead', ...about, data: { ...data, qualityScore } }];
}

function isReadyForReview(row: PartnerLeadRow): boolean {
  return row.linkedTo === null && isHighQuality(row.qualityScore);
}

/**
 * The credits that a lead's approval or conversion made: the approvers learn of those left to be decided, the partner's people of those
 * approved at once. In the app only: computed credits come by the hundred a day, and are decided from a list.
 */
export function creditsOfLead(
  row: PartnerLeadRow,
  partner: Named,
  made: readonly PartnerLeadCreditRow[],
): NotificationDraft[] {
  return made.flatMap((credit): NotificationDraft[] => {
    const about = { resourceId: credit.id, partnerId: credit.partnerId, byMail: false };
    const data = {
      partnerName: partner.organizationName,
      leadName: row.contactName,
      amount: credit.creditAmount,
      currency: credit.currency,
    };
    if (credit.status === 'approved') return [{ event: 'credit_approved', ...about, data }];
    if (credit.status !== 'pending_approval') return [];
    return [{ event: 'credit_awaiting_decision', ...about, data: { ...data, reason: credit.reason } }];
  });
}

type CreditTold =
  | { event: 'credit_awaiting_decision'; reason: string | null }
  | { event: 'credit_approved' }
  | { event: 'credit_rejected'; reason: string }
  /** Minor units taken back, which may be a part of the credit. */
  | { event: 'credit_reversed'; reason: string; amount: number };

/** The credits that somebody asked for, and did not follow from a decision on a lead. */
const askedFor: readonly CreditOrigin[] = ['request', 'adjustment', 'bonus'];

/** Tells of one credit, with the name of its lead. Who asked for it by hand is told of the decision, too. */
export async function notifyOfCredit(
  work: Work,
  session: Session,
  { credit, partner, told }: { credit: PartnerLeadCreditRow; partner: Named; told: CreditTold },
): Promise<void> {
  const { partnerLeadId } = credit;
  const of =
    partnerLeadId === null
      ? undefined
      : await work.tx.find(partnerLeads, { id: partnerLeadId }, { withDeleted: true });
  const data = {
    partnerName: partner.organizationName,
    leadName: of?.contactName ?? null,
    amount: 'amount' in told ? told.amount : credit.creditAmount,
    currency: credit.currency,
  };
  const about = { resourceId: credit.id, partnerId: credit.partnerId };
  const decided = { ...about, ...(askedFor.includes(credit.origin) && { alsoTo: [credit.requestedBy] }) };
  if (told.event === 'credit_approved') {
    await notify(work, session, { event: told.event, ...decided, data });
  } else if (told.event === 'credit_awaiting_decision') {
    await notify(work, session, { event: told.event, ...about, data: { ...data, reason: told.reason } });
  } else {
    await notify(work, session, { event: told.event, ...decided, data: { ...data, reason: told.reason } });
  }
}

type PayoutFacts = Pick<
  PartnerPayoutRow,
  'id' | 'partnerId' | 'payoutNumber' | 'periodStart' | 'periodEnd' | 'currency' | 'totalAmount'
>;

/** What every notification of a payout says; `amount` is in minor units and is what the event is about. */
export function payoutFacts(payout: PayoutFacts, partnerName: string, amount: number) {
  const { payoutNumber, periodStart, periodEnd, currency } = payout;
  return {
    about: { resourceId: payout.id, partnerId: payout.partnerId },
    data: { payoutNumber, partnerName, periodStart, periodEnd, amount, currency },
  };
}

/** The approvers learn of a payout that waits for them, be it for the first or the second approval. */
export function payoutAwaiting(payout: PayoutFacts, partnerName: string): NotificationDraft {
  const { about, data } = payoutFacts(payout, partnerName, payout.totalAmount);
  return { event: 'payout_awaiting_approval', ...about, data };
}

export function payoutApproved(payout: PartnerPayoutRow, partnerName: string): NotificationDraft {
  const { about, data } = payoutFacts(payout, partnerName, payout.approvedAmount);
  if (payout.status !== 'partially_approved') return { event: 'payout_approved', ...about, data };
  return {
    event: 'payout_partially_approved',
    ...about,
    data: { ...data, totalAmount: payout.totalAmount },
  };
}

export function payoutRejected(
  payout: PartnerPayoutRow,
  partnerName: string,
  notes: string,
): NotificationDraft {
  const { about, data } = payoutFacts(payout, partnerName, payout.totalAmount);
  return { event: 'payout_rejected', ...about, data: { ...data, notes } };
}

/** One payment, which may be a part; `payout` is as it stands after it. */
export function payoutPaid(
  payout: PartnerPayoutRow,
  partnerName: string,
  payment: { amount: number; paymentDate: string; referenceNumber: string },
): NotificationDraft {
  const { about, data } = payoutFacts(payout, partnerName, payment.amount);
  const { paymentDate, referenceNumber } = payment;
  const openAmount = payout.approvedAmount - payout.paidAmount;
  return { event: 'payout_paid', ...about, data: { ...data, paymentDate, referenceNumber, openAmount } };
}

/** An approved payout that nobody will be paid: its credits come again in a later one. */
export function payoutCancelled(
  payout: PartnerPayoutRow,
  partnerName: string,
  reason: string,
): NotificationDraft {
  const { about, data } = payoutFacts(payout, partnerName, payout.approvedAmount);
  return { event: 'payout_cancelled', ...about, data: { ...data, reason } };
}

/** A payment that was told of as paid, and came back. */
export function paymentFailed(
  payout: PartnerPayoutRow,
  partnerName: string,
  failure: { amount: number; referenceNumber: string; reason: string },
): NotificationDraft {
  const { about, data } = payoutFacts(payout, partnerName, failure.amount);
  const { referenceNumber, reason } = failure;
  return { event: 'payment_failed', ...about, data: { ...data, referenceNumber, reason } };
}

/** A policy's latest revision. */
export function aboutPolicy(
  event: 'policy_awaiting_approval' | 'policy_approved',
  policy: Pick<PartnerCreditPolicyRow, 'id' | 'partnerId' | 'policyCode' | 'policyName' | 'revision'>,
): NotificationDraft {
  const { policyCode, policyName, revision } = policy;
  const about = { resourceId: policy.id, partnerId: policy.partnerId };
  return { event, ...about, data: { policyCode, policyName, revision } };
}

export function bankDetailsChanged(partner: Named): NotificationDraft {
  return {
    event: 'bank_details_changed',
    resourceId: partner.id,
    partnerId: partner.id,
    data: { partnerName: partner.organizationName },
  };
}
