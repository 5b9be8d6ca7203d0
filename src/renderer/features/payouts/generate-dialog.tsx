import { Alert, Button, Group, Input, Progress, SegmentedControl, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { fieldErrorsOf, sentenceOf } from '../../app/api.tsx';
import { useSession } from '../../app/session.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { PartnerPicker } from '../../components/partner-picker.tsx';
import { GenerationOutcome } from './generation-outcome.tsx';
import { type PeriodDraft, PeriodFields, periodPresets } from './period-fields.tsx';
import { type GenerationProgress, useGeneration } from './use-generation.ts';

interface GenerateDialogProps {
  /** Whom the list behind is about, where it is about one. */
  partnerId: string | undefined;
  onClose: () => void;
  /** Goes to the payouts just made. */
  onShow: (payoutIds: readonly string[]) => void;
}

/** Gathers approved credits into payouts: chooses the period and the partners, shows how far it is, tells what came of it. */
export function GenerateDialog({ partnerId, onClose, onShow }: GenerateDialogProps) {
  const { timeZone } = useSession();
  const { generation, start, stop } = useGeneration();
  const [period, setPeriod] = useState<PeriodDraft>(
    () => periodPresets(timeZone)[0]?.period ?? { start: null, end: null },
  );
  const [scope, setScope] = useState<'all' | 'one'>(partnerId === undefined ? 'all' : 'one');
  const [partner, setPartner] = useState<string | null>(partnerId ?? null);
  const [missing, setMissing] = useState<Record<string, string>>({});
  const isRunning = generation.state === 'running';

  const submit = () => {
    const errors = {
      ...(period.start === null && { periodStart: 'Give the first day.' }),
      ...(period.end === null && { periodEnd: 'Give the last day.' }),
      ...(scope === 'one' && partner === null && { partnerId: 'Choose a partner.' }),
    };
    setMissing(errors);
    if (period.start === null || period.end === null || Object.keys(errors).length > 0) return;
    void start({
      periodStart: period.start,
      periodEnd: period.end,
      ...(scope === 'one' && partner !== null && { partnerId: partner }),
    });
  };
  const fieldErrors = {
    ...(generation.state === 'failed' ? fieldErrorsOf(generation.error) : {}),
    ...missing,
  };

  return (
    <Dialog
      onClose={isRunning ? () => {} : onClose}
      withCloseButton={!isRunning}
      title="Generate payouts"
      size="lg"
    >
      {generation.state === 'done' ? (
        <GenerationOutcome result={generation.result} onClose={onClose} onShow={onShow} />
      ) : isRunning ? (
        <Running progress={generation.progress} onStop={stop} />
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <Stack gap="md">
            <Text c="dimmed">
              Gathers approved credits that are in no payout yet, one payout per partner. Nothing is paid:
              each payout waits for approval.
            </Text>
            {generation.state === 'failed' && (
              <Alert color="red" role="alert" title="Not generated">
                {sentenceOf(generation.error)}
              </Alert>
            )}
            {generation.state === 'stopped' && (
              <Alert color="yellow" role="alert" title="Stopped">
                {generation.generated === 0
                  ? 'No payout was generated.'
                  : `${countOf(generation.generated)} ${generation.generated === 1 ? 'was' : 'were'} generated and ${generation.generated === 1 ? 'stays' : 'stay'}.`}{' '}
                Generate again to go on where it stopped.
              </Alert>
            )}
            <PeriodFields
              value={period}
              onChange={setPeriod}
              timeZone={timeZone}
              errors={fieldErrors}
              explain={(text) => `Credits approved in ${text}, both days included.`}
            />
            <Stack gap="xs">
              <Input.Label labelElement="div" aria-hidden>
                Partners
              </Input.Label>
              <SegmentedControl
                aria-label="Partners"
                size="xs"
                value={scope}
                onChange={(value) => {
                  setScope(value === 'one' ? 'one' : 'all');
                  setMissing({});
                }}
                data={[
                  { value: 'all', label: 'All partners' },
                  { value: 'one', label: 'One partner' },
                ]}
              />
              {scope === 'one' && (
                <PartnerPicker
                  aria-label="Partner"
                  placeholder="Name or code"
                  value={partner}
                  onChange={setPartner}
                  error={fieldErrors['partnerId']}
                />
              )}
            </Stack>
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" data-autofocus>
                {generation.state === 'stopped' ? 'Go on' : 'Generate'}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Dialog>
  );
}

function countOf(payouts: number): string {
  return `${payouts.toLocaleString()} ${payouts === 1 ? 'payout' : 'payouts'}`;
}

function Running({ progress, onStop }: { progress: GenerationProgress | null; onStop: () => void }) {
  const share = progress === null || progress.of === 0 ? 0 : (100 * progress.done) / progress.of;
  return (
    <Stack gap="md">
      <Progress value={share} animated size="lg" aria-label="Partners looked at" transitionDuration={150} />
      <Text role="status" className="figures">
        {progress === null
          ? 'Starting …'
          : `${progress.done.toLocaleString()} of ${progress.of.toLocaleString()} partners, ${countOf(progress.generated)} generated`}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={onStop} data-autofocus>
          Stop
        </Button>
      </Group>
    </Stack>
  );
}
