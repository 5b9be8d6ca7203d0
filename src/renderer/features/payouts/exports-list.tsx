import { ActionIcon, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { DataTable, type TableColumn } from '../../components/data-table.tsx';
import { Instant, PersonName } from '../../components/figures.tsx';
import { EmptyState } from '../../components/states.tsx';
import { FileHash, fileSizeText } from './file-hash.tsx';
import { formatLabels, type PayoutExport } from './payout.ts';
import { useDownload } from './use-download.ts';

/** Every file that finance was given: who, when, what, and its SHA-256. */
export function ExportsList() {
  const api = useApi();
  const can = useCan();
  const download = useDownload();
  const query = useInfiniteQuery(
    api.payoutExports.list.infiniteOptions({
      input: (cursor: string | undefined) => ({ cursor, limit: 50, total: cursor === undefined }),
      initialPageParam: undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
    }),
  );
  const columns: TableColumn<PayoutExport>[] = [
    { key: 'at', header: 'Exported', render: (made) => <Instant value={made.createdAt} /> },
    { key: 'by', header: 'By', render: (made) => <PersonName id={made.exportedBy} /> },
    { key: 'file', header: 'File', render: (made) => made.fileName },
    { key: 'format', header: 'Format', render: (made) => formatLabels[made.format] },
    {
      key: 'rows',
      header: 'Rows',
      align: 'right',
      render: (made) => <span className="figures">{made.rowCount.toLocaleString()}</span>,
    },
    {
      key: 'again',
      header: 'Exported before',
      align: 'right',
      render: (made) => (
        <span className="figures">
          {made.alreadyExported === 0 ? '–' : made.alreadyExported.toLocaleString()}
        </span>
      ),
    },
    {
      key: 'size',
      header: 'Size',
      align: 'right',
      render: (made) => <span className="figures">{fileSizeText(made.byteSize)}</span>,
    },
    { key: 'hash', header: 'SHA-256', render: (made) => <FileHash value={made.fileSha256} short /> },
  ];
  if (can('payouts.export')) {
    columns.push({
      key: 'download',
      header: <VisuallyHidden>Download</VisuallyHidden>,
      align: 'right',
      render: (made) => (
        <Tooltip label="Download the same file again">
          <ActionIcon
            aria-label={`Download ${made.fileName}`}
            loading={download.isPending && download.variables.id === made.id}
            onClick={() => download.mutate(made)}
          >
            <IconDownload size={16} />
          </ActionIcon>
        </Tooltip>
      ),
    });
  }
  return (
    <DataTable
      label="Past exports"
      columns={columns}
      query={query}
      empty={
        <EmptyState title="Nothing was exported yet">
          Every file made for finance is listed here, with its SHA-256, and can be fetched again.
        </EmptyState>
      }
    />
  );
}
