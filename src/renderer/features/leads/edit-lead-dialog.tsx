import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { codeOf, fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { changesBetween, currentOf, type Lead, type LeadChange, leadName } from './lead.ts';
import { correctionOf, type LeadFormValues, leadFormOf, problemsOf, rebase } from './lead-form.ts';
import { hasUnreadableAmount, LeadFormFields } from './lead-form-fields.tsx';
import { ChangeList } from './refusal-notice.tsx';

/** Corrects a lead that is not decided yet. */
export function EditLeadDialog({ lead, onClose }: { lead: Lead; onClose: () => void }) {
  const api = useApi();
  const queryClient = useQueryClient();
  const commandId = useCommandIds();
  /** The lead that the form started from: its version is named, and what differs from it was typed. */
  const [base, setBase] = useState(lead);
  const [conflict, setConflict] = useState<readonly LeadChange[] | null>(null);
  const form = useForm<LeadFormValues>({ initialValues: leadFormOf(lead), validate: problemsOf });
  const update = useCommand(
    api.leads.update.mutationOptions({
      onSuccess: (after) => {
        queryClient.setQueryData(api.leads.get.queryKey({ input: { id: after.id } }), after);
        onClose();
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
    { done: 'Lead saved.', quiet: true },
  );

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (hasUnreadableAmount(event.currentTarget) || form.validate().hasErrors) return;
    setConflict(null);
    const input = { id: lead.id, version: base.version, ...correctionOf(form.values) };
    update.mutate({ ...input, commandId: commandId(input) });
  };
  const isAtFields = Object.keys(form.errors).length > 0;
  return (
    <Dialog onClose={onClose} title={`Edit ${leadName(lead)}`} size="xl">
      <form onSubmit={submit} noValidate>
        <Stack gap="lg">
          {conflict !== null && (
            <Alert color="orange" role="alert" title="Someone else changed this lead while you were editing">
              {conflict.length > 0 && <ChangeList changes={conflict} />}
              <Text inherit mt={4}>
                Nothing was written yet. What you typed is still here; check it, then save again.
              </Text>
            </Alert>
          )}
          {update.isError && conflict === null && !isAtFields && (
            <Alert color="red" role="alert">
              {sentenceOf(update.error)}
            </Alert>
          )}
          <LeadFormFields form={form} partnerId={lead.partnerId} currency={lead.currency} withNotes />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={update.isPending}>
              Save lead
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
