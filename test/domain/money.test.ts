import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DomainError } from '#domain/errors.ts';
import {
  addMinor,
  applyRate,
  currencies,
  currencyDecimals,
  formatMinor,
  isCurrency,
  isMinorAmount,
  MAX_PERCENT,
  parseMinor,
  percentToRate,
  RATE_ONE,
  rateToPercent,
  sumMinor,
} from '#domain/money.ts';

const amounts = fc.maxSafeInteger();
const rates = fc.integer({ min: 0, max: MAX_PERCENT * 10_000 });
/** Amounts whose product with any rate up to 100 % stays a safe integer. */
const partRates = fc.integer({ min: 0, max: RATE_ONE });
const currencyOfEachKind = fc.constantFrom('JPY', 'USD', 'EUR', 'KWD');

describe('applyRate', () => {
  test.each([
    [100_000, 150_000, 15_000], // 15 % of 1,000.00
    [50_000, 100_000, 5_000], // 10 % of 500.00
    [1_200, 50_000, 60], // 5 % of 12.00
    [1, 500_000, 1],
    [-1, 500_000, -1],
    [1, 499_999, 0],
    [-1, 499_999, 0],
    [3, 500_000, 2],
    [333, 333_333, 111],
    [0, 999_999, 0],
    [1_001, 15_000, 15], // 15.015 → 15
    [Number.MAX_SAFE_INTEGER, 1_000_000, Number.MAX_SAFE_INTEGER],
    [-Number.MAX_SAFE_INTEGER, 500_000, -4_503_599_627_370_496], // …495.5, away from zero
  ])('%i at rate %i is %i', (amount, rate, expected) => {
    expect(applyRate(amount, rate)).toBe(expected);
  });

  test('several rates are rounded once, not once each', () => {
    // 12.5 % of 1.00 is 12.5 cents; with 4 % on top it is 13.0. Rounding twice would give 14.
    expect(applyRate(100, 125_000, 1_040_000)).toBe(13);
    expect(applyRate(applyRate(100, 125_000), 1_040_000)).toBe(14);
    expect(applyRate(-100, 125_000, 1_040_000)).toBe(-13);
  });

  test('never more than half a minor unit from the exact product', () => {
    fc.assert(
      fc.property(amounts, partRates, (amount, rate) => {
        const errorTimesMillion =
          BigInt(applyRate(amount, rate)) * 1_000_000n - BigInt(amount) * BigInt(rate);
        const magnitude = errorTimesMillion < 0n ? -errorTimesMillion : errorTimesMillion;
        expect(magnitude).toBeLessThanOrEqual(500_000n);
      }),
    );
  });

  test('is symmetric about zero and never answers -0', () => {
    fc.assert(
      fc.property(amounts, partRates, (amount, rate) => {
        const positive = applyRate(Math.abs(amount), rate);
        expect(applyRate(-Math.abs(amount), rate)).toBe(positive === 0 ? 0 : -positive);
      }),
    );
  });

  test('grows with the amount and with the rate', () => {
    const small = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });
    fc.assert(
      fc.property(small, small, rates, (a, b, rate) => {
        expect(applyRate(Math.min(a, b), rate)).toBeLessThanOrEqual(applyRate(Math.max(a, b), rate));
      }),
    );
    fc.assert(
      fc.property(fc.nat(1_000_000_000), partRates, partRates, (amount, a, b) => {
        expect(applyRate(amount, Math.min(a, b))).toBeLessThanOrEqual(applyRate(amount, Math.max(a, b)));
      }),
    );
  });

  test('the quick way and the exact way agree', () => {
    fc.assert(
      fc.property(fc.integer(), rates, (amount, rate) => {
        expect(applyRate(amount, rate)).toBe(applyRate(amount, rate, RATE_ONE));
      }),
    );
  });

  test('refuses fractions, negative rates and results beyond the safe integers', () => {
    expect(() => applyRate(0.5, 1)).toThrow(RangeError);
    expect(() => applyRate(2 ** 53, 500_000)).toThrow(RangeError);
    expect(() => applyRate(1, 0.5)).toThrow(RangeError);
    expect(() => applyRate(2, 0.5)).toThrow(RangeError); // the product is whole all the same
    expect(() => applyRate(1, -1)).toThrow(RangeError);
    expect(() => applyRate(1, 1, -1)).toThrow(RangeError);
    expect(() => applyRate(Number.NaN, 1)).toThrow(RangeError);
    expect(() => applyRate(Number.MAX_SAFE_INTEGER, 1_000_001)).toThrow(RangeError);
  });
});

