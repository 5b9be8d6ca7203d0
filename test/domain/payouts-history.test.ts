import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LedgerEvent, Posting } from '#domain/ledger.ts';
import { balancesOf, figuresFrom, isBalanced, postingsFor } from '#domain/ledger.ts';
import type { PayoutLine } from '#domain/payouts.ts';
import {
  approvalOutcome,
  generationOutcome,
  lineRejectionRefusal,
  paymentOutcome,
  totalsOf,
} from '#domain/payouts.ts';

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);

interface Credit {
  amount: number;
  isReversed: boolean;
}
interface Payout {
  lines: (PayoutLine & { credit: Credit })[];
  status: 'pending' | 'approved' | 'paid' | 'dropped';
  approvedAmount: number;
  paidAmount: number;
}
type Step = { wish: (typeof wishes)[number]; amount: number; pick: number; who: string };

const wishes = [
  'earn',
  'earn',
  'generate',
  'reject a line',
  'approve',
  'approve',
  'pay',
  'drop',
  'reverse',
] as const;

/** One partner's credits, payouts and ledger, moved by the rules alone: what the services keep in tables. */
class World {
  readonly credits: Credit[] = [];
  readonly payouts: Payout[] = [];
  readonly postings: Posting[] = [];
  readonly counts = { approved: 0, paid: 0, compensated: 0 };

  post(event: LedgerEvent): void {
    this.postings.push(...postingsFor(event));
  }

  holders(credit: Credit): Payout[] {
    return this.payouts.filter(
      ({ status, lines }) =>
        status !== 'dropped' && lines.some((each) => each.credit === credit && each.status !== 'rejected'),
    );
  }

  take({ wish, amount, pick, who }: Step): void {
    const pickOf = <Item>(items: readonly Item[]): Item | undefined =>
      items[pick % Math.max(1, items.length)];
    const payoutIn = (...statuses: Payout['status'][]) =>
      pickOf(this.payouts.filter(({ status }) => statuses.includes(status)));
    if (wish === 'earn') {
      this.credits.push({ amount, isReversed: false });
      this.post({ type: 'credit_approved', amount });
    } else if (wish === 'generate') {
      const free = this.credits.filter((credit) => !credit.isReversed && this.holders(credit).length === 0);
      if (
        generationOutcome(
          free.map((credit) => credit.amount),
          'EUR',
        ).kind !== 'payout'
      )
        return;
      const lines = free.map((credit) => ({ credit, amount: credit.amount, status: 'pending' as const }));
      this.payouts.push({ lines, status: 'pending', approvedAmount: 0, paidAmount: 0 });
    } else if (wish === 'reject a line') {
      const rejected = pickOf(payoutIn('pending')?.lines ?? []);
      if (rejected && lineRejectionRefusal(rejected) === null) rejected.status = 'rejected';
    } else if (wish === 'approve') {
      const payout = payoutIn('pending');
      if (!payout) return;
      const requestedAmount = pick % 3 === 0 ? amount : null;
      const outcome = approvalOutcome({
        lines: payout.lines,
        currency: 'EUR',
        requestedAmount,
        approver: who,
        makers: ['fritz'],
        fourEyes: true,
        secondApprovalThreshold: null,
        firstApproval: null,
      });
      if (outcome.kind !== 'approved') return;
      for (const each of payout.lines) if (each.status === 'pending') each.status = 'approved';
      payout.status = 'approved';
      payout.approvedAmount = outcome.approvedAmount;
      this.counts.approved += 1;
      this.post({ type: 'payout_approved', amount: outcome.approvedAmount });
    } else if (wish === 'pay') {
      const payout = payoutIn('approved', 'paid');
      if (!payout) return;
      const outcome = paymentOutcome({ ...payout, amount: pick % 2 === 0 ? amount : null, currency: 'EUR' });
      if (outcome.kind !== 'paid') return;
      payout.paidAmount = outcome.paidAmount;
      if (outcome.status === 'paid') payout.status = 'paid';
      this.counts.paid += 1;
      this.post({ type: 'payment_recorded', amount: outcome.amount });
    } else if (wish === 'drop') {
      const payout = payoutIn('pending', 'approved');
      if (!payout || payout.paidAmount > 0) return;
      if (payout.status === 'approved')
        this.post({ type: 'payout_cancelled', amount: payout.approvedAmount });
      payout.status = 'dropped';
      payout.approvedAmount = 0;
    } else {
      const credit = pickOf(this.credits.filter((each) => each.amount > 0 && !each.isReversed));
      if (!credit) return;
      const [holder] = this.holders(credit);
      if (holder === undefined) {
        credit.isReversed = true;
        this.post({ type: 'credit_reversed', amount: credit.amount });
      } else if (holder.status === 'paid' && !this.credits.some((each) => each.amount === -credit.amount)) {
        this.credits.push({ amount: -credit.amount, isReversed: false });
        this.post({ type: 'credit_approved', amount: -credit.amount });
        this.counts.compensated += 1;
      }
    }
  }
}

describe('over any history of credits and payouts', () => {
  const steps = fc.array(
    fc.record({
      wish: fc.constantFrom(...wishes),
      amount: fc.integer({ min: 1, max: 50_000 }),
      pick: fc.nat(1000),
      who: fc.constantFrom('anna', 'bert', 'fritz'),
    }),
    { minLength: 40, maxLength: 90 },
  );

  test('the credits in payouts never exceed the approved credits, payments never the approvals, and the ledger agrees', () => {
    const seen = { approved: 0, paid: 0, compensated: 0 };
    fc.assert(
      fc.property(steps, (history) => {
        const world = new World();
        for (const step of history) {
          world.take(step);
          const { credits, payouts, postings } = world;
          const standing = credits.filter((credit) => !credit.isReversed);
          const earned = standing.filter(({ amount }) => amount > 0);
          const live = payouts.filter(({ status }) => status !== 'dropped');
          const held = live.flatMap(({ lines }) => lines.filter(({ status }) => status !== 'rejected'));

          // A credit is in one live payout at most, so what payouts hold is part of what was approved.
          expect(new Set(held.map(({ credit }) => credit)).size).toBe(held.length);
          expect(held.every(({ credit }) => standing.includes(credit))).toBe(true);
          const heldAmount = sum(held.filter(({ amount }) => amount > 0).map(({ amount }) => amount));
          expect(heldAmount).toBeLessThanOrEqual(sum(earned.map(({ amount }) => amount)));

          for (const { approvedAmount, paidAmount, lines } of live) {
            expect(paidAmount).toBeLessThanOrEqual(approvedAmount);
            expect(approvedAmount).toBeLessThanOrEqual(totalsOf(lines).totalAmount);
          }
          const figures = figuresFrom(postings);
          const balances = balancesOf(postings);
          expect(isBalanced(postings)).toBe(true);
          expect(figures.totalEarnings).toBe(sum(standing.map(({ amount }) => amount)));
          expect(figures.withdrawnAmount).toBe(sum(live.map(({ approvedAmount }) => approvedAmount)));
          expect(figures.withdrawnAmount).toBeLessThanOrEqual(heldAmount);
          expect(balances.paid).toBe(sum(live.map(({ paidAmount }) => paidAmount)));
          expect(balances.payable).toBeGreaterThanOrEqual(0);
        }
        seen.approved += world.counts.approved;
        seen.paid += world.counts.paid;
        seen.compensated += world.counts.compensated;
      }),
      { numRuns: 300 },
    );
    // A model that never got as far as a payment would prove nothing.
    expect(Math.min(seen.approved, seen.paid, seen.compensated)).toBeGreaterThan(20);
  });
});
