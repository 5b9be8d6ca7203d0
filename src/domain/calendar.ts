import { Temporal } from 'temporal-polyfill';
import type { TimeUnitType } from './vocabulary.ts';

/**
 * Days are `YYYY-MM-DD` text, instants ISO-8601 text in UTC; which day an instant falls on is a matter of the tenant's
 * IANA time zone (`domain.md`, "Conventions", time). Days are the years 0001 to 9999, so that their text sorts as they do.
 */

/** From `start` to `end`, both days included. */
export interface Period {
  readonly start: string;
  readonly end: string;
}

/** From `from` (included) until `until` (excluded), ISO-8601 UTC with milliseconds, so that text compares as time. */
export interface InstantRange {
  readonly from: string;
  readonly until: string;
}

const DAY_MS = 86_400_000;
const FIRST_DAY = epochDay(1, 1, 1);
const LAST_DAY = epochDay(9999, 12, 31);

/** Whether `value` is a day that exists, as `YYYY-MM-DD`. */
export function isDay(value: unknown): value is string {
  return typeof value === 'string' && value.length === 10 && !Number.isNaN(epochDayAt(value));
}

const knownZones = new Map<string, boolean>();

/** Whether `value` names an IANA time zone (Europe/Berlin, UTC). Fixed offsets such as +02:00 know no summer: refused. */
export function isTimeZone(value: unknown): value is string {
  if (typeof value !== 'string' || !/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(value)) return false;
  const known = knownZones.get(value);
  if (known !== undefined) return known;
  const found = resolves(value);
  bounded(knownZones).set(value, found);
  return found;
}

function resolves(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * The day that an instant falls on in a zone. Made for hundreds of thousands of calls: the zone's offset is kept from
 * one transition to the next, so all but the first call in such a stretch are arithmetic.
 * @throws RangeError for what is no instant or no zone.
 */
export function dayOf(instant: string, zone: string): string {
  const ms = epochMs(instant);
  return dayText(Math.floor((ms + offsetMs(zone, ms)) / DAY_MS));
}

/** The month, `YYYY-MM`, that an instant falls in: what a monthly quota counts by. Throws as `dayOf` does. */
export function monthOf(instant: string, zone: string): string {
  return dayOf(instant, zone).slice(0, 7);
}

/**
 * The first instant of a day in a zone: midnight, or what the clocks jumped to where there is no midnight. A day that a
 * zone skipped altogether starts, and ends, with the one after it.
 * @throws RangeError for what is no day or no zone.
 */
export function startOfDay(day: string, zone: string): string {
  requireDay(day);
  requireZone(zone);
  const start = Temporal.PlainDate.from(day).toZonedDateTime(zone).toInstant();
  return start.toString({ fractionalSecondDigits: 3 });
}

/** The first instant after a day in a zone, which is the start of the next one. Throws as `startOfDay` does. */
export function endOfDayExclusive(day: string, zone: string): string {
  return startOfDay(addDays(day, 1), zone);
}

/**
 * The instants of a period, for queries: `from <= instant < until`.
 * @throws RangeError where the period ends before it starts, or as `startOfDay` does.
 */
export function instantRange(periodStart: string, periodEnd: string, zone: string): InstantRange {
  if (compareDays(periodStart, periodEnd) > 0) {
    throw new RangeError(`A period can't end (${periodEnd}) before it starts (${periodStart}).`);
  }
  return { from: startOfDay(periodStart, zone), until: endOfDayExclusive(periodEnd, zone) };
}

/**
 * The day, week (Monday to Sunday), month, quarter or year that a day lies in.
 * @throws RangeError for what is no day.
 */
export function periodOf(day: string, unit: TimeUnitType): Period {
  const number = requireDay(day);
  const year = Number(day.slice(0, 4));
  const month = Number(day.slice(5, 7));
  if (unit === 'daily') return { start: day, end: day };
  if (unit === 'weekly') {
    // Day 0, 1970-01-01, was a Thursday; three days earlier was a Monday.
    const monday = number - modulo(number + 3, 7);
    return { start: dayText(monday), end: dayText(monday + 6) };
  }
  const count = monthsIn[unit];
  return monthsFrom(year, month - ((month - 1) % count), count);
}

const monthsIn = { monthly: 1, quarterly: 3, yearly: 12 } as const;

/** The whole months from one of a year on; they stay within that year. */
function monthsFrom(year: number, month: number, count: number): Period {
  const last = month + count - 1;
  return {
    start: dayText(epochDay(year, month, 1)),
    end: dayText(epochDay(year, last, daysInMonth(year, last))),
  };
}

/**
 * The day `days` days later, earlier where negative.
 * @throws RangeError for what is no day, no whole number, or beyond the years 0001 to 9999.
 */
export function addDays(day: string, days: number): string {
  if (!Number.isSafeInteger(days)) throw new RangeError(`${days} is not a number of days.`);
  return dayText(requireDay(day) + days);
}

/** How many days `end` is after `start`: 0 for the same day, negative where it is earlier. Throws for what is no day. */
export function daysBetween(start: string, end: string): number {
  return requireDay(end) - requireDay(start);
}

/** Negative where `left` is the earlier day, 0 for the same day, positive where it is the later. Throws for what is no day. */
export function compareDays(left: string, right: string): number {
  return daysBetween(right, left);
}

/** Whether a day lies within a period, both ends included; an end that is null is open. Throws for what is no day. */
export function isDayWithin(day: string, start: string | null, end: string | null): boolean {
  if (start !== null && compareDays(day, start) < 0) return false;
  return end === null || compareDays(day, end) <= 0;
}

function requireDay(day: string): number {
  const number = day.length === 10 ? epochDayAt(day) : Number.NaN;
  if (Number.isNaN(number)) throw new RangeError(`"${day}" is not a day.`);
  return number;
}

function requireZone(zone: string): void {
  const known: boolean = isTimeZone(zone); // typed, or the guard would narrow the text of the message to never
  if (!known) throw new RangeError(`"${zone}" is not a time zone.`);
}

/** A stretch of time in which a zone keeps one offset from UTC, all in milliseconds. */
interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly offset: number;
}

