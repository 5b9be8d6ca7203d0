import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CreditFacts } from '#domain/credit-calculation.ts';
import {
  calculateCredit,
  roundedCredit,
  roundedCreditInNumbers,
  scoreInWords,
} from '#domain/credit-calculation.ts';
import type { PolicyTerms, PolicyTier } from '#domain/credit-policies.ts';
import { maximumPolicyAmount, triggerOf, validatePolicyTerms } from '#domain/credit-policies.ts';
import { calculationTypes } from '#domain/vocabulary.ts';
import { plainTerms } from './policies.ts';

const fixedPrice: PolicyTerms = { ...plainTerms, startDate: '2026-01-01' };

const tiered = (tiers: readonly PolicyTier[], change: Partial<PolicyTerms> = {}): PolicyTerms => ({
  ...fixedPrice,
  calculationType: 'tiered',
  baseCredit: null,
  tierConfig: { tiers },
  ...change,
});

const ofValue = (calculationType: 'percentage' | 'revenue_share', baseRate: number): PolicyTerms => ({
  ...fixedPrice,
  calculationType,
  baseCredit: null,
  baseRate,
});

const facts = (change: Partial<CreditFacts> = {}): CreditFacts => ({
  event: 'approval',
  score: 7000,
  leadCount: 1,
  estimatedValue: null,
  dealValue: null,
  currency: 'USD',
  ...change,
});

const aTier = (
  tierLevel: number,
  minLeads: number,
  maxLeads: number | null,
  creditAmount: number,
): PolicyTier => ({
  tierLevel,
  minLeads,
  maxLeads,
  creditAmount,
  bonusRate: null,
});

const threeTiers = [aTier(1, 1, 100, 800), aTier(2, 101, 500, 1200), aTier(3, 501, null, 1500)];
const threeTiersWithBonus = [
  { ...aTier(1, 0, 100, 800), bonusRate: 0 },
  { ...aTier(2, 101, 500, 1200), bonusRate: 50_000 },
  { ...aTier(3, 501, 999_999, 1500), bonusRate: 100_000 },
];

describe('the worked examples of the rules, to the cent', () => {
  test('the 150th lead, tiers 8, 12 and 15, bonus 5 %, score 85, bounds 5 to 25: 12.60', () => {
    const terms = tiered(threeTiers, { bonusRate: 50_000, minimumCredit: 500, maximumCredit: 2500 });
    expect(calculateCredit(terms, facts({ leadCount: 150, score: 8500 }))).toEqual({
      amount: 1260,
      reason: 'tier 2 (101–500): 12.00, +5 % for score 85, within 5.00–25.00 → 12.60',
    });
  });

  test('count 250 in tiers with bonuses of their own: 12.60 from score 80, 12.00 at 79.99', () => {
    const terms = tiered(threeTiersWithBonus);
    expect(calculateCredit(terms, facts({ leadCount: 250, score: 8000 })).amount).toBe(1260);
    expect(calculateCredit(terms, facts({ leadCount: 250, score: 7999 }))).toEqual({
      amount: 1200,
      reason: 'tier 2 (101–500): 12.00, no bonus for score 79.99 → 12.00',
    });
  });

  test('an open-ended tier is told by its beginning, and a score below 80 adds nothing to the largest credit', () => {
    expect(calculateCredit(tiered(threeTiers), facts({ leadCount: 501 }))).toEqual({
      amount: 1500,
      reason: 'tier 3 (501+): 15.00',
    });
    const large = { ...fixedPrice, baseCredit: maximumPolicyAmount, bonusRate: 50_000 };
    expect(calculateCredit(large, facts({ score: 7999 })).amount).toBe(maximumPolicyAmount);
  });

  test('15 % of a 1,000.00 sale: 150.00', () => {
    const sale = facts({ event: 'conversion', dealValue: 100_000 });
    expect(calculateCredit(ofValue('percentage', 150_000), sale)).toEqual({
      amount: 15_000,
      reason: '15 % of the deal value 1000.00 → 150.00',
    });
  });

  test('revenue share, 10 % of 500.00: 50.00', () => {
    const sale = facts({ event: 'conversion', dealValue: 50_000 });
    expect(calculateCredit(ofValue('revenue_share', 100_000), sale)).toEqual({
      amount: 5000,
      reason: '10 % of the deal value 500.00 → 50.00',
    });
  });

  test('conversion: 100.00 per closed deal, whatever the deal', () => {
    const terms: PolicyTerms = { ...fixedPrice, calculationType: 'conversion', baseCredit: 10_000 };
    for (const dealValue of [null, 1, 9_999_999]) {
      expect(calculateCredit(terms, facts({ event: 'conversion', dealValue }))).toEqual({
        amount: 10_000,
        reason: 'per closed deal: 100.00',
      });
    }
  });

  test('10 % of the lead value, on approval', () => {
    expect(calculateCredit(ofValue('percentage', 100_000), facts({ estimatedValue: 250_000 }))).toEqual({
      amount: 25_000,
      reason: '10 % of the estimated value 2500.00 → 250.00',
    });
  });

  test('10.00 per lead all month, 5 % bonus for high quality', () => {
    const terms = { ...fixedPrice, bonusRate: 50_000 };
    expect(calculateCredit(fixedPrice, facts())).toEqual({ amount: 1000, reason: 'fixed price: 10.00' });
    expect(calculateCredit(terms, facts({ score: 9000 }))).toEqual({
      amount: 1050,
      reason: 'fixed price: 10.00, +5 % for score 90 → 10.50',
    });
  });
});

