import { Button, Group, Stack, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Outputs } from '#contract/index.ts';
import { tellProblem, useApi, useClient } from '../../app/api.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { FailedState, LoadingState } from '../../components/states.tsx';
import { fetchRejectedRows, saveRejectedRows } from './rejected-rows.ts';
import { RejectedRowsTable } from './rejected-rows-table.tsx';

interface RejectedRowsDialogProps {
  run: Pick<Outputs['imports']['get'], 'id' | 'fileName' | 'rejected'>;
  onClose: () => void;
}

/** The rows of an import that did not come in, to look at and to take along as a file. */
export function RejectedRowsDialog({ run, onClose }: RejectedRowsDialogProps) {
  const api = useApi();
  const rows = useInfiniteQuery(
    api.imports.rejectedRows.infiniteOptions({
      input: (cursor: string | undefined) => ({ id: run.id, cursor, limit: 200 }),
      initialPageParam: undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
    }),
  );
  return (
    <Dialog onClose={onClose} size="xl" title={`Rejected rows of ${run.fileName}`}>
      <Stack gap="md">
        <Group justify="space-between" wrap="nowrap">
          <Text c="dimmed">
            {run.rejected === 1 ? '1 row' : `${run.rejected.toLocaleString()} rows`} did not come in. Correct
            them in the file, and import it again.
          </Text>
          <SaveRejectedRows importId={run.id} fileName={run.fileName} />
        </Group>
        {rows.data !== undefined ? (
          <RejectedRowsTable rows={rows.data.pages.flatMap((page) => page.items)} maxHeight={460} />
        ) : rows.isError ? (
          <FailedState error={rows.error} onRetry={() => void rows.refetch()} />
        ) : (
          <LoadingState label="Loading the rejected rows" lines={5} />
        )}
        <Group justify="space-between">
          {rows.hasNextPage ? (
            <Button
              variant="subtle"
              loading={rows.isFetchingNextPage}
              onClick={() => void rows.fetchNextPage()}
            >
              Show more
            </Button>
          ) : (
            <span />
          )}
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

/** Gathers all rejected rows of an import and hands them over as a CSV file. */
export function SaveRejectedRows({ importId, fileName }: { importId: string; fileName: string }) {
  const client = useClient();
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      saveRejectedRows(fileName, await fetchRejectedRows(client, importId));
    } catch (error) {
      tellProblem(error);
    }
    setBusy(false);
  };
  return (
    <Button
      variant="default"
      style={{ flex: 'none' }}
      loading={busy}
      leftSection={<IconDownload size={16} aria-hidden />}
      onClick={() => void save()}
    >
      Download as CSV
    </Button>
  );
}
