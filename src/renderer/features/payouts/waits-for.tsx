import { Text } from '@mantine/core';
import { useSession } from '../../app/session.tsx';
import { Day, PersonName } from '../../components/figures.tsx';
import { useApprovalRules } from '../../components/use-approval-rules.ts';
import { isToPay, type Payout, takesTwoApprovers } from './payout.ts';

/** Who has to do what next, in a few words. */
export function WaitsFor({ payout }: { payout: Payout }) {
  const { id: me } = useSession();
  const { fourEyes, secondApprovalThreshold } = useApprovalRules(payout.currency);
  if (payout.status === 'pending') {
    if (payout.firstApprovedBy !== null) {
      return (
        <Text inherit span>
          A second approver, after{' '}
          {payout.firstApprovedBy === me ? 'you' : <PersonName id={payout.firstApprovedBy} />}
        </Text>
      );
    }
    const whom = takesTwoApprovers(payout, secondApprovalThreshold) ? 'Two approvers' : 'An approver';
    return (
      <Text inherit span>
        {whom}
        {fourEyes && payout.generatedBy === me && ', not you'}
      </Text>
    );
  }
  if (isToPay(payout)) {
    return (
      <Text inherit span>
        Finance, to pay{payout.paidAmount > 0 && ' the rest'}
      </Text>
    );
  }
  if (payout.status === 'paid') {
    return (
      <Text inherit span c="dimmed">
        Paid on <Day value={payout.paymentDate} />
      </Text>
    );
  }
  return (
    <Text inherit span c="dimmed" lineClamp={1}>
      {payout.status === 'rejected' ? payout.rejectionNotes : payout.cancelReason}
    </Text>
  );
}