describe('the bonus', () => {
  test("is the tier's where the tier has one, even of zero, and never both", () => {
    const terms = tiered(threeTiersWithBonus, { bonusRate: 200_000 });
    expect(calculateCredit(terms, facts({ leadCount: 50, score: 9000 })).amount).toBe(800);
    expect(calculateCredit(terms, facts({ leadCount: 250, score: 9000 })).amount).toBe(1260);
    expect(calculateCredit(terms, facts({ leadCount: 600, score: 9000 })).amount).toBe(1650);
  });

  test("is the policy's where the tier has none", () => {
    const terms = tiered(threeTiers, { bonusRate: 200_000 });
    expect(calculateCredit(terms, facts({ leadCount: 50, score: 9000 })).amount).toBe(960);
  });

  test('comes before the bounds', () => {
    const terms = { ...fixedPrice, bonusRate: 50_000, maximumCredit: 1040 };
    expect(calculateCredit(terms, facts({ score: 8500 }))).toEqual({
      amount: 1040,
      reason: 'fixed price: 10.00, +5 % for score 85, held to the maximum 10.40 → 10.40',
    });
  });
});

describe('the bounds', () => {
  test('raise what is too little and hold what is too much, and the reason says which', () => {
    const terms = { ...ofValue('revenue_share', 100_000), minimumCredit: 500, maximumCredit: 2500 };
    const reasonAt = (dealValue: number) => calculateCredit(terms, facts({ event: 'conversion', dealValue }));
    expect(reasonAt(1000)).toEqual({
      amount: 500,
      reason: '10 % of the deal value 10.00, raised to the minimum 5.00 → 5.00',
    });
    expect(reasonAt(10_000)).toEqual({
      amount: 1000,
      reason: '10 % of the deal value 100.00, within 5.00–25.00 → 10.00',
    });
    expect(reasonAt(100_000)).toEqual({
      amount: 2500,
      reason: '10 % of the deal value 1000.00, held to the maximum 25.00 → 25.00',
    });
  });

  test('may be one only', () => {
    expect(calculateCredit({ ...fixedPrice, minimumCredit: 500 }, facts()).reason).toBe(
      'fixed price: 10.00, at least 5.00 → 10.00',
    );
    expect(calculateCredit({ ...fixedPrice, maximumCredit: 2500 }, facts()).reason).toBe(
      'fixed price: 10.00, at most 25.00 → 10.00',
    );
  });

  test('that the credit meets exactly have raised and held nothing', () => {
    const terms = { ...fixedPrice, minimumCredit: 1000, maximumCredit: 1000 };
    expect(calculateCredit(terms, facts()).reason).toBe('fixed price: 10.00, within 10.00–10.00 → 10.00');
  });

  test('do not make a policy pay for a lead beyond its last tier', () => {
    const terms = tiered(threeTiersWithBonus, { minimumCredit: 500 });
    expect(calculateCredit(terms, facts({ leadCount: 1_000_000 }))).toEqual({
      amount: 0,
      reason: 'no tier covers lead 1000000',
    });
  });
});

