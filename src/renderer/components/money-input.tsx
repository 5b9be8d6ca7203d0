import { Text, TextInput, type TextInputProps } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { formatMinor, parseMinor } from '#domain/money.ts';

interface MoneyInputProps extends Omit<TextInputProps, 'value' | 'onChange' | 'defaultValue'> {
  currency: string;
  /** Minor units, or null where empty. */
  value: number | null;
  onChange: (amount: number | null) => void;
}

/** Takes an amount as people write it and hands on minor units; never a float in between. */
export function MoneyInput({ currency, value, onChange, error, ...props }: MoneyInputProps) {
  const [text, setText] = useState(value === null ? '' : formatMinor(value, currency));
  const [problem, setProblem] = useState<string | null>(null);

  const input = useRef<HTMLInputElement>(null);
  // What can't be read must not be sent as nothing: the form holds until it is mended or emptied.
  useEffect(() => input.current?.setCustomValidity(problem ?? ''), [problem]);

  const shown = value === null ? '' : formatMinor(value, currency);
  const parsed = text.trim() === '' ? null : parseMinor(text, currency);
  const agrees = parsed === null ? value === null : parsed.ok && parsed.amount === value;
  // The owner changed the value (a reset, another record): show that, not what was typed for the old one.
  const display = problem === null && !agrees ? shown : text;

  const take = (next: string) => {
    setText(next);
    if (next.trim() === '') {
      setProblem(null);
      onChange(null);
      return;
    }
    const result = parseMinor(next, currency);
    setProblem(result.ok ? null : result.message);
    onChange(result.ok ? result.amount : null);
  };

  return (
    <TextInput
      inputMode="decimal"
      autoComplete="off"
      classNames={{ input: 'figures' }}
      rightSection={
        <Text size="xs" c="dimmed">
          {currency}
        </Text>
      }
      rightSectionWidth={46}
      {...props}
      ref={input}
      value={display}
      error={problem ?? error}
      onChange={(event) => take(event.currentTarget.value)}
      onBlur={(event) => {
        if (problem === null && value !== null) setText(formatMinor(value, currency));
        props.onBlur?.(event);
      }}
    />
  );
}
