import { Button, Group, Paper, Stack, Stepper, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useBlocker, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { Dialog } from '../../components/dialog.tsx';
import { LinkButton } from '../../components/link-button.tsx';
import { Page } from '../../components/page.tsx';
import { Require } from '../../components/states.tsx';
import { CheckStep } from './check-step.tsx';
import { ColumnsStep } from './columns-step.tsx';
import { FileStep } from './file-step.tsx';
import type { Mapping } from './import-fields.ts';
import { ImportStep } from './import-step.tsx';
import { useImportRun } from './use-import-run.ts';
import { useUpload } from './use-upload.ts';

export function ImportWizard() {
  return (
    <Page
      title="Import leads"
      subtitle="From a CSV file: it is checked first, and nothing is written until you say so."
      actions={
        <LinkButton to="/imports" variant="default">
          All imports
        </LinkButton>
      }
    >
      <Require permission="leads.submit" explain="Partner managers import leads.">
        <Wizard />
      </Require>
    </Page>
  );
}

type Step = 0 | 1 | 2 | 3;

function Wizard() {
  const search = useSearch({ from: '/imports/new' });
  const [step, setStep] = useState<Step>(0);
  const [partnerId, setPartnerId] = useState<string | null>(search.partnerId ?? null);
  const { upload, send, forget, clear } = useUpload();
  const [mapping, setMapping] = useState<Mapping | null>(null);
  const [again, setAgain] = useState(false);
  const check = useImportRun();
  const actual = useImportRun();

  const file = upload.phase === 'there' ? upload.file : null;
  /** Whatever was found out about another file, or for another partner, is void. */
  const startOver = () => {
    setMapping(null);
    setAgain(false);
    check.reset();
    actual.reset();
  };
  const begin = () => {
    startOver();
    clear();
    setStep(0);
  };

  const isSending = upload.phase === 'sending';
  const isWriting = actual.run.phase === 'running';
  const isBusy = isSending || isWriting || check.run.phase === 'running';
  const isDone = actual.run.phase === 'done';
  const isOpenEnded = file !== null && actual.run.phase === 'idle';
  const isUnderWay = isSending || isWriting;
  const blocker = useBlocker({
    shouldBlockFn: () => isUnderWay,
    enableBeforeUnload: () => isBusy,
    withResolver: true,
  });
  const { status, reset } = blocker;
  useEffect(() => {
    // It ended while it was asked about: there is nothing left to stop, and the result is worth a look.
    if (status === 'blocked' && !isUnderWay) reset();
  }, [status, reset, isUnderWay]);

  // Said when the screen goes, in the state it then is in.
  const farewell = useRef<string | null>(null);
  useEffect(() => {
    farewell.current = isWriting
      ? 'The import was stopped. The list of imports says how many leads had come in.'
      : isSending || isOpenEnded
        ? 'The import was left before its end. Nothing was written.'
        : null;
  });
  useEffect(
    () => () => {
      if (farewell.current !== null) notifications.show({ message: farewell.current, color: 'orange' });
    },
    [],
  );

  const runInput = (dryRun: boolean, used: Mapping) => ({
    partnerId: partnerId ?? '',
    uploadId: file?.uploadId ?? '',
    mapping: used,
    dryRun,
    again,
  });
  return (
    <>
      <Stepper
        active={isDone ? 4 : step}
        maw={1080}
        size="sm"
        allowNextStepsSelect={false}
        aria-label="Steps of the import"
      >
        <Stepper.Step label="File" description="Partner and file" allowStepSelect={false} />
        <Stepper.Step label="Columns" description="Match them to fields" allowStepSelect={false} />
        <Stepper.Step label="Check" description="Nothing is written" allowStepSelect={false} />
        <Stepper.Step label="Import" description="Leads come in" allowStepSelect={false} />
      </Stepper>
      <Paper p="lg" maw={1080}>
        {step === 0 && (
          <FileStep
            partnerId={partnerId}
            onPartner={(id) => {
              setPartnerId(id);
              startOver();
            }}
            upload={upload}
            onFile={(chosen) => {
              startOver();
              void send(chosen);
            }}
            onClear={() => {
              startOver();
              clear();
            }}
            onContinue={() => setStep(1)}
          />
        )}
        {step === 1 && file !== null && partnerId !== null && (
          <ColumnsStep
            partnerId={partnerId}
            file={file}
            mapping={mapping}
            onMapping={setMapping}
            again={again}
            onAgain={setAgain}
            onBack={() => setStep(0)}
            onContinue={(used) => {
              setMapping(used);
              setStep(2);
              void check.start(runInput(true, used));
            }}
          />
        )}
        {step === 2 && file !== null && (
          <CheckStep
            run={check.run}
            fileName={file.fileName}
            onStop={check.stop}
            onBack={() => {
              check.reset();
              setStep(1);
            }}
            onRetry={() => {
              if (mapping !== null) void check.start(runInput(true, mapping));
            }}
            onContinue={() => {
              if (mapping === null) return;
              setStep(3);
              void actual.start(runInput(false, mapping)).then(forget);
            }}
          />
        )}
        {step === 3 && file !== null && partnerId !== null && (
          <ImportStep
            run={actual.run}
            fileName={file.fileName}
            partnerId={partnerId}
            onStop={actual.stop}
            onAnother={begin}
          />
        )}
      </Paper>
      {blocker.status === 'blocked' && (
        <Dialog onClose={blocker.reset} title={isWriting ? 'Stop the import?' : 'Stop sending the file?'}>
          <Stack gap="md">
            <Text>
              {isWriting
                ? 'Leaving stops the import. Leads that have come in already stay, each of them whole; the rest of the file does not come in.'
                : 'Leaving stops the upload. Nothing has been written.'}
            </Text>
            <Group justify="flex-end" gap="xs">
              <Button variant="default" data-autofocus onClick={blocker.reset}>
                Stay here
              </Button>
              <Button color="red" onClick={blocker.proceed}>
                Stop and leave
              </Button>
            </Group>
          </Stack>
        </Dialog>
      )}
    </>
  );
}
