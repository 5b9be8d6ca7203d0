import { Group, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** 1 536 → `1.5 KB`. */
export function sizeText(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit: units[power] ?? 'byte',
    unitDisplay: 'short',
    maximumFractionDigits: power < 2 ? 0 : 1,
  }).format(bytes / 1000 ** power);
}

/** How a step ended: a heading, and said aloud to whoever can't see it come up. */
export function Outcome({ children }: { children: ReactNode }) {
  return (
    <div role="status">
      <Title order={2} size="h4">
        {children}
      </Title>
    </div>
  );
}

/** A row of counts, the number large above what it counts. */
export function Figures({ children }: { children: ReactNode }) {
  return (
    <Group gap={40} align="flex-start">
      {children}
    </Group>
  );
}

export function Figure({ value, label, color }: { value: number; label: string; color?: string }) {
  return (
    <div>
      <Text size="xl" fw={650} className="figures" c={color}>
        {value.toLocaleString()}
      </Text>
      <Text size="sm" c="dimmed">
        {label}
      </Text>
    </div>
  );
}
