import { Alert, Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { dayOf } from '#domain/calendar.ts';
import { isOneOf, paymentMethods } from '#domain/vocabulary.ts';
import { codeOf, fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { useSession } from '../../app/session.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { DayInput } from '../../components/day-input.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { moneyText } from '../../components/figures.tsx';
import { MoneyInput } from '../../components/money-input.tsx';
import { paymentMethodLabels } from '../../components/payment-methods.ts';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { type Payout } from './payout.ts';
import { useDialogPayout } from './use-dialog-payout.ts';

/** Records what finance has paid: all that is open, or part of it. Nothing is transferred by this. */
export function PayDialog({ payout, onClose }: { payout: Payout; onClose: () => void }) {
  const api = useApi();
  const { timeZone } = useSession();
  const commandId = useCommandIds();
  const { seen, look } = useDialogPayout(payout);
  const partner = useQuery(api.partners.get.queryOptions({ input: { id: payout.partnerId } })).data;
  const pay = useCommand(api.payouts.pay.mutationOptions({ onSuccess: onClose }), {
    done: (after) =>
      after.openAmount === 0
        ? 'Payment recorded. The payout is paid in full.'
        : `Payment recorded. ${moneyText(after.openAmount, after.currency)} is still open.`,
    quiet: true,
  });

  const [today] = useState(() => dayOf(new Date().toISOString(), timeZone));
  const [paymentDate, setPaymentDate] = useState<string | null>(today);
  const [referenceNumber, setReferenceNumber] = useState('');
  const [method, setMethod] = useState<string | null>(null);
  const [amount, setAmount] = useState<number | null>(seen.openAmount);
  const [missing, setMissing] = useState<Record<string, string>>({});

  const banking = partner?.bankingDetails;
  const payee = [seen.partnerName, banking?.bankName, banking?.iban ?? banking?.accountNumber]
    .filter((part) => typeof part === 'string')
    .join(', ');
  const usualMethod = banking?.paymentMethod ?? null;
  const paymentMethod = method ?? usualMethod;
  const errors: Record<string, string> = { ...fieldErrorsOf(pay.error), ...missing };
  const isPart = amount !== null && amount < seen.openAmount;

  const submit = () => {
    const wrong = {
      ...(paymentDate === null && { paymentDate: 'Give the day it was paid.' }),
      ...(referenceNumber.trim() === '' && { referenceNumber: 'Give the reference of the payment.' }),
      ...((amount === null || amount <= 0) && { amount: 'Give an amount above zero.' }),
    };
    setMissing(wrong);
    if (paymentDate === null || amount === null || Object.keys(wrong).length > 0) return;
    const input = {
      id: seen.id,
      version: seen.version,
      paymentDate,
      referenceNumber: referenceNumber.trim(),
      amount,
      ...(isOneOf(paymentMethods, paymentMethod) && { paymentMethod }),
    };
    pay.mutate({ ...input, commandId: commandId(input) }, { onError: (error) => void look(error) });
  };

  return (
    <Dialog title={`Record a payment of ${seen.payoutNumber}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack gap="md">
          <Text c="dimmed">What was paid to {payee}. This records the payment; it transfers nothing.</Text>
          {pay.isError && <PayRefusal error={pay.error} payout={seen} />}
          <MoneyInput
            label="Amount"
            description={`${moneyText(seen.openAmount, seen.currency)} is open.`}
            currency={seen.currency}
            value={amount}
            onChange={(value) => {
              setAmount(value);
              setMissing({});
            }}
            error={errors['amount']}
          />
          <TextInput
            label="Reference"
            description="As on the bank statement."
            data-autofocus
            required
            maxLength={100}
            value={referenceNumber}
            onChange={(event) => setReferenceNumber(event.currentTarget.value)}
            error={errors['referenceNumber']}
          />
          <Group grow align="flex-start">
            <DayInput
              label="Paid on"
              maxDate={today}
              value={paymentDate}
              onChange={setPaymentDate}
              error={errors['paymentDate']}
            />
            <Select
              label="Method"
              allowDeselect={false}
              placeholder="Choose one"
              value={paymentMethod}
              onChange={setMethod}
              data={paymentMethods.map((value) => ({ value, label: paymentMethodLabels[value] }))}
              error={errors['paymentMethod']}
            />
          </Group>
          {isPart && (
            <Text size="sm" c="dimmed" role="status">
              {moneyText(seen.openAmount - amount, seen.currency)} stays open after it.
            </Text>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={pay.isPending}>
              Record payment
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

/** Why the host refused, with the way to what has to be put right first. */
function PayRefusal({ error, payout }: { error: unknown; payout: Payout }) {
  const isAboutPartner = codeOf(error) === 'PARTNER_NOT_ACTIVE' || 'bankingDetails' in fieldErrorsOf(error);
  return (
    <Alert color="red" role="alert" title="Not recorded">
      {sentenceOf(error)}{' '}
      {isAboutPartner && (
        <AppLink to="/partners/$partnerId" params={{ partnerId: payout.partnerId }} underline="always">
          Open {payout.partnerName}
        </AppLink>
      )}
    </Alert>
  );
}
