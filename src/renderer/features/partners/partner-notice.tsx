import { Alert, List, Text } from '@mantine/core';
import { IconHourglass, IconInfoCircle } from '@tabler/icons-react';
import { useCan } from '../../app/session.tsx';
import { PersonName } from '../../components/figures.tsx';
import { approvalGaps, type Partner } from './partner.ts';
import { useIsMaker } from './use-is-maker.ts';

/** What stands out about the partner now, and who has to do something about it. */
export function PartnerNotice({ partner }: { partner: Partner }) {
  if (partner.status === 'pending') return <Waiting partner={partner} />;
  if (partner.status === 'active') {
    return partner.fourEyesWaived ? (
      <Alert role="note" color="gray" py="xs" icon={<IconInfoCircle size={18} aria-hidden />}>
        Approved, or its bank details verified, by the one who made them: four eyes were switched off then.
      </Alert>
    ) : null;
  }
  const reason = partner.status === 'rejected' ? partner.rejectionReason : partner.statusReason;
  const said = {
    rejected: 'It was rejected.',
    suspended: 'It is suspended: no leads, no payouts; its balance stays, on hold.',
    inactive: 'It is inactive: no leads, no payouts.',
  }[partner.status];
  return (
    <Alert
      role="note"
      color={partner.status === 'inactive' ? 'gray' : 'orange'}
      py="xs"
      icon={<IconInfoCircle size={18} aria-hidden />}
    >
      {said}
      {reason !== null && <Text inherit>Reason: {reason}</Text>}
    </Alert>
  );
}

function Waiting({ partner }: { partner: Partner }) {
  const mayDecide = useCan()('partners.decide');
  const isMaker = useIsMaker(partner);
  const gaps = approvalGaps(partner);
  return (
    <Alert
      role="note"
      color="yellow"
      py="xs"
      icon={<IconHourglass size={18} aria-hidden />}
      title="Waiting for approval"
    >
      <Text inherit>
        {!mayDecide ? (
          'An approver decides. Until then it can’t submit leads.'
        ) : isMaker ? (
          'You registered or edited this partner, so somebody else has to approve it.'
        ) : (
          <>
            Submitted by <PersonName id={partner.submittedBy} />. Until it is approved it can’t submit leads.
          </>
        )}
      </Text>
      {gaps.length > 0 && (
        <>
          <Text inherit mt={4}>
            An approval still needs:
          </Text>
          <List size="sm" withPadding>
            {gaps.map((gap) => (
              <List.Item key={gap}>{gap}</List.Item>
            ))}
          </List>
        </>
      )}
    </Alert>
  );
}
