import { Alert, Button, Group, Progress, Stack, Text } from '@mantine/core';
import { Dropzone } from '@mantine/dropzone';
import { IconFileTypeCsv } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { sentenceOf, useApi } from '../../app/api.tsx';
import { PartnerPicker } from '../../components/partner-picker.tsx';
import { sizeText } from './figures.tsx';
import type { Upload } from './use-upload.ts';

/** Bytes; the host takes no more. */
const largest = 2 * 1024 ** 3;

interface FileStepProps {
  partnerId: string | null;
  onPartner: (partnerId: string | null) => void;
  upload: Upload;
  onFile: (file: File) => void;
  onClear: () => void;
  onContinue: () => void;
}

/** Step 1: whose leads they are, and the file. */
export function FileStep({ partnerId, onPartner, upload, onFile, onClear, onContinue }: FileStepProps) {
  const api = useApi();
  const [refused, setRefused] = useState<string | null>(null);
  const partner = useQuery(
    api.partners.get.queryOptions({ input: { id: partnerId ?? '' }, enabled: partnerId !== null }),
  );
  const isActive = partner.data?.status === 'active';
  return (
    <Stack gap="lg">
      <PartnerPicker
        label="Partner"
        placeholder="Search by name or code"
        description="Only an active partner can submit leads."
        withAsterisk
        status="active"
        allowDeselect={false}
        maw={460}
        value={partnerId}
        onChange={onPartner}
        error={
          partner.data !== undefined && !isActive
            ? `${partner.data.organizationName} is not active, so no leads can come in for it.`
            : partner.isError
              ? sentenceOf(partner.error)
              : undefined
        }
      />
      {upload.phase === 'none' || upload.phase === 'failed' ? (
        <Stack gap="xs">
          <Dropzone
            multiple={false}
            maxSize={largest}
            // No list of types: systems disagree on what a CSV file is, and the host looks into it anyway.
            onDrop={([file]) => {
              setRefused(null);
              if (file !== undefined) onFile(file);
            }}
            onReject={() => setRefused('Choose one file of at most 2 GB.')}
            inputProps={{ 'aria-label': 'File of leads' }}
            aria-label="Choose a file, or drop it here"
          >
            <Group justify="center" gap="md" mih={120} wrap="nowrap">
              <IconFileTypeCsv size={40} stroke={1.3} aria-hidden />
              <div>
                <Text fw={600}>Drop a CSV file here, or click to choose it</Text>
                <Text size="sm" c="dimmed">
                  Separated by commas, semicolons or tabs; the first row names the columns.
                </Text>
              </div>
            </Group>
          </Dropzone>
          {refused !== null && (
            <Text c="red" role="alert">
              {refused}
            </Text>
          )}
          {upload.phase === 'failed' && (
            <Alert color="red" role="alert" title={`${upload.fileName} could not be sent`}>
              {sentenceOf(upload.error)} Choose the file again.
            </Alert>
          )}
        </Stack>
      ) : (
        <Sent upload={upload} onClear={onClear} />
      )}
      <Group justify="flex-end">
        <Button disabled={upload.phase !== 'there' || !isActive} onClick={onContinue}>
          Continue
        </Button>
      </Group>
    </Stack>
  );
}

function Sent({
  upload,
  onClear,
}: {
  upload: Extract<Upload, { phase: 'sending' | 'there' }>;
  onClear: () => void;
}) {
  const isThere = upload.phase === 'there';
  const { fileName, size } = isThere ? upload.file : upload;
  const sent = isThere ? size : upload.sent;
  return (
    <Stack gap={6}>
      <Group justify="space-between">
        <Text>
          <strong>{fileName}</strong>{' '}
          <Text span c="dimmed" className="figures">
            {isThere ? sizeText(size) : `${sizeText(sent)} of ${sizeText(size)}`}
          </Text>
        </Text>
        <Button size="compact-sm" variant="subtle" onClick={onClear}>
          {isThere ? 'Choose another file' : 'Stop'}
        </Button>
      </Group>
      {isThere ? (
        <Text size="sm" c="dimmed" role="status">
          The file is here. Next, its columns.
        </Text>
      ) : (
        <Progress
          value={size === 0 ? 100 : (sent / size) * 100}
          aria-label={`Sending ${fileName}`}
          transitionDuration={100}
        />
      )}
    </Stack>
  );
}
