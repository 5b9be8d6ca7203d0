import { Box, Group, Paper, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Outputs } from '#contract/index.ts';
import { sentenceOf, useApi } from '../../app/api.tsx';
import { moneyText, Share } from '../../components/figures.tsx';
import classes from './payouts.module.css';

type Stats = Outputs['payouts']['stats'];

/** PayoutStats of one partner or of all (`domain.md`, "Figures"). */
export function PayoutStats({ partnerId }: { partnerId: string | undefined }) {
  const api = useApi();
  const stats = useQuery(
    api.payouts.stats.queryOptions({ input: partnerId === undefined ? {} : { partnerId } }),
  );
  if (stats.isError && stats.data === undefined) {
    return (
      <Text size="sm" c="dimmed" role="status">
        The figures can’t be shown: {sentenceOf(stats.error)}
      </Text>
    );
  }
  return (
    <Paper px="md" py="sm">
      {stats.data === undefined ? <LoadingFigures /> : <Figures stats={stats.data} />}
      {stats.data?.currency === null && (
        <Text size="xs" c="dimmed" mt="xs">
          The payouts are in several currencies, which don’t add up. Choose a partner to see amounts.
        </Text>
      )}
    </Paper>
  );
}

function LoadingFigures() {
  return (
    <Group grow role="status" aria-label="Loading the figures">
      {['to approve', 'approved', 'paid', 'open', 'rate', 'days'].map((figure) => (
        <Skeleton key={figure} height={52} />
      ))}
    </Group>
  );
}

function Figures({ stats }: { stats: Stats }) {
  const { currency } = stats;
  // Euros and yen don't add up.
  const money = (amount: number) => (currency === null ? '–' : moneyText(amount, currency));
  const payouts = (count: number) => `${count.toLocaleString()} ${count === 1 ? 'payout' : 'payouts'}`;
  const days = stats.averageDaysToApproval;
  return (
    <Box component="dl" className={classes.stats} aria-label="Figures of the payouts">
      <Figure label="To approve" value={money(stats.pendingApprovalAmount)} hint="Without rejected lines" />
      <Figure
        label="Approved"
        value={money(stats.totalAmountApproved)}
        hint={`${payouts(stats.approvedPayouts)} of ${stats.totalPayoutsGenerated.toLocaleString()}`}
      />
      <Figure label="Paid" value={money(stats.totalAmountPaid)} hint="Part payments included" />
      <Figure
        label="Open"
        value={money(stats.totalAmountApproved - stats.totalAmountPaid)}
        hint="Approved, not yet paid"
      />
      <Figure
        label="Approval rate"
        value={<Share value={stats.averageApprovalRate} />}
        hint={`${payouts(stats.rejectedPayouts)} rejected`}
      />
      <Figure
        label="Days to approval"
        value={days === null ? '–' : days.toLocaleString(undefined, { maximumFractionDigits: 1 })}
        hint="On average"
      />
    </Box>
  );
}

function Figure({ label, value, hint }: { label: string; value: ReactNode; hint: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className={`${classes.value} figures`}>{value}</dd>
      <Text component="dd" size="xs" c="dimmed">
        {hint}
      </Text>
    </div>
  );
}
