import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LeadFacts } from '#domain/credit-applicability.ts';
import { type CreditsSoFar, heldToCaps, withoutSharedCaps } from '#domain/credit-caps.ts';
import { hasCaps, type PolicyTerms, validatePolicyTerms, withoutGaps } from '#domain/credit-policies.ts';
import { type CreditCandidate, resolveCredits } from '#domain/credit-resolution.ts';
import { simulatedWorld } from '#domain/credit-simulation.ts';
import { plainApproval, plainTerms as terms } from './policies.ts';

const nothing: CreditsSoFar = { onLead: 0, inPeriod: 0, inTotal: 0 };
const at = { eventDay: '2026-03-15', currency: 'EUR' };
const tenEuros = { amount: 1000, reason: 'fixed price: 10.00' };
const held = (caps: Partial<PolicyTerms>, soFar: Partial<CreditsSoFar> = {}) =>
  heldToCaps(tenEuros, { ...terms, ...caps }, { ...nothing, ...soFar }, at);

const lead: LeadFacts = { ...plainApproval, sourceId: 'web' };
const candidate = (
  policyId: string,
  change: Partial<PolicyTerms> = {},
  credited?: { inPeriod: number; inTotal: number },
): CreditCandidate => ({
  policyId,
  policyCode: policyId.toUpperCase(),
  revision: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  isActive: true,
  deactivatedFrom: null,
  isApproved: true,
  currency: 'EUR',
  leadCount: 1,
  credited,
  terms: { ...terms, ...change },
});

describe('a cap', () => {
  it.each([
    ['its cap per lead of 12.00', { capPerLead: 1200 }, { onLead: 900 }],
    ['its cap from 2026-03-01 to 2026-03-31 of 50.00', { capPerPeriod: 5000 }, { inPeriod: 4700 }],
    ['its total budget of 100.00', { totalBudget: 10_000 }, { inTotal: 9700 }],
  ])('gives what is left, and says so: %s', (words, caps, soFar) => {
    expect(held(caps, soFar)).toEqual({
      isUsedUp: false,
      amount: 300,
      reason: `fixed price: 10.00; only 3.00 is left of ${words} → 3.00`,
    });
  });

  it('over several leads is told to partners without its amount, one per lead with it', () => {
    const told = (...caps: Parameters<typeof held>) => withoutSharedCaps(held(...caps).reason);
    expect(told({ totalBudget: 10_000 }, { inTotal: 9700 })).toBe(
      'fixed price: 10.00; only 3.00 is left of its total budget → 3.00',
    );
    expect(told({ capPerPeriod: 5000 }, { inPeriod: 4700 })).toBe(
      'fixed price: 10.00; only 3.00 is left of its cap from 2026-03-01 to 2026-03-31 → 3.00',
    );
    expect(told({ totalBudget: 5000 }, { inTotal: 5000 })).toBe(
      'passed over: nothing is left of its total budget, it would have paid 10.00',
    );
    const own = held({ capPerLead: 1200 }, { onLead: 900 }).reason;
    expect(withoutSharedCaps(own)).toBe(own);
    expect(withoutSharedCaps(tenEuros.reason)).toBe(tenEuros.reason);
  });

  it('passes the policy over when nothing is left', () => {
    expect(held({ totalBudget: 5000 }, { inTotal: 5000 })).toEqual({
      isUsedUp: true,
      reason: 'passed over: nothing is left of its total budget of 50.00, it would have paid 10.00',
    });
    // A cap lowered below what was credited already leaves nothing, and takes nothing back.
    expect(held({ totalBudget: 4000 }, { inTotal: 5000 }).isUsedUp).toBe(true);
  });

  it('says nothing where there is enough left', () => {
    expect(held({ totalBudget: 5000 }, { inTotal: 4000 })).toEqual({ isUsedUp: false, ...tenEuros });
  });

  it('counts weeks from Monday, and is the narrowest of several', () => {
    const weekly = { timeUnitType: 'weekly' as const, capPerPeriod: 5000, totalBudget: 9000 };
    expect(held(weekly, { inPeriod: 4900, inTotal: 8500 })).toMatchObject({
      amount: 100,
      reason: expect.stringContaining('its cap from 2026-03-09 to 2026-03-15 of 50.00'),
    });
  });

  it('that is named of several with the same rest is the one per lead, then the one per period', () => {
    const caps = { capPerPeriod: 300, totalBudget: 300 };
    expect(held({ ...caps, capPerLead: 300 }).reason).toContain('is left of its cap per lead of 3.00');
    expect(held(caps).reason).toContain('is left of its cap from 2026-03-01 to 2026-03-31 of 3.00');
  });

  it('never gives more than is left of any, and all of it where the credit is larger', () => {
    const limit = fc.option(fc.integer({ min: 1, max: 3000 }), { nil: null });
    const used = fc.integer({ min: 0, max: 4000 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }),
        fc.tuple(limit, limit, limit),
        fc.tuple(used, used, used),
        (amount, [capPerLead, capPerPeriod, totalBudget], [onLead, inPeriod, inTotal]) => {
          const caps = { ...terms, capPerLead, capPerPeriod, totalBudget };
          const result = heldToCaps({ amount, reason: 'x' }, caps, { onLead, inPeriod, inTotal }, at);
          const rests = [
            [capPerLead, onLead],
            [capPerPeriod, inPeriod],
            [totalBudget, inTotal],
          ].flatMap(([cap, spent]) =>
            cap === null || cap === undefined ? [] : [Math.max(0, cap - (spent ?? 0))],
          );
          const expected = Math.min(amount, ...rests);
          expect(result.isUsedUp ? 0 : result.amount).toBe(expected);
          expect(result.isUsedUp).toBe(expected === 0);
        },
      ),
    );
  });
});

