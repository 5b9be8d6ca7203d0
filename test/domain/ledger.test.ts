import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LedgerEvent, PartnerFigures, Posting } from '#domain/ledger.ts';
import {
  addFigures,
  balancesOf,
  figuresDelta,
  figuresFrom,
  isBalanced,
  ledgerEventTypes,
  postingsFor,
} from '#domain/ledger.ts';

const none: PartnerFigures = {
  totalEarnings: 0,
  availableBalance: 0,
  pendingPayoutAmount: 0,
  withdrawnAmount: 0,
};

/** The table of `domain.md`, "Balances", written down a second time, by hand. */
function figuresByTheTable(figures: PartnerFigures, { type, amount }: LedgerEvent): PartnerFigures {
  const next = { ...figures };
  if (type === 'credit_approved') {
    next.totalEarnings += amount;
    next.availableBalance += amount;
    next.pendingPayoutAmount += amount;
  } else if (type === 'credit_reversed') {
    next.totalEarnings -= amount;
    next.availableBalance -= amount;
    next.pendingPayoutAmount -= amount;
  } else if (type === 'payout_approved') {
    next.withdrawnAmount += amount;
    next.availableBalance -= amount;
    next.pendingPayoutAmount -= amount;
  } else if (type === 'payout_cancelled') {
    next.withdrawnAmount -= amount;
    next.availableBalance += amount;
    next.pendingPayoutAmount += amount;
  }
  return next;
}

/**
 * A history that could have happened: each step is a wish with a share of what is there, turned into an event by what
 * the credits and payouts so far allow, and dropped where they allow nothing.
 */
