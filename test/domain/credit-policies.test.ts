import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PolicyTerms, PolicyTier } from '#domain/credit-policies.ts';
import {
  hasEstimatedValue,
  maximumPolicyAmount,
  tierFor,
  triggerOf,
  validatePolicyTerms,
} from '#domain/credit-policies.ts';
import { calculationTypes, policyTypes } from '#domain/vocabulary.ts';
import { plainTerms } from './policies.ts';

const fixedPrice: PolicyTerms = {
  ...plainTerms,
  startDate: '2026-01-01',
  bonusRate: 50_000,
  minLeadQualityScore: 6000,
};

const aTier = (tierLevel: number, minLeads: number, maxLeads: number | null): PolicyTier => ({
  tierLevel,
  minLeads,
  maxLeads,
  creditAmount: 800 * tierLevel,
  bonusRate: null,
});

const tiered = (...tiers: PolicyTier[]): PolicyTerms => ({
  ...fixedPrice,
  calculationType: 'tiered',
  baseCredit: null,
  tierConfig: { tiers },
});

const pathsOf = (terms: PolicyTerms): string[] => validatePolicyTerms(terms).map(({ path }) => path);

/** Contiguous tiers from 0 or 1, the last open-ended or not, in any order. */
const validTiers = fc
  .record({
    start: fc.constantFrom(0, 1),
    widths: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 }),
    isOpenEnded: fc.boolean(),
    shuffle: fc.infiniteStream(fc.nat()),
  })
  .map(({ start, widths, isOpenEnded, shuffle }) => {
    let next = start;
    const tiers = widths.map((width, index) => {
      const tier = aTier(index + 1, next, next + width - 1);
      next += width;
      return tier;
    });
    if (isOpenEnded) tiers[tiers.length - 1]!.maxLeads = null;
    const given = tiers
      .map((tier) => ({ tier, key: shuffle.next().value ?? 0 }))
      .sort((a, b) => a.key - b.key)
      .map(({ tier }) => tier);
    return { given, start, end: isOpenEnded ? null : next - 1 };
  });

describe('terms that may be saved', () => {
  test('one of every calculation', () => {
    const basis = { ...fixedPrice, baseCredit: null };
    expect(validatePolicyTerms(fixedPrice)).toEqual([]);
    expect(validatePolicyTerms({ ...fixedPrice, calculationType: 'conversion' })).toEqual([]);
    expect(validatePolicyTerms({ ...basis, calculationType: 'percentage', baseRate: 150_000 })).toEqual([]);
    expect(validatePolicyTerms({ ...basis, calculationType: 'revenue_share', baseRate: 100_000 })).toEqual(
      [],
    );
    expect(validatePolicyTerms(tiered(aTier(1, 1, 100), aTier(2, 101, 500), aTier(3, 501, null)))).toEqual(
      [],
    );
  });

  test('a project or a campaign, and a time-based policy narrowed to one', () => {
    const basis = { ...fixedPrice, timeUnitType: null };
    expect(validatePolicyTerms({ ...basis, policyType: 'project_based', projectId: 'p' })).toEqual([]);
    expect(validatePolicyTerms({ ...basis, policyType: 'campaign_based', campaignId: 'c' })).toEqual([]);
    expect(validatePolicyTerms({ ...fixedPrice, projectId: 'p', campaignId: 'c', sourceId: 's' })).toEqual(
      [],
    );
  });

  test('limits that touch: one day, a minimum that is the maximum, everything at its edge', () => {
    expect(
      validatePolicyTerms({
        ...fixedPrice,
        endDate: fixedPrice.startDate,
        baseCredit: maximumPolicyAmount,
        minimumCredit: 500,
        maximumCredit: 500,
        bonusRate: 1_000_000,
        minLeadQualityScore: 10_000,
        priority: -1_000_000,
      }),
    ).toEqual([]);
    expect(
      validatePolicyTerms({ ...fixedPrice, baseCredit: 0, bonusRate: 0, minLeadQualityScore: 0 }),
    ).toEqual([]);
  });

  test('tiers sent in any order', () => {
    fc.assert(
      fc.property(validTiers, ({ given }) => {
        expect(validatePolicyTerms(tiered(...given))).toEqual([]);
      }),
    );
  });
});

