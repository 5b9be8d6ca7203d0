import { Alert, Button, Group, Stack, Table } from '@mantine/core';
import { IconCheck, IconDownload } from '@tabler/icons-react';
import { FileHash, fileSizeText } from './file-hash.tsx';
import { formatLabels, type PayoutExport } from './payout.ts';
import type { useDownload } from './use-download.ts';

interface ExportResultProps {
  made: PayoutExport;
  download: ReturnType<typeof useDownload>;
  onClose: () => void;
}

/** The file that was made, and what proves that it is this one. */
export function ExportResult({ made, download, onClose }: ExportResultProps) {
  const rows: readonly (readonly [string, React.ReactNode])[] = [
    ['File', made.fileName],
    ['Rows', `${made.rowCount.toLocaleString()}, ${formatLabels[made.format].toLowerCase()}`],
    ['Size', fileSizeText(made.byteSize)],
    ['SHA-256', <FileHash key="hash" value={made.fileSha256} />],
  ];
  return (
    <Stack gap="md">
      <Alert color="pine" role="status" icon={<IconCheck size={18} />} title="Exported">
        {download.isPending ? 'The file is being fetched …' : 'The export is recorded under past exports.'}
      </Alert>
      <Table aria-label="The file" withRowBorders={false}>
        <Table.Tbody>
          {rows.map(([label, value]) => (
            <Table.Tr key={label}>
              <Table.Th scope="row" w={90} c="dimmed" fw={500}>
                {label}
              </Table.Th>
              <Table.Td className="figures" style={{ whiteSpace: 'normal' }}>
                {value}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Group justify="flex-end" gap="xs">
        <Button
          variant="default"
          leftSection={<IconDownload size={16} />}
          loading={download.isPending}
          onClick={() => download.mutate(made)}
        >
          Download again
        </Button>
        <Button data-autofocus onClick={onClose}>
          Close
        </Button>
      </Group>
    </Stack>
  );
}