const histories = fc
  .array(
    fc.record({
      wish: fc.constantFrom(...ledgerEventTypes, 'compensating_credit' as const),
      amount: fc.integer({ min: 1, max: 5_000_000 }),
      share: fc.double({ min: 0.01, max: 1, noNaN: true }),
      pick: fc.nat(),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    const events: LedgerEvent[] = [];
    const openCredits: number[] = [];
    const payouts: { approved: number; paid: number; cancelled: boolean }[] = [];
    let available = 0;
    for (const { wish, amount, share, pick } of steps) {
      if (wish === 'credit_approved') {
        events.push({ type: wish, amount });
        openCredits.push(amount);
        available += amount;
      } else if (wish === 'compensating_credit') {
        events.push({ type: 'credit_approved', amount: -amount });
        available -= amount;
      } else if (wish === 'credit_reversed' && openCredits.length > 0) {
        const [taken = 0] = openCredits.splice(pick % openCredits.length, 1);
        events.push({ type: wish, amount: taken });
        available -= taken;
      } else if (wish === 'payout_approved' && available > 0) {
        const approved = Math.max(1, Math.floor(available * share));
        events.push({ type: wish, amount: approved });
        payouts.push({ approved, paid: 0, cancelled: false });
        available -= approved;
      } else if (wish === 'payout_cancelled') {
        const live = payouts.filter((payout) => !payout.cancelled && payout.paid === 0);
        const payout = live[pick % Math.max(1, live.length)];
        if (!payout) continue;
        payout.cancelled = true;
        events.push({ type: wish, amount: payout.approved });
        available += payout.approved;
      } else if (wish === 'payment_recorded') {
        const open = payouts.filter((payout) => !payout.cancelled && payout.paid < payout.approved);
        const payout = open[pick % Math.max(1, open.length)];
        if (!payout) continue;
        const paid = Math.max(1, Math.floor((payout.approved - payout.paid) * share));
        payout.paid += paid;
        events.push({ type: wish, amount: paid });
      } else if (wish === 'payment_failed') {
        const settled = payouts.filter((payout) => payout.paid > 0);
        const payout = settled[pick % Math.max(1, settled.length)];
        if (!payout) continue;
        const failed = Math.max(1, Math.floor(payout.paid * share));
        payout.paid -= failed;
        events.push({ type: wish, amount: failed });
      }
    }
    return { events, payouts, available };
  });

const postingsOf = (events: readonly LedgerEvent[]): Posting[] =>
  events.flatMap((event) => [...postingsFor(event)]);

describe('the postings of an event', () => {
  test.each([
    ['credit_approved', 1260, 'commission_expense', 'available'],
    ['credit_reversed', 1260, 'available', 'commission_expense'],
    ['payout_approved', 5000, 'available', 'payable'],
    ['payout_cancelled', 5000, 'payable', 'available'],
    ['payment_recorded', 2500, 'payable', 'paid'],
    ['payment_failed', 2500, 'paid', 'payable'],
  ] as const)('%s of %i moves it from %s to %s', (type, amount, from, to) => {
    expect(postingsFor({ type, amount })).toEqual([
      { account: from, amount: -amount },
      { account: to, amount },
    ]);
  });

  test('a compensating credit takes back what was earned', () => {
    expect(figuresDelta({ type: 'credit_approved', amount: -5000 })).toEqual(
      figuresDelta({ type: 'credit_reversed', amount: 5000 }),
    );
  });

  test.each(ledgerEventTypes)(
    '%s refuses a fraction of a minor unit, nothing at all, and an unsafe number',
    (type) => {
      for (const amount of [0.5, 0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
        expect(() => postingsFor({ type, amount })).toThrow(RangeError);
      }
    },
  );

  test.each(ledgerEventTypes.filter((type) => type !== 'credit_approved'))(
    '%s refuses to run backwards',
    (type) => {
      expect(() => postingsFor({ type, amount: -1 })).toThrow(RangeError);
    },
  );
});

describe("a partner's figures", () => {
  test('an empty ledger is four plain zeros', () => {
    expect(figuresFrom([])).toStrictEqual(none);
    expect(Object.is(figuresFrom([]).totalEarnings, 0)).toBe(true);
  });

  test('an approved credit counts as earned, available and waiting for a payout', () => {
    expect(figuresDelta({ type: 'credit_approved', amount: 1260 })).toEqual({
      totalEarnings: 1260,
      availableBalance: 1260,
      pendingPayoutAmount: 1260,
      withdrawnAmount: 0,
    });
  });

  test('an approved payout is withdrawn before it is paid, and its payment changes none of the four', () => {
    const approved = postingsOf([
      { type: 'credit_approved', amount: 10_000 },
      { type: 'payout_approved', amount: 6000 },
    ]);
    const figures = {
      totalEarnings: 10_000,
      availableBalance: 4000,
      pendingPayoutAmount: 4000,
      withdrawnAmount: 6000,
    };
    expect(figuresFrom(approved)).toEqual(figures);
    expect(figuresFrom([...approved, ...postingsFor({ type: 'payment_recorded', amount: 6000 })])).toEqual(
      figures,
    );
    expect(figuresDelta({ type: 'payment_recorded', amount: 6000 })).toEqual(none);
  });

  test('a payout cancelled before payment leaves the figures as they were before its approval', () => {
    const before = postingsOf([{ type: 'credit_approved', amount: 10_000 }]);
    const after = [
      ...before,
      ...postingsOf([
        { type: 'payout_approved', amount: 6000 },
        { type: 'payout_cancelled', amount: 6000 },
      ]),
    ];
    expect(figuresFrom(after)).toEqual(figuresFrom(before));
  });

  test('a sum beyond exact integers is refused rather than rounded', () => {
    const huge = postingsFor({ type: 'credit_approved', amount: Number.MAX_SAFE_INTEGER });
    expect(() => balancesOf([...huge, ...huge])).toThrow(RangeError);
  });
});

describe('whatever happens', () => {
  test('the postings of every entry, and of the whole ledger, sum to zero', () => {
    fc.assert(
      fc.property(histories, ({ events }) => {
        for (const event of events) expect(isBalanced(postingsFor(event))).toBe(true);
        const all = postingsOf(events);
        expect(isBalanced(all)).toBe(true);
        expect(Object.values(balancesOf(all)).reduce((sum, balance) => sum + balance, 0)).toBe(0);
      }),
    );
  });

  test('the figures kept step by step, the figures from all postings and the table of the rules agree', () => {
    fc.assert(
      fc.property(histories, ({ events }) => {
        let kept = none;
        let byTheTable = none;
        events.forEach((event, index) => {
          kept = addFigures(kept, figuresDelta(event));
          byTheTable = figuresByTheTable(byTheTable, event);
          expect(kept).toEqual(byTheTable);
          expect(figuresFrom(postingsOf(events.slice(0, index + 1)))).toEqual(kept);
        });
      }),
    );
  });

  test('what was earned is available or withdrawn, and the accounts hold what the payouts say', () => {
    fc.assert(
      fc.property(histories, ({ events, payouts, available }) => {
        const all = postingsOf(events);
        const figures = figuresFrom(all);
        const balances = balancesOf(all);
        const live = payouts.filter((payout) => !payout.cancelled);
        expect(figures.totalEarnings).toBe(figures.availableBalance + figures.withdrawnAmount);
        expect(figures.availableBalance).toBe(available);
        expect(balances.payable).toBe(live.reduce((sum, { approved, paid }) => sum + approved - paid, 0));
        expect(balances.paid).toBe(live.reduce((sum, { paid }) => sum + paid, 0));
        expect(balances.payable).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('postings that do not balance are noticed', () => {
    fc.assert(
      fc.property(
        histories.filter(({ events }) => events.length > 0),
        fc.integer({ min: 1, max: 1000 }),
        ({ events }, off) => {
          const [first, ...rest] = postingsOf(events);
          expect(isBalanced([{ ...first!, amount: first!.amount + off }, ...rest])).toBe(false);
        },
      ),
    );
  });
});
