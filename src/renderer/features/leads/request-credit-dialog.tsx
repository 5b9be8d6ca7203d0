import { Alert, Button, Group, Select, Stack, Text, Textarea } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { v4 as uuid } from 'uuid';
import { type CalculationType, calculationTypes, isOneOf } from '#domain/vocabulary.ts';
import { codeOf, fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { moneyText } from '../../components/figures.tsx';
import { calculationTypeLabels } from '../../components/lead-words.ts';
import { MoneyInput } from '../../components/money-input.tsx';
import { useCommand } from '../../components/use-command.ts';
import { type Lead, leadName } from './lead.ts';
import { hasUnreadableAmount } from './lead-form-fields.tsx';

/** Asks for a credit by hand, where no policy made the right one. It waits for approval by someone else. */
export function RequestCreditDialog({ lead, onClose }: { lead: Lead; onClose: () => void }) {
  const api = useApi();
  // One id for the dialog, whatever is typed: after a lost answer a second try must not ask for a second credit.
  const [commandId] = useState(() => uuid());
  const [amount, setAmount] = useState<number | null>(null);
  const [type, setType] = useState<CalculationType>('fixed_price');
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const request = useCommand(api.credits.request.mutationOptions({ onSuccess: onClose }), {
    done: (credit) => `${moneyText(credit.creditAmount, credit.currency)} requested; it waits for approval.`,
    quiet: true,
  });
  const atField = fieldErrorsOf(request.error);
  const isRepeat = codeOf(request.error) === 'CONFLICT';

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (hasUnreadableAmount(event.currentTarget) || amount === null || amount < 1) return;
    request.mutate({
      id: lead.id,
      creditAmount: amount,
      calculationType: type,
      currency: lead.currency,
      ...(reason.trim() !== '' && { reason: reason.trim() }),
      commandId,
    });
  };
  const problem = tried && (amount === null || amount < 1) ? 'Enter an amount above zero.' : undefined;
  return (
    <Dialog onClose={onClose} title={`Request a credit for ${leadName(lead)}`}>
      <form onSubmit={submit} noValidate>
        <Stack gap="md">
          <Text>Someone else approves it before it counts for {lead.partnerName}.</Text>
          {request.isError && Object.keys(atField).length === 0 && (
            <Alert color="red" role="alert">
              {isRepeat
                ? 'Your first request did reach the host. Close this dialog: it is among the credits of the lead.'
                : sentenceOf(request.error)}
            </Alert>
          )}
          <Group grow align="flex-start">
            <MoneyInput
              label="Amount"
              withAsterisk
              aria-required
              data-autofocus
              data-amount
              currency={lead.currency}
              value={amount}
              onChange={setAmount}
              error={atField['creditAmount'] ?? problem}
            />
            <Select
              label="Worked out as"
              allowDeselect={false}
              data={calculationTypes.map((value) => ({ value, label: calculationTypeLabels[value] }))}
              value={type}
              onChange={(value) => isOneOf(calculationTypes, value) && setType(value)}
            />
          </Group>
          <Textarea
            label="Reason"
            description="Whoever approves it reads this."
            autosize
            minRows={2}
            maxLength={2000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            error={atField['reason']}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={request.isPending} disabled={isRepeat}>
              Request credit
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
