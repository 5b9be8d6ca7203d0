import { Group, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { Outputs } from '#contract/index.ts';
import { useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { DataTable, type TableColumn } from '../../components/data-table.tsx';
import { Instant, Money, Score } from '../../components/figures.tsx';
import { LinkButton } from '../../components/link-button.tsx';
import { EmptyState } from '../../components/states.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import type { Partner } from './partner.ts';

type Lead = Outputs['leads']['list']['items'][number];

function nameOf({ leadData }: Lead): string {
  const person = [leadData.firstName, leadData.lastName].filter(Boolean).join(' ');
  return person || leadData.company || leadData.email;
}

const columns: readonly TableColumn<Lead>[] = [
  {
    key: 'lead',
    header: 'Lead',
    render: (lead) => (
      <AppLink to="/leads/$leadId" params={{ leadId: lead.id }} fw={500}>
        {nameOf(lead)}
      </AppLink>
    ),
  },
  { key: 'score', header: 'Score', align: 'right', render: (lead) => <Score value={lead.qualityScore} /> },
  { key: 'status', header: 'Status', render: (lead) => <StatusBadge status={lead.status} /> },
  { key: 'submitted', header: 'Came in', render: (lead) => <Instant value={lead.submittedAt} /> },
  {
    key: 'credit',
    header: 'Credit',
    align: 'right',
    render: (lead) => <Money amount={lead.creditAmount} currency={lead.currency} />,
  },
];

/** The partner's leads, newest first. */
export function LeadsTab({ partner }: { partner: Partner }) {
  const api = useApi();
  const can = useCan();
  const navigate = useNavigate();
  const query = useInfiniteQuery(
    api.leads.list.infiniteOptions({
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
  const isActive = partner.status === 'active';
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text c="dimmed">Newest first.</Text>
        <LinkButton to="/leads" search={{ partnerId: partner.id }} variant="default">
          Search and filter these leads
        </LinkButton>
      </Group>
      <DataTable
        label="Leads of this partner"
        columns={columns}
        query={query}
        onOpen={(lead) => void navigate({ to: '/leads/$leadId', params: { leadId: lead.id } })}
        empty={
          <EmptyState
            title="No leads yet"
            action={
              can('leads.submit') && isActive ? (
                <LinkButton to="/imports/new" search={{ partnerId: partner.id }}>
                  Import leads from a file
                </LinkButton>
              ) : undefined
            }
          >
            {isActive
              ? 'Leads stand here as they are submitted or imported for this partner.'
              : 'Only an active partner can submit leads.'}
          </EmptyState>
        }
      />
    </>
  );
}
