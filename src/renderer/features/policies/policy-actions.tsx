import { Button, Tooltip } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useApi } from '../../app/api.tsx';
import { useCan, useSession } from '../../app/session.tsx';
import { LinkButton } from '../../components/link-button.tsx';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { useApprovalRules } from '../../components/use-approval-rules.ts';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import type { Policy, Revision } from './policy.ts';

/** Who wrote any part of what would be approved now: the policy, or a revision since the one in force. */
function isOwnWork(policy: Policy, revisions: readonly Revision[], me: string): boolean {
  const since = policy.effectiveRevision ?? 0;
  return (
    policy.createdBy === me || revisions.some(({ revision, madeBy }) => revision > since && madeBy === me)
  );
}

/** What this person can do with the policy as it stands. */
export function PolicyActions({ policy, revisions }: { policy: Policy; revisions: readonly Revision[] }) {
  const api = useApi();
  const can = useCan();
  const { id: me } = useSession();
  const { fourEyes } = useApprovalRules();
  const queryClient = useQueryClient();
  const commandId = useCommandIds();
  const [isDeactivating, setIsDeactivating] = useState(false);
  const approve = useCommand(
    // A policy changed meanwhile is shown as it is now.
    api.creditPolicies.approve.mutationOptions({ onError: () => void queryClient.invalidateQueries() }),
    { done: (after) => `Approved. Revision ${after.revision} makes the credits from now on.` },
  );
  if (policy.deactivatedFrom !== null) return null;
  const own =
    fourEyes && isOwnWork(policy, revisions, me)
      ? 'You made or changed this policy, so someone else must approve it.'
      : null;

  return (
    <>
      {can('policies.edit') && (
        <>
          <Button variant="default" onClick={() => setIsDeactivating(true)}>
            Deactivate
          </Button>
          <LinkButton variant="default" to="/policies/$policyId/edit" params={{ policyId: policy.id }}>
            Change
          </LinkButton>
        </>
      )}
      {policy.approvalRequired && can('policies.approve') && (
        <Tooltip label={own} disabled={own === null} multiline maw={280}>
          <Button
            loading={approve.isPending}
            aria-disabled={own !== null || undefined}
            data-disabled={own !== null || undefined}
            onClick={() => {
              if (own !== null) return;
              const input = { id: policy.id, version: policy.version };
              approve.mutate({ ...input, commandId: commandId(input) });
            }}
          >
            {policy.revision === 1 ? 'Approve policy' : `Approve revision ${policy.revision}`}
          </Button>
        </Tooltip>
      )}
      {isDeactivating && <DeactivateDialog policy={policy} onClose={() => setIsDeactivating(false)} />}
    </>
  );
}

function DeactivateDialog({ policy, onClose }: { policy: Policy; onClose: () => void }) {
  const api = useApi();
  const commandId = useCommandIds();
  const deactivate = useCommand(api.creditPolicies.deactivate.mutationOptions(), {
    done: 'Policy deactivated.',
    quiet: true,
  });
  return (
    <ReasonDialog
      title={`Deactivate ${policy.policyName}`}
      confirmLabel="Deactivate policy"
      onConfirm={(reason) => {
        const input = { id: policy.id, version: policy.version, reason };
        return deactivate.mutateAsync({ ...input, commandId: commandId(input) });
      }}
      onClose={onClose}
    >
      It makes no credits from now on, for good; a revision that waits goes with it. The credits it made stay.
    </ReasonDialog>
  );
}
