import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LeadFacts } from '#domain/credit-applicability.ts';
import { governsLead } from '#domain/credit-applicability.ts';
import type { PolicyTerms } from '#domain/credit-policies.ts';
import type { CreditCandidate, PartnerTermsFacts } from '#domain/credit-resolution.ts';
import { partnerTermsCredits, resolveCredits } from '#domain/credit-resolution.ts';
import { plainApproval, plainTerms as terms } from './policies.ts';

const candidate = (
  policyId: string,
  change: Partial<PolicyTerms> = {},
  createdAt = '2026-01-01T00:00:00.000Z',
): CreditCandidate => ({
  policyId,
  policyCode: policyId.toUpperCase(),
  revision: 1,
  createdAt,
  isActive: true,
  deactivatedFrom: null,
  isApproved: true,
  currency: 'USD',
  leadCount: 1,
  terms: { ...terms, ...change },
});

const approved: LeadFacts = { ...plainApproval, score: 8500, currency: 'USD' };
const converted: LeadFacts = { ...approved, event: 'conversion', dealValue: 100_000 };

describe('exclusive policies compete', () => {
  test('the highest priority wins, even with the lower credit', () => {
    const { credits, mappings } = resolveCredits(
      [candidate('basic', { priority: 10, baseCredit: 5000 }), candidate('summer', { priority: 20 })],
      approved,
    );
    expect(credits).toEqual([
      {
        policyId: 'summer',
        revision: 1,
        calculationType: 'fixed_price',
        amount: 1000,
        reason: 'fixed price: 10.00',
      },
    ]);
    expect(mappings).toEqual([
      { policyId: 'summer', revision: 1, applied: true, amount: 1000, reason: 'fixed price: 10.00' },
      {
        policyId: 'basic',
        revision: 1,
        applied: false,
        amount: 5000,
        reason: 'passed over: policy SUMMER has the higher priority (20 over 10)',
      },
    ]);
  });

  test('with the same priority the higher credit wins', () => {
    const { mappings } = resolveCredits([candidate('a'), candidate('b', { baseCredit: 1260 })], approved);
    expect(mappings.map(({ policyId, reason }) => [policyId, reason])).toEqual([
      ['b', 'fixed price: 12.60'],
      ['a', 'passed over: policy B pays more (12.60 over 10.00)'],
    ]);
  });

  test('with the same credit the older policy wins, and of two made at once always the same one', () => {
    const older = candidate('b', {}, '2025-12-31T23:59:59.999Z');
    expect(resolveCredits([candidate('a'), older], approved).mappings.map(({ reason }) => reason)).toEqual([
      'fixed price: 10.00',
      'passed over: policy B pays the same and is older',
    ]);
    for (const order of [['a', 'c'] as const, ['c', 'a'] as const]) {
      const { mappings } = resolveCredits(
        order.map((id) => candidate(id)),
        approved,
      );
      expect(mappings.map(({ policyId }) => policyId)).toEqual(['a', 'c']);
      expect(mappings[1]?.reason).toBe('passed over: policy A pays the same and comes first');
    }
  });

  test('within one event only: what pays on conversion does not push aside what pays on approval', () => {
    const candidates = [
      candidate('approval', { priority: 1 }),
      candidate('conversion', { priority: 9, calculationType: 'conversion', baseCredit: 10_000 }),
    ];
    expect(resolveCredits(candidates, approved).credits).toMatchObject([
      { policyId: 'approval', amount: 1000 },
    ]);
    expect(resolveCredits(candidates, converted).credits).toMatchObject([
      { policyId: 'conversion', amount: 10_000 },
    ]);
  });
});

describe('stackable policies', () => {
  test('are added on top of the winner, whatever their priority', () => {
    const { credits } = resolveCredits(
      [
        candidate('low', { isStackable: true, baseCredit: 100, priority: -5 }),
        candidate('winner', { priority: 1 }),
        candidate('loser'),
        candidate('high', { isStackable: true, baseCredit: 200, priority: 99 }),
      ],
      approved,
    );
    expect(credits.map(({ policyId, amount }) => [policyId, amount])).toEqual([
      ['winner', 1000],
      ['high', 200],
      ['low', 100],
    ]);
  });

  test('pay without any exclusive one', () => {
    const { credits, mappings } = resolveCredits([candidate('extra', { isStackable: true })], approved);
    expect(credits).toHaveLength(1);
    expect(mappings).toMatchObject([{ applied: true, amount: 1000 }]);
  });
});

