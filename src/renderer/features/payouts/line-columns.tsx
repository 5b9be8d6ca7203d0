import { ActionIcon, Group, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import { AppLink } from '../../components/app-link.tsx';
import type { TableColumn } from '../../components/data-table.tsx';
import { Money, PersonName } from '../../components/figures.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import type { PayoutLine } from './payout.ts';

/** How a sentence calls a line. */
export function lineName(line: PayoutLine): string {
  return line.leadName ?? 'line without a lead';
}

export const lineColumns: readonly TableColumn<PayoutLine>[] = [
  {
    key: 'lead',
    header: 'Lead',
    width: '18%',
    render: (line) =>
      line.partnerLeadId === null ? (
        <Text inherit c="dimmed">
          No lead
        </Text>
      ) : (
        <AppLink
          to="/leads/$leadId"
          params={{ leadId: line.partnerLeadId }}
          style={{ display: 'inline-block', minWidth: 90, overflowWrap: 'anywhere' }}
        >
          {lineName(line)}
        </AppLink>
      ),
  },
  { key: 'reason', header: 'Why this amount', render: (line) => line.description },
  {
    key: 'policy',
    header: 'Policy and source',
    render: (line) => (
      <>
        {line.policyId === null ? (
          <Text inherit>Partner’s terms, or by hand</Text>
        ) : (
          <AppLink to="/policies/$policyId" params={{ policyId: line.policyId }}>
            {line.policyName ?? 'A policy'}
          </AppLink>
        )}
        <Text size="xs" c="dimmed">
          {[line.policyRevision === null ? null : `Revision ${line.policyRevision}`, line.sourceName]
            .filter((part) => part !== null)
            .join(' · ')}
        </Text>
      </>
    ),
  },
  {
    key: 'status',
    header: 'Status',
    render: (line) => (
      <>
        <Tooltip label={<PersonName id={line.decidedBy} />} disabled={line.decidedBy === null}>
          <StatusBadge status={line.status} />
        </Tooltip>
        {line.notes !== null && (
          <Text size="xs" c="dimmed" mt={2}>
            {line.notes}
          </Text>
        )}
      </>
    ),
  },
  {
    key: 'amount',
    header: 'Amount',
    align: 'right',
    render: (line) => (
      <Money
        amount={line.amount}
        currency={line.currency}
        {...(line.status === 'rejected' && { td: 'line-through', c: 'dimmed' })}
      />
    ),
  },
];

interface LineActions {
  onApprove: (line: PayoutLine) => void;
  onReject: (line: PayoutLine) => void;
  /** Why nobody may approve here, or null. */
  selfApproval: string | null;
  busy: boolean;
}

/** The two decisions on a line, as long as they are open. */
export function lineActionColumn({
  onApprove,
  onReject,
  selfApproval,
  busy,
}: LineActions): TableColumn<PayoutLine> {
  return {
    key: 'actions',
    header: <VisuallyHidden>Decide</VisuallyHidden>,
    align: 'right',
    width: 76,
    render: (line) => (
      <Group gap={2} wrap="nowrap" justify="flex-end">
        {line.status === 'pending' && (
          <Tooltip label={selfApproval ?? 'Approve this line (A)'}>
            <ActionIcon
              color="pine"
              aria-label={`Approve the line of ${lineName(line)}`}
              data-disabled={selfApproval !== null || undefined}
              aria-disabled={selfApproval !== null || undefined}
              disabled={busy}
              onClick={() => selfApproval === null && onApprove(line)}
            >
              <IconCheck size={16} />
            </ActionIcon>
          </Tooltip>
        )}
        {line.status !== 'rejected' && (
          <Tooltip
            label={
              line.amount < 0 ? 'What takes back a paid credit can’t be rejected' : 'Reject this line (R)'
            }
          >
            <ActionIcon
              color="red"
              aria-label={`Reject the line of ${lineName(line)}`}
              data-disabled={line.amount < 0 || undefined}
              aria-disabled={line.amount < 0 || undefined}
              disabled={busy}
              onClick={() => line.amount >= 0 && onReject(line)}
            >
              <IconX size={16} />
            </ActionIcon>
          </Tooltip>
        )}
      </Group>
    ),
  };
}
