import { Button, Tooltip } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { canTransition, payoutMachine } from '#domain/state-machines.ts';
import { useApi } from '../../app/api.tsx';
import { useCan, useSession } from '../../app/session.tsx';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { ApproveDialog } from './approve-dialog.tsx';
import { ExportDialog } from './export-dialog.tsx';
import { PayDialog } from './pay-dialog.tsx';
import type { Payout } from './payout.ts';
import { useSelfApprovalReason } from './use-self-approval.ts';

type Asking = 'approve' | 'reject' | 'cancel' | 'pay' | 'export';

/** What this person can do with the payout as it stands; what the four-eyes rule forbids is shown with the reason. */
export function PayoutActions({ payout }: { payout: Payout }) {
  const { id: me } = useSession();
  const can = useCan();
  const selfApproval = useSelfApprovalReason(payout);
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = () => setAsking(null);

  const isPossible = (action: 'approve' | 'reject' | 'cancel' | 'pay') =>
    canTransition(payoutMachine, payout.status, action);
  // Finance takes back its own work only; approvers anyone's (domain.md, "People").
  const mayWithdraw = can('payouts.withdraw') && (can('payouts.approve') || payout.generatedBy === me);

  return (
    <>
      {can('payouts.export') && (
        <Button
          variant="default"
          leftSection={<IconDownload size={16} />}
          onClick={() => setAsking('export')}
        >
          Export
        </Button>
      )}
      {isPossible('reject') && mayWithdraw && (
        <Button variant="default" onClick={() => setAsking('reject')}>
          Reject payout
        </Button>
      )}
      {isPossible('cancel') && mayWithdraw && (
        <Button variant="default" onClick={() => setAsking('cancel')}>
          Cancel payout
        </Button>
      )}
      {isPossible('approve') && can('payouts.approve') && (
        <Tooltip label={selfApproval} disabled={selfApproval === null}>
          <Button
            data-disabled={selfApproval !== null || undefined}
            aria-disabled={selfApproval !== null || undefined}
            onClick={() => selfApproval === null && setAsking('approve')}
          >
            Approve payout
          </Button>
        </Tooltip>
      )}
      {isPossible('pay') && can('payouts.pay') && (
        <Button onClick={() => setAsking('pay')}>Record payment</Button>
      )}
      {asking === 'approve' && <ApproveDialog payout={payout} onClose={close} />}
      {asking === 'pay' && <PayDialog payout={payout} onClose={close} />}
      {asking === 'export' && <ExportDialog payoutIds={[payout.id]} onClose={close} />}
      {(asking === 'reject' || asking === 'cancel') && (
        <WithdrawDialog payout={payout} action={asking} onClose={close} />
      )}
    </>
  );
}

interface WithdrawDialogProps {
  payout: Payout;
  action: 'reject' | 'cancel';
  onClose: () => void;
}

/** Rejects a pending payout, or cancels an approved one; either way its credits are free again. */
function WithdrawDialog({ payout, action, onClose }: WithdrawDialogProps) {
  const api = useApi();
  const commandId = useCommandIds();
  const reject = useCommand(api.payouts.reject.mutationOptions(), { done: 'Payout rejected.', quiet: true });
  const cancel = useCommand(api.payouts.cancel.mutationOptions(), { done: 'Payout cancelled.', quiet: true });
  const isReject = action === 'reject';
  return (
    <ReasonDialog
      title={`${isReject ? 'Reject' : 'Cancel'} ${payout.payoutNumber}`}
      label={isReject ? 'Notes' : 'Reason'}
      confirmLabel={isReject ? 'Reject payout' : 'Cancel payout'}
      onConfirm={(words) => {
        const input = { id: payout.id, version: payout.version };
        const id = commandId({ ...input, action, words });
        return isReject
          ? reject.mutateAsync({ ...input, notes: words, commandId: id })
          : cancel.mutateAsync({ ...input, reason: words, commandId: id });
      }}
      onClose={onClose}
    >
      {isReject
        ? 'The whole payout is rejected. Its credits are free for the next one.'
        : 'The approval is taken back, and the amount returns to the partner’s balance. Its credits are free for the next payout.'}
    </ReasonDialog>
  );
}
