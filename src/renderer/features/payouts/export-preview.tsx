import { Alert, Checkbox, List, ScrollArea, Skeleton, Stack, Text } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { Outputs } from '#contract/index.ts';
import { codeOf, sentenceOf } from '../../app/api.tsx';
import { Instant } from '../../components/figures.tsx';

interface ExportPreviewProps {
  preview: UseQueryResult<Outputs['payoutExports']['preview']>;
  agreed: boolean;
  onAgree: (agreed: boolean) => void;
}

/** What the file would hold, and which of it finance has had before. */
export function ExportPreview({ preview, agreed, onAgree }: ExportPreviewProps) {
  if (preview.isError) {
    const isNothing = codeOf(preview.error) === 'NOT_FOUND';
    return (
      <Alert
        color={isNothing ? 'gray' : 'red'}
        role="status"
        title={isNothing ? 'Nothing to export' : undefined}
      >
        {sentenceOf(preview.error)}
      </Alert>
    );
  }
  if (preview.data === undefined)
    return <Skeleton height={40} aria-label="Looking what there is to export" />;
  const { payouts, rows, alreadyExported, alreadyExportedCount } = preview.data;
  const holds = `The file will hold ${counted(rows, 'row')} of ${counted(payouts, 'payout')}.`;
  if (alreadyExportedCount === 0) {
    return (
      <Text role="status">
        {holds} {payouts === 1 ? 'It was' : 'None of them was'} {payouts === 1 && 'not '}exported before.
      </Text>
    );
  }
  return (
    <Stack gap="xs">
      <Text role="status">{holds}</Text>
      <Alert
        color="orange"
        title={
          payouts === 1
            ? 'This payout was exported before'
            : `${alreadyExportedCount.toLocaleString()} of ${counted(payouts, 'payout')} ${alreadyExportedCount === 1 ? 'was' : 'were'} exported before`
        }
      >
        <Stack gap="xs">
          <Text inherit>Paying from two files would pay twice. Tell whoever gets this one.</Text>
          <ScrollArea.Autosize
            mah={110}
            viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'Exported before' }}
          >
            <List size="sm" spacing={2}>
              {alreadyExported.map((payout) => (
                <List.Item key={payout.payoutId}>
                  {payout.payoutNumber}, last on <Instant value={payout.exportedAt} />
                </List.Item>
              ))}
            </List>
            {alreadyExportedCount > alreadyExported.length && (
              <Text size="sm">and {counted(alreadyExportedCount - alreadyExported.length, 'other')}</Text>
            )}
          </ScrollArea.Autosize>
          <Checkbox
            label={alreadyExportedCount === 1 ? 'Export it again' : 'Export them again'}
            checked={agreed}
            onChange={(event) => onAgree(event.currentTarget.checked)}
          />
        </Stack>
      </Alert>
    </Stack>
  );
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString()} ${noun}${count === 1 ? '' : 's'}`;
}
