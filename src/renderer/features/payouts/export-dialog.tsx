import { Alert, Button, Checkbox, Group, Radio, Select, Stack, Text } from '@mantine/core';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Inputs } from '#contract/index.ts';
import { payoutStatuses } from '#domain/state-machines.ts';
import { isOneOf } from '#domain/vocabulary.ts';
import { fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { useSession } from '../../app/session.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { statusLabel } from '../../components/status-badge.tsx';
import { ExportPreview } from './export-preview.tsx';
import { ExportResult } from './export-result.tsx';
import { formatLabels } from './payout.ts';
import { type PeriodDraft, PeriodFields } from './period-fields.tsx';
import { useDownload } from './use-download.ts';

type ExportInput = Inputs['payoutExports']['create'];

interface ExportDialogProps {
  /** The payouts chosen by hand; none: a period and a status are asked for. */
  payoutIds: readonly string[];
  onClose: () => void;
  onDone?: () => void;
}

/** The files for people; those for banks are made where the paying is prepared. */
const formats = ['csv_payouts', 'csv_lines'] as const;

/** Makes a file for finance: what it would hold is told first, and what was exported before takes a deliberate yes. */
export function ExportDialog({ payoutIds, onClose, onDone }: ExportDialogProps) {
  const api = useApi();
  const { timeZone } = useSession();
  const isChosen = payoutIds.length > 0;
  const [format, setFormat] = useState<(typeof formats)[number]>('csv_payouts');
  const [bom, setBom] = useState(false);
  const [status, setStatus] = useState<string | null>(null);
  const [period, setPeriod] = useState<PeriodDraft>({ start: null, end: null });
  const [agreed, setAgreed] = useState(false);
  const download = useDownload();

  const input: ExportInput = {
    format,
    bom,
    ...(isChosen && { payoutIds: [...payoutIds] }),
    ...(!isChosen && isOneOf(payoutStatuses, status) && { status }),
    ...(!isChosen && period.start !== null && { periodStart: period.start }),
    ...(!isChosen && period.end !== null && { periodEnd: period.end }),
  };
  const preview = useQuery(
    api.payoutExports.preview.queryOptions({ input, placeholderData: keepPreviousData, staleTime: 0 }),
  );
  const make = useMutation(
    api.payoutExports.create.mutationOptions({
      onSuccess: (made) => {
        download.mutate(made);
        onDone?.();
      },
    }),
  );
  // An answer about something else than what is asked for now is no basis for a yes.
  const known = preview.isPlaceholderData || preview.isError ? undefined : preview.data;
  const repeats = known?.alreadyExportedCount ?? 0;
  const errors = { ...fieldErrorsOf(preview.error), ...fieldErrorsOf(make.error) };
  const change = <T,>(set: (value: T) => void) => {
    return (value: T) => {
      set(value);
      setAgreed(false);
    };
  };

  if (make.isSuccess) {
    return (
      <Dialog onClose={onClose} title="Export payouts" size="lg">
        <ExportResult made={make.data} download={download} onClose={onClose} />
      </Dialog>
    );
  }
  return (
    <Dialog onClose={onClose} title="Export payouts" size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (known !== undefined && (repeats === 0 || agreed)) make.mutate(input);
        }}
      >
        <Stack gap="md">
          {isChosen ? (
            <Text>
              {payoutIds.length === 1 ? 'One chosen payout.' : `${payoutIds.length} chosen payouts.`}
            </Text>
          ) : (
            <>
              <PeriodFields
                optional
                value={period}
                onChange={change(setPeriod)}
                timeZone={timeZone}
                errors={errors}
                explain={(text) => `Payouts whose whole period lies in ${text}.`}
              />
              <Select
                label="Status"
                placeholder="Every status"
                clearable
                value={status}
                onChange={change(setStatus)}
                data={payoutStatuses.map((value) => ({ value, label: statusLabel(value) }))}
              />
            </>
          )}
          <Radio.Group
            label="Rows"
            value={format}
            onChange={(value) => {
              if (isOneOf(formats, value)) setFormat(value);
            }}
          >
            <Group mt={6} gap="lg">
              {formats.map((each) => (
                <Radio
                  key={each}
                  value={each}
                  label={formatLabels[each]}
                  data-autofocus={each === format || undefined}
                />
              ))}
            </Group>
          </Radio.Group>
          <Checkbox
            label="With a byte order mark"
            description="Some spreadsheets need it to read accented letters."
            checked={bom}
            onChange={(event) => setBom(event.currentTarget.checked)}
          />
          <ExportPreview preview={preview} agreed={agreed} onAgree={setAgreed} />
          {make.isError && (
            <Alert color="red" role="alert" title="Not exported">
              {sentenceOf(make.error)}
            </Alert>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button
              type="submit"
              loading={make.isPending}
              disabled={known === undefined || (repeats > 0 && !agreed)}
            >
              Export
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
