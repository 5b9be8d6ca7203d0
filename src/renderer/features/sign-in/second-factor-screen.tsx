import { Alert, Button, Center, Code, List, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import type { SessionUser } from '../../app/session.tsx';
import { EntranceCard } from '../../components/entrance-card.tsx';
import { QrCode } from '../../components/qr-code.tsx';
import { SignOutButton } from './sign-out-button.tsx';

/** What somebody without a second factor may do where the organization asks for one: set one up. */
export function SecondFactorScreen({
  user,
  onSwitchedOn,
  onDone,
}: {
  user: SessionUser;
  /** From here on this screen stays until `onDone`: it shows what is shown only once. */
  onSwitchedOn: () => void;
  onDone: () => void;
}) {
  const api = useApi();
  const form = useForm({ initialValues: { code: '' } });
  const enrol = useMutation(api.account.enrolSecondFactor.mutationOptions());
  const confirm = useMutation(
    api.account.confirmSecondFactor.mutationOptions({
      onSuccess: onSwitchedOn,
      onError: (error) => form.setErrors(fieldErrorsOf(error)),
    }),
  );
  if (confirm.data !== undefined) {
    return (
      <EntranceCard
        title="Keep these recovery codes"
        hint="Each lets you in once when your authenticator is lost. They are not shown again."
      >
        <List listStyleType="none">
          {confirm.data.recoveryCodes.map((code) => (
            <List.Item key={code}>
              <Code>{code}</Code>
            </List.Item>
          ))}
        </List>
        <Button onClick={onDone}>I have written them down</Button>
      </EntranceCard>
    );
  }
  const failed = enrol.error ?? (Object.keys(form.errors).length === 0 ? confirm.error : null);
  return (
    <EntranceCard
      title="Set up a second factor"
      hint={`${user.organizationName} asks everybody for a code besides the password.`}
    >
      <Stack gap="md">
        {failed !== null && (
          <Alert color="red" role="alert">
            {sentenceOf(failed)}
          </Alert>
        )}
        {enrol.data === undefined ? (
          <>
            <Text>You need an authenticator app, on your telephone for instance.</Text>
            <Button loading={enrol.isPending} onClick={() => enrol.mutate({})}>
              Begin
            </Button>
          </>
        ) : (
          <form onSubmit={form.onSubmit((values) => confirm.mutate(values))}>
            <Stack gap="md">
              <Text>Scan this code with the app:</Text>
              <Center>
                <QrCode
                  text={enrol.data.uri}
                  label="QR code that adds this account to an authenticator app"
                />
              </Center>
              <Text>
                Or add an account in the app with this key:{' '}
                <Code>{enrol.data.secret.match(/.{1,4}/g)?.join(' ')}</Code>
              </Text>
              <TextInput
                label="Code"
                description="The six digits that the app shows now."
                required
                autoFocus
                autoComplete="one-time-code"
                {...form.getInputProps('code')}
              />
              <Button type="submit" loading={confirm.isPending}>
                Switch on
              </Button>
            </Stack>
          </form>
        )}
        <SignOutButton onDone={onDone} />
      </Stack>
    </EntranceCard>
  );
}
