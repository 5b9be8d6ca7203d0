import { Alert, Button, Group, Radio, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { SubmissionType } from '#domain/vocabulary.ts';
import { fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { submissionTypeLabels } from '../../components/lead-words.ts';
import { PartnerPicker } from '../../components/partner-picker.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { leadName } from './lead.ts';
import { emptyLeadForm, type LeadFormValues, problemsOf, submissionOf } from './lead-form.ts';
import { hasUnreadableAmount, LeadFormFields } from './lead-form-fields.tsx';

const kinds = ['new_lead', 'referral'] as const satisfies readonly SubmissionType[];

/** Takes a lead in for a partner, and shows it. */
export function SubmitLeadDialog({ partnerId, onClose }: { partnerId: string | null; onClose: () => void }) {
  const api = useApi();
  const navigate = useNavigate();
  const commandId = useCommandIds();
  const [forPartner, setForPartner] = useState(partnerId);
  const [kind, setKind] = useState<SubmissionType>('new_lead');
  const form = useForm<LeadFormValues>({ initialValues: emptyLeadForm(), validate: problemsOf });
  const partner = useQuery(
    api.partners.get.queryOptions({ input: { id: forPartner ?? '' }, enabled: forPartner !== null }),
  );
  const submit = useCommand(
    api.leads.submit.mutationOptions({
      onSuccess: (lead) => {
        onClose();
        void navigate({ to: '/leads/$leadId', params: { leadId: lead.id } });
      },
      onError: (error) => form.setErrors(fieldErrorsOf(error)),
    }),
    { done: (lead) => `${leadName(lead)} submitted, score ${lead.qualityScore}.`, quiet: true },
  );

  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (forPartner === null || hasUnreadableAmount(event.currentTarget) || form.validate().hasErrors) return;
    const input = { id: forPartner, submissionType: kind, ...submissionOf(form.values) };
    submit.mutate({ ...input, commandId: commandId(input) });
  };
  const isAtFields = Object.keys(form.errors).length > 0;
  return (
    <Dialog onClose={onClose} title="Submit a lead" size="xl">
      <form onSubmit={send} noValidate>
        <Stack gap="lg">
          {submit.isError && !isAtFields && (
            <Alert color="red" role="alert">
              {sentenceOf(submit.error)}
            </Alert>
          )}
          <Group align="flex-start" grow>
            <PartnerPicker
              label="Partner"
              placeholder="Search by name or code"
              withAsterisk
              data-autofocus
              status="active"
              allowDeselect={false}
              description="Only an active partner can submit leads."
              value={forPartner}
              onChange={(id) => {
                setForPartner(id);
                // A source is one partner's, an amount in its currency.
                form.setFieldValue('sourceId', null);
                form.setFieldValue('estimatedValue', null);
              }}
            />
            <Radio.Group
              label="Kind"
              description="A referral comes from an existing customer."
              value={kind}
              onChange={(value) => setKind(kinds.find((each) => each === value) ?? 'new_lead')}
            >
              <Group mt={8}>
                {kinds.map((value) => (
                  <Radio key={value} value={value} label={submissionTypeLabels[value]} />
                ))}
              </Group>
            </Radio.Group>
          </Group>
          {forPartner === null || partner.data === undefined ? (
            <Text c="dimmed">
              {partner.isError ? sentenceOf(partner.error) : 'Choose the partner first.'}
            </Text>
          ) : (
            <LeadFormFields
              // The amount field belongs to a currency.
              key={forPartner}
              form={form}
              partnerId={forPartner}
              currency={partner.data.currency}
            />
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={submit.isPending} disabled={partner.data === undefined}>
              Submit lead
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