describe('rounding', () => {
  test('happens once: a base rounded before its bonus would be a cent off', () => {
    // 4 % of 0.37 is 1.48 cents, with 40 % on top 2.072 cents. Rounded to 1 first, it would become 1.4 and end at 1.
    const terms = { ...ofValue('revenue_share', 40_000), bonusRate: 400_000 };
    expect(calculateCredit(terms, facts({ event: 'conversion', dealValue: 37, score: 8000 })).amount).toBe(2);
  });

  test('is half away from zero', () => {
    const terms = ofValue('revenue_share', 100_000);
    const amountOf = (dealValue: number) =>
      calculateCredit(terms, facts({ event: 'conversion', dealValue })).amount;
    expect([4, 5, 14, 15, 25].map(amountOf)).toEqual([0, 1, 1, 2, 3]);
    expect(roundedCredit(-25, 100_000, 0)).toBe(-3);
    expect(Object.is(roundedCredit(-4, 100_000, 0), 0)).toBe(true);
  });

  test('in plain numbers and in integers of any size gives what exact arithmetic gives', () => {
    const rates = fc.oneof(
      fc.integer({ min: 0, max: 100 }).map((percent) => percent * 10_000),
      fc.integer({ min: 0, max: 10_000 }).map((hundredths) => hundredths * 100),
      fc.integer({ min: 0, max: 1_000_000 }),
    );
    const amounts = fc.oneof(
      fc.integer({ min: -1_000_000, max: 1_000_000 }),
      fc.integer({ min: -(10 ** 12), max: 10 ** 12 }),
      fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 }),
    );
    let plain = 0;
    let big = 0;
    fc.assert(
      fc.property(amounts, rates, rates, (amount, rate, bonusRate) => {
        // Twice the exact value, floored after adding one: an independent way to round half up, on the magnitude.
        const exact = BigInt(Math.abs(amount)) * BigInt(rate) * BigInt(1_000_000 + bonusRate);
        const magnitude = Number((2n * exact + 10n ** 12n) / (2n * 10n ** 12n));
        const expected = amount < 0 && magnitude > 0 ? -magnitude : magnitude;
        const fast = roundedCreditInNumbers(amount, rate, bonusRate);
        if (fast === null) big += 1;
        else plain += 1;
        expect(fast ?? expected).toBe(expected);
        expect(roundedCredit(amount, rate, bonusRate)).toBe(expected);
      }),
      { numRuns: 5000 },
    );
    // Neither path may have gone untried.
    expect(plain).toBeGreaterThan(500);
    expect(big).toBeGreaterThan(500);
  });

  test('halves are met exactly, above and below', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.constantFrom(0, 50_000), (whole, bonusRate) => {
        // 50 % of an odd number is a half; with a 5 % bonus it is one where the number is an odd multiple of 20.
        const amount = bonusRate === 0 ? 2 * whole + 1 : 20 * (2 * whole + 1);
        const twice = bonusRate === 0 ? amount : (amount * 21) / 20;
        expect(twice % 2).toBe(1);
        expect(roundedCredit(amount, 500_000, bonusRate)).toBe((twice + 1) / 2);
      }),
    );
  });

  test('beyond exact integers is refused', () => {
    expect(() => roundedCredit(Number.MAX_SAFE_INTEGER, 1_000_000, 50_000)).toThrow(RangeError);
    const sale = facts({ event: 'conversion', dealValue: 2 ** 53 });
    expect(() => calculateCredit(ofValue('revenue_share', 123_456), sale)).toThrow(RangeError);
  });
});

