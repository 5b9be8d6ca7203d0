import { Alert, Button, Checkbox, Group, Select, Stack, Table, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Outputs } from '#contract/index.ts';
import { sentenceOf, useApi } from '../../app/api.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { Instant } from '../../components/figures.tsx';
import { LoadingState } from '../../components/states.tsx';
import { importFieldLabel, importFieldOptions, type Mapping, remap } from './import-fields.ts';
import type { UploadedFile } from './use-upload.ts';

type Inspection = Outputs['imports']['inspect'];

interface ColumnsStepProps {
  partnerId: string;
  file: UploadedFile;
  /** As the person left it; null until something was changed. */
  mapping: Mapping | null;
  onMapping: (mapping: Mapping) => void;
  /** Whether a file that was imported before is meant to come in again. */
  again: boolean;
  onAgain: (again: boolean) => void;
  onBack: () => void;
  onContinue: (mapping: Mapping) => void;
}

/** Step 2: which column feeds which field. */
export function ColumnsStep(props: ColumnsStepProps) {
  const { partnerId, file, mapping, onBack } = props;
  const api = useApi();
  const inspection = useQuery(
    api.imports.inspect.queryOptions({
      input: { partnerId, uploadId: file.uploadId, ...(mapping !== null && { mapping }) },
      placeholderData: keepPreviousData,
      // The file does not change.
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
    }),
  );
  if (inspection.isError) {
    return (
      <Stack gap="lg">
        <Alert color="red" role="alert" title={`${file.fileName} can’t be imported as it is`}>
          {sentenceOf(inspection.error)}
        </Alert>
        <Group justify="space-between">
          <Button variant="default" onClick={onBack}>
            Back
          </Button>
          <Button variant="default" onClick={() => void inspection.refetch()}>
            Look again
          </Button>
        </Group>
      </Stack>
    );
  }
  if (inspection.data === undefined) return <LoadingState label="Looking into the file" />;
  return <Columns {...props} inspection={inspection.data} isStale={inspection.isPlaceholderData} />;
}

const encodings: Record<string, string> = { 'utf-8': 'UTF-8', 'windows-1252': 'Windows-1252' };
const delimiters: Record<string, string> = { ',': 'commas', ';': 'semicolons', '\t': 'tabs' };

function Columns({
  file,
  mapping,
  onMapping,
  again,
  onAgain,
  onBack,
  onContinue,
  inspection,
  isStale,
}: ColumnsStepProps & { inspection: Inspection; isStale: boolean }) {
  // While the host looks again, what the person chose is shown.
  const used = isStale && mapping !== null ? mapping : inspection.mapping;
  const leftOut = inspection.header.filter((column) => (used[column] ?? null) === null);
  const { missing, sameFileAs } = inspection;
  const mustChoose = sameFileAs !== null && !again;
  return (
    <Stack gap="lg">
      <Text c="dimmed">
        {file.fileName}: {inspection.header.length} columns, separated by{' '}
        {delimiters[inspection.delimiter] ?? inspection.delimiter}, in{' '}
        {encodings[inspection.encoding.toLowerCase()] ?? inspection.encoding}.
      </Text>
      {sameFileAs !== null && (
        <Alert color="orange" title="This very file was imported before">
          <Stack gap="xs">
            <Text inherit>
              It was imported on <Instant value={sameFileAs.startedAt} /> for this partner, and{' '}
              <AppLink to="/leads" search={{ importId: sameFileAs.importId }} underline="always">
                {sameFileAs.accepted === 1 ? '1 lead' : `${sameFileAs.accepted.toLocaleString()} leads`}
              </AppLink>{' '}
              came in. Imported again, its leads are duplicates: they come in marked as such, or not at all,
              as the settings of your organization say.
            </Text>
            <Checkbox
              label="Import this file again all the same"
              checked={again}
              onChange={(event) => onAgain(event.currentTarget.checked)}
            />
          </Stack>
        </Alert>
      )}
      <Table.ScrollContainer minWidth={640}>
        <Table aria-label="Columns of the file and their fields" verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th w="24%">Column in the file</Table.Th>
              <Table.Th>First values</Table.Th>
              <Table.Th w={260}>Field of the lead</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {inspection.header.map((column, index) => (
              <Table.Tr key={column}>
                <Table.Td fw={500}>{column}</Table.Td>
                <Table.Td maw={360}>
                  <Text inherit c="dimmed" truncate>
                    {inspection.sample
                      .slice(0, 3)
                      .map((row) => row[index] ?? '')
                      .filter((value) => value.trim() !== '')
                      .join('  ·  ') || 'empty'}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Select
                    aria-label={`Field for ${column}`}
                    placeholder="Left out"
                    clearable
                    searchable
                    size="xs"
                    miw={212}
                    data={importFieldOptions}
                    value={used[column] ?? null}
                    onChange={(field) => onMapping(remap(used, column, field))}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {missing.length > 0 && (
        <Alert color="red" role="alert" title="A needed field has no column">
          Every lead needs {missing.map((field) => importFieldLabel(field).toLowerCase()).join(' and ')}.
          Choose above which column holds {missing.length === 1 ? 'it' : 'them'}.
        </Alert>
      )}
      <Group justify="space-between" wrap="nowrap">
        <Button variant="default" onClick={onBack}>
          Back
        </Button>
        <Group gap="md" wrap="nowrap">
          <Text size="sm" c="dimmed" ta="right">
            {mustChoose
              ? 'Say above whether you mean to import this file again.'
              : leftOut.length > 0
                ? `Left out: ${leftOut.join(', ')}.`
                : 'Every column is used.'}
          </Text>
          <Button
            style={{ flex: 'none' }}
            disabled={missing.length > 0 || mustChoose || isStale}
            onClick={() => onContinue(used)}
          >
            Check the file
          </Button>
        </Group>
      </Group>
    </Stack>
  );
}
