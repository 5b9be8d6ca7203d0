import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useRef, useState } from 'react';
import { Dialog } from '../../components/dialog.tsx';

/** What reviewers say most, by a short name; picked, it can still be worded further. */
const commonReasons = [
  ['Wrong contact data', 'The contact data is wrong, or nobody can be reached by it.'],
  ['Already known', 'We already have this lead.'],
  ['Out of our area', 'It is outside the area or the business we serve.'],
  ['No budget or need', 'There is no budget, or no need at present.'],
  ['Too little information', 'There is too little information to go on.'],
] as const;

interface RejectDialogProps {
  /** Whom it is about: a name, or "3 leads". */
  what: string;
  busy?: boolean;
  /** Why the host refused, where it did. */
  problem?: string | null;
  onReject: (reason: string) => void;
  onClose: () => void;
}

/** Asks why a lead is rejected, with the common reasons at hand. Mount it only while it is open. */
export function RejectDialog({ what, busy = false, problem = null, onReject, onClose }: RejectDialogProps) {
  const [reason, setReason] = useState('');
  const [missing, setMissing] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);

  const submit = () => {
    const given = reason.trim();
    setMissing(given === '');
    if (given === '') field.current?.focus();
    else onReject(given);
  };
  return (
    <Dialog onClose={onClose} title={`Reject ${what}`} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack gap="md">
          <Text>A rejected lead stays rejected. The reason is kept with it.</Text>
          <Group gap={6} role="group" aria-label="Common reasons">
            {commonReasons.map(([name, sentence]) => (
              <Button
                key={name}
                variant="default"
                size="compact-sm"
                radius="xl"
                fw={400}
                onClick={() => {
                  setReason(sentence);
                  setMissing(false);
                  field.current?.focus();
                }}
              >
                {name}
              </Button>
            ))}
          </Group>
          <Textarea
            ref={field}
            label="Reason"
            withAsterisk
            aria-required
            data-autofocus
            autosize
            minRows={3}
            maxLength={2000}
            value={reason}
            onChange={(event) => {
              setReason(event.currentTarget.value);
              setMissing(false);
            }}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
                event.preventDefault();
                submit();
              }
            }}
            error={missing ? 'Say why: the reason is kept with the lead.' : problem}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" color="red" loading={busy}>
              Reject {what}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