describe("the reason uses the currency's own decimals", () => {
  test.each([
    ['JPY', 'fixed price: 1000, +5 % for score 85, within 500–2500 → 1050'],
    ['USD', 'fixed price: 10.00, +5 % for score 85, within 5.00–25.00 → 10.50'],
    ['KWD', 'fixed price: 1.000, +5 % for score 85, within 0.500–2.500 → 1.050'],
  ])('%s: %s', (currency, reason) => {
    const terms = { ...fixedPrice, bonusRate: 50_000, minimumCredit: 500, maximumCredit: 2500 };
    expect(calculateCredit(terms, facts({ score: 8500, currency })).reason).toBe(reason);
  });

  test('and percentages and scores as people write them', () => {
    const terms = { ...fixedPrice, bonusRate: 25_001 };
    expect(calculateCredit(terms, facts({ score: 8005 })).reason).toBe(
      'fixed price: 10.00, +2.5001 % for score 80.05 → 10.25',
    );
    expect([8500, 7999, 7990, 0, 10_000].map(scoreInWords)).toEqual(['85', '79.99', '79.90', '0', '100']);
  });
});

describe('a call that makes no sense is an error, not a credit of zero', () => {
  test('an event that the calculation does not pay on', () => {
    expect(() => calculateCredit(fixedPrice, facts({ event: 'conversion', dealValue: 1000 }))).toThrow(
      /conversion/,
    );
    expect(() => calculateCredit(ofValue('percentage', 100_000), facts())).toThrow(/approval/);
    const estimated = facts({ event: 'conversion', estimatedValue: 1000, dealValue: 1000 });
    expect(() => calculateCredit(ofValue('percentage', 100_000), estimated)).toThrow(/conversion/);
  });

  test('a policy without its base, a conversion without its deal value', () => {
    expect(() => calculateCredit({ ...fixedPrice, baseCredit: null }, facts())).toThrow(/base credit/);
    expect(() => calculateCredit(tiered([], { tierConfig: null }), facts())).toThrow(/tiers/);
    const noDeal = facts({ event: 'conversion' });
    expect(() => calculateCredit(ofValue('revenue_share', 100_000), noDeal)).toThrow(/deal value/);
    const noRate = { ...ofValue('revenue_share', 0), baseRate: null };
    expect(() => calculateCredit(noRate, { ...noDeal, dealValue: 1000 })).toThrow(/base rate/);
  });
});

const amount = fc.integer({ min: 0, max: 1_000_000 });
const rate = fc.integer({ min: 0, max: 1_000_000 });
/** Valid terms of every calculation, with or without bonus, bounds and bonuses of the tiers. */
const anyTerms: fc.Arbitrary<PolicyTerms> = fc
  .record({
    calculationType: fc.constantFrom(...calculationTypes),
    base: amount,
    baseRate: rate,
    bonusRate: rate,
    bounds: fc.tuple(fc.option(amount), fc.option(amount)),
    tiers: fc.array(fc.record({ creditAmount: amount, bonusRate: fc.option(rate) }), {
      minLength: 1,
      maxLength: 5,
    }),
  })
  .map(({ calculationType, base, baseRate, bonusRate, bounds: [one, other], tiers }) => {
    const isTiered = calculationType === 'tiered';
    const isShare = calculationType === 'percentage' || calculationType === 'revenue_share';
    const isOrdered = one === null || other === null || one <= other;
    return {
      ...fixedPrice,
      calculationType,
      bonusRate,
      baseCredit: isTiered || isShare ? null : base,
      baseRate: isShare ? baseRate : null,
      minimumCredit: isOrdered ? one : other,
      maximumCredit: isOrdered ? other : one,
      tierConfig: isTiered
        ? {
            tiers: tiers.map((tier, index) => ({
              ...tier,
              tierLevel: index + 1,
              minLeads: index * 10 + 1,
              maxLeads: index === tiers.length - 1 ? null : index * 10 + 10,
            })),
          }
        : null,
    };
  });

