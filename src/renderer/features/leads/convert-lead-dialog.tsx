import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { dayOf } from '#domain/calendar.ts';
import { partnerTermsCredits } from '#domain/credit-resolution.ts';
import { percentToRate } from '#domain/money.ts';
import { fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { useSession } from '../../app/session.tsx';
import { DayInput } from '../../components/day-input.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { moneyText } from '../../components/figures.tsx';
import { MoneyInput } from '../../components/money-input.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { changesBetween, currentOf, type Lead, leadName } from './lead.ts';
import { hasUnreadableAmount } from './lead-form-fields.tsx';
import classes from './policies.module.css';
import { asSentence, PolicyLine } from './policy-outlook.tsx';
import { ChangeList } from './refusal-notice.tsx';

/** Records the deal of an approved lead, and shows beforehand what it would pay as far as that is known. */
export function ConvertLeadDialog({ lead, onClose }: { lead: Lead; onClose: () => void }) {
  const api = useApi();
  const { timeZone } = useSession();
  const [today] = useState(() => dayOf(new Date().toISOString(), timeZone));
  const submitted = dayOf(lead.submittedAt, timeZone);
  const commandId = useCommandIds();
  const [version, setVersion] = useState(lead.version);
  const [dealValue, setDealValue] = useState<number | null>(lead.estimatedValue);
  const [day, setDay] = useState<string | null>(today);
  const [missing, setMissing] = useState(false);
  const convert = useCommand(
    api.leads.convert.mutationOptions({
      onSuccess: onClose,
      onError: (error) => {
        const current = currentOf(error);
        if (current !== null) setVersion(current.version);
      },
    }),
    {
      done: (after) => `${leadName(after)} converted: ${moneyText(after.dealValue ?? 0, after.currency)}.`,
      quiet: true,
    },
  );
  const current = currentOf(convert.error);
  const changes = current === null ? [] : changesBetween(lead, current);
  const atField = fieldErrorsOf(convert.error);
  const isAtField = 'dealValue' in atField || 'conversionDate' in atField;

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (hasUnreadableAmount(event.currentTarget)) return;
    setMissing(dealValue === null || day === null);
    if (dealValue === null || day === null) return;
    const input = { id: lead.id, dealValue, conversionDate: day, currency: lead.currency, version };
    convert.mutate({ ...input, commandId: commandId(input) });
  };
  return (
    <Dialog onClose={onClose} title={`Convert ${leadName(lead)}`} size="lg">
      <form onSubmit={submit} noValidate>
        <Stack gap="md">
          <Text>
            The deal is recorded with the lead, and the credits that depend on it are made. This can’t be
            taken back.
          </Text>
          {convert.isError && !isAtField && (
            <Alert color="red" role="alert">
              {sentenceOf(convert.error)}
              {changes.length > 0 && <ChangeList changes={changes} />}
            </Alert>
          )}
          <Group grow align="flex-start">
            <MoneyInput
              label="Deal value"
              description={`In ${lead.currency}, the partner’s currency`}
              withAsterisk
              aria-required
              data-autofocus
              data-amount
              currency={lead.currency}
              value={dealValue}
              onChange={setDealValue}
              error={
                atField['dealValue'] ?? (missing && dealValue === null && 'Enter the value of the deal.')
              }
            />
            <DayInput
              label="Conversion date"
              description="Not before the lead came in"
              withAsterisk
              aria-required
              value={day}
              onChange={setDay}
              minDate={submitted}
              maxDate={today}
              error={atField['conversionDate'] ?? (missing && day === null && 'Enter the day of the deal.')}
            />
          </Group>
          <Outlook lead={lead} dealValue={dealValue} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={convert.isPending}>
              Convert lead
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

/** What the conversion would pay: by the policies, or by the partner's own terms where none governs the lead. */
function Outlook({ lead, dealValue }: { lead: Lead; dealValue: number | null }) {
  const api = useApi();
  const input = { input: { id: lead.id } };
  const weighed = useQuery(api.leads.applicablePolicies.queryOptions(input));
  const applied = useQuery(api.leads.policyMappings.queryOptions(input));
  const partner = useQuery(api.partners.get.queryOptions({ input: { id: lead.partnerId } }));
  if (weighed.data === undefined || applied.data === undefined || partner.data === undefined) return null;

  const paying = weighed.data.items.filter((item) => item.event === 'conversion' && item.applies);
  const governed = paying.length > 0 || applied.data.items.some((mapping) => mapping.applied);
  const { commissionPercentage } = partner.data;
  const own = partnerTermsCredits({
    leadPrice: null,
    commissionRate: dealValue === null ? null : percentToRate(commissionPercentage ?? 0),
    event: 'conversion',
    dealValue,
    currency: lead.currency,
    governed,
  });
  return (
    <section aria-label="What it would pay">
      <Text fw={600} mb={2}>
        What it would pay
      </Text>
      <ul className={classes.list}>
        {paying.map((item) => (
          <PolicyLine
            key={item.policyId}
            name={item.policyName}
            applies
            amount={item.amount}
            currency={lead.currency}
          >
            {asSentence(item.reason)}
          </PolicyLine>
        ))}
        {own.map((credit) => (
          <PolicyLine
            key={credit.calculationType}
            name="The partner’s own terms"
            applies
            amount={credit.amount}
            currency={lead.currency}
          >
            {asSentence(credit.reason)}
          </PolicyLine>
        ))}
      </ul>
      {paying.length === 0 && own.length === 0 && (
        <Text c="dimmed">
          {governed
            ? 'The policy applied on approval governs this lead: nothing more is due on conversion.'
            : dealValue === null && (commissionPercentage ?? 0) > 0
              ? `The partner’s own terms: ${commissionPercentage} % of the deal value.`
              : 'Nothing: no policy pays on this conversion, and the partner has no commission.'}
        </Text>
      )}
    </section>
  );
}
