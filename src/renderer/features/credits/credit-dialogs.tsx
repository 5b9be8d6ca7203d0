import { Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { sentenceOf, useApi } from '../../app/api.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { moneyText } from '../../components/figures.tsx';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { type Credit, creditName, sumsByCurrency } from './credit.ts';

/** "12 credits, €125.00 and ¥3,000". */
export function creditsText(credits: readonly Credit[]): string {
  const sums = sumsByCurrency(credits).map(({ currency, amount }) => moneyText(amount, currency));
  return `${credits.length} ${credits.length === 1 ? 'credit' : 'credits'}, ${sums.join(' and ')}`;
}

interface DecideManyProps {
  credits: readonly Credit[];
  onConfirm: () => Promise<void>;
  onClose: () => void;
}

/** Asks before many credits are approved at once: it is money. */
export function ApproveManyDialog({ credits, onConfirm, onClose }: DecideManyProps) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const confirm = async () => {
    setBusy(true);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Approve ${creditsText(credits)}`} onClose={onClose}>
      <Stack gap="md">
        <Text>
          The amounts go to the partners’ balances and can go into the next payout. What can’t be approved
          stays in the list, with the reason.
        </Text>
        {problem !== null && (
          <Text c="red" role="alert">
            {problem}
          </Text>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button data-autofocus loading={busy} onClick={() => void confirm()}>
            Approve credits
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

interface RejectProps {
  credits: readonly Credit[];
  onConfirm: (reason: string) => Promise<void>;
  onClose: () => void;
}

/** Rejects one credit or several, for one reason. */
export function RejectDialog({ credits, onConfirm, onClose }: RejectProps) {
  const [first, ...others] = credits;
  return (
    <ReasonDialog
      title={
        first !== undefined && others.length === 0
          ? `Reject ${moneyText(first.creditAmount, first.currency)}: ${creditName(first)}`
          : `Reject ${creditsText(credits)}`
      }
      confirmLabel={credits.length === 1 ? 'Reject credit' : 'Reject credits'}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      No money moves. The reason is kept with {credits.length === 1 ? 'the credit' : 'each credit'}.
    </ReasonDialog>
  );
}

/** Takes back an approved credit; what that does depends on whether a payout has it. */
export function ReverseDialog({ credit, onClose }: { credit: Credit; onClose: () => void }) {
  const api = useApi();
  const commandId = useCommandIds();
  const reverse = useCommand(api.credits.reverse.mutationOptions(), {
    done: (after) =>
      after.origin === 'reversal'
        ? `${moneyText(after.creditAmount, after.currency)} will be netted off in the next payout.`
        : 'Credit taken back.',
    quiet: true,
  });
  const amount = moneyText(credit.creditAmount, credit.currency);
  return (
    <ReasonDialog
      title={`Take back ${amount}: ${creditName(credit)}`}
      confirmLabel="Take back"
      onConfirm={(reason) => {
        const input = { id: credit.id, version: credit.version, reason };
        return reverse.mutateAsync({ ...input, commandId: commandId(input) });
      }}
      onClose={onClose}
    >
      {credit.payoutId === null
        ? `${amount} leaves the partner’s balance.`
        : `A payout has this credit already. A credit of −${amount} is made beside it, which the next payout nets off.`}
    </ReasonDialog>
  );
}
