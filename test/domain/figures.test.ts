import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { contract } from '#contract/index.ts';
import { addDays } from '#domain/calendar.ts';
import {
  averageScore,
  bucketsOf,
  figureRange,
  figures,
  longestRange,
  mostBuckets,
  percentile,
  percentileOfCounts,
  rate,
  scoreBucketOf,
  seriesUnits,
} from '#domain/figures.ts';

const refusal = (path: string) =>
  expect.objectContaining({ code: 'VALIDATION', fields: [expect.objectContaining({ path })] });

/** The names of the numbers in what a call answers. */
function numbersIn(schema: unknown, name = ''): string[] {
  if (schema instanceof z.ZodNumber) return [name];
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([key, field]) => numbersIn(field, key));
  }
  if (schema instanceof z.ZodArray) return numbersIn(schema.element, name);
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional)
    return numbersIn(schema.unwrap(), name);
  return [];
}

describe('the list of figures', () => {
  it('defines every number that a call about figures answers, and none that no call does', () => {
    const calls = [
      ...Object.values(contract.figures),
      contract.partners.stats,
      contract.partners.monthlyStats,
      contract.payouts.stats,
      contract.sources.stats,
    ];
    // What places a figure instead of being one: the ends of a bucket of scores, an amount beside its currency, one's own beside a median.
    const places = ['fromScore', 'toScore', 'amount', 'own'];
    const answered = new Set(calls.flatMap((call) => numbersIn(call['~orpc'].outputSchema)));
    const defined = [...Object.keys(figures), ...places];
    expect([...answered].filter((name) => !defined.includes(name))).toEqual([]);
    // Names of lists of amounts.
    const asLists = ['earnings'];
    expect(Object.keys(figures).filter((name) => !answered.has(name) && !asLists.includes(name))).toEqual([]);
  });

  it('says of every rate and average when there is none', () => {
    for (const [name, definition] of Object.entries(figures)) {
      expect(definition.formula).not.toBe('');
      const canBeNull = /^average|Rate$|Hours$|^median$/.test(name);
      expect(`${name}: ${'nullWhen' in definition}`).toBe(`${name}: ${canBeNull}`);
    }
  });
});

describe('rates and averages', () => {
  it.each([
    [0, 0, null],
    [0, 4, 0],
    [3, 4, 0.75],
    [4, 4, 1],
  ])('%i of %i is %s', (part, whole, share) => {
    expect(rate(part, whole)).toBe(share);
  });

  it.each([
    [0, 0, null],
    [8550, 1, 85.5],
    [10_000, 3, 33.33],
    [20_000, 3, 66.67],
  ])('scores of %i in all over %i leads average %s', (sum, count, average) => {
    expect(averageScore(sum, count)).toBe(average);
  });

  it.each([
    [0, 0],
    [999, 0],
    [1000, 1],
    [7999, 7],
    [8000, 8],
    [9999, 9],
    [10_000, 9],
  ])('a score of %i hundredths is in bucket %i', (score, bucket) => {
    expect(scoreBucketOf(score)).toBe(bucket);
  });
});

describe('a percentile', () => {
  it.each<[number[], number, number | null]>([
    [[], 0.5, null],
    [[7], 0.5, 7],
    [[7], 0.9, 7],
    [[3, 1], 0.5, 2],
    [[1, 2, 10], 0.5, 2],
    [[10, 2, 1, 3], 0.5, 2.5],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 0.9, 10],
    [[0, 10], 0.9, 9],
  ])('of %o at %d is %s', (values, share, expected) => {
    expect(percentile(values, share)).toBe(expected);
  });

  const values = fc.array(fc.integer({ min: -5, max: 30 }), { minLength: 1, maxLength: 40 });
  const share = fc.constantFrom(0, 0.1, 0.25, 0.5, 0.75, 0.9, 1);

  it('of counted values is that of the values themselves', () => {
    fc.assert(
      fc.property(values, share, (some, at) => {
        const counts = [...Map.groupBy(some, (value) => value)].map(([value, of]) => ({
          value,
          count: of.length,
        }));
        expect(percentileOfCounts(counts, at)).toBe(percentile(some, at));
      }),
    );
    expect(percentileOfCounts([], 0.5)).toBeNull();
  });

  it('has its share of the values at or below it, and the rest at or above', () => {
    fc.assert(
      fc.property(values, share, (some, at) => {
        const value = percentile(some, at)!;
        expect(some.filter((each) => each <= value).length).toBeGreaterThanOrEqual(
          Math.floor((some.length - 1) * at) + 1,
        );
        expect(some.filter((each) => each >= value).length).toBeGreaterThanOrEqual(
          some.length - Math.ceil((some.length - 1) * at),
        );
      }),
    );
  });
});

