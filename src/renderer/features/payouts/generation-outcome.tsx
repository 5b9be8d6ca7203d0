import { Alert, Button, Group, ScrollArea, Stack, Table, Text } from '@mantine/core';
import { IconCheck, IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../app/api.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { moneyText } from '../../components/figures.tsx';
import type { GenerationResult } from './use-generation.ts';

interface GenerationOutcomeProps {
  result: GenerationResult;
  onClose: () => void;
  onShow: (payoutIds: readonly string[]) => void;
}

/** What came of generating: how many payouts, and who was left out for which reason. */
export function GenerationOutcome({ result, onClose, onShow }: GenerationOutcomeProps) {
  const api = useApi();
  // The one currency of all payouts, or null: a sum over several would be no amount.
  const stats = useQuery(api.payouts.stats.queryOptions({ input: {} }));
  const currency = stats.data?.currency ?? null;
  const { generated, totalAmount, payoutIds, skipped, skippedCount } = result;
  const total = generated > 0 && currency !== null ? `, ${moneyText(totalAmount, currency)} in all` : '';
  return (
    <Stack gap="md">
      <Alert
        role="status"
        color={generated === 0 ? 'gray' : 'pine'}
        icon={generated === 0 ? <IconInfoCircle size={18} /> : <IconCheck size={18} />}
        title={
          generated === 0
            ? 'No payout was generated'
            : `${generated.toLocaleString()} ${generated === 1 ? 'payout' : 'payouts'} generated${total}`
        }
      >
        {generated === 0
          ? 'There was nothing to gather. The reasons are below.'
          : 'They wait for approval by someone other than you.'}
      </Alert>
      {skippedCount > 0 && (
        <Stack gap={6}>
          <Text fw={600}>
            {skippedCount.toLocaleString()} {skippedCount === 1 ? 'partner' : 'partners'} without a payout
          </Text>
          <ScrollArea.Autosize
            mah={280}
            viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'Partners without a payout' }}
          >
            <Table aria-label="Partners without a payout">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Partner</Table.Th>
                  <Table.Th>Why</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {skipped.map(({ partnerId, partnerName, reason }) => (
                  <Table.Tr key={partnerId}>
                    <Table.Td>
                      <AppLink to="/partners/$partnerId" params={{ partnerId }}>
                        {partnerName === '' ? 'A deleted partner' : partnerName}
                      </AppLink>
                    </Table.Td>
                    <Table.Td>{reason}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollArea.Autosize>
          {skippedCount > skipped.length && (
            <Text size="xs" c="dimmed">
              {(skippedCount - skipped.length).toLocaleString()} more are not shown.
            </Text>
          )}
        </Stack>
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        {generated > 0 && (
          <Button data-autofocus onClick={() => onShow(payoutIds)}>
            {generated === 1 ? 'Open the payout' : 'Show what waits for approval'}
          </Button>
        )}
      </Group>
    </Stack>
  );
}
