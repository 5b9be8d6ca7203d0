import { ActionIcon, Group, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconArrowBackUp, IconCheck, IconX } from '@tabler/icons-react';
import { AppLink } from '../../components/app-link.tsx';
import type { TableColumn } from '../../components/data-table.tsx';
import { Instant, Money, PersonName } from '../../components/figures.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { type Credit, creditName, originLabels, triggerLabels } from './credit.ts';

type Column = TableColumn<Credit>;

const lead: Column = {
  key: 'lead',
  header: 'Lead and partner',
  width: '22%',
  render: (credit) => (
    <>
      {credit.partnerLeadId === null ? (
        <Text inherit c="dimmed">
          No lead
        </Text>
      ) : (
        <AppLink
          to="/leads/$leadId"
          params={{ leadId: credit.partnerLeadId }}
          fw={550}
          style={{ display: 'inline-block', minWidth: 100, overflowWrap: 'anywhere' }}
        >
          {credit.leadName ?? 'A lead without a name'}
        </AppLink>
      )}
      <Text size="xs" component="div">
        <AppLink to="/partners/$partnerId" params={{ partnerId: credit.partnerId }} c="dimmed">
          {credit.partnerName}
        </AppLink>
      </Text>
    </>
  ),
};

const reason: Column = { key: 'reason', header: 'Why this amount', render: (credit) => credit.reason };

const origin: Column = {
  key: 'origin',
  header: 'By',
  width: '18%',
  render: (credit) => (
    <>
      {credit.policyId !== null && credit.origin === 'policy' ? (
        <AppLink to="/policies/$policyId" params={{ policyId: credit.policyId }}>
          {credit.policyName ?? 'A policy'}
        </AppLink>
      ) : (
        <Text inherit>{credit.origin === 'policy' ? 'A policy' : originLabels[credit.origin]}</Text>
      )}
      <Text size="xs" c="dimmed">
        {[
          credit.policyRevision === null ? null : `Revision ${credit.policyRevision}`,
          triggerLabels[credit.triggerEvent],
        ]
          .filter((part) => part !== null)
          .join(', ')}
      </Text>
    </>
  ),
};

const asked: Column = {
  key: 'asked',
  header: 'Since',
  render: (credit) => (
    <>
      <Instant value={credit.createdAt} withTime={false} />
      <Text size="xs" c="dimmed">
        <PersonName id={credit.requestedBy} />
      </Text>
    </>
  ),
};

const status: Column = {
  key: 'status',
  header: 'Status',
  render: (credit) => (
    <>
      <StatusBadge status={credit.status} />
      <Text size="xs" c="dimmed" mt={2} component="div">
        <Fate credit={credit} />
      </Text>
    </>
  ),
};

/** What became of a credit, and by whom. */
function Fate({ credit }: { credit: Credit }) {
  if (credit.status === 'rejected') return credit.rejectionReason;
  if (credit.status === 'reversed') return credit.reversalReason;
  if (credit.status === 'pending_approval') return null;
  return (
    <>
      <PersonName id={credit.approvedBy} />, <Instant value={credit.approvedAt} withTime={false} />
      {credit.delegatedPolicyId !== null && ', delegated by its policy'}
      {credit.fourEyesWaived && ', one pair of eyes'}
      {credit.payoutId !== null && (
        <>
          {' · '}
          <AppLink to="/payouts/$payoutId" params={{ payoutId: credit.payoutId }} underline="always">
            in a payout
          </AppLink>
        </>
      )}
      {credit.approvalNotes !== null && <div>{credit.approvalNotes}</div>}
    </>
  );
}

const amount: Column = {
  key: 'amount',
  header: 'Amount',
  align: 'right',
  render: (credit) => (
    <Money
      amount={credit.creditAmount}
      currency={credit.currency}
      fw={550}
      {...((credit.status === 'rejected' || credit.status === 'reversed') && {
        td: 'line-through',
        c: 'dimmed',
        fw: 400,
      })}
    />
  ),
};

/** What is shown of credits that wait, and of those that are decided. */
export const pendingColumns: readonly Column[] = [lead, reason, origin, asked, amount];
export const decidedColumns: readonly Column[] = [lead, reason, origin, status, amount];

interface CreditActions {
  onApprove: (credit: Credit) => void;
  onReject: (credit: Credit) => void;
  onReverse: (credit: Credit) => void;
  /** Why this person can't approve this one, or null. */
  selfApproval: (credit: Credit) => string | null;
  busy: ReadonlySet<string>;
}

/** The decisions on a credit, for who may take them. */
export function creditActionColumn({
  onApprove,
  onReject,
  onReverse,
  selfApproval,
  busy,
}: CreditActions): Column {
  return {
    key: 'actions',
    header: <VisuallyHidden>Decide</VisuallyHidden>,
    align: 'right',
    width: 76,
    render: (credit) => {
      const own = selfApproval(credit);
      const disabled = busy.has(credit.id);
      if (credit.status === 'approved' && credit.origin !== 'reversal') {
        return (
          <Tooltip label="Take this credit back">
            <ActionIcon
              color="gray"
              disabled={disabled}
              aria-label={`Take back ${creditName(credit)}`}
              onClick={() => onReverse(credit)}
            >
              <IconArrowBackUp size={16} />
            </ActionIcon>
          </Tooltip>
        );
      }
      if (credit.status !== 'pending_approval') return null;
      return (
        <Group gap={2} wrap="nowrap" justify="flex-end">
          <Tooltip label={own ?? 'Approve (A)'} multiline maw={280}>
            <ActionIcon
              color="pine"
              aria-label={`Approve ${creditName(credit)}`}
              aria-disabled={own !== null || undefined}
              data-disabled={own !== null || undefined}
              disabled={disabled}
              onClick={() => own === null && onApprove(credit)}
            >
              <IconCheck size={16} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Reject (R)">
            <ActionIcon
              color="red"
              aria-label={`Reject ${creditName(credit)}`}
              disabled={disabled}
              onClick={() => onReject(credit)}
            >
              <IconX size={16} />
            </ActionIcon>
          </Tooltip>
        </Group>
      );
    },
  };
}
