import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays } from '#domain/calendar.ts';
import { bookingDayOf, bookingNoteOf, laterDay, payableFromOf } from '#domain/periods.ts';

const day = fc.integer({ min: 0, max: 800 }).map((days) => addDays('2025-01-01', days));

describe('the day something is booked on', () => {
  test('is today, unless the books are closed until today or later', () => {
    expect(bookingDayOf('2026-06-15', null)).toBe('2026-06-15');
    expect(bookingDayOf('2026-06-15', '2026-05-31')).toBe('2026-06-15');
    expect(bookingDayOf('2026-06-30', '2026-06-30')).toBe('2026-07-01');
  });

  test('is never closed, never before today, and the first that is open', () => {
    fc.assert(
      fc.property(day, day, (today, closedUntil) => {
        const booked = bookingDayOf(today, closedUntil);
        expect(booked > closedUntil && booked >= today).toBe(true);
        expect(booked === today || addDays(booked, -1) <= closedUntil).toBe(true);
      }),
    );
  });

  test('is said where the event’s day or today is closed, and only there', () => {
    const note = (today: string, eventOn: string | null, closedUntil: string | null) =>
      bookingNoteOf({ today, eventOn, closedUntil });
    expect(note('2026-06-15', '2026-05-20', '2026-05-31')).toBe(
      '2026-05-20 is in a period closed until 2026-05-31, so it is booked on 2026-06-15.',
    );
    expect(note('2026-06-30', null, '2026-06-30')).toBe(
      '2026-06-30 is in a period closed until 2026-06-30, so it is booked on 2026-07-01.',
    );
    expect(note('2026-06-15', '2026-06-01', '2026-05-31')).toBeNull();
    expect(note('2026-06-15', '2026-05-20', null)).toBeNull();
  });
});

test('the later of two days is the only one where there is no other', () => {
  expect(laterDay('2026-06-15', null)).toBe('2026-06-15');
  expect(laterDay('2026-06-15', '2026-06-16')).toBe('2026-06-16');
  expect(laterDay('2026-06-15', '2026-06-14')).toBe('2026-06-15');
});

describe('the day a credit is payable from', () => {
  test('comes so many days after it is booked, at once where nothing is held', () => {
    expect(payableFromOf('2026-06-15', 30, 1000)).toBe('2026-07-15');
    expect(payableFromOf('2026-06-15', 0, 1000)).toBe('2026-06-15');
  });

  test('is at once for what is below zero: it must net off what would be paid too much', () => {
    fc.assert(
      fc.property(day, fc.nat({ max: 366 }), fc.integer({ min: 1 }), (booked, days, amount) => {
        expect(payableFromOf(booked, days, -amount)).toBe(booked);
        expect(payableFromOf(booked, days, amount) >= booked).toBe(true);
      }),
    );
  });
});
