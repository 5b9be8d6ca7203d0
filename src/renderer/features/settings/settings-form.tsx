import {
  Alert,
  Box,
  Button,
  Group,
  NumberInput,
  Paper,
  Radio,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { codeOf, fieldErrorsOf, sentenceOf, useApi, useClient } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { MoneyInput } from '../../components/money-input.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { ScoreWeightFields } from './score-weight-fields.tsx';
import classes from './settings.module.css';
import {
  changedSettings,
  countryOptions,
  currentOf,
  duplicateWords,
  problemsOf,
  rebase,
  type Settings,
  type SettingsValues,
  settingsChange,
  settingsValuesOf,
} from './settings-values.ts';

const timeZones = ['UTC', ...Intl.supportedValuesOf('timeZone')];
/** Marks the amount field, so that one that can't be read is found before the form is sent. */
const amountMark = { 'data-amount': true };

/** The organization and its rules; the same fields for whoever may only read them, without the buttons. */
export function SettingsForm({ settings }: { settings: Settings }) {
  const api = useApi();
  const client = useClient();
  const queryClient = useQueryClient();
  const readOnly = !useCan()('settings.manage');
  const commandId = useCommandIds();
  /** What the form started from: its version is named, and what differs from it was typed. */
  const [base, setBase] = useState(settings);
  const [conflict, setConflict] = useState<readonly string[] | null>(null);
  const form = useForm<SettingsValues>({
    initialValues: settingsValuesOf(settings),
    validate: problemsOf,
  });
  const update = useCommand(
    api.settings.update.mutationOptions({
      onSuccess: (after) => {
        setBase(after);
        form.setValues(settingsValuesOf(after));
        // The name and the time zone are part of who is signed in, too.
        void queryClient.invalidateQueries({ queryKey: api.auth.me.key() });
      },
      onError: async (error) => {
        form.setErrors(fieldErrorsOf(error));
        if (codeOf(error) !== 'CONFLICT') return;
        const current = currentOf(error) ?? (await client.settings.get());
        setConflict(changedSettings(base, current));
        form.setValues(rebase(form.getValues(), base, current));
        setBase(current);
      },
    }),
    { done: 'Settings saved.', quiet: true },
  );

  const change = settingsChange(form.values, base);
  const isChanged = Object.keys(change).length > 0;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    // An amount that can't be read must not be taken for "never".
    const unreadable = event.currentTarget.querySelector<HTMLInputElement>(
      'input[data-amount][aria-invalid="true"]',
    );
    unreadable?.focus();
    if (unreadable !== null || form.validate().hasErrors) return;
    setConflict(null);
    const input = { ...change, version: base.version };
    update.mutate({ ...input, commandId: commandId(input) });
  };
  const isAtFields = Object.keys(form.errors).length > 0;
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md" maw={980}>
        {conflict !== null && (
          <Alert color="orange" role="alert" title="Someone else changed the settings while you did">
            <ul className={classes.changes}>
              {conflict.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
            Nothing was written yet. What you changed is still here; check it, then save again.
          </Alert>
        )}
        {update.isError && conflict === null && (
          <Alert color="red" role="alert" title="Not saved">
            {isAtFields ? 'Something is not right yet; it is said at the field.' : sentenceOf(update.error)}
          </Alert>
        )}
        <Paper px="lg" py={4}>
          <Section title="Organization" hint="Its name, and the clock its days and months follow.">
            <SimpleGrid cols={2} spacing="md">
              <TextInput
                label="Name"
                maxLength={255}
                readOnly={readOnly}
                {...form.getInputProps('organizationName')}
              />
              <Select
                label="Time zone"
                searchable
                allowDeselect={false}
                limit={200}
                data={timeZones}
                readOnly={readOnly}
                {...form.getInputProps('timeZone')}
              />
            </SimpleGrid>
            <Text size="sm" c="dimmed">
              The currency is {base.currency} and can’t be changed. A partner may have another one.
            </Text>
          </Section>
          <Section title="Approvals" hint="Who may approve, and when one approval is not enough.">
            <Switch
              label="Four eyes: nobody approves what they made themselves"
              description="Switch it off only in a one-person office. The activities say so each time it is waived."
              disabled={readOnly}
              {...form.getInputProps('fourEyes', { type: 'checkbox' })}
            />
            <SimpleGrid cols={2} spacing="md">
              <MoneyInput
                label="Two approvers for payouts above"
                description="Empty: one is always enough"
                currency={base.currency}
                readOnly={readOnly}
                value={form.values.secondApprovalThreshold}
                onChange={(amount) => form.setFieldValue('secondApprovalThreshold', amount)}
                error={form.errors['secondApprovalThreshold']}
                {...amountMark}
              />
            </SimpleGrid>
          </Section>
          <Section title="Leads" hint="What happens when they come in and are reviewed.">
            <Radio.Group
              label="The same e-mail address or phone number comes in again"
              {...form.getInputProps('duplicateHandling')}
              onChange={(value) =>
                form.setFieldValue(
                  'duplicateHandling',
                  value === 'refuse' || value === 'link' ? value : 'flag',
                )
              }
            >
              <Stack gap={6} mt={6}>
                <Radio value="flag" label={duplicateWords.flag} disabled={readOnly} />
                <Radio value="link" label={duplicateWords.link} disabled={readOnly} />
                <Radio value="refuse" label={duplicateWords.refuse} disabled={readOnly} />
              </Stack>
            </Radio.Group>
            <SimpleGrid cols={2} spacing="md">
              <NumberInput
                label="A reviewer’s claim holds for"
                description="Then somebody else can claim the lead"
                suffix=" minutes"
                min={1}
                max={1440}
                allowDecimal={false}
                hideControls
                readOnly={readOnly}
                {...form.getInputProps('claimLeaseMinutes')}
              />
              <Select
                label="Default country"
                description="Of phone numbers without a country code"
                placeholder="None"
                searchable
                clearable
                data={countryOptions}
                readOnly={readOnly}
                {...form.getInputProps('defaultCountry')}
              />
            </SimpleGrid>
          </Section>
          <Section
            title="Quality score"
            hint="What each known field of a lead is worth. 80 points and above is high quality."
          >
            <ScoreWeightFields form={form} readOnly={readOnly} />
          </Section>
        </Paper>
        {!readOnly && (
          <Group justify="flex-end" gap="xs">
            <Button
              variant="default"
              disabled={!isChanged}
              onClick={() => {
                form.setValues(settingsValuesOf(base));
                form.clearErrors();
              }}
            >
              Undo changes
            </Button>
            <Button type="submit" disabled={!isChanged} loading={update.isPending}>
              Save settings
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}

function Section({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
  const id = useId();
  return (
    <Box component="section" className={classes.section} aria-labelledby={id}>
      <div>
        <Title order={2} size="h5" id={id}>
          {title}
        </Title>
        <Text size="sm" c="dimmed">
          {hint}
        </Text>
      </div>
      <Stack gap="md">{children}</Stack>
    </Box>
  );
}
