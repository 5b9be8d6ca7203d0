import { Badge, Group, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { Outputs } from '#contract/index.ts';
import { useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { DataTable, type TableColumn } from '../../components/data-table.tsx';
import { Day, moneyText } from '../../components/figures.tsx';
import { calculationTypeLabels } from '../../components/lead-words.ts';
import { LinkButton } from '../../components/link-button.tsx';
import { EmptyState } from '../../components/states.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import type { Partner } from './partner.ts';

type Policy = Outputs['creditPolicies']['list']['items'][number];

/** What a policy pays, in a few words. */
function payText(policy: Policy): string {
  if (policy.calculationType === 'tiered') {
    const tiers = policy.tierConfig?.tiers.length ?? 0;
    return `${tiers} ${tiers === 1 ? 'tier' : 'tiers'}`;
  }
  if (policy.baseCredit !== null) return moneyText(policy.baseCredit, policy.currency);
  return policy.baseRate === null ? '–' : `${policy.baseRate} %`;
}

const columns: readonly TableColumn<Policy>[] = [
  {
    key: 'policy',
    header: 'Policy',
    render: (policy) => (
      <>
        <AppLink to="/policies/$policyId" params={{ policyId: policy.id }} fw={500}>
          {policy.policyName}
        </AppLink>
        <Text size="xs" c="dimmed" className="figures">
          {policy.policyCode}
        </Text>
      </>
    ),
  },
  {
    key: 'kind',
    header: 'Pays',
    render: (policy) => calculationTypeLabels[policy.calculationType],
  },
  {
    key: 'amount',
    header: 'Amount',
    align: 'right',
    render: (policy) => <span className="figures">{payText(policy)}</span>,
  },
  {
    key: 'time',
    header: 'In force',
    render: (policy) => (
      <>
        {policy.startDate === null ? 'From the start' : <Day value={policy.startDate} />} –{' '}
        {policy.endDate === null ? 'no end' : <Day value={policy.endDate} />}
      </>
    ),
  },
  {
    key: 'status',
    header: 'Status',
    render: (policy) => (
      <Group gap={6} wrap="nowrap">
        <StatusBadge status={policy.isActive ? 'active' : 'inactive'} />
        {policy.isActive && policy.approvalRequired && <Badge color="yellow">To approve</Badge>}
      </Group>
    ),
  },
];

/** The credit policies made for this partner. */
export function PoliciesTab({ partner }: { partner: Partner }) {
  const api = useApi();
  const can = useCan();
  const navigate = useNavigate();
  const query = useInfiniteQuery(
    api.creditPolicies.list.infiniteOptions({
      input: (cursor: string | undefined) => ({
        id: partner.id,
        cursor,
        limit: 25,
        total: cursor === undefined,
      }),
      initialPageParam: undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
    }),
  );
  const add = can('policies.edit') && (
    <LinkButton to="/policies/new" search={{ partnerId: partner.id }}>
      New policy for this partner
    </LinkButton>
  );
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text c="dimmed">Policies for all partners may hold for its leads too.</Text>
        {add}
      </Group>
      <DataTable
        label="Credit policies of this partner"
        columns={columns}
        query={query}
        onOpen={(policy) => void navigate({ to: '/policies/$policyId', params: { policyId: policy.id } })}
        empty={
          <EmptyState title="No policy of its own">
            Its leads earn by the policies for all partners, else by the partner’s own terms.
          </EmptyState>
        }
      />
    </>
  );
}
