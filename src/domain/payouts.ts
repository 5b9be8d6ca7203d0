import { DomainError, invalidField } from './errors.ts';
import { addMinor, formatMinor, sumMinor } from './money.ts';
import type { LeadStatus, PayoutAction, PayoutStatus } from './state-machines.ts';

export const payoutLineStatuses = ['pending', 'approved', 'rejected'] as const;
export type PayoutLineStatus = (typeof payoutLineStatuses)[number];

/** A line pays one credit; `amount` in minor units, below zero where it nets off a credit that was taken back. */
export interface PayoutLine {
  amount: number;
  status: PayoutLineStatus;
}

/** Sums in minor units and numbers of lines: `total` is `approved`, `rejected` and `pending` together. */
export interface PayoutTotals {
  totalAmount: number;
  approvedAmount: number;
  rejectedAmount: number;
  pendingAmount: number;
  lineCount: number;
  approvedCount: number;
  rejectedCount: number;
  pendingCount: number;
}

/** What a payout's lines come to. Throws a `RangeError` when a sum is no exact integer any more. */
export function totalsOf(lines: readonly PayoutLine[]): PayoutTotals {
  const amounts = { pending: 0, approved: 0, rejected: 0 };
  const counts = { pending: 0, approved: 0, rejected: 0 };
  for (const { amount, status } of lines) {
    amounts[status] = addMinor(amounts[status], amount);
    counts[status] += 1;
  }
  return {
    totalAmount: sumMinor([amounts.approved, amounts.rejected, amounts.pending]),
    approvedAmount: amounts.approved,
    rejectedAmount: amounts.rejected,
    pendingAmount: amounts.pending,
    lineCount: lines.length,
    approvedCount: counts.approved,
    rejectedCount: counts.rejected,
    pendingCount: counts.pending,
  };
}

/** The three lead counts of a payout, as the requirements name them. */
export interface PayoutLeadCounts {
  totalLeadsCount: number;
  approvedLeads: number;
  convertedLeads: number;
}

/**
 * How many leads a payout's lines are about: a lead with two credits counts once, a converted lead counts as approved
 * too (`domain.md`, "Figures"), and a credit without a lead counts none.
 */
export function leadCountsOf(
  lines: readonly { partnerLeadId: string | null; leadStatus: LeadStatus | null }[],
): PayoutLeadCounts {
  const statusByLead = new Map<string, LeadStatus | null>();
  for (const { partnerLeadId, leadStatus } of lines) {
    if (partnerLeadId !== null) statusByLead.set(partnerLeadId, leadStatus);
  }
  const statuses = [...statusByLead.values()];
  const convertedLeads = statuses.filter((status) => status === 'converted').length;
  return {
    totalLeadsCount: statusByLead.size,
    approvedLeads: convertedLeads + statuses.filter((status) => status === 'approved').length,
    convertedLeads,
  };
}

export type GenerationOutcome =
  | { kind: 'payout'; totalAmount: number }
  | { kind: 'nothing'; reason: string }
  | { kind: 'carried_over'; totalAmount: number; reason: string };

/**
 * Whether a partner's credits make a payout (`domain.md`, "Payouts"): with none there is no payout, and a net of zero or
 * less, or one below the minimum payout, is carried over, its credits staying free for the next one. Amounts in minor units of
 * `currency`; `minimumPayout` 0: none.
 */
export function generationOutcome(
  creditAmounts: readonly number[],
  currency: string,
  minimumPayout = 0,
): GenerationOutcome {
  if (creditAmounts.length === 0)
    return { kind: 'nothing', reason: 'No approved credit is waiting for a payout.' };
  const totalAmount = sumMinor(creditAmounts);
  if (!isCarriedOver(totalAmount, minimumPayout)) return { kind: 'payout', totalAmount };
  return {
    kind: 'carried_over',
    totalAmount,
    reason: carriedOverReason(totalAmount, minimumPayout, currency),
  };
}

/** Whether so much, in minor units, makes no payout and waits for the next one. */
export function isCarriedOver(net: number, minimumPayout: number): boolean {
  return net <= 0 || net < minimumPayout;
}

/** Why a balance is carried over, in words. */
export function carriedOverReason(net: number, minimumPayout: number, currency: string): string {
  const amount = `${formatMinor(net, currency)} ${currency}`;
  return net <= 0
    ? `The credits net to ${amount}, which is carried over to the next payout.`
    : `The credits come to ${amount}, below the minimum payout of ${formatMinor(minimumPayout, currency)}, and are carried over to the next payout.`;
}

