import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { codeOf, fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { EntranceCard } from '../../components/entrance-card.tsx';

export function SignInScreen({ onDone }: { onDone: () => void }) {
  const api = useApi();
  const form = useForm({ initialValues: { email: '', password: '', organizationName: '', code: '' } });
  const login = useMutation(
    api.auth.login.mutationOptions({
      onSuccess: onDone,
      onError: (error) => form.setFieldValue('code' in fieldErrorsOf(error) ? 'code' : 'password', ''),
    }),
  );
  // Asked only of a person who is in several organizations with the same password.
  const asksOrganization =
    'organizationName' in fieldErrorsOf(login.error) || form.values.organizationName !== '';
  // The second step, asked only of a person who has a second factor, once the password was right.
  const asksCode = 'code' in fieldErrorsOf(login.error) || form.values.code !== '';

  return (
    <EntranceCard title="Sign in">
      <form
        onSubmit={form.onSubmit(({ organizationName, code, ...values }) =>
          login.mutate({
            ...values,
            ...(organizationName !== '' && { organizationName }),
            ...(code !== '' && { code }),
          }),
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
          {asksCode && (
            <TextInput
              label="Code"
              description="Six digits of your authenticator app, or a recovery code."
              required
              autoFocus
              autoComplete="one-time-code"
              {...form.getInputProps('code')}
            />
          )}
          <Button type="submit" loading={login.isPending} fullWidth>
            Sign in
          </Button>
        </Stack>
      </form>
    </EntranceCard>
  );
}
