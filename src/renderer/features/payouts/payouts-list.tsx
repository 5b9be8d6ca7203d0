import { Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { AppLink } from '../../components/app-link.tsx';
import { DataTable, type TableColumn } from '../../components/data-table.tsx';
import { Money } from '../../components/figures.tsx';
import { EmptyState } from '../../components/states.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { type Payout, periodText } from './payout.ts';
import { type PayoutView, usePayouts } from './use-payouts.ts';
import { WaitsFor } from './waits-for.tsx';

const isDecided = (payout: Payout) => payout.status !== 'pending' && payout.status !== 'rejected';

type Column = TableColumn<Payout>;

function NumberLink({ payout }: { payout: Payout }) {
  return (
    <AppLink to="/payouts/$payoutId" params={{ payoutId: payout.id }} fw={550} className="figures">
      {payout.payoutNumber}
    </AppLink>
  );
}

const period = (payout: Payout) => periodText(payout.periodStart, payout.periodEnd);

const partner: Column = { key: 'partner', header: 'Partner', render: (payout) => payout.partnerName };

const figures: readonly Column[] = [
  {
    key: 'leads',
    header: 'Leads',
    align: 'right',
    render: (payout) => <span className="figures">{payout.totalLeadsCount.toLocaleString()}</span>,
  },
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
    render: (payout) => (
      <Money amount={isDecided(payout) ? payout.approvedAmount : null} currency={payout.currency} />
    ),
  },
  {
    key: 'open',
    header: 'Open',
    align: 'right',
    render: (payout) => (
      <Money
        amount={isDecided(payout) ? payout.openAmount : null}
        currency={payout.currency}
        {...(payout.openAmount > 0 ? { fw: 600 } : { c: 'dimmed' })}
      />
    ),
  },
];

const wideColumns: readonly Column[] = [
  { key: 'number', header: 'Payout', render: (payout) => <NumberLink payout={payout} /> },
  partner,
  { key: 'period', header: 'Period', render: (payout) => <span className="figures">{period(payout)}</span> },
  ...figures,
  { key: 'status', header: 'Status', render: (payout) => <StatusBadge status={payout.status} /> },
  { key: 'waits', header: 'Waits for', render: (payout) => <WaitsFor payout={payout} /> },
];

/** The same with two lines to a row, where nine columns don't fit. */
const narrowColumns: readonly Column[] = [
  {
    key: 'number',
    header: 'Payout',
    render: (payout) => (
      <>
        <NumberLink payout={payout} />
        <Text size="xs" c="dimmed">
          {period(payout)}
        </Text>
      </>
    ),
  },
  partner,
  ...figures,
  {
    key: 'status',
    header: 'Status',
    render: (payout) => (
      <>
        <StatusBadge status={payout.status} />
        <Text size="xs" mt={2} component="div">
          <WaitsFor payout={payout} />
        </Text>
      </>
    ),
  },
];

const nothing: Record<PayoutView, { title: string; text: string }> = {
  pending: {
    title: 'Nothing waits for approval',
    text: 'Payouts come here when finance gathers approved credits of a period.',
  },
  to_pay: {
    title: 'Nothing is open to be paid',
    text: 'Payouts come here when they are approved, and leave when they are paid in full.',
  },
  paid: { title: 'Nothing was paid yet', text: 'Payouts come here when finance records their payment.' },
  rejected: {
    title: 'No payout was rejected',
    text: 'Rejected payouts stay here with their notes; their credits are free for the next one.',
  },
  cancelled: {
    title: 'No payout was cancelled',
    text: 'Approved payouts that were cancelled before any payment stay here with the reason.',
  },
  all: {
    title: 'There are no payouts yet',
    text: 'Finance generates them from approved credits, one per partner and period.',
  },
};

interface PayoutsListProps {
  view: PayoutView;
  partnerId: string | undefined;
  emptyAction: ReactNode;
  selection?: { ids: ReadonlySet<string>; onChange: (ids: ReadonlySet<string>) => void };
}

/** The payouts of one tab. */
export function PayoutsList({ view, partnerId, emptyAction, selection }: PayoutsListProps) {
  const navigate = useNavigate();
  const isWide = useMediaQuery('(min-width: 80em)');
  const query = usePayouts(view, partnerId);
  return (
    <DataTable
      label="Payouts"
      columns={isWide ? wideColumns : narrowColumns}
      query={query}
      onOpen={(payout) => void navigate({ to: '/payouts/$payoutId', params: { payoutId: payout.id } })}
      {...(selection !== undefined && {
        selection: { ...selection, nameOf: (payout: Payout) => payout.payoutNumber },
      })}
      empty={
        <EmptyState title={nothing[view].title} action={emptyAction}>
          <Text inherit>{nothing[view].text}</Text>
        </EmptyState>
      }
    />
  );
}
