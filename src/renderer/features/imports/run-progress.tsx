import { Button, Group, Progress, Stack, Text } from '@mantine/core';
import { Figure, Figures } from './figures.tsx';
import type { ImportProgress } from './use-import-run.ts';

interface RunProgressProps {
  label: string;
  progress: ImportProgress | null;
  /** What stopping means, and its word. */
  stopLabel: string;
  acceptedLabel: string;
  onStop: () => void;
}

/** How far a run is. Before its first rows the host reads the file to its end once, and can't say how far. */
export function RunProgress({ label, progress, stopLabel, acceptedLabel, onStop }: RunProgressProps) {
  const share =
    progress === null || progress.bytesTotal === 0 ? null : progress.bytesRead / progress.bytesTotal;
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Text fw={600} role="status">
          {label}
        </Text>
        <Button variant="default" onClick={onStop}>
          {stopLabel}
        </Button>
      </Group>
      <Progress
        value={share === null ? 100 : share * 100}
        animated={share === null}
        color={share === null ? 'gray' : undefined}
        aria-label={label}
        transitionDuration={150}
      />
      {progress === null ? (
        <Text c="dimmed">Reading the file once through …</Text>
      ) : (
        <Figures>
          <Figure value={progress.rowsRead} label="rows read" />
          <Figure value={progress.accepted} label={acceptedLabel} />
          <Figure value={progress.rejected} label="rejected" />
        </Figures>
      )}
    </Stack>
  );
}
