import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LeadData } from '#domain/lead-data.ts';
import {
  defaultScoreWeights,
  FULL_SCORE,
  isHighQuality,
  qualityScore,
  type ScoredField,
  scoredFields,
  scoreFromNumber,
  scoreToNumber,
  validateScoreWeights,
} from '#domain/quality-score.ts';

const complete: LeadData = {
  firstName: 'Ada',
  lastName: 'Byron',
  email: 'ada@example.com',
  phone: '+442079460958',
  company: 'Analytical Engines',
  jobTitle: 'Buyer',
  industry: 'Machinery',
  address: '12 St James Square',
  leadType: 'prospect',
  budgetRange: 'high',
  timelineDays: 30,
};

function only(fields: readonly ScoredField[]): Partial<LeadData> {
  return Object.fromEntries(fields.map((field) => [field, complete[field]]));
}

const someFields = fc.subarray([...scoredFields]);
/** Weights that add up to exactly 100: eleven parts between ten cuts of 10 000. */
const someWeights = fc
  .array(fc.nat(FULL_SCORE), { minLength: 10, maxLength: 10 })
  .map((cuts) => [0, ...cuts.sort((a, b) => a - b), FULL_SCORE])
  .map((cuts) =>
    scoredFields.map((field, index) => [field, (cuts[index + 1]! - cuts[index]!) / 100] as const),
  )
  .map((pairs) => ({ ...defaultScoreWeights, ...Object.fromEntries(pairs) }));

describe('qualityScore', () => {
  test('complete data scores 100, none scores 0', () => {
    expect(qualityScore(complete)).toBe(10_000);
    expect(qualityScore({})).toBe(0);
  });

  test('the weights are those of the domain rules', () => {
    expect(qualityScore(only(['firstName']))).toBe(750);
    expect(qualityScore(only(['firstName', 'lastName', 'email', 'phone']))).toBe(3_000);
    expect(qualityScore(only(['company', 'jobTitle', 'industry', 'address']))).toBe(4_000);
    expect(qualityScore(only(['leadType', 'budgetRange', 'timelineDays']))).toBe(3_000);
  });

  test('a timeline of 0 days is given, empty text is not', () => {
    expect(qualityScore({ timelineDays: 0 })).toBe(1_000);
    expect(qualityScore({ company: '  ', firstName: '' })).toBe(0);
  });

  test('fields without a weight change nothing', () => {
    expect(qualityScore({ ...complete, city: 'London', interestAreas: 'offices' })).toBe(10_000);
    expect(qualityScore({ city: 'London', country: 'GB', zipCode: 'SW1', additionalInfo: 'x' })).toBe(0);
  });

  test('other weights count instead', () => {
    const weights = { ...defaultScoreWeights, firstName: 0, lastName: 15.25, phone: 7.25 };
    expect(qualityScore(only(['firstName', 'lastName', 'phone']), weights)).toBe(2_250);
  });

  test('stays within 0 and 100 and grows with every field that is added', () => {
    fc.assert(
      fc.property(someWeights, someFields, fc.constantFrom(...scoredFields), (weights, fields, added) => {
        const score = qualityScore(only(fields), weights);
        const more = qualityScore(only([...fields, added]), weights);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(more).toBeLessThanOrEqual(FULL_SCORE);
        expect(more).toBeGreaterThanOrEqual(score);
        const gained = fields.includes(added) ? 0 : Math.round(weights[added] * 100);
        expect(more - score).toBe(gained);
      }),
    );
  });
});

describe('isHighQuality', () => {
  test('80.00 is, 79.99 is not', () => {
    expect(isHighQuality(8_000)).toBe(true);
    expect(isHighQuality(7_999)).toBe(false);
    expect(() => isHighQuality(80.5)).toThrow(RangeError);
  });
});

describe('scores as people see them', () => {
  test('85 is 8500 hundredths', () => {
    expect(scoreFromNumber(85)).toBe(8_500);
    expect(scoreToNumber(8_500)).toBe(85);
    expect(scoreFromNumber(79.99)).toBe(7_999);
  });

  test('every score comes back the same', () => {
    fc.assert(
      fc.property(fc.nat(FULL_SCORE), (score) => {
        expect(scoreFromNumber(scoreToNumber(score))).toBe(score);
      }),
    );
  });

  test.each([-0.01, 100.01, 79.999, 0.1 + 0.2, Number.NaN, Number.POSITIVE_INFINITY])(
    '%d is no score',
    (points) => {
      expect(() => scoreFromNumber(points)).toThrow(RangeError);
    },
  );

  test.each([-1, 10_001, 0.5, Number.NaN])('%d is no score in hundredths', (score) => {
    expect(() => scoreToNumber(score)).toThrow(RangeError);
  });
});

describe('validateScoreWeights', () => {
  test('takes the default weights', () => {
    expect(validateScoreWeights(defaultScoreWeights)).toEqual({ ok: true, weights: defaultScoreWeights });
  });

  test('takes any weights that add up to 100', () => {
    fc.assert(
      fc.property(someWeights, (weights) => {
        expect(validateScoreWeights(weights)).toEqual({ ok: true, weights });
      }),
    );
  });

  test('refuses a sum that is off by a hundredth, and says what it is', () => {
    expect(validateScoreWeights({ ...defaultScoreWeights, email: 7.51 })).toEqual({
      ok: false,
      fields: [{ path: 'scoreWeights', message: 'The weights must add up to 100; they add up to 100.01.' }],
    });
  });

  test.each([
    ['email', -1],
    ['email', 100.5],
    ['email', 7.505],
    ['email', '7.5'],
    ['email', null],
    ['email', Number.NaN],
  ])('refuses a weight of %s of %s', (field, weight) => {
    expect(
      validateScoreWeights({ ...defaultScoreWeights, [field]: weight }, 'settings.scoreWeights'),
    ).toEqual({
      ok: false,
      fields: [
        {
          path: `settings.scoreWeights.${field}`,
          message: 'A weight must be a number from 0 to 100 with at most two decimals.',
        },
      ],
    });
  });

  test('refuses a missing field, an unknown one, and what is no object', () => {
    const { email: _, ...withoutEmail } = defaultScoreWeights;
    expect(validateScoreWeights(withoutEmail)).toMatchObject({ fields: [{ path: 'scoreWeights.email' }] });
    expect(validateScoreWeights({ ...defaultScoreWeights, shoeSize: 0 })).toMatchObject({
      fields: [{ path: 'scoreWeights.shoeSize' }],
    });
    for (const other of [null, undefined, 100, 'all', []]) {
      expect(validateScoreWeights(other).ok).toBe(false);
    }
  });
});
