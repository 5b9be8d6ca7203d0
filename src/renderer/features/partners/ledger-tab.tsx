import { Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { Outputs } from '#contract/index.ts';
import {
  type LedgerAccount,
  type LedgerEventType,
  ledgerAccounts,
  ledgerEventTypes,
} from '#domain/ledger.ts';
import { isOneOf } from '#domain/vocabulary.ts';
import { useApi } from '../../app/api.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { DataTable, type TableColumn } from '../../components/data-table.tsx';
import { Instant, Money, PersonName } from '../../components/figures.tsx';
import { EmptyState } from '../../components/states.tsx';
import type { Partner } from './partner.ts';

type Entry = Outputs['partners']['ledger']['items'][number];

const accountLabels: Record<LedgerAccount, string> = {
  commission_expense: 'Commission expense',
  available: 'Available',
  payable: 'Payable',
  paid: 'Paid',
};

const kindLabels: Record<LedgerEventType, string> = {
  credit_approved: 'Credit approved',
  credit_reversed: 'Credit taken back',
  payout_approved: 'Payout approved',
  payout_cancelled: 'Payout cancelled',
  payment_recorded: 'Payment recorded',
  payment_failed: 'Payment came back',
};

function accountName(account: string): string {
  return isOneOf(ledgerAccounts, account) ? accountLabels[account] : 'Another account';
}

function EntryName({ entry }: { entry: Entry }) {
  const name = isOneOf(ledgerEventTypes, entry.kind) ? kindLabels[entry.kind] : 'Entry';
  return entry.resource === 'payout' ? (
    <AppLink to="/payouts/$payoutId" params={{ payoutId: entry.resourceId }} fw={500}>
      {name}
    </AppLink>
  ) : (
    name
  );
}

const columns: readonly TableColumn<Entry>[] = [
  { key: 'time', header: 'When', render: (entry) => <Instant value={entry.createdAt} /> },
  { key: 'what', header: 'What', render: (entry) => <EntryName entry={entry} /> },
  { key: 'who', header: 'Who', render: (entry) => <PersonName id={entry.actorId} /> },
  {
    key: 'accounts',
    header: 'Account',
    render: (entry) => (
      <Stack gap={2}>
        {entry.postings.map((posting) => (
          <span key={posting.account}>{accountName(posting.account)}</span>
        ))}
      </Stack>
    ),
  },
  {
    key: 'amounts',
    header: 'Posting',
    align: 'right',
    render: (entry) => (
      <Stack gap={2} align="flex-end">
        {entry.postings.map((posting) => (
          <Money key={posting.account} amount={posting.amount} currency={entry.currency} />
        ))}
      </Stack>
    ),
  },
];

/** The partner's ledger: entries that are never changed, each with postings that sum to zero. */
export function LedgerTab({ partner }: { partner: Partner }) {
  const api = useApi();
  const query = useInfiniteQuery(
    api.partners.ledger.infiniteOptions({
      input: (cursor: string | undefined) => ({
        id: partner.id,
        cursor,
        limit: 50,
        total: cursor === undefined,
      }),
      initialPageParam: undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
    }),
  );
  return (
    <>
      <Text c="dimmed" mb="sm">
        Newest first. The postings of an entry sum to zero; a mistake is corrected by another entry.
      </Text>
      <DataTable
        label="Ledger of this partner"
        columns={columns}
        query={query}
        empty={
          <EmptyState title="No entries yet">
            Entries come with approved credits, approved or cancelled payouts, and payments.
          </EmptyState>
        }
      />
    </>
  );
}