/** Amounts by currency, each in its own minor units. */
type ByCurrency = Readonly<Record<string, number>>;

/** A partner's minimum payout in minor units of its currency: its own, else the organization's for that currency, else none (0). */
export function minimumPayoutOf(
  partner: { minimumPayout: number | null; currency: string },
  minimumPayouts: ByCurrency,
): number {
  return partner.minimumPayout ?? minimumPayouts[partner.currency] ?? 0;
}

/**
 * The amount, in minor units of `currency`, above which a payout in it takes two approvers; null: none does. `secondApprovalThreshold` is
 * in the organization's own currency and says nothing of yen; other currencies have theirs in `secondApprovalThresholds`. One without
 * always takes two approvers (0) while the organization has a threshold at all: a forgotten currency is no way round it.
 */
export function secondApprovalThresholdFor(
  settings: { secondApprovalThreshold: number | null; secondApprovalThresholds: ByCurrency },
  ownCurrency: string,
  currency: string,
): number | null {
  const { secondApprovalThreshold, secondApprovalThresholds } = settings;
  if (currency === ownCurrency) return secondApprovalThreshold;
  return secondApprovalThresholds[currency] ?? (secondApprovalThreshold === null ? null : 0);
}

/**
 * Why a line may not be rejected, or null. A line below zero takes back money that was paid: without it the approved lines
 * would come to more than the payout, and the partner would be paid from credits that have not been made yet.
 */
export function lineRejectionRefusal(line: PayoutLine): DomainError | null {
  if (line.amount >= 0) return null;
  return new DomainError(
    'VALIDATION',
    "A line that takes back a paid credit can't be rejected. Reject the whole payout, or approve the line.",
  );
}

/** Who has a hand in a decision, and whether that is allowed. Ids of staff. */
export interface FourEyes {
  approver: string;
  /** Who generated the payout or changed it since. */
  makers: readonly string[];
  /** The tenant's setting; off for one-person offices. */
  fourEyes: boolean;
}

/** Why this person may not decide on the payout or a line of it, or null (`domain.md`, "Four eyes"). */
export function selfApprovalRefusal({ approver, makers, fourEyes }: FourEyes): DomainError | null {
  if (!fourEyes || !makers.includes(approver)) return null;
  return new DomainError(
    'SELF_APPROVAL',
    'You generated or changed this payout, so someone else must approve it.',
  );
}

export interface PayoutApproval extends FourEyes {
  lines: readonly PayoutLine[];
  currency: string;
  /** Minor units; null: all that the lines allow. */
  requestedAmount: number | null;
  /** Minor units of `currency`; a payout above it needs two different approvers; null: none does. See `secondApprovalThresholdFor`. */
  secondApprovalThreshold: number | null;
  /** The first of two approvals, where it was given: by whom, and for how much. */
  firstApproval: { approver: string; amount: number } | null;
}

export type ApprovalOutcome =
  | {
      kind: 'approved';
      status: Extract<PayoutStatus, 'approved' | 'partially_approved'>;
      approvedAmount: number;
      /** The lines as they stand afterwards: what was pending counts as approved. */
      totals: PayoutTotals;
    }
  | { kind: 'awaits_second_approval'; amount: number }
  | { kind: 'refused'; error: DomainError };

/**
 * What becomes of a pending payout when someone approves it (`domain.md`, "Payouts" and "Four eyes"). Nothing is
 * written or thrown here: a refusal is the error to throw.
 *
 * - Lines that are still pending are taken as approved with the payout; rejected ones are left out.
 * - More than the lines not rejected come to is `AMOUNT_EXCEEDS`; below the total the payout is `partially_approved`.
 * - Its maker may not approve it (`SELF_APPROVAL`), unless the tenant has switched four eyes off.
 * - A payout is above the second-approval threshold by what its lines not rejected come to, whatever part of it is
 *   asked for, so that a smaller amount is no way round it. The first approval then only waits; the second must come from
 *   someone else and may not go beyond what the first was for. The threshold is a setting of its own and holds
 *   without four eyes too.
 */