const anyFacts = fc.record({
  score: fc.integer({ min: 0, max: 10_000 }),
  leadCount: fc.integer({ min: 1, max: 100 }),
  estimatedValue: fc.option(fc.integer({ min: 0, max: 100_000_000 })),
  dealValue: fc.integer({ min: 0, max: 100_000_000 }),
  currency: fc.constantFrom('USD', 'JPY', 'KWD'),
});

/** The facts at the event that the policy pays on. */
const at = (terms: PolicyTerms, lead: Omit<CreditFacts, 'event'>): CreditFacts => ({
  ...lead,
  event: triggerOf(terms.calculationType, {
    hasEstimatedValue: lead.estimatedValue !== null && lead.estimatedValue > 0,
  }),
});

describe('for any valid policy and any lead', () => {
  test('the credit is a whole amount within the bounds', () => {
    fc.assert(
      fc.property(anyTerms, anyFacts, (terms, lead) => {
        expect(validatePolicyTerms(terms)).toEqual([]);
        const credit = calculateCredit(terms, at(terms, lead)).amount;
        expect(Number.isSafeInteger(credit)).toBe(true);
        expect(credit).toBeGreaterThanOrEqual(terms.minimumCredit ?? 0);
        expect(credit).toBeLessThanOrEqual(terms.maximumCredit ?? Number.MAX_SAFE_INTEGER);
      }),
    );
  });

  test('calculating again gives the same credit and the same words', () => {
    fc.assert(
      fc.property(anyTerms, anyFacts, (terms, lead) => {
        expect(calculateCredit(terms, at(terms, lead))).toEqual(calculateCredit(terms, at(terms, lead)));
      }),
    );
  });

  test('a better score never earns less', () => {
    fc.assert(
      fc.property(anyTerms, anyFacts, fc.integer({ min: 0, max: 10_000 }), (terms, lead, other) => {
        const creditAt = (score: number) => calculateCredit(terms, at(terms, { ...lead, score })).amount;
        expect(creditAt(Math.max(lead.score, other))).toBeGreaterThanOrEqual(
          creditAt(Math.min(lead.score, other)),
        );
      }),
    );
  });

  test('the words end with the amount', () => {
    fc.assert(
      fc.property(anyTerms, anyFacts, (terms, lead) => {
        const { amount: credit, reason } = calculateCredit(terms, at(terms, { ...lead, currency: 'JPY' }));
        expect(reason.split(/→ |: /).at(-1)).toBe(String(credit));
      }),
    );
  });

  test('the order of the leads does not change the sum of a fixed-price policy', () => {
    fc.assert(
      fc.property(
        anyTerms.filter(({ calculationType }) => calculationType === 'fixed_price'),
        fc.array(fc.tuple(anyFacts, fc.nat()), { maxLength: 30 }),
        (terms, keyed) => {
          const sumOf = (leads: readonly Omit<CreditFacts, 'event'>[]) =>
            leads.reduce(
              (sum, lead, index) =>
                sum + calculateCredit(terms, at(terms, { ...lead, leadCount: index + 1 })).amount,
              0,
            );
          const given = keyed.map(([lead]) => lead);
          const shuffled = [...keyed].sort(([, a], [, b]) => a - b).map(([lead]) => lead);
          expect(sumOf(shuffled)).toBe(sumOf(given));
        },
      ),
    );
  });
});
