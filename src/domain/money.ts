import { invalidField } from './errors.ts';

/**
 * Money is a whole number of minor units (cents) beside an ISO 4217 code; a rate is a whole number of millionths of
 * one (`domain.md`, "Conventions"). Nothing here computes with fractions, and nothing leaves the safe integers.
 */

/** 15 % is a rate of 150 000, 100 % one of this. */
export const RATE_ONE = 1_000_000;

/** The highest percentage a rate may have: a typing mistake shows sooner than at the limits of arithmetic. */
export const MAX_PERCENT = 100_000;

const RATE_PER_PERCENT = RATE_ONE / 100;

// Pinned, not asked of Intl: the runtime's figures come from CLDR, which drops decimals that are not used in cash
// (HUF, COP and IDR have 0 there and 2 in ISO 4217, IQD 0 and 3) and changes with every release. A stored 1260 must
// mean the same amount in every Node, Electron and browser. Active currencies only: no funds, metals or test codes.
const DECIMALS_2 =
  'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP ' +
  'CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES ' +
  'KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK ' +
  'NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB ' +
  'TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG';
const DECIMALS_0 = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF';
const DECIMALS_3 = 'BHD IQD JOD KWD LYD OMR TND';

const decimalsByCurrency: ReadonlyMap<string, number> = new Map([
  ...DECIMALS_2.split(' ').map((code) => [code, 2] as const),
  ...DECIMALS_0.split(' ').map((code) => [code, 0] as const),
  ...DECIMALS_3.split(' ').map((code) => [code, 3] as const),
]);

/** The ISO 4217 codes of the currencies that people are paid in, in alphabetical order. */
export const currencies: readonly string[] = [...decimalsByCurrency.keys()].sort();

/** Whether `code` is the ISO 4217 code of a currency, in capitals. */
export function isCurrency(code: unknown): code is string {
  return typeof code === 'string' && decimalsByCurrency.has(code);
}

/**
 * How many decimals a currency has: JPY 0, USD 2, KWD 3. Screens give it to Intl.NumberFormat, whose own idea differs.
 * @throws RangeError where `isCurrency` is false.
 */
export function currencyDecimals(currency: string): number {
  const decimals = decimalsByCurrency.get(currency);
  if (decimals === undefined) throw new RangeError(`"${currency}" is not a currency.`);
  return decimals;
}

