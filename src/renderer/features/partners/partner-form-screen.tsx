import { Alert, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { type FormEvent, useRef, useState } from 'react';
import { codeOf, fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { useSession } from '../../app/session.tsx';
import { LinkButton } from '../../components/link-button.tsx';
import { Page } from '../../components/page.tsx';
import { QueryState, Require } from '../../components/states.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { ChangeList } from './change-list.tsx';
import { changesBetween, currentOf, type Partner, type PartnerChange } from './partner.ts';
import {
  changeOf,
  creationOf,
  emptyPartnerForm,
  type PartnerFormValues,
  partnerFormOf,
  problemsOf,
  rebase,
} from './partner-form.ts';
import { PartnerFormFields } from './partner-form-fields.tsx';

/** Registers a partner, or changes one, by the address. */
export function PartnerFormScreen() {
  const { partnerId } = useParams({ strict: false });
  return (
    <Require permission="partners.edit" explain="Partner managers register and edit partners.">
      {partnerId === undefined ? <NewPartner /> : <EditPartner key={partnerId} partnerId={partnerId} />}
    </Require>
  );
}

function NewPartner() {
  const api = useApi();
  const { currency } = useSession();
  const navigate = useNavigate();
  const commandId = useCommandIds();
  const form = useForm<PartnerFormValues>({
    initialValues: emptyPartnerForm(currency),
    validate: problemsOf,
  });
  const create = useCommand(
    api.partners.create.mutationOptions({
      onSuccess: (partner) =>
        void navigate({ to: '/partners/$partnerId', params: { partnerId: partner.id } }),
      onError: (error) => form.setErrors(fieldErrorsOf(error)),
    }),
    { done: (partner) => `${partner.organizationName} is registered and waits for approval.`, quiet: true },
  );
  return (
    <Page title="New partner" subtitle="It waits for somebody else’s approval before it can submit leads.">
      <FormFrame
        form={form}
        partner={null}
        error={create.error}
        isBusy={create.isPending}
        saveLabel="Register partner"
        onSave={() => {
          const input = creationOf(form.values);
          create.mutate({ ...input, commandId: commandId(input) });
        }}
      />
    </Page>
  );
}

function EditPartner({ partnerId }: { partnerId: string }) {
  const api = useApi();
  const partner = useQuery(api.partners.get.queryOptions({ input: { id: partnerId } }));
  return <QueryState query={partner}>{(data) => <EditForm key={data.id} partner={data} />}</QueryState>;
}

function EditForm({ partner }: { partner: Partner }) {
  const api = useApi();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const commandId = useCommandIds();
  /** The partner that the form started from: its version is named, and what differs from it was typed. */
  const [base, setBase] = useState(partner);
  const [conflict, setConflict] = useState<readonly PartnerChange[] | null>(null);
  const form = useForm<PartnerFormValues>({ initialValues: partnerFormOf(partner), validate: problemsOf });
  const update = useCommand(
    api.partners.update.mutationOptions({
      onSuccess: (after) => {
        queryClient.setQueryData(api.partners.get.queryKey({ input: { id: after.id } }), after);
        void navigate({ to: '/partners/$partnerId', params: { partnerId: after.id } });
      },
      onError: (error) => {
        form.setErrors(fieldErrorsOf(error));
        const current = codeOf(error) === 'CONFLICT' ? currentOf(error) : null;
        if (current === null) return;
        setConflict(changesBetween(base, current));
        form.setValues(rebase(form.values, base, current));
        setBase(current);
      },
    }),
    { done: 'Partner saved.', quiet: true },
  );
  return (
    <Page title={`Edit ${partner.organizationName}`}>
      <FormFrame
        form={form}
        partner={base}
        error={conflict === null ? update.error : null}
        conflict={conflict}
        isBusy={update.isPending}
        saveLabel="Save partner"
        onSave={() => {
          setConflict(null);
          const input = { id: base.id, version: base.version, ...changeOf(form.values, base) };
          update.mutate({ ...input, commandId: commandId(input) });
        }}
      />
    </Page>
  );
}

interface FormFrameProps {
  form: UseFormReturnType<PartnerFormValues>;
  partner: Partner | null;
  error: unknown;
  conflict?: readonly PartnerChange[] | null;
  isBusy: boolean;
  saveLabel: string;
  onSave: () => void;
}

/** The fields with what is wrong above and the buttons below, in sight however long the form is. */
function FormFrame({ form, partner, error, conflict = null, isBusy, saveLabel, onSave }: FormFrameProps) {
  const element = useRef<HTMLFormElement>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    // An amount that can't be read must not be taken for an empty one.
    const isUnreadable =
      event.currentTarget.querySelector('input[data-amount][aria-invalid="true"]') !== null;
    if (form.validate().hasErrors || isUnreadable) {
      // Once the fields say what is wrong with them.
      requestAnimationFrame(() =>
        element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
      );
      return;
    }
    onSave();
  };
  const isAtFields = Object.keys(form.errors).length > 0;
  return (
    <form ref={element} onSubmit={submit} noValidate>
      <Stack gap="md" maw={980}>
        {conflict !== null && (
          <Alert color="orange" role="alert" title="Someone else changed this partner while you were editing">
            {conflict.length > 0 && <ChangeList changes={conflict} />}
            <Text inherit mt={4}>
              Nothing was written yet. What you typed is still here; check it, then save again.
            </Text>
          </Alert>
        )}
        {error !== null && (
          <Alert color="red" role="alert" title="Not saved">
            {isAtFields ? 'Something is not right yet; it is said at the field.' : sentenceOf(error)}
          </Alert>
        )}
        <Paper px="lg" py={4}>
          <PartnerFormFields form={form} partner={partner} />
        </Paper>
        <Group justify="flex-end" gap="xs">
          {partner === null ? (
            <LinkButton to="/partners" variant="default">
              Cancel
            </LinkButton>
          ) : (
            <LinkButton to="/partners/$partnerId" params={{ partnerId: partner.id }} variant="default">
              Cancel
            </LinkButton>
          )}
          <Button type="submit" loading={isBusy}>
            {saveLabel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
