import { Paper, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../app/api.tsx';
import { Day, Money, PersonName } from '../../components/figures.tsx';
import { paymentMethodLabels } from '../../components/payment-methods.ts';
import { QueryState } from '../../components/states.tsx';
import { isToPay, type Payout } from './payout.ts';

/** What was paid of an approved payout, payment by payment. */
export function PaymentsList({ payout }: { payout: Payout }) {
  const api = useApi();
  const isPayable = isToPay(payout) || payout.status === 'paid';
  const query = useQuery(api.payouts.payments.queryOptions({ input: { id: payout.id }, enabled: isPayable }));
  if (!isPayable) return null;
  return (
    <section aria-labelledby="payments">
      <Title order={2} size="h4" mb="xs" id="payments">
        Payments
      </Title>
      <QueryState query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Text c="dimmed">Nothing was paid yet. Finance records each payment here.</Text>
          ) : (
            <Paper>
              <Table aria-label="Payments">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Paid on</Table.Th>
                    <Table.Th>Reference</Table.Th>
                    <Table.Th>Method</Table.Th>
                    <Table.Th>Recorded by</Table.Th>
                    <Table.Th ta="right">Amount</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {items.map((payment) => (
                    <Table.Tr key={payment.id}>
                      <Table.Td>
                        <Day value={payment.paymentDate} />
                      </Table.Td>
                      <Table.Td>{payment.referenceNumber}</Table.Td>
                      <Table.Td>{paymentMethodLabels[payment.paymentMethod]}</Table.Td>
                      <Table.Td>
                        <PersonName id={payment.recordedBy} />
                      </Table.Td>
                      <Table.Td ta="right">
                        <Money amount={payment.amount} currency={payout.currency} />
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Paper>
          )
        }
      </QueryState>
    </section>
  );
}
