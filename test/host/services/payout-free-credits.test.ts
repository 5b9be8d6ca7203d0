import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { creditsToTake } from '#host/services/payouts/free-credits.ts';

interface Free {
  amount: number;
  payableFrom: string;
}

describe('which credits a payout takes', () => {
  const credit = fc.record({
    month: fc.integer({ min: 1, max: 6 }),
    amount: fc.integer({ min: -2000, max: 2000 }),
  });

  const asFree = (credits: readonly { month: number; amount: number }[]): Free[] =>
    credits.map(({ month: number, amount }) => ({
      amount,
      payableFrom: `2026-0${number}-15`,
    }));

  it('is every credit of the period and every one below zero, whatever went before', () => {
    const closed = fc.option(fc.integer({ min: 1, max: 6 }));
    const missed = fc.sample(fc.tuple(fc.array(credit), closed), 500).flatMap(([credits, until]) => {
      const free = asFree(credits);
      const taken = creditsToTake(free, '2026-04-01', until === null ? null : `2026-0${until}-28`);
      const due = free.filter(({ payableFrom, amount }) => payableFrom >= '2026-04-01' || amount < 0);
      return due.filter((each) => !taken.includes(each));
    });
    expect(missed).toEqual([]);
  });

  it('counts the first day to the period, and the last day of one generated before to that', () => {
    const [spent, left, own] = [
      { amount: -1000, payableFrom: '2026-05-10' },
      { amount: 600, payableFrom: '2026-05-31' },
      { amount: 700, payableFrom: '2026-06-01' },
    ];
    expect(creditsToTake([spent, left, own], '2026-06-01', null)).toEqual([spent, left, own]);
    expect(creditsToTake([left, own], '2026-06-01', '2026-05-30')).toEqual([own]);
    expect(creditsToTake([left, own], '2026-06-01', '2026-05-31')).toEqual([left, own]);
  });

  it('strands none: generated month by month, with whatever minimum, all are taken by the end', () => {
    fc.assert(
      fc.property(fc.array(credit, { maxLength: 30 }), fc.nat({ max: 5000 }), (credits, minimumPayout) => {
        // A last month that brings every balance above zero.
        const all = asFree([...credits, { month: 7, amount: 100_000 }, { month: 8, amount: 5000 }]);
        const held = new Set<Free>();
        let closedUntil: string | null = null;
        for (let number = 1; number <= 8; number += 1) {
          const until = `2026-0${number}-28`;
          const free = all.filter((each) => !held.has(each) && each.payableFrom <= until);
          const taken = creditsToTake(free, `2026-0${number}-01`, closedUntil, minimumPayout);
          const net = taken.reduce((sum, { amount }) => sum + amount, 0);
          if (net <= 0 || net < minimumPayout) continue;
          for (const each of taken) held.add(each);
          closedUntil = until;
        }
        expect(held.size).toBe(all.length);
      }),
    );
  });
});
