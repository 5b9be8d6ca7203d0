import { Badge, Button, Group, Select, Tabs, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { isOneOf, type PartnerType, partnerTypes } from '#domain/vocabulary.ts';
import { useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { DataTable, type TableColumn } from '../../components/data-table.tsx';
import { Money } from '../../components/figures.tsx';
import { LinkButton } from '../../components/link-button.tsx';
import { Page } from '../../components/page.tsx';
import { EmptyState, Require } from '../../components/states.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { type Partner, partnerTypeLabels, quotaText } from './partner.ts';
import {
  emptyViews,
  isPartnerView,
  type PartnerView,
  partnerViewLabels,
  partnerViews,
  statusOf,
} from './partner-views.ts';

const columns: readonly TableColumn<Partner>[] = [
  {
    key: 'partner',
    header: 'Partner',
    render: (partner) => (
      <>
        <AppLink to="/partners/$partnerId" params={{ partnerId: partner.id }} fw={500}>
          {partner.organizationName}
        </AppLink>
        <Text size="xs" c="dimmed" className="figures">
          {partner.partnerCode}
        </Text>
      </>
    ),
  },
  { key: 'type', header: 'Type', render: (partner) => partnerTypeLabels[partner.partnerType] },
  { key: 'status', header: 'Status', render: (partner) => <StatusBadge status={partner.status} /> },
  {
    key: 'available',
    header: 'Available',
    align: 'right',
    render: (partner) => <Money amount={partner.availableBalance} currency={partner.currency} />,
  },
  {
    key: 'earned',
    header: 'Earned in all',
    align: 'right',
    render: (partner) => <Money amount={partner.totalEarnings} currency={partner.currency} />,
  },
  {
    key: 'leads',
    header: 'Leads',
    align: 'right',
    render: (partner) => <span className="figures">{partner.totalLeadsSubmitted.toLocaleString()}</span>,
  },
  { key: 'quota', header: 'This month', align: 'right', render: (partner) => <Quota partner={partner} /> },
];

/** How much of the month's quota is used; the word says it where none is left. */
function Quota({ partner }: { partner: Partner }) {
  const isFull = partner.monthlyQuota > 0 && partner.currentMonthLeads >= partner.monthlyQuota;
  return (
    <Group gap={6} justify="flex-end" wrap="nowrap">
      {isFull && (
        <Badge size="sm" color="orange">
          Full
        </Badge>
      )}
      <span className="figures">{quotaText(partner)}</span>
    </Group>
  );
}

export function PartnersScreen() {
  return (
    <Require permission="partners.read">
      <Partners />
    </Require>
  );
}

function Partners() {
  const api = useApi();
  const can = useCan();
  const navigate = useNavigate();
  const { status } = useSearch({ from: '/partners' });
  const [typed, setTyped] = useState('');
  const [q] = useDebouncedValue(typed.trim(), 250);
  const [partnerType, setPartnerType] = useState<PartnerType | null>(null);

  // What this person is here for comes first.
  const view: PartnerView = isPartnerView(status) ? status : can('partners.decide') ? 'pending' : 'all';
  const listed = statusOf(view);
  const query = useInfiniteQuery(
    api.partners.list.infiniteOptions({
      input: (cursor: string | undefined) => ({
        cursor,
        limit: 50,
        total: cursor === undefined,
        ...(listed !== undefined && { status: listed }),
        ...(partnerType !== null && { partnerType }),
        ...(q !== '' && { q }),
      }),
      initialPageParam: undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
      placeholderData: keepPreviousData,
    }),
  );
  const waiting = useQuery(
    api.partners.list.queryOptions({ input: { status: 'pending', limit: 1, total: true } }),
  ).data?.total;

  const isNarrowed = q !== '' || partnerType !== null;
  const add = can('partners.edit') && (
    <LinkButton to="/partners/new" leftSection={<IconPlus size={16} aria-hidden />}>
      New partner
    </LinkButton>
  );
  return (
    <Page
      title="Partners"
      subtitle="Who refers leads, on which terms, and what they have earned."
      actions={add || undefined}
    >
      <Tabs
        value={view}
        onChange={(value) => {
          if (isPartnerView(value)) void navigate({ to: '/partners', search: { status: value } });
        }}
      >
        <Tabs.List mb="sm">
          {partnerViews.map((each) => (
            <Tabs.Tab
              key={each}
              value={each}
              rightSection={
                each === 'pending' && waiting !== undefined && waiting > 0 ? (
                  <Badge size="sm" circle={waiting < 10} className="figures">
                    {waiting.toLocaleString()}
                  </Badge>
                ) : null
              }
            >
              {partnerViewLabels[each]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={view}>
          <Group gap="xs" mb="sm">
            <TextInput
              type="search"
              aria-label="Search partners"
              placeholder="Name, code or e-mail"
              leftSection={<IconSearch size={16} aria-hidden />}
              w={280}
              maxLength={200}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
            <Select
              aria-label="Type"
              placeholder="Any type"
              clearable
              w={180}
              data={partnerTypes.map((value) => ({ value, label: partnerTypeLabels[value] }))}
              value={partnerType}
              onChange={(value) => setPartnerType(isOneOf(partnerTypes, value) ? value : null)}
            />
          </Group>
          <DataTable
            label="Partners"
            columns={listed === undefined ? columns : columns.filter((column) => column.key !== 'status')}
            query={query}
            onOpen={(partner) =>
              void navigate({ to: '/partners/$partnerId', params: { partnerId: partner.id } })
            }
            empty={
              isNarrowed ? (
                <EmptyState
                  title="No partner matches"
                  action={
                    <Button
                      variant="default"
                      onClick={() => {
                        setTyped('');
                        setPartnerType(null);
                      }}
                    >
                      Clear the filters
                    </Button>
                  }
                />
              ) : (
                <EmptyState
                  title={emptyViews[view].title}
                  action={view === 'pending' || view === 'all' ? add || undefined : undefined}
                >
                  {emptyViews[view].text}
                </EmptyState>
              )
            }
          />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