describe('terms that are inconsistent', () => {
  test.each<[string, Partial<PolicyTerms>, string]>([
    ['a time-based policy without its period', { timeUnitType: null }, 'timeUnitType'],
    ['a project-based policy with a period', { policyType: 'project_based', projectId: 'p' }, 'timeUnitType'],
    [
      'a project-based policy without its project',
      { policyType: 'project_based', timeUnitType: null },
      'projectId',
    ],
    [
      'a campaign-based one without its campaign',
      { policyType: 'campaign_based', timeUnitType: null },
      'campaignId',
    ],
    ['an end before the start', { endDate: '2025-12-31' }, 'endDate'],
    ['a fixed price without its base credit', { baseCredit: null }, 'baseCredit'],
    ['a fixed price with a rate too', { baseRate: 150_000 }, 'baseRate'],
    ['a fixed price with tiers too', { tierConfig: { tiers: [aTier(1, 1, null)] } }, 'tierConfig'],
    ['a base credit below zero', { baseCredit: -1 }, 'baseCredit'],
    ['a fraction of a minor unit', { baseCredit: 10.5 }, 'baseCredit'],
    ['a base credit too large', { baseCredit: maximumPolicyAmount + 1 }, 'baseCredit'],
    ['a minimum above the maximum', { minimumCredit: 501, maximumCredit: 500 }, 'maximumCredit'],
    ['a minimum below zero', { minimumCredit: -1 }, 'minimumCredit'],
    ['a maximum below zero', { maximumCredit: -1 }, 'maximumCredit'],
    ['a bonus below zero', { bonusRate: -1 }, 'bonusPercentage'],
    ['a bonus above 100 %', { bonusRate: 1_000_001 }, 'bonusPercentage'],
    ['a score above 100', { minLeadQualityScore: 10_001 }, 'minLeadQualityScore'],
    ['a score below 0', { minLeadQualityScore: -1 }, 'minLeadQualityScore'],
    ['a fraction of a priority', { priority: 1.5 }, 'priority'],
  ])('%s is named at its field, and nothing else is', (_, change, path) => {
    const errors = validatePolicyTerms({ ...fixedPrice, ...change });
    expect(errors.map((error) => error.path)).toEqual([path]);
    expect(errors[0]?.message).toMatch(/^[A-Z].*\.$/);
  });

  test.each(['percentage', 'revenue_share'] as const)(
    'a %s policy needs a rate up to 100 % and no credit',
    (type) => {
      const basis = { ...fixedPrice, calculationType: type };
      expect(pathsOf({ ...basis, baseRate: 1_000_000 })).toEqual(['baseCredit']);
      expect(pathsOf({ ...basis, baseCredit: null, baseRate: null })).toEqual(['baseRate']);
      expect(pathsOf({ ...basis, baseCredit: null, baseRate: 1_000_001 })).toEqual(['baseRate']);
      expect(pathsOf({ ...basis, baseCredit: null, baseRate: -1 })).toEqual(['baseRate']);
    },
  );

  test('a tiered policy needs tiers, and at least one', () => {
    expect(pathsOf({ ...tiered(), tierConfig: null })).toEqual(['tierConfig']);
    expect(pathsOf(tiered())).toEqual(['tierConfig.tiers']);
    expect(pathsOf({ ...tiered(aTier(1, 1, null)), baseCredit: 1000 })).toEqual(['baseCredit']);
  });

  test.each<[string, PolicyTier[], string, RegExp]>([
    ['a first tier that starts at 2', [aTier(1, 2, null)], '0.minLeads', /start at 0 or 1/],
    ['a first tier below 0', [aTier(1, -1, null)], '0.minLeads', /whole number/],
    ['a gap', [aTier(1, 1, 100), aTier(2, 102, null)], '1.minLeads', /start at 101, right after tier 1/],
    [
      'an overlap',
      [aTier(1, 1, 100), aTier(2, 100, null)],
      '1.minLeads',
      /overlaps tier 1, which ends at 100/,
    ],
    ['a tier after an open end', [aTier(1, 1, null), aTier(2, 101, null)], '1.minLeads', /open-ended/],
    ['an end before its start', [aTier(1, 1, 0)], '0.maxLeads', /before it starts/],
    ['an end that is no whole number', [aTier(1, 1, 9.5)], '0.maxLeads', /whole number/],
    ['a level used twice', [aTier(1, 1, 100), aTier(1, 101, null)], '1.tierLevel', /must rise/],
    ['a level below 1', [aTier(0, 1, null)], '0.tierLevel', /from 1/],
    ['a negative credit', [{ ...aTier(1, 1, null), creditAmount: -1 }], '0.creditAmount', /below zero/],
    [
      'a bonus above 100 %',
      [{ ...aTier(1, 1, null), bonusRate: 2_000_000 }],
      '0.bonusPercent',
      /100 percent/,
    ],
    ['an overlap sent first', [aTier(2, 100, null), aTier(1, 1, 100)], '0.minLeads', /overlaps tier 1/],
  ])('tiers with %s are named at their position', (_, tiers, path, sentence) => {
    const found = validatePolicyTerms(tiered(...tiers)).find(
      (each) => each.path === `tierConfig.tiers.${path}`,
    );
    expect(found?.message).toMatch(sentence);
  });

  test('every inconsistency is named, not the first one only', () => {
    expect(
      pathsOf({
        ...fixedPrice,
        timeUnitType: null,
        baseCredit: null,
        baseRate: 1,
        endDate: '2020-01-01',
        priority: 0.5,
      }),
    ).toEqual(['timeUnitType', 'endDate', 'baseCredit', 'baseRate', 'priority']);
  });

  test('tiers that were moved apart or together never pass', () => {
    fc.assert(
      fc.property(
        validTiers.filter(({ given }) => given.length > 1),
        fc.nat(),
        fc.integer({ min: -3, max: 3 }).filter((shift) => shift !== 0),
        ({ given }, pick, shift) => {
          const inOrder = [...given].sort((a, b) => a.minLeads - b.minLeads);
          const index = 1 + (pick % (inOrder.length - 1));
          const moved = inOrder.map((tier, at) =>
            at === index ? { ...tier, minLeads: tier.minLeads + shift } : tier,
          );
          expect(validatePolicyTerms(tiered(...moved))).not.toEqual([]);
        },
      ),
    );
  });
});