describe('policies with caps that compete', () => {
  it('let the next in line step in when the first has nothing left', () => {
    const { credits, mappings } = resolveCredits(
      [
        candidate('first', { priority: 9, totalBudget: 500 }, { inPeriod: 0, inTotal: 500 }),
        candidate('second', { baseCredit: 400 }),
      ],
      lead,
    );
    expect(credits).toMatchObject([{ policyId: 'second', amount: 400 }]);
    expect(mappings).toMatchObject([
      { policyId: 'second', applied: true },
      { policyId: 'first', applied: false, amount: 0, reason: expect.stringContaining('nothing is left') },
    ]);
  });

  it('compare what they would really pay', () => {
    const { credits } = resolveCredits(
      [candidate('capped', { baseCredit: 900, capPerLead: 200 }), candidate('plain', { baseCredit: 300 })],
      lead,
    );
    expect(credits).toMatchObject([{ policyId: 'plain', amount: 300 }]);
  });

  it('share the cap per lead in order: what is stacked on top gets what is left', () => {
    const stacked = { isStackable: true, capPerLead: 1500 };
    const { credits } = resolveCredits(
      [
        candidate('base', { baseCredit: 1000 }),
        candidate('extra', { ...stacked, baseCredit: 400, priority: 2 }),
        candidate('last', { ...stacked, baseCredit: 400, priority: 1 }),
      ],
      lead,
    );
    expect(credits.map(({ policyId, amount }) => [policyId, amount])).toEqual([
      ['base', 1000],
      ['extra', 400],
      ['last', 100],
    ]);
    const alone = resolveCredits([candidate('extra', { ...stacked, baseCredit: 400 })], lead, 1200);
    expect(alone.credits).toMatchObject([{ amount: 300 }]);
    const later = resolveCredits([candidate('extra', { ...stacked, baseCredit: 400 })], lead, 1500);
    expect(later.credits).toEqual([]);
    expect(later.mappings).toMatchObject([{ applied: false }]);
  });
});