describe('a range of days', () => {
  it('is the year up to today where nothing is said', () => {
    expect(figureRange({}, '2026-06-15')).toEqual({ start: '2025-06-16', end: '2026-06-15' });
    expect(figureRange({ to: '2026-01-31' }, '2026-06-15')).toEqual({
      start: '2025-02-01',
      end: '2026-01-31',
    });
    expect(figureRange({ from: '2026-06-01' }, '2026-06-15')).toEqual({
      start: '2026-06-01',
      end: '2026-06-15',
    });
  });

  it.each([
    [{ from: '2026-06-02', to: '2026-06-01' }, 'to'],
    [{ from: '2026-06-16' }, 'to'],
    [{ from: '1969-12-31' }, 'from'],
    [{ to: '9999-12-31' }, 'to'],
    [{ to: '1969-01-01' }, 'to'],
    [{ from: '2026-02-30' }, 'from'],
    [{ from: addDays('2026-06-15', -longestRange) }, 'from'],
  ])('is refused: %o', (given, path) => {
    expect(() => figureRange(given, '2026-06-15')).toThrow(refusal(path));
  });

  it('may be one day, of any year from 1970 on, and either end may be left out', () => {
    for (const day of ['1970-01-01', '9999-12-30']) {
      expect(figureRange({ from: day, to: day }, '2026-06-15')).toEqual({ start: day, end: day });
    }
    const given = { from: undefined, to: undefined };
    expect(figureRange(given, '2026-06-15')).toEqual(figureRange({}, '2026-06-15'));
  });

  it('may be ten years long', () => {
    const from = addDays('2026-06-15', 1 - longestRange);
    expect(figureRange({ from }, '2026-06-15').start).toBe(from);
  });
});

describe('the buckets of a series', () => {
  it.each([
    [
      'week',
      [
        ['2026-03-27', '2026-03-29'],
        ['2026-03-30', '2026-04-05'],
        ['2026-04-06', '2026-04-06'],
      ],
    ],
    [
      'month',
      [
        ['2026-03-27', '2026-03-31'],
        ['2026-04-01', '2026-04-06'],
      ],
    ],
  ] as const)('by %s are cut to the range at both ends', (unit, expected) => {
    expect(bucketsOf({ start: '2026-03-27', end: '2026-04-06' }, unit)).toEqual(
      expected.map(([start, end]) => ({ start, end })),
    );
  });

  it('follow each other without a gap, from the first day to the last', () => {
    const range = fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 399 }));
    fc.assert(
      fc.property(range, fc.constantFrom(...seriesUnits), ([from, length], unit) => {
        const start = addDays('1970-01-01', from);
        const end = addDays(start, length);
        const buckets = bucketsOf({ start, end }, unit);
        expect(buckets[0]!.start).toBe(start);
        expect(buckets.at(-1)!.end).toBe(end);
        for (const [at, bucket] of buckets.slice(1).entries()) {
          expect(bucket.start).toBe(addDays(buckets[at]!.end, 1));
        }
      }),
    );
  });

  it('are at most 400', () => {
    const start = '2026-01-01';
    expect(bucketsOf({ start, end: addDays(start, mostBuckets - 1) }, 'day')).toHaveLength(mostBuckets);
    expect(() => bucketsOf({ start, end: addDays(start, mostBuckets) }, 'day')).toThrow(refusal('unit'));
    expect(bucketsOf({ start, end: addDays(start, longestRange - 1) }, 'month').length).toBeLessThan(
      mostBuckets,
    );
  });
});