/** Whether `value` can be an amount in minor units: a whole number that arithmetic keeps exact. */
export function isMinorAmount(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/**
 * `amount × rate`, rounded once to a whole minor unit, half away from zero (`domain.md`, "Conventions"). Several rates
 * are multiplied exactly before that one rounding: 10 % with a 5 % bonus is `applyRate(amount, 100_000, 1_050_000)`.
 * @param amountMinor minor units, of either sign
 * @param rateMillionths millionths of one, not negative
 * @throws RangeError for anything but safe integers, or a result beyond them.
 */
export function applyRate(
  amountMinor: number,
  rateMillionths: number,
  ...furtherRates: readonly number[]
): number {
  requireAmount(amountMinor);
  requireRate(rateMillionths);
  const product = amountMinor * rateMillionths;
  if (furtherRates.length === 0 && Number.isSafeInteger(product)) return divideRounded(product);

  let exact = BigInt(amountMinor) * BigInt(rateMillionths);
  let divisor = BigInt(RATE_ONE);
  for (const rate of furtherRates) {
    requireRate(rate);
    exact *= BigInt(rate);
    divisor *= BigInt(RATE_ONE);
  }
  const magnitude = exact < 0n ? -exact : exact;
  const rounded = (magnitude * 2n + divisor) / (divisor * 2n);
  return requireAmount(Number(exact < 0n ? -rounded : rounded));
}

/** `product / 1 000 000`, half away from zero. The remainder is exact where the quotient of doubles is not. */
function divideRounded(product: number): number {
  const remainder = product % RATE_ONE;
  const whole = (product - remainder) / RATE_ONE;
  if (Math.abs(remainder) * 2 >= RATE_ONE) return whole + Math.sign(product);
  return whole;
}

/**
 * 15 (percent) → 150 000 (millionths of one).
 * @param percent 0 to 100 000, with at most four decimals
 * @param path the field that a refusal names
 * @throws DomainError `VALIDATION` for a negative, too high or too fine percentage.
 */
export function percentToRate(percent: number, path = 'percentage'): number {
  if (!Number.isFinite(percent)) throw invalidField(path, 'The percentage must be a number.');
  if (percent < 0) throw invalidField(path, "The percentage can't be negative.");
  if (percent > MAX_PERCENT) throw invalidField(path, `The percentage can't be above ${MAX_PERCENT}.`);
  const rate = Math.round(percent * RATE_PER_PERCENT);
  // The double nearest to rate / 10 000 is the one that a decimal of four places was read as, and no other.
  if (rate / RATE_PER_PERCENT !== percent) {
    throw invalidField(path, 'The percentage can have at most four decimals.');
  }
  return rate + 0;
}

/** 150 000 (millionths of one) → 15 (percent), the inverse of `percentToRate`. */
export function rateToPercent(rateMillionths: number): number {
  return requireRate(rateMillionths) / RATE_PER_PERCENT;
}

/**
 * The sum of two amounts in minor units.
 * @throws RangeError when one of them or the sum is not a safe integer.
 */
export function addMinor(left: number, right: number): number {
  return requireAmount(requireAmount(left) + requireAmount(right));
}

/**
 * The sum of amounts in minor units, 0 for none.
 * @throws RangeError when one of them or a running sum is not a safe integer.
 */
export function sumMinor(amounts: Iterable<number>): number {
  let sum = 0;
  for (const amount of amounts) sum = addMinor(sum, amount);
  return sum;
}

/**
 * An amount as files carry it: a point, the currency's own number of decimals, no grouping, no symbol
 * (1260 USD → "12.60", 1260 JPY → "1260", -5 USD → "-0.05").
 * @throws RangeError for an amount that is no safe integer or an unknown currency.
 */
export function formatMinor(amountMinor: number, currency: string): string {
  const decimals = currencyDecimals(currency);
  const digits = String(Math.abs(requireAmount(amountMinor))).padStart(decimals + 1, '0');
  const sign = amountMinor < 0 ? '-' : '';
  if (decimals === 0) return sign + digits;
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

export type ParsedAmount = { ok: true; amount: number } | { ok: false; message: string };

const GROUP_MARKS = " \u00A0\u2009\u202F'’";
const amountPattern = new RegExp(`^([-−]?)(\\d[\\d.,${GROUP_MARKS}]*)$`, 'u');

/**
 * Reads an amount as people write it, "12.60" → 1260 minor units of USD. Only what can mean one amount is read:
 *
 * - Where point and comma both occur, the last one is the decimal mark and the other groups: "1,234.50", "1.234,50".
 * - A mark that occurs several times groups: "1,234,567". Spaces and apostrophes always group: "1 234,50", "1'234.50".
 * - A lone point is the decimal mark, as in our own files. A lone comma is too ("12,60"), unless what stands around it
 *   could be a group: "1,234" may be a thousand or one and a bit, and is refused.
 * - Groups have three digits, the first one to three without a leading zero. More decimals than the currency has are
 *   refused, not rounded, so "1.234" is no amount of USD. There must be a digit on both sides of the decimal mark.
 * - A leading minus is read; symbols, codes, brackets and exponents are refused.
 *
 * @throws RangeError for an unknown currency; the text itself is answered with `ok: false` and a sentence.
 */
export function parseMinor(text: string, currency: string): ParsedAmount {
  const decimals = currencyDecimals(currency);
  const trimmed = text.length > 100 ? text : text.trim();
  if (trimmed === '') return refused('The amount is missing.');
  if (trimmed.length > 40) return refused('The amount is too long.');
  const [, sign, number] = amountPattern.exec(trimmed) ?? [];
  if (number === undefined) return refused(`The amount must be a plain number such as ${example(decimals)}.`);

  const mark = decimalMark(number);
  if (mark === 'ambiguous') {
    return refused(`"${trimmed}" can be read in two ways. Write ${example(decimals)}, without grouping.`);
  }
  const cut = mark === undefined ? number.length : number.indexOf(mark);
  const whole = ungroup(number.slice(0, cut));
  const fraction = mark === undefined ? '' : number.slice(cut + 1);
  if (whole === undefined || (mark !== undefined && !/^\d+$/.test(fraction))) {
    return refused(`The amount must be a plain number such as ${example(decimals)}.`);
  }
  if (fraction.length > decimals) {
    const allowed = decimals === 0 ? 'no decimals' : `at most ${decimals} decimals`;
    return refused(`An amount in ${currency} has ${allowed}.`);
  }
  const amount = Number(whole + fraction.padEnd(decimals, '0'));
  if (!Number.isSafeInteger(amount)) return refused('The amount is too large.');
  return { ok: true, amount: sign === '' || amount === 0 ? amount : -amount };
}

function decimalMark(number: string): '.' | ',' | 'ambiguous' | undefined {
  const points = number.split('.').length - 1;
  const commas = number.split(',').length - 1;
  if (points > 0 && commas > 0) return number.lastIndexOf('.') > number.lastIndexOf(',') ? '.' : ',';
  if (points === 1) return '.';
  if (commas === 1) return /^[1-9]\d{0,2},\d{3}$/.test(number) ? 'ambiguous' : ',';
  return undefined;
}

/** The digits of a whole number without its grouping, or undefined where the grouping is not regular. */
function ungroup(whole: string): string | undefined {
  if (/^\d+$/.test(whole)) return whole;
  const mark = /\D/u.exec(whole)?.[0] ?? '';
  const [first = '', ...groups] = whole.split(mark);
  if (!/^[1-9]\d{0,2}$/.test(first) || !groups.every((group) => /^\d{3}$/.test(group))) return undefined;
  return first + groups.join('');
}

function example(decimals: number): string {
  return decimals === 0 ? '1234' : `1234.${'50'.padEnd(decimals, '0')}`;
}

function refused(message: string): ParsedAmount {
  return { ok: false, message };
}

function requireAmount(amount: number): number {
  if (!Number.isSafeInteger(amount)) throw new RangeError(`${amount} is not an amount in minor units.`);
  return amount + 0;
}

function requireRate(rate: number): number {
  if (!Number.isSafeInteger(rate) || rate < 0) throw new RangeError(`${rate} is not a rate in millionths.`);
  return rate;
}