const stretchesByZone = new Map<string, Stretch[]>();

function offsetMs(zone: string, ms: number): number {
  let stretches = stretchesByZone.get(zone);
  if (stretches === undefined) {
    requireZone(zone);
    stretches = [];
    bounded(stretchesByZone).set(zone, stretches);
  }
  for (const stretch of stretches) {
    if (ms >= stretch.from && ms < stretch.until) return stretch.offset;
  }
  const found = stretchAround(zone, ms);
  // The newest first: what is asked for now is what will be asked for next. A zone has two a year at most.
  stretches.unshift(found);
  return found.offset;
}

function stretchAround(zone: string, ms: number): Stretch {
  const here = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
  // "Previous" is strictly before, so ask from a little later: a transition at this very instant counts.
  const previous = here.add({ nanoseconds: 1 }).getTimeZoneTransition('previous');
  const next = here.getTimeZoneTransition('next');
  return {
    from: previous === null ? Number.NEGATIVE_INFINITY : previous.epochMilliseconds,
    until: next === null ? Number.POSITIVE_INFINITY : next.epochMilliseconds,
    offset: here.offsetNanoseconds / 1_000_000,
  };
}

/** Milliseconds since 1970 of an ISO-8601 instant. The common spelling is read here, others are left to Temporal. */
function epochMs(instant: string): number {
  const day = epochDayAt(instant);
  const hour = digits(instant, 11, 13);
  const minute = digits(instant, 14, 16);
  const second = digits(instant, 17, 19);
  const punctuated = instant[10] === 'T' && instant[13] === ':' && instant[16] === ':';
  const inRange = hour < 24 && minute < 60 && second < 60;
  const seconds = day * 86_400 + hour * 3600 + minute * 60 + second;
  if (punctuated && inRange && !Number.isNaN(seconds)) {
    if (instant.length === 20 && instant[19] === 'Z') return seconds * 1000;
    const thousandths = digits(instant, 20, 23);
    if (instant.length === 24 && instant[19] === '.' && instant[23] === 'Z' && !Number.isNaN(thousandths)) {
      return seconds * 1000 + thousandths;
    }
  }
  return Temporal.Instant.from(instant).epochMilliseconds;
}

/** The number of the day that text begins with, or NaN where it begins with none. */
function epochDayAt(text: string): number {
  if (text[4] !== '-' || text[7] !== '-') return Number.NaN;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 7);
  const day = digits(text, 8, 10);
  const exists = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  return exists ? epochDay(year, month, day) : Number.NaN;
}

/** The number written at a place of a text, or NaN unless digits stand at all of it. */
function digits(text: string, from: number, until: number): number {
  let value = 0;
  for (let at = from; at < until; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days since 1970-01-01 in the Gregorian calendar, counted from a March so that the leap day comes last in its year. */
function epochDay(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

const dayTexts = new Map<number, string>();

/** The text of a day by its number, the inverse of `epochDay`. */
function dayText(number: number): string {
  const known = dayTexts.get(number);
  if (known !== undefined) return known;
  if (!(number >= FIRST_DAY && number <= LAST_DAY)) throw new RangeError('A day must be from 0001 to 9999.');
  const text = new Date(number * DAY_MS).toISOString().slice(0, 10);
  bounded(dayTexts).set(number, text);
  return text;
}

/** Starts a cache afresh before it can grow without end on input from outside. */
function bounded<Key, Value>(cache: Map<Key, Value>): Map<Key, Value> {
  if (cache.size >= 50_000) cache.clear();
  return cache;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
