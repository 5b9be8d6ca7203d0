import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Outputs } from '#contract/index.ts';
import { sentenceOf, useApi } from '../../app/api.tsx';
import { LinkButton } from '../../components/link-button.tsx';
import { LoadingState } from '../../components/states.tsx';
import { Figure, Figures, Outcome } from './figures.tsx';
import { rejectedRowsOf } from './rejected-rows.ts';
import { SaveRejectedRows } from './rejected-rows-dialog.tsx';
import { RejectedRowsTable } from './rejected-rows-table.tsx';
import { RunProgress } from './run-progress.tsx';
import type { ImportResult, ImportRun } from './use-import-run.ts';

interface ImportStepProps {
  run: ImportRun;
  fileName: string;
  partnerId: string;
  onStop: () => void;
  onAnother: () => void;
}

/** Step 4: the leads come in, or as many of them as had when it was stopped. */
export function ImportStep({ run, fileName, partnerId, onStop, onAnother }: ImportStepProps) {
  if (run.phase === 'idle' || run.phase === 'running') {
    return (
      <RunProgress
        label={`Importing ${fileName}`}
        progress={run.phase === 'running' ? run.progress : null}
        stopLabel="Cancel the import"
        acceptedLabel="came in"
        onStop={onStop}
      />
    );
  }
  if (run.phase === 'done') {
    return <Done result={run.result} fileName={fileName} partnerId={partnerId} onAnother={onAnother} />;
  }
  return (
    <Stack gap="lg">
      {run.phase === 'stopped' ? (
        <Outcome>The import was cancelled</Outcome>
      ) : (
        <Alert color="red" role="alert" title="The import broke off">
          {sentenceOf(run.error)}
        </Alert>
      )}
      <BrokenOff importId={run.progress?.importId ?? null} fileName={fileName} />
      <Group justify="space-between">
        <LinkButton to="/imports" variant="default">
          All imports
        </LinkButton>
        <Button onClick={onAnother}>Import another file</Button>
      </Group>
    </Stack>
  );
}

function Done({
  result,
  fileName,
  partnerId,
  onAnother,
}: Pick<ImportStepProps, 'fileName' | 'partnerId' | 'onAnother'> & { result: ImportResult }) {
  const rows = rejectedRowsOf(result);
  return (
    <Stack gap="lg">
      <Outcome>
        {result.accepted === 1 ? '1 lead' : `${result.accepted.toLocaleString()} leads`} came in
      </Outcome>
      <Figures>
        <Figure value={result.accepted + result.rejected} label="rows in the file" />
        <Figure value={result.duplicates} label="marked as duplicates" />
        <Figure value={result.rejected} label="rejected" {...(result.rejected > 0 && { color: 'red' })} />
      </Figures>
      {rows.length > 0 && result.importId !== null && (
        <Stack gap="xs">
          <Group justify="space-between" wrap="nowrap">
            <Text c="dimmed">These rows did not come in.</Text>
            <SaveRejectedRows importId={result.importId} fileName={fileName} />
          </Group>
          <RejectedRowsTable rows={rows.slice(0, 300)} />
        </Stack>
      )}
      <Group justify="space-between">
        <Button variant="default" onClick={onAnother}>
          Import another file
        </Button>
        <Group gap="xs">
          <LinkButton to="/review" search={{ partnerId }} variant="default">
            To the review queue
          </LinkButton>
          {result.importId !== null && (
            <LinkButton to="/leads" search={{ importId: result.importId }}>
              Show the leads
            </LinkButton>
          )}
        </Group>
      </Group>
    </Stack>
  );
}

/** What an import had brought in when it ended early, as the host recorded it. */
function BrokenOff({ importId, fileName }: { importId: string | null; fileName: string }) {
  const api = useApi();
  const record = useQuery(
    api.imports.get.queryOptions({
      input: { id: importId ?? '' },
      enabled: importId !== null,
      // The last rows may still be on their way when the person has stopped it.
      refetchInterval: ({ state }) => (state.data?.status === 'running' ? 500 : false),
    }),
  );
  if (importId === null) {
    return <Text>It ended before the first rows had come in.</Text>;
  }
  if (record.isError) return <Text>{sentenceOf(record.error)}</Text>;
  if (record.data === undefined || record.data.status === 'running') {
    return <LoadingState label="Finding out what came in" lines={2} />;
  }
  return <Recorded record={record.data} fileName={fileName} />;
}

function Recorded({ record, fileName }: { record: Outputs['imports']['get']; fileName: string }) {
  return (
    <Stack gap="md">
      <Text>
        What had come in by then stays, each lead whole. The rest of the file did not come in. Imported again,
        the leads below would come in a second time.
      </Text>
      <Figures>
        <Figure value={record.rowsRead} label="rows read" />
        <Figure value={record.accepted} label="came in" />
        <Figure value={record.rejected} label="rejected" />
      </Figures>
      <Group gap="xs">
        {record.accepted > 0 && (
          <LinkButton to="/leads" search={{ importId: record.id }} variant="default">
            Show the leads
          </LinkButton>
        )}
        {record.rejected > 0 && <SaveRejectedRows importId={record.id} fileName={fileName} />}
      </Group>
    </Stack>
  );
}
