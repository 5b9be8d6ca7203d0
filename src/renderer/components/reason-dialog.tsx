import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { type ReactNode, useId, useRef, useState } from 'react';
import { fieldErrorsOf, sentenceOf } from '../app/api.tsx';
import { Dialog } from './dialog.tsx';

interface ReasonDialogProps {
  title: string;
  /** What will happen, in a sentence. */
  children?: ReactNode;
  label?: string;
  confirmLabel: string;
  danger?: boolean;
  /** Whether a reason must be given. */
  required?: boolean;
  onConfirm: (reason: string) => Promise<unknown>;
  onClose: () => void;
}

/**
 * Asks for a reason and does the thing. Stays open with what was typed when the host refuses, so that nothing has to be
 * typed twice. Mount it only while it is open: it starts empty each time.
 */
export function ReasonDialog({
  title,
  children,
  label = 'Reason',
  confirmLabel,
  danger = true,
  required = true,
  onConfirm,
  onClose,
}: ReasonDialogProps) {
  const [reason, setReason] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const formId = useId();
  const field = useRef<HTMLTextAreaElement>(null);

  const submit = async () => {
    if (required && reason.trim() === '') {
      setError(new Error('Give a reason: it is kept with the record.'));
      field.current?.focus();
      return;
    }
    setBusy(true);
    try {
      await onConfirm(reason.trim());
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const fieldError = Object.values(fieldErrorsOf(error))[0];

  return (
    <Dialog onClose={onClose} title={title}>
      <form
        id={formId}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Stack gap="md">
          {children !== undefined && <Text component="div">{children}</Text>}
          <Textarea
            ref={field}
            label={label}
            required={required}
            withAsterisk={required}
            autosize
            minRows={3}
            maxLength={2000}
            data-autofocus
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
                event.preventDefault();
                void submit();
              }
            }}
            error={error === null ? undefined : (fieldError ?? sentenceOf(error))}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" color={danger ? 'red' : undefined} loading={busy}>
              {confirmLabel}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
