import { Alert, Button, Checkbox, Group, PasswordInput, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { isOneOf, type StaffRole, staffRoles } from '#domain/vocabulary.ts';
import { codeOf, fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { useSession } from '../../app/session.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { roleWords, type StaffMember } from './roles.ts';

interface StaffValues {
  firstName: string;
  lastName: string;
  email: string;
  roles: StaffRole[];
  /** Empty for somebody who keeps theirs. */
  password: string;
  isActive: boolean;
}

/** Adds somebody, or changes their name, roles, password or whether they may sign in. */
export function StaffDialog({
  member,
  onClose,
}: {
  /** Null for a new one. */
  member: StaffMember | null;
  onClose: () => void;
}) {
  const api = useApi();
  const queryClient = useQueryClient();
  const { id: me } = useSession();
  const commandId = useCommandIds();
  /** What the person decides on; after a conflict, the row as it is by then. */
  const [version, setVersion] = useState(member?.version);
  const form = useForm<StaffValues>({
    initialValues: {
      firstName: member?.firstName ?? '',
      lastName: member?.lastName ?? '',
      email: member?.email ?? '',
      roles: member?.roles ?? [],
      password: '',
      isActive: member?.isActive ?? true,
    },
    validate: {
      firstName: (value) => (value.trim() === '' ? 'Give the first name.' : null),
      lastName: (value) => (value.trim() === '' ? 'Give the last name.' : null),
      email: (value) => (value.trim() === '' ? 'Give the e-mail address to sign in with.' : null),
      roles: (value) => (value.length === 0 ? 'Give at least one role.' : null),
      password: (value) =>
        (member === null || value !== '') && value.length < 8
          ? 'A password has at least 8 characters.'
          : null,
    },
  });
  const handlers = {
    onSuccess: onClose,
    onError: async (error: unknown) => {
      form.setErrors(fieldErrorsOf(error));
      if (codeOf(error) !== 'CONFLICT') return;
      await queryClient.invalidateQueries({ queryKey: api.staff.key() });
      const fresh = await queryClient.fetchQuery(api.staff.list.queryOptions({ input: { limit: 500 } }));
      setVersion(fresh.items.find((each) => each.id === member?.id)?.version);
    },
  };
  const create = useCommand(api.staff.create.mutationOptions(handlers), {
    done: (added) => `${added.firstName} ${added.lastName} can sign in now.`,
    quiet: true,
  });
  const update = useCommand(api.staff.update.mutationOptions(handlers), {
    done: 'Staff member saved.',
    quiet: true,
  });
  const { error } = member === null ? create : update;
  const isAtFields = Object.keys(form.errors).length > 0;

  const save = ({ password, isActive, ...typed }: StaffValues) => {
    const person = {
      ...typed,
      firstName: typed.firstName.trim(),
      lastName: typed.lastName.trim(),
      email: typed.email.trim(),
    };
    if (member === null) {
      const input = { ...person, password };
      create.mutate({ ...input, commandId: commandId(input) });
    } else {
      const input = {
        id: member.id,
        ...(version !== undefined && { version }),
        ...person,
        isActive,
        ...(password !== '' && { password }),
      };
      update.mutate({ ...input, commandId: commandId(input) });
    }
  };
  return (
    <Dialog
      title={member === null ? 'Add a staff member' : `Edit ${member.firstName} ${member.lastName}`}
      size="lg"
      onClose={onClose}
    >
      <form onSubmit={form.onSubmit(save)} noValidate>
        <Stack gap="md">
          {error !== null && !isAtFields && (
            <Alert color="red" role="alert" title="Not saved">
              {sentenceOf(error)}
              {codeOf(error) === 'CONFLICT' && ' What you typed is still here; save again to put it on top.'}
            </Alert>
          )}
          <Group grow align="flex-start">
            <TextInput
              label="First name"
              withAsterisk
              maxLength={100}
              data-autofocus
              {...form.getInputProps('firstName')}
            />
            <TextInput label="Last name" withAsterisk maxLength={100} {...form.getInputProps('lastName')} />
          </Group>
          <TextInput
            label="E-mail address"
            type="email"
            withAsterisk
            maxLength={254}
            autoComplete="off"
            {...form.getInputProps('email')}
          />
          <Checkbox.Group
            label="Roles"
            withAsterisk
            {...form.getInputProps('roles')}
            onChange={(values) =>
              form.setFieldValue(
                'roles',
                values.filter((value) => isOneOf(staffRoles, value)),
              )
            }
          >
            <Stack gap={8} mt={6} mb={4}>
              {staffRoles.map((role) => (
                <Checkbox
                  key={role}
                  value={role}
                  label={roleWords[role].label}
                  description={roleWords[role].may}
                />
              ))}
            </Stack>
          </Checkbox.Group>
          <PasswordInput
            label={member === null ? 'Password' : 'New password'}
            description={
              member === null
                ? 'At least 8 characters. Hand it over in person.'
                : 'Leave empty to keep the present one. A new one signs the person out everywhere.'
            }
            withAsterisk={member === null}
            autoComplete="new-password"
            {...form.getInputProps('password')}
          />
          {member !== null && (
            <Switch
              label="May sign in"
              description="Whoever leaves is switched off, not deleted: what they did keeps their name."
              {...form.getInputProps('isActive', { type: 'checkbox' })}
            />
          )}
          {member?.id === me && !form.values.isActive && (
            <Text size="sm" c="red">
              This is you: saving signs you out.
            </Text>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={create.isPending || update.isPending}>
              {member === null ? 'Add staff member' : 'Save staff member'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
