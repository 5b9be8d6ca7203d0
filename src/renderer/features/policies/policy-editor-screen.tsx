import { Group, Radio, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useApi } from '../../app/api.tsx';
import { useCan, useSession } from '../../app/session.tsx';
import { Page } from '../../components/page.tsx';
import { PartnerPicker } from '../../components/partner-picker.tsx';
import { EmptyState, ForbiddenState, QueryState } from '../../components/states.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { EditPolicy } from './edit-policy.tsx';
import { emptyDraft, inputOf, type PolicyDraft } from './policy-draft.ts';
import { PolicyForm } from './policy-form.tsx';

/** A new policy, or the terms of one that is there. */
export function PolicyEditorScreen() {
  const can = useCan();
  const { policyId } = useParams({ strict: false });
  if (!can('policies.edit')) {
    return (
      <Page title={policyId === undefined ? 'New policy' : 'Change policy'}>
        <ForbiddenState>
          Policies are written by policy managers. Ask one of them, or an administrator.
        </ForbiddenState>
      </Page>
    );
  }
  return policyId === undefined ? <NewPolicy /> : <KnownPolicy policyId={policyId} />;
}

function KnownPolicy({ policyId }: { policyId: string }) {
  const api = useApi();
  const query = useQuery(api.creditPolicies.get.queryOptions({ input: { id: policyId } }));
  const policy = query.data;
  if (policy !== undefined && policy.deactivatedFrom === null) {
    return <EditPolicy key={policy.id} policy={policy} />;
  }
  return (
    <Page title="Change policy">
      <QueryState query={query}>
        {() => (
          <EmptyState title="This policy is deactivated">
            Its terms can’t be changed any more. Write a new policy instead.
          </EmptyState>
        )}
      </QueryState>
    </Page>
  );
}

function NewPolicy() {
  const api = useApi();
  const navigate = useNavigate();
  const session = useSession();
  const commandId = useCommandIds();
  const { partnerId: given } = useSearch({ from: '/policies/new' });
  const [isForAll, setIsForAll] = useState(given === undefined);
  const [chosen, setChosen] = useState<string | null>(given ?? null);
  const [missingPartner, setMissingPartner] = useState(false);

  const partnerId = isForAll ? null : chosen;
  const partner = useQuery(
    api.partners.get.queryOptions({ input: { id: partnerId ?? '' }, enabled: partnerId !== null }),
  );
  const currency = (partnerId === null ? undefined : partner.data?.currency) ?? session.currency;

  const told = { done: 'Policy created. Someone else must approve it.', quiet: true };
  const create = useCommand(api.creditPolicies.create.mutationOptions(), told);
  const createForAll = useCommand(api.creditPolicies.createForAll.mutationOptions(), told);
  const command = isForAll ? createForAll : create;

  const save = async (draft: PolicyDraft) => {
    const input = { ...inputOf(draft), policyCode: draft.policyCode.trim() };
    if (!isForAll && chosen === null) {
      setMissingPartner(true);
      return;
    }
    try {
      const policy =
        isForAll || chosen === null
          ? await createForAll.mutateAsync({ ...input, commandId: commandId(input) })
          : await create.mutateAsync({ id: chosen, ...input, commandId: commandId({ chosen, ...input }) });
      void navigate({ to: '/policies/$policyId', params: { policyId: policy.id }, ignoreBlocker: true });
    } catch {
      // The form shows it, at the fields concerned.
    }
  };

  return (
    <Page title="New policy" subtitle="It makes credits once someone other than you has approved it.">
      <PolicyForm
        initial={emptyDraft()}
        isNew
        partnerId={partnerId}
        currency={currency}
        forWhom={
          <Stack gap="xs">
            <Radio.Group
              label="For"
              value={isForAll ? 'all' : 'one'}
              onChange={(value) => setIsForAll(value === 'all')}
            >
              <Group gap="lg" mt={6}>
                <Radio value="all" label="All partners" />
                <Radio value="one" label="One partner" />
              </Group>
            </Radio.Group>
            {!isForAll && (
              <PartnerPicker
                aria-label="Partner"
                placeholder="Name or code"
                value={chosen}
                onChange={(partner) => {
                  setChosen(partner);
                  setMissingPartner(false);
                }}
                error={missingPartner ? 'Choose a partner.' : undefined}
              />
            )}
          </Stack>
        }
        saveLabel="Create policy"
        isSaving={command.isPending}
        error={command.error}
        onChange={() => {
          if (command.isError) command.reset();
        }}
        onSave={(draft) => void save(draft)}
        onCancel={() => void navigate({ to: '/policies' })}
      />
    </Page>
  );
}
