import { Badge, Tabs, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { isOneOf } from '#domain/vocabulary.ts';
import { useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { DataTable, type TableColumn } from '../../components/data-table.tsx';
import { Money } from '../../components/figures.tsx';
import { LinkButton } from '../../components/link-button.tsx';
import { Page } from '../../components/page.tsx';
import { EmptyState, ForbiddenState } from '../../components/states.tsx';
import { calculationText, datesText, type Policy, scopeText } from './policy.ts';
import { StateBadges } from './state-badges.tsx';

const tabs = ['in_force', 'to_approve', 'all'] as const;
type Tab = (typeof tabs)[number];

const views: Record<Tab, { label: string; filter: { active?: boolean; approvalRequired?: boolean } }> = {
  in_force: { label: 'In force', filter: { active: true } },
  to_approve: { label: 'To approve', filter: { approvalRequired: true } },
  all: { label: 'All', filter: {} },
};

const nothing: Record<Tab, { title: string; text: string }> = {
  in_force: {
    title: 'No policy is in force',
    text: 'Without one, partners earn by their own terms only. A policy makes credits once someone else has approved it.',
  },
  to_approve: {
    title: 'No policy waits for approval',
    text: 'New policies and changed terms come here until someone who did not write them approves them.',
  },
  all: {
    title: 'There are no policies yet',
    text: 'A policy says what a partner, or every partner, earns for a lead.',
  },
};

const columns: readonly TableColumn<Policy>[] = [
  {
    key: 'name',
    header: 'Policy',
    render: (policy) => (
      <>
        <AppLink to="/policies/$policyId" params={{ policyId: policy.id }} fw={550}>
          {policy.policyName}
        </AppLink>
        <Text size="xs" c="dimmed">
          {policy.policyCode}
        </Text>
      </>
    ),
  },
  {
    key: 'partner',
    header: 'For',
    render: (policy) =>
      policy.partnerId === null ? (
        'All partners'
      ) : (
        <AppLink to="/partners/$partnerId" params={{ partnerId: policy.partnerId }}>
          {policy.partnerName}
        </AppLink>
      ),
  },
  {
    key: 'pays',
    header: 'Pays',
    render: (policy) => (
      <span className="figures" style={{ whiteSpace: 'normal' }}>
        {calculationText(policy)}
      </span>
    ),
  },
  {
    key: 'scope',
    header: 'Applies',
    render: (policy) => (
      <>
        {scopeText(policy)}
        <Text size="xs" c="dimmed">
          {datesText(policy.startDate, policy.endDate)}
        </Text>
      </>
    ),
  },
  { key: 'state', header: 'State', render: (policy) => <StateBadges policy={policy} /> },
  {
    key: 'credits',
    header: 'Credits so far',
    align: 'right',
    render: (policy) => (
      <>
        <Money amount={policy.totalCreditsAllocated} currency={policy.currency} />
        <Text size="xs" c="dimmed" className="figures">
          {policy.totalLeadsUnderPolicy?.toLocaleString()}{' '}
          {policy.totalLeadsUnderPolicy === 1 ? 'lead' : 'leads'}
        </Text>
      </>
    ),
  },
];

export function PoliciesScreen() {
  const can = useCan();
  if (can('policies.read')) return <Policies />;
  return (
    <Page title="Policies">
      <ForbiddenState />
    </Page>
  );
}

function Policies() {
  const can = useCan();
  const [tab, setTab] = useState<Tab>(
    can('policies.approve') && !can('policies.edit') ? 'to_approve' : 'in_force',
  );
  const create = can('policies.edit') && (
    <LinkButton to="/policies/new" leftSection={<IconPlus size={16} />}>
      New policy
    </LinkButton>
  );
  return (
    <Page
      title="Policies"
      subtitle="What partners earn for their leads. A policy makes credits once someone else has approved it."
      actions={create}
    >
      <Tabs
        value={tab}
        onChange={(value) => {
          if (isOneOf(tabs, value)) setTab(value);
        }}
      >
        <Tabs.List mb="sm">
          {tabs.map((each) => (
            <Tabs.Tab key={each} value={each} rightSection={each === 'to_approve' ? <Waiting /> : undefined}>
              {views[each].label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab}>
          <PolicyList key={tab} tab={tab} create={tab === 'to_approve' ? undefined : create} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Waiting() {
  const api = useApi();
  const count = useQuery(
    api.creditPolicies.listAll.queryOptions({
      input: { approvalRequired: true, limit: 1, total: true },
      placeholderData: keepPreviousData,
    }),
  ).data?.total;
  return count === undefined || count === 0 ? null : (
    <Badge size="sm" circle={count < 10} className="figures">
      {count.toLocaleString()}
    </Badge>
  );
}

function PolicyList({ tab, create }: { tab: Tab; create: React.ReactNode }) {
  const api = useApi();
  const navigate = useNavigate();
  const query = useInfiniteQuery(
    api.creditPolicies.listAll.infiniteOptions({
      input: (cursor: string | undefined) => ({
        ...views[tab].filter,
        cursor,
        limit: 50,
        total: cursor === undefined,
      }),
      initialPageParam: undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
    }),
  );
  return (
    <DataTable
      label="Policies"
      columns={columns}
      query={query}
      onOpen={(policy) => void navigate({ to: '/policies/$policyId', params: { policyId: policy.id } })}
      empty={
        <EmptyState title={nothing[tab].title} action={create}>
          {nothing[tab].text}
        </EmptyState>
      }
    />
  );
}
