import { Group, Paper, Title } from '@mantine/core';
import { MonthPickerInput } from '@mantine/dates';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { monthOf } from '#domain/calendar.ts';
import { useApi } from '../../app/api.tsx';
import { useSession } from '../../app/session.tsx';
import { Money, Share } from '../../components/figures.tsx';
import { QueryState } from '../../components/states.tsx';
import { Figure } from './figure.tsx';
import type { Partner } from './partner.ts';
import classes from './partners.module.css';

/** PartnerStats of one month of the organization's time zone; this month at first. */
export function MonthlyFigures({ partner }: { partner: Partner }) {
  const api = useApi();
  const { timeZone } = useSession();
  const [now] = useState(() => monthOf(new Date().toISOString(), timeZone));
  const [month, setMonth] = useState(now);
  const stats = useQuery(
    api.partners.monthlyStats.queryOptions({
      input: { id: partner.id, year: Number(month.slice(0, 4)), month: Number(month.slice(5, 7)) },
      placeholderData: keepPreviousData,
    }),
  );
  return (
    <Paper p="md">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h6">
          Month by month
        </Title>
        <MonthPickerInput
          aria-label="Month"
          w={180}
          value={`${month}-01`}
          maxDate={`${now}-28`}
          valueFormat="MMMM YYYY"
          onChange={(value) => {
            if (value !== null) setMonth(value.slice(0, 7));
          }}
        />
      </Group>
      <QueryState query={stats}>
        {(data) => (
          <dl className={classes.figures} aria-label="Figures of the month">
            <Figure label="Leads submitted" hint="The others follow from these leads, as they stand today">
              {data.totalLeadsSubmitted.toLocaleString()}
            </Figure>
            <Figure label="Approved" hint={`${data.rejectedLeads.toLocaleString()} rejected`}>
              {data.approvedLeads.toLocaleString()}
            </Figure>
            <Figure label="Converted" hint="Approved leads that became deals">
              {data.convertedLeads.toLocaleString()}
            </Figure>
            <Figure label="Earned" hint="Credits approved in the month that still stand">
              <Money amount={data.totalEarnings} currency={data.currency} />
            </Figure>
            <Figure label="Approval rate">
              <Share value={data.approvalRate} />
            </Figure>
            <Figure label="Conversion rate">
              <Share value={data.conversionRate} />
            </Figure>
            <Figure label="Average quality">
              {data.averageLeadQuality === null
                ? '–'
                : data.averageLeadQuality.toLocaleString(undefined, { maximumFractionDigits: 2 })}
            </Figure>
          </dl>
        )}
      </QueryState>
    </Paper>
  );
}
