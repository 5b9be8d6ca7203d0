import { Badge, Text, type TextProps, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { currencyDecimals, formatMinor } from '#domain/money.ts';
import { useApi } from '../app/api.tsx';
import { useSession } from '../app/session.tsx';

const formats = new Map<string, Intl.NumberFormat>();

/** `1.234,50 €` as this machine's language writes it; minor units in, the currency's own decimals out. */
export function moneyText(amount: number, currency: string): string {
  let format = formats.get(currency);
  if (format === undefined) {
    const decimals = currencyDecimals(currency);
    format = new Intl.NumberFormat(undefined, {
      style: 'currency',
      currency,
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    formats.set(currency, format);
  }
  // As text: the digits are exact, however large the amount.
  return format.format(formatMinor(amount, currency) as Intl.StringNumericLiteral);
}

interface MoneyProps extends TextProps {
  /** Minor units; null shows a dash. */
  amount: number | null;
  currency: string;
}

export function Money({ amount, currency, ...text }: MoneyProps) {
  return (
    <Text
      component="span"
      inherit
      className="figures"
      c={amount !== null && amount < 0 ? 'red' : undefined}
      {...text}
    >
      {amount === null ? '–' : moneyText(amount, currency)}
    </Text>
  );
}

/** A share between 0 and 1 as a percentage; null (nothing counted) as a dash. */
export function Share({ value }: { value: number | null }) {
  const text =
    value === null
      ? '–'
      : new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 }).format(value);
  return <span className="figures">{text}</span>;
}

/** A quality score; 80 and above is high. The word says it too, not only the colour. */
export function Score({ value }: { value: number }) {
  const high = value >= 80;
  return (
    <Tooltip label={high ? 'High quality (80 and above)' : 'Quality score, 0 to 100'}>
      <Badge
        color={high ? 'pine' : value >= 50 ? 'gray' : 'orange'}
        className="figures"
        // A narrow table must not cut a figure off.
        miw="max-content"
        aria-label={`Score ${value}${high ? ', high quality' : ''}`}
      >
        {value.toLocaleString(undefined, { maximumFractionDigits: 2 })}
      </Badge>
    </Tooltip>
  );
}

/** A day as this machine's language writes it. */
export function dayText(day: string): string {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString(undefined, { dateStyle: 'medium', timeZone: 'UTC' });
}

export function Day({ value }: { value: string | null }) {
  return <span className="figures">{value === null ? '–' : dayText(value)}</span>;
}

/** An instant in the organization's time zone. */
export function Instant({ value, withTime = true }: { value: string | null; withTime?: boolean }) {
  const { timeZone } = useSession();
  if (value === null) return <span>–</span>;
  const date = new Date(value);
  const text = withTime
    ? date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short', timeZone })
    : date.toLocaleDateString(undefined, { dateStyle: 'medium', timeZone });
  return (
    <time
      dateTime={value}
      className="figures"
      title={`${date.toLocaleString(undefined, { timeZone })} (${timeZone})`}
    >
      {text}
    </time>
  );
}

/** The name of a staff member. Whoever is not in the list read earlier may be new: it is read again before that is said. */
export function PersonName({ id }: { id: string | null }) {
  const api = useApi();
  const [shownSince] = useState(() => Date.now());
  const staff = useQuery(api.staff.list.queryOptions({ input: { limit: 500 }, staleTime: 300_000 }));
  const { data, dataUpdatedAt, isFetching, isRefetchError, refetch } = staff;
  const person = data?.items.find((member) => member.id === id);
  const mayBeNew = id !== null && data !== undefined && person === undefined && dataUpdatedAt < shownSince;
  useEffect(() => {
    if (mayBeNew && !isFetching && !isRefetchError) void refetch();
  }, [mayBeNew, isFetching, isRefetchError, refetch]);
  if (id === null || data === undefined || mayBeNew) return <span>–</span>;
  return <span>{person === undefined ? 'Former member' : `${person.firstName} ${person.lastName}`}</span>;
}
