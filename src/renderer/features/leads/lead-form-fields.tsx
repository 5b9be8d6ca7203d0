import { Fieldset, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { LeadDataField } from '#domain/lead-data.ts';
import { budgetRanges, leadTypes } from '#domain/vocabulary.ts';
import { useApi } from '../../app/api.tsx';
import { budgetRangeLabels, leadFieldLabels, leadTypeLabels } from '../../components/lead-words.ts';
import { MoneyInput } from '../../components/money-input.tsx';
import type { LeadFormValues } from './lead-form.ts';

/** Marks the amount fields of a form for `hasUnreadableAmount`. */
export const amountMark = { 'data-amount': true };

interface LeadFormFieldsProps {
  form: UseFormReturnType<LeadFormValues>;
  partnerId: string;
  currency: string;
  withNotes?: boolean;
}

/** The fields of a lead, in the groups its details have. */
export function LeadFormFields({ form, partnerId, currency, withNotes = false }: LeadFormFieldsProps) {
  const api = useApi();
  const sources = useQuery(api.sources.list.queryOptions({ input: { id: partnerId }, staleTime: 60_000 }));
  const text = (field: LeadDataField, isRequired = false) => (
    <TextInput
      data-autofocus={field === 'firstName' || undefined}
      label={leadFieldLabels[field]}
      withAsterisk={isRequired}
      aria-required={isRequired || undefined}
      autoComplete="off"
      {...form.getInputProps(`leadData.${field}`)}
    />
  );
  const choice = (field: 'leadType' | 'budgetRange', data: { value: string; label: string }[]) => {
    const { value, onChange, ...input } = form.getInputProps(`leadData.${field}`);
    return (
      <Select
        label={leadFieldLabels[field]}
        clearable
        data={data}
        value={value === '' ? null : value}
        onChange={(chosen) => onChange(chosen ?? '')}
        {...input}
      />
    );
  };
  return (
    <Stack gap="lg">
      <Part title="Contact">
        {text('firstName')}
        {text('lastName')}
        {text('email', true)}
        {text('phone', true)}
      </Part>
      <Part title="Company">
        {text('company')}
        {text('jobTitle')}
        {text('industry')}
        {text('address')}
        {text('zipCode')}
        {text('city')}
        {text('state')}
        {text('country')}
      </Part>
      <Part title="Qualification">
        {choice(
          'leadType',
          leadTypes.map((value) => ({ value, label: leadTypeLabels[value] })),
        )}
        {choice(
          'budgetRange',
          budgetRanges.map((value) => ({ value, label: budgetRangeLabels[value] })),
        )}
        {text('timelineDays')}
        {text('interestAreas')}
      </Part>
      <Part title="Referral">
        <Select
          label="Source"
          placeholder="The partner’s own"
          allowDeselect={false}
          data={(sources.data?.items ?? []).map((source) => ({
            value: source.id,
            label: source.sourceName,
            disabled: !source.isActive,
          }))}
          {...form.getInputProps('sourceId')}
        />
        <MoneyInput
          label="Estimated value"
          currency={currency}
          {...amountMark}
          value={form.values.estimatedValue}
          onChange={(amount) => form.setFieldValue('estimatedValue', amount)}
          error={form.errors['estimatedValue']}
        />
        <TextInput label="Project" autoComplete="off" {...form.getInputProps('projectId')} />
        <TextInput label="Campaign" autoComplete="off" {...form.getInputProps('campaignId')} />
      </Part>
      <Textarea
        label={leadFieldLabels.additionalInfo}
        autosize
        minRows={2}
        maxRows={8}
        {...form.getInputProps('leadData.additionalInfo')}
      />
      {withNotes && (
        <Textarea
          label="Review notes"
          description="For your colleagues; not part of the lead’s data."
          autosize
          minRows={2}
          maxRows={8}
          {...form.getInputProps('reviewNotes')}
        />
      )}
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Fieldset
      variant="unstyled"
      legend={
        <Text span inherit fw={650}>
          {title}
        </Text>
      }
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="xs">
        {children}
      </SimpleGrid>
    </Fieldset>
  );
}

/** Whether an amount was typed that can't be read: it must not be taken for an empty one. */
export function hasUnreadableAmount(form: HTMLFormElement): boolean {
  const field = form.querySelector<HTMLInputElement>('input[data-amount][aria-invalid="true"]');
  field?.focus();
  return field !== null;
}
