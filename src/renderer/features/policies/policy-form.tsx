import {
  Alert,
  Box,
  Button,
  Checkbox,
  Divider,
  Group,
  NumberInput,
  Stack,
  Textarea,
  TextInput,
  Title,
} from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { fieldErrorsOf, sentenceOf } from '../../app/api.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { PayFields } from './pay-fields.tsx';
import { type PolicyDraft, termsOf } from './policy-draft.ts';
import classes from './policy-form.module.css';
import { ScopeFields } from './scope-fields.tsx';
import { usePolicyForm } from './use-policy-form.ts';
import { WorkedExample } from './worked-example.tsx';

interface PolicyFormProps {
  initial: PolicyDraft;
  isNew: boolean;
  /** Null: for all partners. */
  partnerId: string | null;
  currency: string;
  /** Whom it is for; above the fields. */
  forWhom?: ReactNode;
  /** What saving does, or what happened meanwhile. */
  notice?: ReactNode;
  saveLabel: string;
  isSaving: boolean;
  /** What the host refused the last attempt with. */
  error: unknown;
  onChange: () => void;
  onSave: (draft: PolicyDraft) => void;
  onCancel: () => void;
}

/** The terms of a policy on the left, what they pay on the right. */
export function PolicyForm(props: PolicyFormProps) {
  const { initial, isNew, partnerId, currency, error, isSaving } = props;
  const { draft, set, errors, problems, submit, isDirty, form, focusFirstError } = usePolicyForm({
    initial,
    isNew,
    currency,
    hostErrors: fieldErrorsOf(error),
    onChange: props.onChange,
    onSave: props.onSave,
  });
  useEffect(() => {
    if (error !== null && error !== undefined) focusFirstError();
    // Only when another answer came.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [error]);
  const isWorkable = problems.every(({ path }) => path === 'policyCode' || path === 'policyName');

  return (
    <div className={classes.columns}>
      <form
        ref={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack gap="xl">
          {props.notice}
          <Section title="Policy">
            {props.forWhom}
            <Group grow align="flex-start">
              <TextInput
                label="Name"
                withAsterisk
                maxLength={255}
                value={draft.policyName}
                onChange={(event) => set({ policyName: event.currentTarget.value })}
                error={errors['policyName']}
              />
              {isNew && (
                <TextInput
                  label="Code"
                  withAsterisk
                  maxLength={100}
                  value={draft.policyCode}
                  onChange={(event) => set({ policyCode: event.currentTarget.value })}
                  error={errors['policyCode']}
                />
              )}
            </Group>
            <Textarea
              label="Description"
              autosize
              minRows={1}
              maxRows={6}
              maxLength={2000}
              value={draft.description}
              onChange={(event) => set({ description: event.currentTarget.value })}
              error={errors['description']}
            />
          </Section>
          <Section title="What it pays">
            <PayFields draft={draft} set={set} errors={errors} currency={currency} />
          </Section>
          <Section title="Which leads it is for">
            <ScopeFields draft={draft} set={set} errors={errors} partnerId={partnerId} />
          </Section>
          <Section title="Beside other policies, and its credits">
            <Group align="flex-start" grow>
              <NumberInput
                label="Priority"
                description="Of policies that compete the highest wins."
                allowDecimal={false}
                min={-1000}
                max={1000}
                value={draft.priority ?? ''}
                onChange={(value) => set({ priority: typeof value === 'number' ? value : null })}
                error={errors['priority']}
              />
              <Stack gap="xs" pt={4}>
                <Checkbox
                  label="Stackable"
                  description="Paid on top of the policy that wins, instead of competing with it."
                  checked={draft.isStackable}
                  onChange={(event) => set({ isStackable: event.currentTarget.checked })}
                />
                <Checkbox
                  label="Approve its credits at once"
                  description="In the name of whoever approves the policy. Payouts still need approval."
                  checked={draft.autoApprove}
                  onChange={(event) => set({ autoApprove: event.currentTarget.checked })}
                />
              </Stack>
            </Group>
          </Section>
          <Box>
            {error !== null && error !== undefined && (
              <Alert color="red" role="alert" title="Not saved" mb="md">
                {sentenceOf(error)}
              </Alert>
            )}
            <Divider mb="md" />
            <Group gap="xs">
              <Button type="submit" loading={isSaving}>
                {props.saveLabel}
              </Button>
              <Button variant="default" onClick={props.onCancel}>
                Cancel
              </Button>
            </Group>
          </Box>
        </Stack>
      </form>
      <div className={classes.beside}>
        <WorkedExample
          terms={isWorkable ? termsOf(draft, partnerId) : null}
          currency={currency}
          {...(problems[0] !== undefined && { missing: missingText(problems) })}
        />
      </div>
      <UnsavedGuard isDirty={isDirty && !isSaving} />
    </div>
  );
}

function missingText(problems: readonly { path: string; message: string }[]): string {
  const first = problems.find(({ path }) => path !== 'policyCode' && path !== 'policyName');
  return `No example yet. ${first?.message ?? ''}`.trim();
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap="md" component="section" aria-label={title}>
      <Title order={2} size="h5">
        {title}
      </Title>
      {children}
    </Stack>
  );
}

/** Asks before what was typed is lost. */
function UnsavedGuard({ isDirty }: { isDirty: boolean }) {
  const blocker = useBlocker({
    shouldBlockFn: () => isDirty,
    withResolver: true,
    enableBeforeUnload: isDirty,
  });
  if (blocker.status !== 'blocked') return null;
  return (
    <Dialog title="Leave without saving?" onClose={blocker.reset}>
      <Stack gap="md">
        What you changed is not saved.
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={blocker.reset} data-autofocus>
            Stay
          </Button>
          <Button color="red" onClick={blocker.proceed}>
            Leave
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
