import { Alert, Button, Group, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { codeOf, useApi } from '../../app/api.tsx';
import { Page } from '../../components/page.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { ChangeList } from './change-list.tsx';
import type { Policy } from './policy.ts';
import { draftOf, inputOf, type PolicyDraft } from './policy-draft.ts';
import { PolicyForm } from './policy-form.tsx';
import { changesInWords } from './terms-in-words.ts';
import { useSourceNames } from './use-source-names.ts';

/** Changes the terms of a policy: a new revision, while the approved one goes on making credits. */
export function EditPolicy({ policy }: { policy: Policy }) {
  const api = useApi();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const commandId = useCommandIds();
  // What the form began with; the list behind may refresh, what is typed may not.
  const [base, setBase] = useState(policy);
  const [fresh, setFresh] = useState<Policy | null>(null);
  const [version, setVersion] = useState(policy.version);
  const update = useCommand(api.creditPolicies.update.mutationOptions(), {
    done: (after) =>
      after.revision === base.revision
        ? 'Policy saved.'
        : `Revision ${after.revision} saved. Someone else must approve it.`,
    quiet: true,
  });
  const back = { to: '/policies/$policyId', params: { policyId: policy.id } } as const;

  const save = async (draft: PolicyDraft) => {
    const input = { id: policy.id, version, ...inputOf(draft) };
    try {
      await update.mutateAsync({ ...input, commandId: commandId(input) });
      void navigate({ ...back, ignoreBlocker: true });
    } catch (error) {
      if (codeOf(error) !== 'CONFLICT') return;
      setFresh(
        await queryClient.fetchQuery(
          api.creditPolicies.get.queryOptions({ input: { id: policy.id }, staleTime: 0 }),
        ),
      );
    }
  };
  const decideConflict = (takeTheirs: boolean) => {
    if (fresh === null) return;
    setVersion(fresh.version);
    if (takeTheirs) setBase(fresh);
    setFresh(null);
    update.reset();
  };

  return (
    <Page title={`Change ${base.policyName}`} subtitle={base.policyCode}>
      <PolicyForm
        key={base.version}
        initial={draftOf(base)}
        isNew={false}
        partnerId={base.partnerId}
        currency={base.currency}
        notice={
          fresh === null ? (
            <RevisionNotice policy={base} />
          ) : (
            <ConflictNotice
              before={base}
              fresh={fresh}
              onTakeTheirs={() => decideConflict(true)}
              onKeepMine={() => decideConflict(false)}
            />
          )
        }
        saveLabel="Save policy"
        isSaving={update.isPending}
        error={fresh === null ? update.error : null}
        onChange={() => {
          if (update.isError && fresh === null) update.reset();
        }}
        onSave={(draft) => void save(draft)}
        onCancel={() => void navigate(back)}
      />
    </Page>
  );
}

function RevisionNotice({ policy }: { policy: Policy }) {
  const { effectiveRevision, revision } = policy;
  return (
    <Text size="sm" c="dimmed">
      {effectiveRevision === null
        ? 'This policy was never approved. Changed terms need approval by someone who did not write them.'
        : `Changed terms become revision ${revision + 1}, which needs approval. Revision ${effectiveRevision} goes on making credits until then. Another name or description takes effect at once.`}
    </Text>
  );
}

interface ConflictNoticeProps {
  before: Policy;
  fresh: Policy;
  onTakeTheirs: () => void;
  onKeepMine: () => void;
}

/** Someone else saved first: says what they changed, and lets the person choose. */
function ConflictNotice({ before, fresh, onTakeTheirs, onKeepMine }: ConflictNoticeProps) {
  const sourceName = useSourceNames(fresh.partnerId);
  const changes = changesInWords(before, fresh, { currency: fresh.currency, sourceName });
  return (
    <Alert color="orange" role="alert" title="Not saved: someone else changed this policy meanwhile">
      {changes.length === 0 ? (
        <Text inherit>Its terms are the same; its name, description or approval is another.</Text>
      ) : (
        <ChangeList changes={changes} />
      )}
      <Group gap="xs" mt="sm">
        <Button size="compact-sm" variant="default" onClick={onTakeTheirs}>
          Begin again from theirs
        </Button>
        <Button size="compact-sm" variant="default" onClick={onKeepMine}>
          Keep mine, to save on top
        </Button>
      </Group>
    </Alert>
  );
}
