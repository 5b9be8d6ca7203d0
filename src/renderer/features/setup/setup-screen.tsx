import { Alert, Button, Fieldset, Group, PasswordInput, Select, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { currencies } from '#domain/money.ts';
import { fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { EntranceCard } from '../../components/entrance-card.tsx';

const currencyNames = new Intl.DisplayNames(undefined, { type: 'currency' });
const currencyOptions = currencies.map((code) => ({
  value: code,
  label: `${code} – ${currencyNames.of(code) ?? code}`,
}));
const timeZones = ['UTC', ...Intl.supportedValuesOf('timeZone')];

export function SetupScreen({ onDone }: { onDone: () => void }) {
  const api = useApi();
  const form = useForm({
    initialValues: {
      organizationName: '',
      currency: 'EUR',
      timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
      admin: { firstName: '', lastName: '', email: '', password: '' },
    },
  });
  const setup = useMutation(
    api.setup.run.mutationOptions({
      onSuccess: onDone,
      onError: (error) => form.setErrors(fieldErrorsOf(error)),
    }),
  );
  return (
    <EntranceCard
      title="Set up your organization"
      hint="You become its first administrator. Further people are added in the settings."
    >
      <form onSubmit={form.onSubmit((values) => setup.mutate(values))}>
        <Stack gap="md">
          {setup.isError && Object.keys(form.errors).length === 0 && (
            <Alert color="red" role="alert">
              {sentenceOf(setup.error)}
            </Alert>
          )}
          <TextInput label="Organization" required autoFocus {...form.getInputProps('organizationName')} />
          <Group grow align="flex-start">
            <Select
              label="Currency"
              required
              searchable
              allowDeselect={false}
              data={currencyOptions}
              {...form.getInputProps('currency')}
            />
            <Select
              label="Time zone"
              required
              searchable
              allowDeselect={false}
              data={timeZones}
              limit={200}
              {...form.getInputProps('timeZone')}
            />
          </Group>
          <Fieldset legend="Administrator" variant="unstyled">
            <Stack gap="md">
              <Group grow align="flex-start">
                <TextInput
                  label="First name"
                  required
                  autoComplete="given-name"
                  {...form.getInputProps('admin.firstName')}
                />
                <TextInput
                  label="Last name"
                  required
                  autoComplete="family-name"
                  {...form.getInputProps('admin.lastName')}
                />
              </Group>
              <TextInput
                label="E-mail address"
                type="email"
                required
                autoComplete="username"
                {...form.getInputProps('admin.email')}
              />
              <PasswordInput
                label="Password"
                description="At least 8 characters."
                required
                autoComplete="new-password"
                {...form.getInputProps('admin.password')}
              />
            </Stack>
          </Fieldset>
          <Button type="submit" loading={setup.isPending} fullWidth>
            Create the organization
          </Button>
        </Stack>
      </form>
    </EntranceCard>
  );
}
