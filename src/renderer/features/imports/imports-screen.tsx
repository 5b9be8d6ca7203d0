import { Anchor, Button, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconUpload } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Outputs } from '#contract/index.ts';
import { useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { DataTable, type TableColumn } from '../../components/data-table.tsx';
import { Instant, PersonName } from '../../components/figures.tsx';
import { LinkButton } from '../../components/link-button.tsx';
import { Page } from '../../components/page.tsx';
import { PartnerPicker } from '../../components/partner-picker.tsx';
import { EmptyState } from '../../components/states.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { RejectedRowsDialog } from './rejected-rows-dialog.tsx';

type ImportRecord = Outputs['imports']['get'];

export function ImportsScreen() {
  const api = useApi();
  const mayImport = useCan()('leads.submit');
  const isWide = useMediaQuery('(min-width: 1180px)', true);
  const [partnerId, setPartnerId] = useState<string | null>(null);
  const [open, setOpen] = useState<ImportRecord | null>(null);
  const query = useInfiniteQuery(
    api.imports.list.infiniteOptions({
      input: (cursor: string | undefined) => ({
        cursor,
        limit: 50,
        total: cursor === undefined,
        ...(partnerId !== null && { partnerId }),
      }),
      initialPageParam: undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
      // One that runs is watched; the others don't change.
      refetchInterval: ({ state }) =>
        state.data?.pages.some((page) => page.items.some((item) => item.status === 'running'))
          ? 2_000
          : false,
    }),
  );

  const columns: readonly TableColumn<ImportRecord>[] = [
    {
      key: 'file',
      header: 'File',
      render: (run) => (
        <>
          <Text inherit fw={500} truncate maw="clamp(130px, 15vw, 340px)" title={run.fileName}>
            {run.fileName}
          </Text>
          {run.failure !== null && (
            <Text size="xs" c="red" maw={360}>
              {run.failure}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'partner',
      header: 'Partner',
      render: (run) => (
        <Text inherit truncate maw="clamp(110px, 14vw, 260px)">
          <AppLink to="/partners/$partnerId" params={{ partnerId: run.partnerId }}>
            {run.partnerName}
          </AppLink>
        </Text>
      ),
    },
    { key: 'status', header: 'Status', render: (run) => <StatusBadge status={run.status} /> },
    {
      key: 'read',
      header: 'Rows read',
      align: 'right',
      render: (run) => <span className="figures">{run.rowsRead.toLocaleString()}</span>,
    },
    {
      key: 'accepted',
      header: 'Came in',
      align: 'right',
      render: (run) =>
        run.accepted === 0 ? (
          <span className="figures">0</span>
        ) : (
          <AppLink
            to="/leads"
            search={{ importId: run.id }}
            className="figures"
            aria-label={`${run.accepted === 1 ? '1 lead' : `${run.accepted.toLocaleString()} leads`} from ${run.fileName}`}
          >
            {run.accepted.toLocaleString()}
          </AppLink>
        ),
    },
    {
      key: 'rejected',
      header: 'Rejected',
      align: 'right',
      render: (run) =>
        run.rejected === 0 ? (
          <span className="figures">0</span>
        ) : (
          <Anchor
            component="button"
            type="button"
            inherit
            c="red"
            className="figures"
            aria-label={`${run.rejected === 1 ? '1 rejected row' : `${run.rejected.toLocaleString()} rejected rows`} of ${run.fileName}`}
            onClick={() => setOpen(run)}
          >
            {run.rejected.toLocaleString()}
          </Anchor>
        ),
    },
    {
      key: 'started',
      header: 'Started',
      render: (run) => (
        <>
          <Instant value={run.startedAt} />
          <Text size="xs" c="dimmed">
            by <PersonName id={run.startedBy} />
          </Text>
        </>
      ),
    },
  ];

  const start = (
    <LinkButton to="/imports/new" search={{}} leftSection={<IconUpload size={16} aria-hidden />}>
      Import leads
    </LinkButton>
  );
  return (
    <Page
      title="Imports"
      subtitle="Files of leads, newest first."
      actions={mayImport && start}
      toolbar={
        <PartnerPicker
          aria-label="Partner"
          placeholder="All partners"
          clearable
          w={280}
          value={partnerId}
          onChange={setPartnerId}
        />
      }
    >
      <DataTable
        label="Imports"
        // On a narrow screen: it is the sum of the two columns after it.
        columns={isWide ? columns : columns.filter((column) => column.key !== 'read')}
        query={query}
        empty={
          partnerId === null ? (
            <EmptyState title="No file has been imported yet" action={mayImport && start}>
              A CSV file of leads is checked before anything is written. What came in, and which rows did not,
              is listed here.
            </EmptyState>
          ) : (
            <EmptyState
              title="No import for this partner"
              action={
                <Button variant="default" onClick={() => setPartnerId(null)}>
                  Show all imports
                </Button>
              }
            />
          )
        }
      />
      {open !== null && <RejectedRowsDialog run={open} onClose={() => setOpen(null)} />}
    </Page>
  );
}
