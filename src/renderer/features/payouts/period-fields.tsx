import { Button, Group, Input, Stack, Text } from '@mantine/core';
import { addDays, dayOf, type Period, periodOf } from '#domain/calendar.ts';
import { DayInput } from '../../components/day-input.tsx';
import { periodText } from './payout.ts';

/** A period as a form holds it; null where a day is missing. */
export interface PeriodDraft {
  start: string | null;
  end: string | null;
}

/** The periods people mean, by the organization's calendar. */
export function periodPresets(timeZone: string): { label: string; period: Period }[] {
  const today = dayOf(new Date().toISOString(), timeZone);
  const month = periodOf(today, 'monthly');
  const quarter = periodOf(today, 'quarterly');
  return [
    { label: 'Last month', period: periodOf(addDays(month.start, -1), 'monthly') },
    { label: 'This month', period: month },
    { label: 'Last quarter', period: periodOf(addDays(quarter.start, -1), 'quarterly') },
    { label: 'This quarter', period: quarter },
  ];
}

interface PeriodFieldsProps {
  value: PeriodDraft;
  onChange: (period: PeriodDraft) => void;
  timeZone: string;
  errors: Readonly<Record<string, string>>;
  /** What the period is for, where both days are given. */
  explain: (period: string) => string;
  /** Whether it may stay empty, which is every period. */
  optional?: boolean;
}

/** A period: one of the usual ones, or any two days. */
export function PeriodFields({
  value,
  onChange,
  timeZone,
  errors,
  explain,
  optional = false,
}: PeriodFieldsProps) {
  const presets: { label: string; period: PeriodDraft }[] = [
    ...(optional ? [{ label: 'Every period', period: { start: null, end: null } }] : []),
    ...periodPresets(timeZone),
  ];
  return (
    <Stack gap="xs" role="group" aria-label="Period">
      <Input.Label labelElement="div" aria-hidden>
        Period
      </Input.Label>
      <Group gap={6}>
        {presets.map(({ label, period }) => {
          const isOn = period.start === value.start && period.end === value.end;
          return (
            <Button
              key={label}
              size="compact-sm"
              variant={isOn ? 'light' : 'default'}
              aria-pressed={isOn}
              onClick={() => onChange(period)}
            >
              {label}
            </Button>
          );
        })}
      </Group>
      <Group grow align="flex-start">
        <DayInput
          label="First day"
          clearable={optional}
          value={value.start}
          onChange={(start) => onChange({ ...value, start })}
          error={errors['periodStart']}
        />
        <DayInput
          label="Last day"
          clearable={optional}
          value={value.end}
          onChange={(end) => onChange({ ...value, end })}
          error={errors['periodEnd']}
        />
      </Group>
      {value.start !== null && value.end !== null && value.start <= value.end && (
        <Text size="xs" c="dimmed">
          {explain(periodText(value.start, value.end))}
        </Text>
      )}
    </Stack>
  );
}
