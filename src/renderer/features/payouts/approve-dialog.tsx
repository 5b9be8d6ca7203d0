import { Alert, Button, Group, Radio, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Money, moneyText, PersonName } from '../../components/figures.tsx';
import { MoneyInput } from '../../components/money-input.tsx';
import { useApprovalRules } from '../../components/use-approval-rules.ts';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { highestApproval, type Payout, takesTwoApprovers } from './payout.ts';
import { useDialogPayout } from './use-dialog-payout.ts';

function told(after: Payout): string {
  if (after.status !== 'pending') return `Approved: ${moneyText(after.approvedAmount, after.currency)}.`;
  const amount = after.firstApprovedAmount;
  const given = amount === null ? '' : ` for ${moneyText(amount, after.currency)}`;
  return `First approval given${given}. A second approver must agree.`;
}

/** Approves a payout in full or for less, and says what that leaves. */
export function ApproveDialog({ payout, onClose }: { payout: Payout; onClose: () => void }) {
  const api = useApi();
  const commandId = useCommandIds();
  const { secondApprovalThreshold } = useApprovalRules(payout.currency);
  const { seen, look } = useDialogPayout(payout);
  const approve = useCommand(api.payouts.approve.mutationOptions({ onSuccess: onClose }), {
    done: told,
    quiet: true,
  });
  const [isPart, setIsPart] = useState(false);
  const [part, setPart] = useState<number | null>(null);
  const [missing, setMissing] = useState<string | null>(null);

  const { currency } = seen;
  const limit = highestApproval(seen);
  const amount = isPart ? part : limit;
  const tooMuch =
    isPart && part !== null && part > limit ? `At most ${moneyText(limit, currency)} can be approved.` : null;
  const isFirstOfTwo = seen.firstApprovedBy === null && takesTwoApprovers(seen, secondApprovalThreshold);

  const submit = () => {
    if (amount === null || amount <= 0) {
      setMissing('Give an amount above zero.');
      return;
    }
    if (tooMuch !== null) return;
    const input = { id: seen.id, version: seen.version, amount };
    approve.mutate({ ...input, commandId: commandId(input) }, { onError: (error) => void look(error) });
  };

  return (
    <Dialog title={`Approve ${seen.payoutNumber}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack gap="md">
          {approve.isError && (
            <Alert color="red" role="alert" title="Not approved">
              {sentenceOf(approve.error)}
            </Alert>
          )}
          {seen.firstApprovedBy !== null && (
            <Text>
              <PersonName id={seen.firstApprovedBy} /> gave the first approval, for{' '}
              <Money amount={seen.firstApprovedAmount} currency={currency} />. Yours is the second and
              decides.
            </Text>
          )}
          {isFirstOfTwo && (
            <Text>
              Above {moneyText(secondApprovalThreshold ?? 0, currency)} two people approve. Yours is the
              first; the payout stays pending until someone else agrees.
            </Text>
          )}
          <Radio.Group
            label={`How much ${seen.partnerName} gets`}
            value={isPart ? 'part' : 'all'}
            onChange={(value) => setIsPart(value === 'part')}
          >
            <Stack gap="xs" mt={6}>
              <Radio
                value="all"
                data-autofocus
                label={
                  <>
                    {seen.firstApprovedAmount === null || limit < seen.firstApprovedAmount
                      ? seen.rejectedAmount === 0
                        ? 'All of it'
                        : 'All that is not rejected'
                      : 'What the first approval is for'}
                    , <Money amount={limit} currency={currency} fw={600} />
                  </>
                }
              />
              <Radio value="part" label="A smaller amount" />
            </Stack>
          </Radio.Group>
          {isPart && (
            <MoneyInput
              label="Amount"
              currency={currency}
              value={part}
              onChange={(value) => {
                setPart(value);
                setMissing(null);
              }}
              error={missing ?? tooMuch ?? fieldErrorsOf(approve.error)['amount']}
            />
          )}
          <Remainder payout={seen} amount={tooMuch === null ? amount : null} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={approve.isPending}>
              {isFirstOfTwo ? 'Give the first approval' : 'Approve payout'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

/** What an approval of this amount leaves unapproved. */
function Remainder({ payout, amount }: { payout: Payout; amount: number | null }) {
  const rest = amount === null ? null : payout.totalAmount - amount;
  if (rest === null) return null;
  return (
    <Text size="sm" c="dimmed" role="status">
      {rest === 0 ? (
        'Nothing remains unapproved.'
      ) : (
        <>
          <Money amount={rest} currency={payout.currency} fw={600} /> of{' '}
          <Money amount={payout.totalAmount} currency={payout.currency} /> remains unapproved and can go into
          the next payout.
        </>
      )}
    </Text>
  );
}
