import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { codeOf, fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { EntranceCard } from '../../components/entrance-card.tsx';

export function SignInScreen({ onDone }: { onDone: () => void }) {
  const api = useApi();
  const form = useForm({ initialValues: { email: '', password: '', organizationName: '' } });
  const login = useMutation(
    api.auth.login.mutationOptions({
      onSuccess: onDone,
      onError: () => form.setFieldValue('password', ''),
    }),
  );
  // Asked only of a person who is in several organizations with the same password.
  const asksOrganization =
    'organizationName' in fieldErrorsOf(login.error) || form.values.organizationName !== '';

  return (
    <EntranceCard title="Sign in">
      <form
        onSubmit={form.onSubmit(({ organizationName, ...values }) =>
          login.mutate({ ...values, ...(organizationName !== '' && { organizationName }) }),
        )}
      >
        <Stack gap="md">
          {login.isError && (
            <Alert color={codeOf(login.error) === 'LOCKED' ? 'orange' : 'red'} role="alert">
              {sentenceOf(login.error)}
            </Alert>
          )}
          <TextInput
            label="E-mail address"
            type="email"
            autoComplete="username"
            required
            data-autofocus
            autoFocus
            {...form.getInputProps('email')}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            {...form.getInputProps('password')}
          />
          {asksOrganization && (
            <TextInput label="Organization" required {...form.getInputProps('organizationName')} />
          )}
          <Button type="submit" loading={login.isPending} fullWidth>
            Sign in
          </Button>
        </Stack>
      </form>
    </EntranceCard>
  );
}
