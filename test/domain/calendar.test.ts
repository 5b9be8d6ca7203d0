import * as fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import {
  addDays,
  compareDays,
  dayOf,
  daysBetween,
  endOfDayExclusive,
  instantRange,
  isDay,
  isDayWithin,
  isTimeZone,
  monthOf,
  periodOf,
  startOfDay,
} from '#domain/calendar.ts';
import { timeUnitTypes } from '#domain/vocabulary.ts';

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'Pacific/Apia',
  'Pacific/Kiritimati',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Africa/Cairo',
];
const aZone = fc.constantFrom(...zones);
const aUnit = fc.constantFrom(...timeUnitTypes);
const anInstant = fc
  .date({ min: new Date('1950-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const aDay = fc
  .date({ min: new Date('0001-01-08'), max: new Date('9999-12-20'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const aRecentDay = fc
  .date({ min: new Date('2012-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

const formats = new Map(
  zones.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }),
  ]),
);

/** The day by Intl, which knows nothing of our arithmetic or of Temporal. */
function dayByIntl(ms: number, zone: string): string | undefined {
  return formats.get(zone)?.format(ms);
}

function* transitions(zone: string): Generator<number> {
  let at: Temporal.ZonedDateTime | null =
    Temporal.Instant.from('1995-01-01T00:00:00Z').toZonedDateTimeISO(zone);
  while (at !== null && at.year < 2032) {
    at = at.getTimeZoneTransition('next');
    if (at !== null) yield at.epochMilliseconds;
  }
}

describe('isDay', () => {
  test.each(['2026-01-31', '2024-02-29', '2000-02-29', '0001-01-01', '9999-12-31'])('%s is a day', (day) => {
    expect(isDay(day)).toBe(true);
  });

  test.each([
    '2026-02-29',
    '1900-02-29',
    '2026-04-31',
    '2026-13-01',
    '2026-00-10',
    '2026-01-00',
    '0000-01-01',
    '2026-1-1',
    '26-01-01',
    '2026/01/01',
    '2026/01-01',
    '2026-01/01',
    '2026-01-01T00:00:00Z',
    ' 2026-01-01',
    '2026-01-0x',
    '',
    20260101,
    null,
    undefined,
  ])('%s is none', (value) => {
    expect(isDay(value)).toBe(false);
  });
});

describe('isTimeZone', () => {
  test('takes the names of the IANA data, and no offsets or nonsense', () => {
    for (const zone of zones) expect(isTimeZone(zone)).toBe(true);
    for (const other of [
      '+02:00',
      'Europe/Nowhere',
      'GMT+5',
      '',
      ' UTC',
      'Z',
      null,
      undefined,
      60,
      'a'.repeat(99),
    ]) {
      expect(isTimeZone(other)).toBe(false);
      // and again, from the cache
      expect(isTimeZone(other)).toBe(false);
    }
  });
});

describe('dayOf and monthOf', () => {
  test.each([
    ['2026-03-28T22:59:59.999Z', 'Europe/Berlin', '2026-03-28'],
    ['2026-03-28T23:00:00.000Z', 'Europe/Berlin', '2026-03-29'], // the last winter midnight
    ['2026-03-29T21:59:59.999Z', 'Europe/Berlin', '2026-03-29'], // a day of 23 hours
    ['2026-03-29T22:00:00.000Z', 'Europe/Berlin', '2026-03-30'],
    ['2026-10-25T22:59:59.999Z', 'Europe/Berlin', '2026-10-25'], // a day of 25 hours
    ['2026-11-01T03:59:59Z', 'America/New_York', '2026-10-31'],
    ['2026-11-01T04:00:00Z', 'America/New_York', '2026-11-01'],
    ['2026-11-02T04:59:59Z', 'America/New_York', '2026-11-01'],
    ['2011-12-30T09:59:59.999Z', 'Pacific/Apia', '2011-12-29'],
    ['2011-12-30T10:00:00.000Z', 'Pacific/Apia', '2011-12-31'], // the 30th never was
    ['2026-01-31T18:14:59Z', 'Asia/Kathmandu', '2026-01-31'],
    ['2026-01-31T18:15:00Z', 'Asia/Kathmandu', '2026-02-01'],
    ['1969-12-31T23:59:59.999Z', 'UTC', '1969-12-31'],
    ['2026-03-01T00:00:01Z', 'UTC', '2026-03-01'],
    ['2026-03-01T00:00:00.001Z', 'UTC', '2026-03-01'],
    ['2026-01-01T00:30:00+01:00', 'UTC', '2025-12-31'],
    ['2026-01-01T00:00:00.123456789Z', 'UTC', '2026-01-01'],
  ])('%s in %s is on %s', (instant, zone, day) => {
    expect(dayOf(instant, zone)).toBe(day);
    expect(monthOf(instant, zone)).toBe(day.slice(0, 7));
  });

  test.each([
    '',
    '2026-01-01',
    '2026-02-30T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:61Z',
    '2026-01-01T00.00:00Z',
    '2026-01-01T00:00.00Z',
    '2026-01-01T00:00:00X',
    '2026-01-01T00:00:00;123Z',
    '2026-01-01T00:00:00.123X',
    '2026-01-01T00:00:00.12aZ',
    '2026-01-01T00:00:00.123',
    'yesterday',
  ])('"%s" is no instant', (text) => {
    expect(() => dayOf(text, 'UTC')).toThrow(RangeError);
  });

  test('an unknown zone is refused', () => {
    expect(() => dayOf('2026-01-01T00:00:00Z', 'Europe/Nowhere')).toThrow(
      '"Europe/Nowhere" is not a time zone.',
    );
    expect(() => startOfDay('2026-01-01', '+02:00')).toThrow(RangeError);
    // Other spellings of a day are none of ours.
    expect(() => startOfDay('20260101', 'UTC')).toThrow(RangeError);
    expect(() => addDays('2026-01-01T00:00:00Z', 1)).toThrow(RangeError);
  });

  test.each(zones)('is what Intl says around every transition of %s', (zone) => {
    const near = [-3_600_000, -1, 0, 1, 3_599_999, 3_600_000];
    for (const at of transitions(zone)) {
      for (const ms of near.map((offset) => at + offset)) {
        expect(dayOf(new Date(ms).toISOString(), zone)).toBe(dayByIntl(ms, zone));
      }
    }
  });

  test('is what Temporal says for any instant, in any order of asking', () => {
    fc.assert(
      fc.property(anInstant, aZone, (instant, zone) => {
        const expected = Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDate().toString();
        expect(dayOf(instant, zone)).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe('startOfDay and endOfDayExclusive', () => {
  test.each([
    ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z', 23],
    ['2026-10-25', 'Europe/Berlin', '2026-10-24T22:00:00.000Z', 25],
    ['2026-06-01', 'America/New_York', '2026-06-01T04:00:00.000Z', 24],
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z', 23], // there was no midnight
    ['2011-12-29', 'Pacific/Apia', '2011-12-29T10:00:00.000Z', 24],
    ['2011-12-30', 'Pacific/Apia', '2011-12-30T10:00:00.000Z', 0],
    ['2011-12-31', 'Pacific/Apia', '2011-12-30T10:00:00.000Z', 24],
    ['2026-02-01', 'Asia/Kathmandu', '2026-01-31T18:15:00.000Z', 24],
  ])('%s in %s starts at %s and has %i hours', (day, zone, start, hours) => {
    expect(startOfDay(day, zone)).toBe(start);
    expect(Date.parse(endOfDayExclusive(day, zone)) - Date.parse(start)).toBe(hours * 3_600_000);
  });

  test('an instant lies between the start and the end of its day', () => {
    const recent = fc
      .date({ min: new Date('2012-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
    fc.assert(
      fc.property(recent, aZone, (instant, zone) => {
        const day = dayOf(instant, zone);
        // As text, because that is how the database compares them.
        expect(startOfDay(day, zone) <= instant && instant < endOfDayExclusive(day, zone)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('periodOf', () => {
  test.each([
    ['2026-02-14', 'daily', '2026-02-14', '2026-02-14'],
    ['2026-02-15', 'weekly', '2026-02-09', '2026-02-15'], // a Sunday
    ['2026-02-16', 'weekly', '2026-02-16', '2026-02-22'], // a Monday
    ['2026-01-01', 'weekly', '2025-12-29', '2026-01-04'],
    ['1969-12-31', 'weekly', '1969-12-29', '1970-01-04'],
    ['2024-02-14', 'monthly', '2024-02-01', '2024-02-29'],
    ['2026-02-28', 'monthly', '2026-02-01', '2026-02-28'],
    ['2026-12-31', 'monthly', '2026-12-01', '2026-12-31'],
    ['2026-05-31', 'quarterly', '2026-04-01', '2026-06-30'],
    ['2026-12-01', 'quarterly', '2026-10-01', '2026-12-31'],
    ['2026-07-01', 'yearly', '2026-01-01', '2026-12-31'],
  ] as const)('%s, %s: %s to %s', (day, unit, start, end) => {
    expect(periodOf(day, unit)).toEqual({ start, end });
  });

  test('periods tile the calendar: each day in exactly one, no gap, no overlap', () => {
    fc.assert(
      fc.property(aDay, aUnit, (day, unit) => {
        const period = periodOf(day, unit);
        expect(isDayWithin(day, period.start, period.end)).toBe(true);
        expect(periodOf(period.start, unit)).toEqual(period);
        expect(periodOf(period.end, unit)).toEqual(period);
        fc.pre(period.end !== '9999-12-31');
        expect(periodOf(addDays(period.end, 1), unit).start).toBe(addDays(period.end, 1));
      }),
    );
  });

  test('a week begins on a Monday and has seven days', () => {
    fc.assert(
      fc.property(aDay, (day) => {
        const { start, end } = periodOf(day, 'weekly');
        expect(Temporal.PlainDate.from(start).dayOfWeek).toBe(1);
        expect(daysBetween(start, end)).toBe(6);
      }),
    );
  });

  test('the instants of neighbouring periods meet exactly', () => {
    fc.assert(
      fc.property(aRecentDay, aUnit, aZone, (day, unit, zone) => {
        const period = periodOf(day, unit);
        const next = periodOf(addDays(period.end, 1), unit);
        expect(instantRange(period.start, period.end, zone).until).toBe(
          instantRange(next.start, next.end, zone).from,
        );
      }),
      { numRuns: 200 },
    );
  });

  test('what is no day has no period', () => {
    expect(() => periodOf('2026-02-30', 'monthly')).toThrow('"2026-02-30" is not a day.');
    expect(() => periodOf('9999-12-31', 'weekly')).toThrow(RangeError);
  });
});

describe('instantRange', () => {
  test('March 2026 in Berlin starts in winter time and ends in summer time', () => {
    expect(instantRange('2026-03-01', '2026-03-31', 'Europe/Berlin')).toEqual({
      from: '2026-02-28T23:00:00.000Z',
      until: '2026-03-31T22:00:00.000Z',
    });
  });

  test('a period of one day is that day, and none ends before it starts', () => {
    expect(instantRange('2026-01-01', '2026-01-01', 'UTC').until).toBe('2026-01-02T00:00:00.000Z');
    expect(() => instantRange('2026-01-02', '2026-01-01', 'UTC')).toThrow(RangeError);
  });
});

describe('counting days', () => {
  test.each([
    ['2024-02-28', 1, '2024-02-29'],
    ['2026-02-28', 1, '2026-03-01'],
    ['2026-01-01', -1, '2025-12-31'],
    ['2026-03-28', 2, '2026-03-30'],
    ['1970-01-01', -1, '1969-12-31'],
    ['2026-01-01', 0, '2026-01-01'],
  ])('%s and %i days is %s', (day, days, expected) => {
    expect(addDays(day, days)).toBe(expected);
    expect(daysBetween(day, expected)).toBe(days);
  });

  test('agrees with Temporal on any two days, and with the order of their text', () => {
    fc.assert(
      fc.property(aDay, aDay, (a, b) => {
        const days = daysBetween(a, b);
        expect(days).toBe(Temporal.PlainDate.from(a).until(b, { largestUnit: 'day' }).days);
        expect(addDays(a, days)).toBe(b);
        expect(Math.sign(compareDays(a, b))).toBe(a < b ? -1 : Number(a > b));
      }),
    );
  });

  test('stays within the years 0001 to 9999', () => {
    expect(addDays('9999-12-30', 1)).toBe('9999-12-31');
    expect(() => addDays('9999-12-31', 1)).toThrow(RangeError);
    expect(() => addDays('0001-01-01', -1)).toThrow(RangeError);
    expect(() => addDays('2026-01-01', 0.5)).toThrow(RangeError);
    expect(() => addDays('2026-01-01', Number.NaN)).toThrow(RangeError);
    expect(() => daysBetween('2026-01-01', 'soon')).toThrow(RangeError);
  });

  test('isDayWithin includes both ends, and null is open', () => {
    expect(isDayWithin('2026-01-01', '2026-01-01', '2026-01-01')).toBe(true);
    expect(isDayWithin('2026-01-02', '2026-01-01', '2026-01-01')).toBe(false);
    expect(isDayWithin('2025-12-31', '2026-01-01', null)).toBe(false);
    expect(isDayWithin('2025-12-31', null, '2026-01-01')).toBe(true);
    expect(isDayWithin('9999-12-31', null, null)).toBe(true);
  });
});
