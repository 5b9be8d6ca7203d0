import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../app/api.tsx';
import { useSession } from '../../app/session.tsx';
import type { Activity } from './activity.ts';
import { differenceOf } from './difference.ts';

/** What an activity changed, before beside after. */
export function DifferenceTable({ activity }: { activity: Activity }) {
  const api = useApi();
  const { timeZone, currency } = useSession();
  const staff = useQuery(api.staff.list.queryOptions({ input: { limit: 500 }, staleTime: 300_000 }));
  const partner = useQuery(
    api.partners.get.queryOptions({
      input: { id: activity.partnerId ?? '' },
      enabled: activity.partnerId !== null,
      staleTime: 60_000,
    }),
  );
  const rows = differenceOf(activity.details, {
    timeZone,
    currency: partner.data?.currency ?? currency,
    nameOf: (id) => {
      const person = staff.data?.items.find((member) => member.id === id);
      return person === undefined ? undefined : `${person.firstName} ${person.lastName}`;
    },
  });
  if (rows.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        It changed nothing that could be compared.
      </Text>
    );
  }
  const compares = 'before' in activity.details;
  return (
    <Table aria-label="What changed" verticalSpacing={3} withRowBorders={false} w="auto">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>What</Table.Th>
          {compares && <Table.Th>Before</Table.Th>}
          <Table.Th>{compares ? 'After' : 'Value'}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={row.label}>
            <Table.Td c="dimmed">{row.label}</Table.Td>
            {compares && <Table.Td>{row.before ?? '–'}</Table.Td>}
            <Table.Td fw={compares ? 500 : undefined}>{row.after ?? '–'}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
