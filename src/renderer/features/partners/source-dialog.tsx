import { Alert, Button, Group, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { isOneOf, partnerTypeToSourceType, type SourceType, sourceTypes } from '#domain/vocabulary.ts';
import { codeOf, fieldErrorsOf, sentenceOf, useApi } from '../../app/api.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { type Partner, type Source, sourceTypeLabels } from './partner.ts';

interface SourceValues {
  sourceName: string;
  sourceType: SourceType;
  sourceCode: string;
  description: string;
}

/** Adds a source to a partner, or changes one's name and description. */
export function SourceDialog({
  partner,
  source,
  onClose,
}: {
  partner: Partner;
  /** Null for a new one. */
  source: Source | null;
  onClose: () => void;
}) {
  const api = useApi();
  const queryClient = useQueryClient();
  const commandId = useCommandIds();
  const form = useForm<SourceValues>({
    initialValues: {
      sourceName: source?.sourceName ?? '',
      sourceType: source?.sourceType ?? partnerTypeToSourceType[partner.partnerType],
      sourceCode: source?.sourceCode ?? '',
      description: source?.description ?? '',
    },
    validate: { sourceName: (value) => (value.trim() === '' ? 'Give the source a name.' : null) },
  });
  const handlers = {
    onSuccess: onClose,
    onError: (error: unknown) => {
      form.setErrors(fieldErrorsOf(error));
      // Behind the dialog the list shows what it is by now.
      if (codeOf(error) === 'CONFLICT') void queryClient.invalidateQueries({ queryKey: api.sources.key() });
    },
  };
  const create = useCommand(api.sources.create.mutationOptions(handlers), {
    done: (after) => `${after.sourceName} added.`,
    quiet: true,
  });
  const update = useCommand(api.sources.update.mutationOptions(handlers), {
    done: 'Source saved.',
    quiet: true,
  });
  const { error } = source === null ? create : update;
  const isAtFields = Object.keys(form.errors).length > 0;

  const save = ({ sourceName, sourceType, sourceCode, description }: SourceValues) => {
    const shared = {
      sourceName: sourceName.trim(),
      description: description.trim() === '' ? null : description.trim(),
    };
    if (source === null) {
      const code = sourceCode.trim();
      const input = { id: partner.id, sourceType, ...shared, ...(code !== '' && { sourceCode: code }) };
      create.mutate({ ...input, commandId: commandId(input) });
    } else {
      const input = { id: source.id, version: source.version, ...shared };
      update.mutate({ ...input, commandId: commandId(input) });
    }
  };
  return (
    <Dialog title={source === null ? 'Add a source' : `Edit ${source.sourceName}`} onClose={onClose}>
      <form onSubmit={form.onSubmit(save)} noValidate>
        <Stack gap="md">
          {error !== null && !isAtFields && (
            <Alert color="red" role="alert" title="Not saved">
              {sentenceOf(error)}
            </Alert>
          )}
          <TextInput
            label="Name"
            withAsterisk
            maxLength={255}
            data-autofocus
            {...form.getInputProps('sourceName')}
          />
          {source === null && (
            <Group grow align="flex-start">
              <Select
                label="Type"
                withAsterisk
                allowDeselect={false}
                data={sourceTypes.map((value) => ({ value, label: sourceTypeLabels[value] }))}
                {...form.getInputProps('sourceType')}
                onChange={(value) => {
                  if (isOneOf(sourceTypes, value)) form.setFieldValue('sourceType', value);
                }}
              />
              <TextInput
                label="Code"
                placeholder="Made from the partner’s"
                maxLength={100}
                {...form.getInputProps('sourceCode')}
              />
            </Group>
          )}
          <Textarea
            label="Description"
            autosize
            minRows={2}
            maxLength={2000}
            {...form.getInputProps('description')}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={create.isPending || update.isPending}>
              {source === null ? 'Add source' : 'Save source'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
