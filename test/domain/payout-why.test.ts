import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type WhyFacts, whyNoPayout } from '#domain/payout-why.ts';
import { generationOutcome } from '#domain/payouts.ts';

const facts = (change: Partial<WhyFacts> = {}): WhyFacts => ({
  organizationName: 'Acme',
  status: 'active',
  currency: 'EUR',
  minimumPayout: 0,
  today: '2026-07-02',
  periodStart: '2026-06-01',
  periodEnd: '2026-06-30',
  payouts: [],
  hasApproved: false,
  pending: { credits: 0, amount: 0 },
  held: null,
  taken: [],
  left: [],
  ...change,
});
const told = (change: Partial<WhyFacts>) =>
  whyNoPayout(facts(change)).map(({ code, sentence }) => [code, sentence]);
const june = {
  payoutNumber: 'PO-2026-000001',
  periodStart: '2026-06-01',
  periodEnd: '2026-06-30',
  totalAmount: 1200,
};

describe('why a partner got no payout', () => {
  it.each<[string, Partial<WhyFacts>, string, string]>([
    ['nothing was approved', {}, 'nothing_approved', 'No credit was approved that is payable in the period.'],
    [
      'all is in payouts',
      { hasApproved: true },
      'in_payouts',
      'All approved credits of the period are in payouts.',
    ],
    [
      'credits wait for approval',
      { pending: { credits: 2, amount: 3000 } },
      'waiting_for_approval',
      '2 credits wait for approval: 30.00 EUR.',
    ],
    [
      'credits are held',
      { held: { amount: 500, until: '2026-07-09' } },
      'held',
      '5.00 EUR is held, the first of it until 2026-07-09.',
    ],
    [
      'it is below the minimum',
      { taken: [700], minimumPayout: 1000 },
      'below_minimum',
      'The credits come to 7.00 EUR, below the minimum payout of 10.00, and are carried over to the next payout.',
    ],
    [
      'it nets to nothing',
      { taken: [700, -900] },
      'carried_over',
      'The credits net to -2.00 EUR, which is carried over to the next payout.',
    ],
    [
      'the partner is suspended',
      { status: 'suspended', taken: [700] },
      'not_active',
      'Acme is suspended: its balance is on hold until it is active again.',
    ],
    [
      'an earlier period was left out',
      { left: [400, 100] },
      'earlier_period',
      '5.00 EUR from before the period is free: generate the earlier period.',
    ],
    [
      'nobody generated it',
      { taken: [700, 500] },
      'not_generated',
      'Nobody has generated it yet: it would come to 12.00 EUR.',
    ],
    [
      'there is one',
      { payouts: [{ ...june, status: 'pending' }], hasApproved: true },
      'has_payout',
      'Payout PO-2026-000001 of 2026-06-01 to 2026-06-30 over 12.00 EUR waits for approval.',
    ],
    [
      'it was rejected',
      { payouts: [{ ...june, status: 'rejected' }], taken: [1200] },
      'payout_ended',
      'Payout PO-2026-000001 of 2026-06-01 to 2026-06-30 over 12.00 EUR was rejected, and its credits came free again.',
    ],
    ['the period is to come', { today: '2026-05-31' }, 'period_to_come', 'The period begins on 2026-06-01.'],
  ])('is told where %s', (_, change, code, sentence) => {
    expect(told(change)).toContainEqual([code, sentence]);
  });

  it('is told no reason that does not hold', () => {
    // On the first day of the period, with nothing pending, held or left over.
    expect(told({ taken: [700, 500], today: '2026-06-01' })).toEqual([
      ['not_generated', 'Nobody has generated it yet: it would come to 12.00 EUR.'],
    ]);
    expect(told({ taken: [700, -700] }).map(([code]) => code)).toEqual(['carried_over']);
    expect(told({ taken: [1], minimumPayout: 2 }).map(([code]) => code)).toEqual(['below_minimum']);
    expect(told({ hasApproved: true, pending: { credits: 1, amount: 700 } })).toEqual([
      ['in_payouts', 'All approved credits of the period are in payouts.'],
      ['waiting_for_approval', '1 credit waits for approval: 7.00 EUR.'],
    ]);
    expect(told({ payouts: [{ ...june, status: 'cancelled' }] }).map(([code]) => code)).toEqual([
      'payout_ended',
      'nothing_approved',
    ]);
    expect(told({ left: [700] }).map(([code]) => code)).toEqual(['nothing_approved', 'earlier_period']);
  });

  it('says that it could be generated exactly when generating would make a payout', () => {
    const amount = fc.integer({ min: -2000, max: 2000 });
    fc.assert(
      fc.property(
        fc.array(amount, { maxLength: 6 }),
        fc.integer({ min: 0, max: 3000 }),
        fc.constantFrom('active', 'suspended', 'inactive'),
        (taken, minimumPayout, status) => {
          const reasons = whyNoPayout(facts({ taken, minimumPayout, status }));
          const pays =
            generationOutcome(taken, 'EUR', minimumPayout).kind === 'payout' && status === 'active';
          expect(reasons.some(({ code }) => code === 'not_generated')).toBe(pays);
          expect(reasons.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});