describe('an amount of zero', () => {
  test('leaves a mapping that says so, and no credit', () => {
    const { credits, mappings } = resolveCredits([candidate('none', { baseCredit: 0 })], approved);
    expect(credits).toEqual([]);
    expect(mappings).toEqual([
      {
        policyId: 'none',
        revision: 1,
        applied: true,
        amount: 0,
        reason: 'fixed price: 0.00, so no credit is made',
      },
    ]);
  });

  test('wins by priority too: to pay nothing is a decision', () => {
    const { credits, mappings } = resolveCredits(
      [candidate('none', { baseCredit: 0, priority: 1 }), candidate('some')],
      approved,
    );
    expect(credits).toEqual([]);
    expect(mappings.map(({ policyId, applied }) => [policyId, applied])).toEqual([
      ['none', true],
      ['some', false],
    ]);
  });
});

test('a policy that does not apply leaves nothing, and no policies give no credits', () => {
  expect(resolveCredits([candidate('high', { minLeadQualityScore: 9000 })], approved)).toEqual({
    credits: [],
    mappings: [],
  });
  expect(resolveCredits([], approved)).toEqual({ credits: [], mappings: [] });
});

test('each candidate is counted in its own tiers', () => {
  const tiers = [
    { tierLevel: 1, minLeads: 1, maxLeads: 100, creditAmount: 800, bonusRate: null },
    { tierLevel: 2, minLeads: 101, maxLeads: 500, creditAmount: 1200, bonusRate: null },
    { tierLevel: 3, minLeads: 501, maxLeads: null, creditAmount: 1500, bonusRate: null },
  ];
  const tiered: Partial<PolicyTerms> = {
    calculationType: 'tiered',
    baseCredit: null,
    tierConfig: { tiers },
    bonusRate: 50_000,
    minimumCredit: 500,
    maximumCredit: 2500,
    isStackable: true,
  };
  const { credits } = resolveCredits(
    [
      { ...candidate('a', tiered), leadCount: 150 },
      { ...candidate('b', tiered), leadCount: 501 },
    ],
    approved,
  );
  expect(credits.map(({ policyId, amount }) => [policyId, amount])).toEqual([
    ['b', 1575],
    ['a', 1260],
  ]);
  expect(credits[1]?.reason).toBe('tier 2 (101–500): 12.00, +5 % for score 85, within 5.00–25.00 → 12.60');
});

describe('for any candidates', () => {
  const candidates = fc
    .uniqueArray(
      fc.record({
        id: fc.nat(50),
        baseCredit: fc.constantFrom(0, 500, 1000),
        priority: fc.integer({ min: 0, max: 2 }),
        isStackable: fc.boolean(),
        minLeadQualityScore: fc.constantFrom(0, 9000),
        calculationType: fc.constantFrom('fixed_price' as const, 'conversion' as const),
        day: fc.integer({ min: 1, max: 3 }),
      }),
      { selector: ({ id }) => id, maxLength: 8 },
    )
    .map((all) =>
      all.map(({ id, day, ...change }) => candidate(`p${id}`, change, `2026-01-0${day}T00:00:00.000Z`)),
    );
  const events = fc.constantFrom(approved, converted);

  test('resolving again, from the same candidates in any order, gives the same result', () => {
    fc.assert(
      fc.property(candidates, events, fc.nat(), (all, lead, turn) => {
        const before = structuredClone(all);
        const first = resolveCredits(all, lead);
        const at = turn % Math.max(1, all.length);
        expect(resolveCredits(all, lead)).toEqual(first);
        expect(resolveCredits([...all.slice(at), ...all.slice(0, at)].toReversed(), lead)).toEqual(first);
        expect(all).toEqual(before);
      }),
    );
  });

  test('one exclusive policy at most is applied, every stackable one is, and none that does not apply', () => {
    fc.assert(
      fc.property(candidates, events, (all, lead) => {
        const pays = lead.event === 'approval' ? 'fixed_price' : 'conversion';
        const applying = all.filter(
          (each) => each.terms.calculationType === pays && each.terms.minLeadQualityScore <= lead.score,
        );
        const { credits, mappings } = resolveCredits(all, lead);
        expect(mappings.map(({ policyId }) => policyId).sort()).toEqual(
          applying.map(({ policyId }) => policyId).sort(),
        );
        const applied = new Set(mappings.filter((each) => each.applied).map(({ policyId }) => policyId));
        const exclusive = applying.filter((each) => !each.terms.isStackable);
        const winners = exclusive.filter(({ policyId }) => applied.has(policyId));
        expect(winners).toHaveLength(Math.min(1, exclusive.length));
        expect(applying.every((each) => !each.terms.isStackable || applied.has(each.policyId))).toBe(true);
        const highest = Math.max(...exclusive.map((each) => each.terms.priority));
        expect(winners.every((each) => each.terms.priority === highest)).toBe(true);

        const amountOf = new Map(all.map((each) => [each.policyId, each.terms.baseCredit]));
        expect(credits.every(({ policyId, amount }) => amount > 0 && amount === amountOf.get(policyId))).toBe(
          true,
        );
        expect(credits).toHaveLength([...applied].filter((policyId) => amountOf.get(policyId) !== 0).length);
      }),
    );
  });
});

