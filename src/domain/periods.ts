import { addDays } from './calendar.ts';

/**
 * The day something done today counts for in the books (issue "period lock"): today, or the first open day where the
 * organization has closed its books until today or later. Days of the tenant's zone; `closedUntil` null: nothing is closed.
 */
export function bookingDayOf(today: string, closedUntil: string | null): string {
  return closedUntil === null || today > closedUntil ? today : addDays(closedUntil, 1);
}

/** The later of two days; null: there is no second one. */
export function laterDay(day: string, other: string | null): string {
  return other !== null && other > day ? other : day;
}

/**
 * What a credit says of itself where its day is closed: the day of the event it is for, or of its approval. Null where it
 * is booked on the day one would look for it.
 */
export function bookingNoteOf(days: {
  today: string;
  /** The day of the lead's approval or conversion, or the one an adjustment is for; null: none. */
  eventOn: string | null;
  closedUntil: string | null;
}): string | null {
  const { today, eventOn, closedUntil } = days;
  if (closedUntil === null) return null;
  const closedDay = [eventOn, today].find((day) => day !== null && day <= closedUntil);
  if (closedDay === undefined) return null;
  const day = bookingDayOf(today, closedUntil);
  return `${closedDay} is in a period closed until ${closedUntil}, so it is booked on ${day}.`;
}

/**
 * The day from which payouts take an approved credit: so many days after the day it is booked on. What is below zero is
 * never held, because it nets off what would be paid too much. `amount` in minor units.
 */
export function payableFromOf(bookedOn: string, holdingDays: number, amount: number): string {
  return amount < 0 ? bookedOn : addDays(bookedOn, holdingDays);
}
