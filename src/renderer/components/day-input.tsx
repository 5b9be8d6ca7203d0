import { DateInput, type DateInputProps } from '@mantine/dates';
import { isDay } from '#domain/calendar.ts';
import { dayText } from './figures.tsx';

interface DayInputProps extends Omit<DateInputProps, 'value' | 'onChange' | 'valueFormat' | 'dateParser'> {
  /** `YYYY-MM-DD`, or null where empty. */
  value: string | null;
  onChange: (day: string | null) => void;
}

/** A day as people write it in full: 2026-06-15, 15.6.2026, 15/6/2026 or "15 June 2026". Null for anything else. */
function readDay(text: string): string | null {
  const typed = text.trim();
  const isWhole: boolean = isDay(typed);
  if (isWhole) return typed;
  const [, day, month, year] = /^(\d{1,2})[./ ](\d{1,2})[./ ](\d{4})$/.exec(typed) ?? [];
  if (day !== undefined && month !== undefined && year !== undefined) {
    const read = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
    return isDay(read) ? read : null;
  }
  // With the month in letters there is nothing to mistake.
  if (!/^\d{1,2}\.? [a-z]+\.? \d{4}$/i.test(typed)) return null;
  const instant = Date.parse(`${typed} UTC`);
  return Number.isNaN(instant) ? null : new Date(instant).toISOString().slice(0, 10);
}

/** A day to be typed or picked from a calendar, shown as everywhere else. */
export function DayInput({ value, onChange, ...input }: DayInputProps) {
  return (
    <DateInput
      placeholder="Day"
      firstDayOfWeek={1}
      {...input}
      value={value}
      onChange={onChange}
      valueFormat={dayText}
      dateParser={readDay}
    />
  );
}
