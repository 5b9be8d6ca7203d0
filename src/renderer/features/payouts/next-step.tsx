import { Alert, Text } from '@mantine/core';
import { IconInfoCircle, IconLock } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../app/api.tsx';
import { useCan, useSession } from '../../app/session.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { Money, PersonName } from '../../components/figures.tsx';
import { statusLabel } from '../../components/status-badge.tsx';
import { useApprovalRules } from '../../components/use-approval-rules.ts';
import { isToPay, type Payout, takesTwoApprovers } from './payout.ts';
import { useSelfApprovalReason } from './use-self-approval.ts';

/** What keeps this payout from going on, or why it ended: the one thing to know before doing anything. */
export function NextStep({ payout }: { payout: Payout }) {
  const { id: me } = useSession();
  const can = useCan();
  const { secondApprovalThreshold } = useApprovalRules(payout.currency);
  const selfApproval = useSelfApprovalReason(payout);

  if (payout.status === 'rejected') {
    return (
      <Alert color="red" title="Rejected" icon={<IconInfoCircle size={18} />}>
        {payout.rejectionNotes} Its credits are free for the next payout.
      </Alert>
    );
  }
  if (payout.status === 'cancelled') {
    return (
      <Alert color="gray" title="Cancelled" icon={<IconInfoCircle size={18} />}>
        {payout.cancelReason} Its credits are free for the next payout.
      </Alert>
    );
  }
  return (
    <>
      {payout.status === 'pending' && payout.firstApprovedBy !== null && (
        <Alert color="yellow" title="A second approval is needed" icon={<IconInfoCircle size={18} />}>
          {payout.firstApprovedBy === me ? 'You' : <PersonName id={payout.firstApprovedBy} />} gave the first
          approval, for <Money amount={payout.firstApprovedAmount} currency={payout.currency} />. Someone else
          must give the second, for that amount or less.
        </Alert>
      )}
      {payout.status === 'pending' &&
        payout.firstApprovedBy === null &&
        takesTwoApprovers(payout, secondApprovalThreshold) && (
          <Text size="sm" c="dimmed">
            Above <Money amount={secondApprovalThreshold} currency={payout.currency} />, a payout takes two
            approvers.
          </Text>
        )}
      {selfApproval !== null && payout.firstApprovedBy !== me && can('payouts.approve') && (
        <Alert variant="default" icon={<IconLock size={18} aria-hidden />} py="xs">
          {selfApproval}
        </Alert>
      )}
      {(payout.status === 'pending' || isToPay(payout)) && <PartnerHolds payout={payout} />}
    </>
  );
}

/** What about the partner keeps the payout from being approved or paid. */
function PartnerHolds({ payout }: { payout: Payout }) {
  const api = useApi();
  const partner = useQuery(api.partners.get.queryOptions({ input: { id: payout.partnerId } })).data;
  if (partner === undefined) return null;
  const link = (
    <AppLink to="/partners/$partnerId" params={{ partnerId: partner.id }} underline="always">
      Open {partner.organizationName}
    </AppLink>
  );
  if (partner.status !== 'active') {
    return (
      <Alert color="orange" title={`The partner is ${statusLabel(partner.status).toLowerCase()}`}>
        Nothing can be approved or paid until it is active again. {link}
      </Alert>
    );
  }
  if (isToPay(payout) && partner.bankingDetails?.isVerified !== true) {
    return (
      <Alert color="orange" title="The bank details are not verified">
        A payment can be recorded only after an approver has verified them. {link}
      </Alert>
    );
  }
  return null;
}
