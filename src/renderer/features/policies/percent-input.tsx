import { Text, TextInput, type TextInputProps } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { MAX_PERCENT } from '#domain/money.ts';

interface PercentInputProps extends Omit<TextInputProps, 'value' | 'onChange' | 'defaultValue'> {
  /** Percent as people say it, 15 for 15 %; null where empty. */
  value: number | null;
  onChange: (percent: number | null) => void;
}

/** A percentage as people write it, at most four decimals; null for anything else. */
function readPercent(text: string): number | null {
  const typed = text.replace('%', '').trim().replace(',', '.');
  if (!/^\d{1,6}(\.\d{1,4})?$/.test(typed)) return null;
  const percent = Number(typed);
  return percent <= MAX_PERCENT ? percent : null;
}

/** Takes a rate as people say it: 15 is 15 %. */
export function PercentInput({ value, onChange, error, ...input }: PercentInputProps) {
  const [text, setText] = useState(value === null ? '' : String(value));
  const [problem, setProblem] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  // What can't be read must not be sent as nothing: the form holds until it is mended or emptied.
  useEffect(() => field.current?.setCustomValidity(problem ?? ''), [problem]);

  const typed = text.trim() === '' ? null : readPercent(text);
  // The owner changed the value (a reset, another record): show that, not what was typed for the old one.
  const display = problem === null && typed !== value ? (value === null ? '' : String(value)) : text;
  return (
    <TextInput
      inputMode="decimal"
      autoComplete="off"
      classNames={{ input: 'figures' }}
      rightSection={
        <Text size="xs" c="dimmed">
          %
        </Text>
      }
      {...input}
      ref={field}
      value={display}
      error={problem ?? error}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        const percent = next.trim() === '' ? null : readPercent(next);
        const isWrong = next.trim() !== '' && percent === null;
        setProblem(isWrong ? 'Use a number such as 12.5, with at most four decimals.' : null);
        onChange(percent);
      }}
    />
  );
}
