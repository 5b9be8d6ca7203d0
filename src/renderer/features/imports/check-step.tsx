import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { sentenceOf } from '../../app/api.tsx';
import { Figure, Figures, Outcome } from './figures.tsx';
import { rejectedRowsOf, saveRejectedRows } from './rejected-rows.ts';
import { RejectedRowsTable } from './rejected-rows-table.tsx';
import { RunProgress } from './run-progress.tsx';
import type { ImportResult, ImportRun } from './use-import-run.ts';

interface CheckStepProps {
  run: ImportRun;
  fileName: string;
  onStop: () => void;
  onBack: () => void;
  onRetry: () => void;
  onContinue: () => void;
}

/** Step 3: the rehearsal. Every row is judged as the import would, and nothing is written. */
export function CheckStep({ run, fileName, onStop, onBack, onRetry, onContinue }: CheckStepProps) {
  if (run.phase === 'running') {
    return (
      <RunProgress
        label={`Checking ${fileName}`}
        progress={run.progress}
        stopLabel="Stop"
        acceptedLabel="can come in"
        onStop={onStop}
      />
    );
  }
  if (run.phase === 'done') {
    return <Checked result={run.result} fileName={fileName} onBack={onBack} onContinue={onContinue} />;
  }
  return (
    <Stack gap="lg">
      {run.phase === 'failed' ? (
        <Alert color="red" role="alert" title={`${fileName} could not be checked`}>
          {sentenceOf(run.error)} Nothing was written.
        </Alert>
      ) : (
        <Text role="status">The check was stopped. Nothing was written.</Text>
      )}
      <Group justify="space-between">
        <Button variant="default" onClick={onBack}>
          Back
        </Button>
        <Button onClick={onRetry}>Check again</Button>
      </Group>
    </Stack>
  );
}

function Checked({
  result,
  fileName,
  onBack,
  onContinue,
}: Pick<CheckStepProps, 'fileName' | 'onBack' | 'onContinue'> & { result: ImportResult }) {
  const rows = rejectedRowsOf(result);
  const leads = result.accepted === 1 ? '1 lead' : `${result.accepted.toLocaleString()} leads`;
  return (
    <Stack gap="lg">
      <Outcome>{result.accepted === 0 ? 'No row can come in' : `${leads} can come in`}</Outcome>
      <Figures>
        <Figure value={result.accepted + result.rejected} label="rows in the file" />
        <Figure value={result.duplicates} label="marked as duplicates" />
        <Figure value={result.rejected} label="rejected" {...(result.rejected > 0 && { color: 'red' })} />
      </Figures>
      {rows.length > 0 && <Rejected result={result} fileName={fileName} />}
      <Group justify="space-between">
        <Button variant="default" onClick={onBack}>
          Back to the columns
        </Button>
        <Button disabled={result.accepted === 0} onClick={onContinue}>
          {result.accepted === 0 ? 'Nothing to import' : `Import ${leads}`}
        </Button>
      </Group>
    </Stack>
  );
}

function Rejected({ result, fileName }: { result: ImportResult; fileName: string }) {
  const rows = rejectedRowsOf(result);
  return (
    <Stack gap="xs">
      <Group justify="space-between" wrap="nowrap">
        <Text c="dimmed">
          {result.rejected > result.rows.length
            ? `The first ${result.rows.length.toLocaleString()} of ${result.rejected.toLocaleString()} rejected rows. After the import, all of them can be downloaded.`
            : 'These rows stay out. Correct them in the file and check it again, or import the others now.'}
        </Text>
        <Button
          variant="default"
          style={{ flex: 'none' }}
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() => saveRejectedRows(fileName, rows)}
        >
          Download as CSV
        </Button>
      </Group>
      <RejectedRowsTable rows={rows.slice(0, 300)} />
      {rows.length > 300 && (
        <Text size="xs" c="dimmed">
          The first 300 reasons are shown; the file holds {rows.length.toLocaleString()}.
        </Text>
      )}
    </Stack>
  );
}