export function approvalOutcome(approval: PayoutApproval): ApprovalOutcome {
  const { lines, currency, requestedAmount, secondApprovalThreshold, firstApproval, approver } = approval;
  const selfApproval = selfApprovalRefusal(approval);
  if (selfApproval !== null) return { kind: 'refused', error: selfApproval };

  const totals = totalsOf(
    lines.map((line) => (line.status === 'pending' ? { ...line, status: 'approved' } : line)),
  );
  // Never more than the total, even if a line below zero was left out: see lineRejectionRefusal.
  const limit = Math.min(totals.approvedAmount, totals.totalAmount);
  if (limit <= 0) {
    const message = 'No line of this payout is left to pay. Reject the payout instead.';
    return { kind: 'refused', error: invalidField('amount', message) };
  }
  const needsTwo = secondApprovalThreshold !== null && limit > secondApprovalThreshold;
  const first = needsTwo ? firstApproval : null;
  const amount = requestedAmount ?? (first === null ? limit : Math.min(limit, first.amount));
  const wrongAmount = amountRefusal(amount, limit, currency, 'the lines that are not rejected come to');
  if (wrongAmount !== null) return { kind: 'refused', error: wrongAmount };

  if (needsTwo && first === null) return { kind: 'awaits_second_approval', amount };
  if (first !== null) {
    if (first.approver === approver) {
      const message = 'You gave the first approval, so someone else must give the second.';
      return { kind: 'refused', error: new DomainError('SELF_APPROVAL', message) };
    }
    const beyondFirst = amountRefusal(amount, first.amount, currency, 'the first approval is for');
    if (beyondFirst !== null) return { kind: 'refused', error: beyondFirst };
  }
  const isWhole = amount === totals.totalAmount && totals.rejectedCount === 0;
  return {
    kind: 'approved',
    status: isWhole ? 'approved' : 'partially_approved',
    approvedAmount: amount,
    totals,
  };
}

export type PaymentOutcome =
  | {
      kind: 'paid';
      status: Extract<PayoutStatus, 'partially_paid' | 'paid'>;
      /** What is paid now. */
      amount: number;
      /** What is paid in all. */
      paidAmount: number;
    }
  | { kind: 'refused'; error: DomainError };

/**
 * What a payment does to an approved payout (`domain.md`, "Payouts"): all that is open unless `amount` says less; more
 * than is open is `AMOUNT_EXCEEDS`. Minor units.
 */
export function paymentOutcome(payment: {
  approvedAmount: number;
  paidAmount: number;
  amount: number | null;
  currency: string;
}): PaymentOutcome {
  const { approvedAmount, paidAmount, currency } = payment;
  const open = addMinor(approvedAmount, -paidAmount);
  if (open <= 0) {
    const error = new DomainError('AMOUNT_EXCEEDS', 'This payout is paid in full; nothing is open.');
    return { kind: 'refused', error };
  }
  const amount = payment.amount ?? open;
  const refusal = amountRefusal(amount, open, currency, 'what is open is');
  if (refusal !== null) return { kind: 'refused', error: refusal };
  return {
    kind: 'paid',
    status: amount === open ? 'paid' : 'partially_paid',
    amount,
    paidAmount: paidAmount + amount,
  };
}

/**
 * What becomes of a payout when one of its payments did not arrive: that payment's amount is open again. With nothing paid any more, the
 * payout is what its approval made of it. Minor units; throws a `RangeError` where more failed than was paid.
 */
export function failureOutcome(payout: {
  totalAmount: number;
  approvedAmount: number;
  paidAmount: number;
  failedAmount: number;
}): { action: Extract<PayoutAction, 'fail_part' | 'fail' | 'fail_partially_approved'>; paidAmount: number } {
  const paidAmount = addMinor(payout.paidAmount, -payout.failedAmount);
  if (paidAmount < 0) throw new RangeError('A payout had more payments that failed than were made.');
  if (paidAmount > 0) return { action: 'fail_part', paidAmount };
  const isWhole = payout.approvedAmount === payout.totalAmount;
  return { action: isWhole ? 'fail' : 'fail_partially_approved', paidAmount };
}

function amountRefusal(amount: number, limit: number, currency: string, limitIs: string): DomainError | null {
  if (!Number.isSafeInteger(amount) || amount <= 0) {
    return invalidField('amount', 'The amount must be above zero.');
  }
  if (amount <= limit) return null;
  const message = `${formatMinor(amount, currency)} ${currency} is too much: ${limitIs} ${formatMinor(limit, currency)}.`;
  return new DomainError('AMOUNT_EXCEEDS', message, { fields: [{ path: 'amount', message }] });
}
