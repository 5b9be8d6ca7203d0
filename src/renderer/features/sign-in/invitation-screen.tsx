import { Alert, Anchor, Button, PasswordInput, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { EntranceCard } from '../../components/entrance-card.tsx';

/** Whether the page was opened by the one-time link of an invitation. */
export function isInvitation(): boolean {
  return window.location.pathname === '/accept-invitation';
}

/** Where an invited person chooses a password; whoever is signed in at this browser doesn't matter. */
export function InvitationScreen() {
  const api = useApi();
  const [token] = useState(() => window.location.hash.slice(1));
  const form = useForm({ initialValues: { password: '' } });
  const accept = useMutation(
    api.auth.acceptInvitation.mutationOptions({
      // The secret is used up; it need not stand in the address any longer.
      onSuccess: () => window.history.replaceState(null, '', '/accept-invitation'),
      onError: (error) => form.setErrors(fieldErrorsOf(error)),
    }),
  );
  if (accept.data !== undefined) {
    return (
      <EntranceCard title="Your password is set">
        <Text>
          Sign in at {accept.data.organizationName} as {accept.data.email}.
        </Text>
        <Anchor href="/">Sign in</Anchor>
      </EntranceCard>
    );
  }
  return (
    <EntranceCard title="Choose a password" hint="You were invited. With a password you can sign in.">
      <form onSubmit={form.onSubmit(({ password }) => accept.mutate({ token, password }))}>
        <Stack gap="md">
          {accept.isError && Object.keys(form.errors).length === 0 && (
            <Alert color="red" role="alert">
              {sentenceOf(accept.error)}
            </Alert>
          )}
          <PasswordInput
            label="Password"
            description="At least 8 characters."
            required
            autoFocus
            autoComplete="new-password"
            {...form.getInputProps('password')}
          />
          <Button type="submit" loading={accept.isPending} fullWidth>
            Set the password
          </Button>
        </Stack>
      </form>
    </EntranceCard>
  );
}
