import { dayOf } from '#domain/calendar.ts';

/** Today where the organizations of the tests are, which between 22:00 or 23:00 UTC and midnight is not the day in UTC. */
export function today(timeZone = 'Europe/Berlin'): string {
  return dayOf(new Date().toISOString(), timeZone);
}