describe("the partner's own terms", () => {
  const facts = (change: Partial<PartnerTermsFacts> = {}): PartnerTermsFacts => ({
    leadPrice: null,
    commissionRate: null,
    event: 'approval',
    dealValue: null,
    currency: 'USD',
    governed: false,
    ...change,
  });

  test('lead price 50.00, approved: 50.00', () => {
    expect(partnerTermsCredits(facts({ leadPrice: 5000 }))).toEqual([
      { calculationType: 'fixed_price', amount: 5000, reason: "the partner's lead price: 50.00" },
    ]);
  });

  test('commission 15 %, converted to a 1,000.00 sale: 150.00', () => {
    expect(
      partnerTermsCredits(facts({ commissionRate: 150_000, event: 'conversion', dealValue: 100_000 })),
    ).toEqual([
      {
        calculationType: 'percentage',
        amount: 15_000,
        reason: "the partner's commission: 15 % of the deal value 1000.00 → 150.00",
      },
    ]);
  });

  test('hybrid: 25.00 on approval and 15 % of the deal on conversion', () => {
    const hybrid = { leadPrice: 2500, commissionRate: 150_000 };
    expect(partnerTermsCredits(facts(hybrid)).map(({ amount }) => amount)).toEqual([2500]);
    const sale = facts({ ...hybrid, event: 'conversion', dealValue: 80_000 });
    expect(partnerTermsCredits(sale).map(({ amount }) => amount)).toEqual([12_000]);
  });

  test('add nothing where a policy governs the lead, at either event', () => {
    const terms = { leadPrice: 2500, commissionRate: 150_000, governed: true };
    expect(partnerTermsCredits(facts(terms))).toEqual([]);
    expect(partnerTermsCredits(facts({ ...terms, event: 'conversion', dealValue: 80_000 }))).toEqual([]);
  });

  test('a conversion policy keeps the lead price away on approval already', () => {
    const policy = candidate('deal', { calculationType: 'conversion', baseCredit: 10_000 });
    expect(resolveCredits([policy], approved).credits).toEqual([]);
    expect(partnerTermsCredits(facts({ leadPrice: 2500, governed: governsLead(policy, approved) }))).toEqual(
      [],
    );
  });

  test('a term that is missing or zero pays nothing', () => {
    for (const none of [null, 0]) {
      expect(partnerTermsCredits(facts({ leadPrice: none, commissionRate: 150_000 }))).toEqual([]);
      const sale = facts({ leadPrice: 2500, commissionRate: none, event: 'conversion', dealValue: 80_000 });
      expect(partnerTermsCredits(sale)).toEqual([]);
    }
    expect(partnerTermsCredits(facts({ commissionRate: 0, event: 'conversion' }))).toEqual([]);
    const smallest = facts({ commissionRate: 100_000, event: 'conversion', dealValue: 4 });
    expect(partnerTermsCredits(smallest)).toEqual([]);
  });

  test('a conversion without its deal value is an error', () => {
    expect(() => partnerTermsCredits(facts({ commissionRate: 150_000, event: 'conversion' }))).toThrow(
      /deal value/,
    );
  });
});
