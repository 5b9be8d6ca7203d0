import { ActionIcon, CopyButton, Group, Text, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import classes from './payouts.module.css';

/** The SHA-256 of a file: short in lists, whole where there is room, always to be copied whole. */
export function FileHash({ value, short = false }: { value: string; short?: boolean }) {
  return (
    <Group gap={4} wrap="nowrap">
      <Text component="span" className={classes.hash} title={value}>
        {short ? `${value.slice(0, 12)}…` : value}
      </Text>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy the SHA-256'}>
            <ActionIcon
              size="sm"
              color={copied ? 'pine' : 'gray'}
              aria-label="Copy the SHA-256"
              onClick={copy}
            >
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}

/** 1536 → "1.5 kB". */
export function fileSizeText(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit: units[power] ?? 'byte',
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumFractionDigits: power === 0 ? 0 : 1,
  }).format(bytes / 1000 ** power);
}