describe('the tier of a count', () => {
  const tiers = [aTier(1, 0, 100), aTier(2, 101, 500), aTier(3, 501, 999_999)];

  test.each([
    [0, 1],
    [1, 1],
    [100, 1],
    [101, 2],
    [150, 2],
    [250, 2],
    [500, 2],
    [501, 3],
    [999_999, 3],
  ])('lead %i is in tier %i', (count, level) => {
    expect(tierFor(tiers, count)?.tierLevel).toBe(level);
  });

  test('beyond a closed last tier, and before a first one that starts at 1, there is none', () => {
    expect(tierFor(tiers, 1_000_000)).toBeNull();
    expect(tierFor([aTier(1, 1, null)], 0)).toBeNull();
  });

  test('valid tiers cover every count from their start to their end exactly once, and no other', () => {
    fc.assert(
      fc.property(validTiers, fc.integer({ min: -5, max: 4000 }), ({ given, start, end }, count) => {
        const covering = given.filter(
          ({ minLeads, maxLeads }) => count >= minLeads && count <= (maxLeads ?? Number.POSITIVE_INFINITY),
        );
        const isCovered = count >= start && (end === null || count <= end);
        expect(covering).toHaveLength(isCovered ? 1 : 0);
        expect(tierFor(given, count)).toBe(covering[0] ?? null);
      }),
    );
  });
});

describe('the event a calculation pays on', () => {
  test.each([
    ['fixed_price', 'approval', 'approval'],
    ['tiered', 'approval', 'approval'],
    ['percentage', 'approval', 'conversion'],
    ['conversion', 'conversion', 'conversion'],
    ['revenue_share', 'conversion', 'conversion'],
  ] as const)('%s: %s with an estimated value, %s without', (type, withEstimate, without) => {
    expect(triggerOf(type, { hasEstimatedValue: true })).toBe(withEstimate);
    expect(triggerOf(type, { hasEstimatedValue: false })).toBe(without);
  });

  test('an estimate of zero is no estimate', () => {
    expect(hasEstimatedValue({ estimatedValue: null })).toBe(false);
    expect(hasEstimatedValue({ estimatedValue: 0 })).toBe(false);
    expect(hasEstimatedValue({ estimatedValue: 1 })).toBe(true);
  });
});

test('any combination of kind and base fields passes only where it is the one the kind needs', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...policyTypes),
      fc.constantFrom(...calculationTypes),
      fc.option(fc.nat(1000), { nil: null }),
      fc.option(fc.nat(1000), { nil: null }),
      fc.option(fc.constant({ tiers: [aTier(1, 1, null)] }), { nil: null }),
      (policyType, calculationType, baseCredit, baseRate, tierConfig) => {
        const timeUnitType = policyType === 'time_based' ? 'weekly' : null;
        const terms = { ...fixedPrice, policyType, timeUnitType, projectId: 'p', campaignId: 'c' } as const;
        const given = [baseCredit !== null, baseRate !== null, tierConfig !== null];
        const needed = {
          fixed_price: [true, false, false],
          conversion: [true, false, false],
          percentage: [false, true, false],
          revenue_share: [false, true, false],
          tiered: [false, false, true],
        }[calculationType];
        const passes =
          validatePolicyTerms({ ...terms, calculationType, baseCredit, baseRate, tierConfig }).length === 0;
        expect(passes).toBe(given.every((is, index) => is === needed[index]));
      },
    ),
  );
});
