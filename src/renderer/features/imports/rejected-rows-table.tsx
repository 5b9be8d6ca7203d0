import { Table, Text } from '@mantine/core';
import type { RejectedRow } from './rejected-rows.ts';

/** Why rows did not come in: where to look in the file, what stands there, what is wrong with it. */
export function RejectedRowsTable({
  rows,
  maxHeight = 380,
}: {
  rows: readonly RejectedRow[];
  maxHeight?: number;
}) {
  return (
    <Table.ScrollContainer
      minWidth={480}
      maxHeight={maxHeight}
      type="native"
      tabIndex={0}
      role="region"
      aria-label="Rejected rows"
    >
      <Table stickyHeader aria-label="Rejected rows">
        <Table.Thead>
          <Table.Tr>
            <Table.Th ta="right" w={70}>
              Row
            </Table.Th>
            <Table.Th>Column</Table.Th>
            <Table.Th>Value</Table.Th>
            <Table.Th>Reason</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row, index) => (
            // A row may have several reasons, and two of them may be alike; the list never changes its order.
            // oxlint-disable-next-line react/no-array-index-key
            <Table.Tr key={index}>
              <Table.Td ta="right" className="figures">
                {row.row.toLocaleString()}
              </Table.Td>
              <Table.Td>{row.column}</Table.Td>
              <Table.Td maw={260}>
                <Text inherit truncate title={row.value}>
                  {row.value === '' ? (
                    <Text span inherit c="dimmed" fs="italic">
                      empty
                    </Text>
                  ) : (
                    row.value
                  )}
                </Text>
              </Table.Td>
              <Table.Td>{row.reason}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
