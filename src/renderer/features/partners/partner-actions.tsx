import { Button, Tooltip } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { availableActions, needsReason, type PartnerAction, partnerMachine } from '#domain/state-machines.ts';
import { codeOf, useApi, useClient } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { ApproveDialog } from './approve-dialog.tsx';
import type { Partner } from './partner.ts';
import { useIsMaker } from './use-is-maker.ts';

type Decision = Exclude<PartnerAction, 'approve'>;

/** What each decision is called, what it does, and how its success is told. */
const decisions: Record<Decision, { label: string; title: string; effect: ReactNode; done: string }> = {
  reject: {
    label: 'Reject',
    title: 'Reject partner',
    effect: 'It can’t submit leads. It may be put up for approval again later.',
    done: 'Partner rejected.',
  },
  suspend: {
    label: 'Suspend',
    title: 'Suspend partner',
    effect: 'It submits no leads and is paid nothing until it is reactivated. Its balance stays, on hold.',
    done: 'Partner suspended.',
  },
  deactivate: {
    label: 'Deactivate',
    title: 'Deactivate partner',
    effect: 'It submits no leads and is paid nothing. Its records stay, and it can be reactivated.',
    done: 'Partner deactivated.',
  },
  reactivate: {
    label: 'Reactivate',
    title: 'Reactivate partner',
    effect: 'It can submit leads and be paid again.',
    done: 'Partner is active again.',
  },
  reapply: {
    label: 'Put up for approval again',
    title: 'Put up for approval again',
    effect: 'It waits for an approver again. Whoever does this can’t approve it.',
    done: 'Partner waits for approval again.',
  },
};

const dangerous: readonly Decision[] = ['reject', 'suspend', 'deactivate'];

/** The buttons that the state machine offers in this status, to whoever may press them. */
export function PartnerActions({ partner }: { partner: Partner }) {
  const can = useCan();
  const isMaker = useIsMaker(partner);
  const [open, setOpen] = useState<PartnerAction | null>(null);
  const offered = availableActions(partnerMachine, partner.status).filter((action) =>
    can(action === 'reapply' ? 'partners.edit' : 'partners.decide'),
  );
  return (
    <>
      {[...offered]
        // The step forward stands last, at the edge, where the eye ends.
        .sort((a, b) => Number(isForward(a)) - Number(isForward(b)))
        .map((action) => {
          if (action !== 'approve') {
            return (
              <Button
                key={action}
                variant={isForward(action) ? 'filled' : 'default'}
                onClick={() => setOpen(action)}
              >
                {decisions[action].label}
              </Button>
            );
          }
          return isMaker ? (
            <Tooltip
              key={action}
              label="You registered or edited this partner. Somebody else has to approve it."
              events={{ hover: true, focus: true, touch: true }}
            >
              {/* Not disabled outright: then nobody could reach why. */}
              <Button data-disabled aria-disabled onClick={(event) => event.preventDefault()}>
                Approve
              </Button>
            </Tooltip>
          ) : (
            <Button key={action} onClick={() => setOpen(action)}>
              Approve
            </Button>
          );
        })}
      {open === 'approve' && <ApproveDialog partner={partner} onClose={() => setOpen(null)} />}
      {open !== null && open !== 'approve' && (
        <DecisionDialog partner={partner} action={open} onClose={() => setOpen(null)} />
      )}
    </>
  );
}

function isForward(action: PartnerAction): boolean {
  return action === 'approve' || action === 'reactivate' || action === 'reapply';
}

function DecisionDialog({
  partner,
  action,
  onClose,
}: {
  partner: Partner;
  action: Decision;
  onClose: () => void;
}) {
  const api = useApi();
  const client = useClient();
  const queryClient = useQueryClient();
  const commandId = useCommandIds();
  const words = decisions[action];
  const decide = useCommand(
    {
      mutationFn: (reason: string) => {
        const target = { id: partner.id, version: partner.version };
        const input = { ...target, reason };
        const id = { commandId: commandId({ action, ...input }) };
        if (action === 'reactivate' || action === 'reapply') {
          return client.partners[action]({ ...target, ...(reason !== '' && { reason }), ...id });
        }
        return client.partners[action]({ ...input, ...id });
      },
      onError: (error: unknown) => {
        // The page behind shows the partner as it is by now, and the next try names that version.
        if (codeOf(error) === 'CONFLICT' || codeOf(error) === 'INVALID_TRANSITION') {
          void queryClient.invalidateQueries({ queryKey: api.partners.key() });
        }
      },
    },
    { done: words.done, quiet: true },
  );
  return (
    <ReasonDialog
      title={words.title}
      confirmLabel={words.label}
      danger={dangerous.includes(action)}
      required={needsReason(partnerMachine, partner.status, action)}
      label={needsReason(partnerMachine, partner.status, action) ? 'Reason' : 'Reason (if there is one)'}
      onConfirm={(reason) => decide.mutateAsync(reason)}
      onClose={onClose}
    >
      {words.effect}
    </ReasonDialog>
  );
}