describe('percentToRate', () => {
  test.each([
    [15, 150_000],
    [0, 0],
    [0.0001, 1],
    [33.3333, 333_333],
    [0.07, 700],
    [1.005, 10_050],
    [100, RATE_ONE],
    [MAX_PERCENT, 1_000_000_000],
  ])('%d %% is %i millionths', (percent, rate) => {
    expect(percentToRate(percent)).toBe(rate);
    expect(rateToPercent(rate)).toBe(percent);
  });

  test.each([
    [0.00001, 'at most four decimals'],
    [15.00005, 'at most four decimals'],
    [0.1 + 0.2, 'at most four decimals'],
    [-0.0001, "can't be negative"],
    [100_000.0001, "can't be above 100000"],
    [Number.NaN, 'must be a number'],
    [Number.POSITIVE_INFINITY, 'must be a number'],
  ])('%d is refused: %s', (percent, reason) => {
    let refusal: unknown;
    try {
      percentToRate(percent, 'commissionPercentage');
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(DomainError);
    expect(refusal).toMatchObject({ code: 'VALIDATION', fields: [{ path: 'commissionPercentage' }] });
    expect(String(refusal)).toContain(reason);
  });

  test('every percentage of up to four decimals, read from text, comes back the same', () => {
    fc.assert(
      fc.property(rates, (rate) => {
        const digits = String(rate).padStart(5, '0');
        const percent = Number(`${digits.slice(0, -4)}.${digits.slice(-4)}`);
        expect(percentToRate(percent)).toBe(rate);
        expect(percentToRate(rateToPercent(rate))).toBe(rate);
      }),
    );
  });

  test('a rate is not negative', () => {
    expect(() => rateToPercent(-1)).toThrow(RangeError);
    expect(percentToRate(-0)).toBe(0);
  });
});

describe('currencies', () => {
  test('have the decimals of ISO 4217, also where the runtime says otherwise', () => {
    expect(['JPY', 'USD', 'KWD', 'HUF', 'COP', 'IQD', 'UGX'].map(currencyDecimals)).toEqual([
      0, 2, 3, 2, 2, 3, 0,
    ]);
    // Typed in once more from the standard's list: a currency in the wrong group is an amount a hundred times too large.
    const having = (decimals: number) =>
      currencies.filter((code) => currencyDecimals(code) === decimals).join(' ');
    expect(having(0)).toBe('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF');
    expect(having(3)).toBe('BHD IQD JOD KWD LYD OMR TND');
  });

  test('are those that the runtime knows, but for withdrawn ones and units that nobody is paid in', () => {
    const withdrawn = ['ANG', 'BGN', 'CUC', 'HRK', 'SLL', 'ZWL'];
    const units = ['XDR', 'XSU'];
    const known = Intl.supportedValuesOf('currency').filter(
      (code) => !withdrawn.includes(code) && !units.includes(code),
    );
    // A newer runtime may know more; none that we take may be unknown to it.
    for (const code of currencies) expect(known).toContain(code);
    expect(currencies.length).toBe(154);
    expect(new Set(currencies).size).toBe(currencies.length);
    expect(currencies).toEqual(currencies.toSorted());
  });

  test('are told from anything else', () => {
    expect(isCurrency('EUR')).toBe(true);
    for (const other of ['eur', 'EURO', 'XXX', 'DEM', '', undefined, null, 978, ['EUR']]) {
      expect(isCurrency(other)).toBe(false);
    }
    expect(() => currencyDecimals('ZZZ')).toThrow(RangeError);
  });
});

describe('sums', () => {
  test('add up exactly, and an empty sum is 0', () => {
    expect(addMinor(1_260, -60)).toBe(1_200);
    expect(sumMinor([])).toBe(0);
    expect(sumMinor([800, 1_200, 1_500])).toBe(3_500);
    expect(sumMinor(new Set([1, 2]))).toBe(3);
    expect(addMinor(-0, -0)).toBe(0);
  });

  test('never leave the safe integers', () => {
    expect(() => addMinor(Number.MAX_SAFE_INTEGER, 1)).toThrow(RangeError);
    expect(() => addMinor(0.1, 0.2)).toThrow(RangeError);
    expect(() => sumMinor([1, Number.NaN])).toThrow(RangeError);
    expect(() => sumMinor([Number.MAX_SAFE_INTEGER, 2, -2])).toThrow(RangeError);
  });

  test('isMinorAmount takes whole numbers of either sign and nothing else', () => {
    expect([0, -5, Number.MAX_SAFE_INTEGER].every(isMinorAmount)).toBe(true);
    for (const other of [0.5, 2 ** 53, Number.NaN, '12', 12n, null, undefined])
      expect(isMinorAmount(other)).toBe(false);
  });
});

describe('formatMinor', () => {
  test.each([
    [1_260, 'USD', '12.60'],
    [5, 'USD', '0.05'],
    [-5, 'USD', '-0.05'],
    [0, 'EUR', '0.00'],
    [-0, 'EUR', '0.00'],
    [1_260, 'JPY', '1260'],
    [-1, 'JPY', '-1'],
    [1_260, 'KWD', '1.260'],
    [Number.MAX_SAFE_INTEGER, 'USD', '90071992547409.91'],
  ])('%i %s is %s', (amount, currency, expected) => {
    expect(formatMinor(amount, currency)).toBe(expected);
  });

  test('refuses what is no amount', () => {
    expect(() => formatMinor(12.6, 'USD')).toThrow(RangeError);
    expect(() => formatMinor(1, 'nope')).toThrow(RangeError);
  });
});

describe('parseMinor', () => {
  test.each([
    ['12.60', 'USD', 1_260],
    ['12,60', 'EUR', 1_260],
    ['12.6', 'USD', 1_260],
    ['12', 'USD', 1_200],
    [' -0.05 ', 'USD', -5],
    ['−3', 'USD', -300],
    ['-0', 'USD', 0],
    ['007', 'USD', 700],
    ['1,234.50', 'USD', 123_450],
    ['1.234,50', 'EUR', 123_450],
    ['1 234,50', 'EUR', 123_450],
    ['1\u202F234,50', 'EUR', 123_450],
    ["1'234.50", 'CHF', 123_450],
    ['1’234', 'CHF', 123_400],
    ['1,234,567', 'USD', 123_456_700],
    ['123,456,789', 'USD', 12_345_678_900],
    ['1.234.567', 'EUR', 123_456_700],
    ['1,234,567.8', 'USD', 123_456_780],
    ['1234,5', 'EUR', 123_450],
    ['1.234', 'KWD', 1_234],
    ['0,234', 'KWD', 234],
    ['1234,567', 'KWD', 1_234_567],
    ['1260', 'JPY', 1_260],
    ['1 260', 'JPY', 1_260],
    ['90071992547409.91', 'USD', Number.MAX_SAFE_INTEGER],
  ])('"%s" %s is %i', (text, currency, amount) => {
    expect(parseMinor(text, currency)).toEqual({ ok: true, amount });
  });

  test.each([
    ['1,234', 'USD', 'two ways'],
    ['123,456', 'KWD', 'two ways'],
    ['1.234', 'USD', 'at most 2 decimals'],
    ['12.605', 'USD', 'at most 2 decimals'],
    ['12.5', 'JPY', 'no decimals'],
    ['1.2345', 'KWD', 'at most 3 decimals'],
    ['', 'USD', 'missing'],
    ['   ', 'USD', 'missing'],
    ['.50', 'USD', 'plain number'],
    ['12.', 'USD', 'plain number'],
    ['1,23,456.00', 'USD', 'plain number'],
    ['12,34.50', 'USD', 'plain number'],
    ['1,234.567,89', 'USD', 'plain number'],
    ['1.234.56', 'USD', 'plain number'],
    ["1'234 567", 'CHF', 'plain number'],
    ['0,123,456', 'USD', 'plain number'],
    ['1234,567,890', 'USD', 'plain number'],
    ['12;50', 'USD', 'such as 1234.50.'],
    ['12;50', 'JPY', 'such as 1234.'],
    ['12;50', 'KWD', 'such as 1234.500.'],
    ['$12.60', 'USD', 'plain number'],
    ['12.60 USD', 'USD', 'plain number'],
    ['(12.60)', 'USD', 'plain number'],
    ['1e3', 'USD', 'plain number'],
    ['0x10', 'USD', 'plain number'],
    ['--1', 'USD', 'plain number'],
    ['NaN', 'USD', 'plain number'],
    ['١٢', 'USD', 'plain number'],
    ['90071992547409.92', 'USD', 'too large'],
    ['9'.repeat(41), 'USD', 'too long'],
  ])('"%s" %s is refused: %s', (text, currency, reason) => {
    const parsed = parseMinor(text, currency);
    expect(parsed).toMatchObject({ ok: false, message: expect.stringContaining(reason) });
  });

  test('megabytes are refused by their length', () => {
    expect(parseMinor(' '.repeat(1_000_000), 'USD')).toEqual({
      ok: false,
      message: 'The amount is too long.',
    });
  });

  test('reads back what formatMinor writes, for 0, 2 and 3 decimals', () => {
    fc.assert(
      fc.property(amounts, currencyOfEachKind, (amount, currency) => {
        expect(parseMinor(formatMinor(amount, currency), currency)).toEqual({ ok: true, amount });
      }),
    );
  });

  test('reads the English, German, French and Swiss spelling of the same amount alike, or refuses', () => {
    const locale = fc.constantFrom('en-US', 'de-DE', 'fr-FR', 'de-CH');
    fc.assert(
      fc.property(fc.integer(), currencyOfEachKind, locale, (amount, currency, language) => {
        const decimals = currencyDecimals(currency);
        const text = new Intl.NumberFormat(language, {
          minimumFractionDigits: decimals,
          maximumFractionDigits: decimals,
        }).format(amount / 10 ** decimals);
        const parsed = parseMinor(text, currency);
        const read = parsed.ok ? parsed.amount : amount;
        expect(read).toBe(amount);
      }),
    );
  });

  test('whatever it is given, it answers a safe integer or a sentence', () => {
    const anyText = fc.oneof(fc.string(), fc.stringMatching(/^[-0-9., ']{0,20}$/));
    fc.assert(
      fc.property(anyText, currencyOfEachKind, (text, currency) => {
        const parsed = parseMinor(text, currency);
        expect(parsed.ok ? Number.isSafeInteger(parsed.amount) : parsed.message.endsWith('.')).toBe(true);
      }),
    );
  });
});
