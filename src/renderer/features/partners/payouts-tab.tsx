import { Group, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { Outputs } from '#contract/index.ts';
import { useApi } from '../../app/api.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { DataTable, type TableColumn } from '../../components/data-table.tsx';
import { dayText, Money } from '../../components/figures.tsx';
import { LinkButton } from '../../components/link-button.tsx';
import { EmptyState } from '../../components/states.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import type { Partner } from './partner.ts';

type Payout = Outputs['payouts']['list']['items'][number];

const columns: readonly TableColumn<Payout>[] = [
  {
    key: 'number',
    header: 'Payout',
    render: (payout) => (
      <AppLink to="/payouts/$payoutId" params={{ payoutId: payout.id }} fw={500} className="figures">
        {payout.payoutNumber}
      </AppLink>
    ),
  },
  {
    key: 'period',
    header: 'Period',
    render: (payout) => (
      <span className="figures">
        {dayText(payout.periodStart)} – {dayText(payout.periodEnd)}
      </span>
    ),
  },
  { key: 'status', header: 'Status', render: (payout) => <StatusBadge status={payout.status} /> },
  {
    key: 'total',
    header: 'Total',
    align: 'right',
    render: (payout) => <Money amount={payout.totalAmount} currency={payout.currency} />,
  },
  {
    key: 'approved',
    header: 'Approved',
    align: 'right',
    render: (payout) => <Money amount={payout.approvedAmount} currency={payout.currency} />,
  },
  {
    key: 'paid',
    header: 'Paid',
    align: 'right',
    render: (payout) => <Money amount={payout.paidAmount} currency={payout.currency} />,
  },
];

/** The partner's payouts, newest first. */
export function PayoutsTab({ partner }: { partner: Partner }) {
  const api = useApi();
  const navigate = useNavigate();
  const query = useInfiniteQuery(
    api.payouts.list.infiniteOptions({
      input: (cursor: string | undefined) => ({
        cursor,
        limit: 25,
        total: cursor === undefined,
        partnerId: partner.id,
      }),
      initialPageParam: undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
    }),
  );
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text c="dimmed">Newest first.</Text>
        <LinkButton to="/payouts" search={{ partnerId: partner.id, status: 'all' }} variant="default">
          Open in payouts
        </LinkButton>
      </Group>
      <DataTable
        label="Payouts of this partner"
        columns={columns}
        query={query}
        onOpen={(payout) => void navigate({ to: '/payouts/$payoutId', params: { payoutId: payout.id } })}
        empty={
          <EmptyState title="No payouts yet">
            Finance gathers the partner’s approved credits of a period into a payout.
          </EmptyState>
        }
      />
    </>
  );
}
