import { Alert, Button } from '@mantine/core';
import { IconShieldCheck } from '@tabler/icons-react';
import type { Outputs } from '#contract/index.ts';
import { sentenceOf } from '../../app/api.tsx';

/** Asks the host to go through the whole chain. */
export function VerifyButton({ isBusy, onVerify }: { isBusy: boolean; onVerify: () => void }) {
  return (
    <Button
      variant="default"
      leftSection={<IconShieldCheck size={16} aria-hidden />}
      loading={isBusy}
      onClick={onVerify}
    >
      Verify the chain
    </Button>
  );
}

/** What came of it, in words. */
export function VerifyResult({
  result,
  error,
  onClose,
}: {
  result: Outputs['activities']['verify'] | undefined;
  error: unknown;
  onClose: () => void;
}) {
  const closing = { withCloseButton: true, closeButtonLabel: 'Dismiss', onClose };
  if (error !== null) {
    return (
      <Alert color="red" role="alert" title="The chain could not be checked" {...closing}>
        {sentenceOf(error)}
      </Alert>
    );
  }
  if (result === undefined) return null;
  const checked = `${result.checked.toLocaleString()} ${result.checked === 1 ? 'activity' : 'activities'}`;
  return result.ok ? (
    <Alert color="pine" role="status" title="The chain is whole" {...closing}>
      {checked} checked. None was changed, removed or put in between.
    </Alert>
  ) : (
    <Alert color="red" role="alert" title="The chain is broken" {...closing}>
      {result.firstBad === undefined
        ? `${checked} checked.`
        : `${checked} checked. The first bad one is number ${result.firstBad.seq}: ${result.firstBad.reason}`}{' '}
      Tell whoever looks after this system; don’t change anything until they have looked.
    </Alert>
  );
}