describe('policies whose caps are used up', () => {
  it('are listed by priority, in whatever order they came', () => {
    const usedUp = (id: string, priority: number) =>
      candidate(id, { priority, totalBudget: 500 }, { inPeriod: 0, inTotal: 500 });
    const all = [usedUp('low', 1), usedUp('high', 3), usedUp('middle', 2)];
    for (const some of [all, all.toReversed()]) {
      expect(resolveCredits(some, lead).mappings.map(({ policyId }) => policyId)).toEqual([
        'high',
        'middle',
        'low',
      ]);
    }
  });
});

describe('the terms of caps', () => {
  it('may hold any one of them', () => {
    for (const cap of ['capPerLead', 'capPerPeriod', 'totalBudget'] as const) {
      const capped = { ...terms, [cap]: 1 };
      expect(validatePolicyTerms(capped)).toEqual([]);
      expect(hasCaps(capped)).toBe(true);
    }
    expect(hasCaps(terms)).toBe(false);
  });

  it.each([
    ['of zero', { capPerLead: 0 }, 'capPerLead'],
    ['below zero', { totalBudget: -1 }, 'totalBudget'],
    [
      'per period without a period',
      { policyType: 'project_based' as const, projectId: 'p', timeUnitType: null, capPerPeriod: 5 },
      'capPerPeriod',
    ],
  ])('are refused %s', (_, change, path) => {
    expect(validatePolicyTerms({ ...terms, ...change })).toMatchObject([{ path }]);
  });

  it('are none in revisions made before there were caps', () => {
    const { capPerLead: _, capPerPeriod: __, totalBudget: ___, ...old } = terms;
    expect(withoutGaps(old)).toEqual(terms);
    expect(hasCaps(withoutGaps(old))).toBe(false);
  });
});

describe('a simulated world', () => {
  const event = (leadId: string, eventDay: string, policies: CreditCandidate[]) => ({
    leadId,
    lead: { ...lead, eventDay },
    policies,
    leadPrice: null,
    commissionRate: null,
    isRemembered: true,
  });

  it('counts tiers by the period, from what was counted before', () => {
    const tiered = candidate('tiers', {
      calculationType: 'tiered',
      baseCredit: null,
      tierConfig: {
        tiers: [
          { tierLevel: 1, minLeads: 1, maxLeads: 2, creditAmount: 100, bonusRate: null },
          { tierLevel: 2, minLeads: 3, maxLeads: null, creditAmount: 300, bonusRate: null },
        ],
      },
    });
    const world = simulatedWorld<CreditCandidate>();
    world.countBefore('tiers', 'acme', '2026-02-28', 7);
    world.countBefore('tiers', 'acme', '2026-03-01', 1);
    const days = ['2026-03-15', '2026-03-16', '2026-04-01', '2026-03-31'];
    const amounts = days.map((day) => world.live(event(day, day, [tiered])).credits[0]?.amount);
    expect(amounts).toEqual([100, 300, 100, 300]);
  });

  it('never credits more than its caps, whatever is taken back meanwhile', () => {
    const step = fc.record({
      day: fc.integer({ min: 1, max: 28 }),
      month: fc.integer({ min: 1, max: 3 }),
      takesBack: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const capped = candidate('capped', { capPerPeriod: 2500, totalBudget: 6000 });
        const world = simulatedWorld<CreditCandidate>();
        const live = new Map<string, { month: number; amount: number }>();
        for (const [position, { day, month, takesBack }] of steps.entries()) {
          const first = live.keys().next().value;
          if (takesBack && first !== undefined) {
            world.takeBack(first, 'capped');
            live.delete(first);
          }
          const on = `2026-0${month}-${String(day).padStart(2, '0')}`;
          const leadId = `lead ${position}`;
          const [credit] = world.live(event(leadId, on, [capped])).credits;
          if (credit !== undefined) live.set(leadId, { month, amount: credit.amount });
          const sum = (of: (each: { month: number }) => boolean) =>
            [...live.values()].filter(of).reduce((total, { amount }) => total + amount, 0);
          expect(sum(() => true)).toBeLessThanOrEqual(6000);
          expect(sum((each) => each.month === month)).toBeLessThanOrEqual(2500);
        }
      }),
    );
  });
});
