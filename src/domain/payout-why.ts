import { formatMinor, sumMinor } from './money.ts';
import { generationOutcome } from './payouts.ts';
import type { PartnerStatus, PayoutStatus } from './state-machines.ts';

export const whyCodes = [
  'has_payout',
  'payout_ended',
  'period_to_come',
  'not_active',
  'nothing_approved',
  'in_payouts',
  'waiting_for_approval',
  'held',
  'earlier_period',
  'below_minimum',
  'carried_over',
  'not_generated',
] as const;
export type WhyCode = (typeof whyCodes)[number];

/** One thing to know about a partner's payout of a period. `amount` in minor units, null where none belongs to it. */
export interface WhyReason {
  code: WhyCode;
  sentence: string;
  amount: number | null;
}

/** What is known of a partner and a period. Amounts in minor units of `currency`, days in the tenant's zone. */
export interface WhyFacts {
  organizationName: string;
  status: PartnerStatus;
  currency: string;
  minimumPayout: number;
  today: string;
  periodStart: string;
  periodEnd: string;
  /** Those whose period overlaps this one, oldest first. */
  payouts: readonly {
    payoutNumber: string;
    status: PayoutStatus;
    periodStart: string;
    periodEnd: string;
    totalAmount: number;
  }[];
  /** Whether any approved credit is payable within the period, in a payout or not. */
  hasApproved: boolean;
  /** Credits of the period that nobody has approved yet. */
  pending: { credits: number; amount: number };
  /** Approved, and payable only later. */
  held: { amount: number; until: string } | null;
  /** Approved, payable, in no live payout: what generating the period takes, and what it leaves to an earlier one. */
  taken: readonly number[];
  left: readonly number[];
}

const endedStatuses: ReadonlySet<PayoutStatus> = new Set(['rejected', 'cancelled']);
const statusWords: Record<PayoutStatus, string> = {
  pending: 'waits for approval',
  approved: 'is approved',
  partially_approved: 'is approved in part',
  rejected: 'was rejected',
  partially_paid: 'is paid in part',
  paid: 'is paid',
  cancelled: 'was cancelled',
};

/**
 * Why a partner has no payout of a period, or what there is of one (`domain.md`, "Payouts"): every reason that holds, by the rules
 * that generating it goes by. The last one is `not_generated` where nothing is in the way but that nobody has generated it.
 */
export function whyNoPayout(facts: WhyFacts): WhyReason[] {
  const { organizationName, status, currency, pending, held, taken, left } = facts;
  const money = (amount: number) => `${formatMinor(amount, currency)} ${currency}`;
  const reasons: WhyReason[] = [];
  const say = (code: WhyCode, amount: number | null, sentence: string) =>
    reasons.push({ code, sentence, amount });

  for (const payout of facts.payouts) {
    const name = `Payout ${payout.payoutNumber} of ${payout.periodStart} to ${payout.periodEnd}`;
    const hasEnded = endedStatuses.has(payout.status);
    const sentence = `${name} over ${money(payout.totalAmount)} ${statusWords[payout.status]}${
      hasEnded ? ', and its credits came free again' : ''
    }.`;
    say(hasEnded ? 'payout_ended' : 'has_payout', payout.totalAmount, sentence);
  }
  if (facts.periodStart > facts.today)
    say('period_to_come', null, `The period begins on ${facts.periodStart}.`);
  if (status !== 'active') {
    say(
      'not_active',
      null,
      `${organizationName} is ${status}: its balance is on hold until it is active again.`,
    );
  }
  if (taken.length === 0) {
    if (facts.hasApproved) say('in_payouts', null, 'All approved credits of the period are in payouts.');
    else say('nothing_approved', null, 'No credit was approved that is payable in the period.');
  }
  if (pending.credits > 0) {
    const many = pending.credits === 1 ? '1 credit waits' : `${pending.credits} credits wait`;
    say('waiting_for_approval', pending.amount, `${many} for approval: ${money(pending.amount)}.`);
  }
  if (held !== null) {
    say('held', held.amount, `${money(held.amount)} is held, the first of it until ${held.until}.`);
  }
  if (left.length > 0) {
    const amount = sumMinor(left);
    say(
      'earlier_period',
      amount,
      `${money(amount)} from before the period is free: generate the earlier period.`,
    );
  }
  if (taken.length === 0) return reasons;
  const outcome = generationOutcome(taken, currency, facts.minimumPayout);
  if (outcome.kind === 'carried_over') {
    const isShort = outcome.totalAmount > 0;
    say(isShort ? 'below_minimum' : 'carried_over', outcome.totalAmount, outcome.reason);
  } else if (outcome.kind === 'payout' && status === 'active') {
    const amount = outcome.totalAmount;
    say('not_generated', amount, `Nobody has generated it yet: it would come to ${money(amount)}.`);
  }
  return reasons;
}
