import { Alert, Button, Group, List, SegmentedControl, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { sumMinor } from '#domain/money.ts';
import { payoutLineStatuses } from '#domain/payouts.ts';
import { isOneOf } from '#domain/vocabulary.ts';
import { sentenceOf, useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { Money } from '../../components/figures.tsx';
import { useDecisionKeys } from '../../components/keys.ts';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { EmptyState } from '../../components/states.tsx';
import { lineActionColumn, lineColumns, lineName } from './line-columns.tsx';
import { lineStatusLabels, type Payout, type PayoutLine } from './payout.ts';
import { type LineAction, useLineDecisions } from './use-line-decisions.ts';
import { useSelfApprovalReason } from './use-self-approval.ts';

const everyLine = 'all';

/** The lines of a payout, each with its lead, policy and reason; decided one by one or several at once while it is pending. */
export function PayoutLines({ payout }: { payout: Payout }) {
  const api = useApi();
  const can = useCan();
  const selfApproval = useSelfApprovalReason(payout);
  const [status, setStatus] = useState<string>(everyLine);
  const [active, setActive] = useState<string | null>(null);
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState<{ action: LineAction; lines: readonly PayoutLine[] } | null>(null);
  const { decide, isDeciding, decided, of, refusals, failure, dismiss } = useLineDecisions();

  const query = useInfiniteQuery(
    api.payouts.lines.infiniteOptions({
      input: (cursor: string | undefined) => ({
        id: payout.id,
        cursor,
        limit: 100,
        total: cursor === undefined,
        ...(isOneOf(payoutLineStatuses, status) && { status }),
      }),
      initialPageParam: undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
    }),
  );
  const lines = query.data?.pages.flatMap((page) => page.items) ?? [];
  const chosen = lines.filter((line) => ticked.has(line.id));
  const mayDecide = payout.status === 'pending' && can('payouts.approve');

  const run = async (action: LineAction, these: readonly PayoutLine[], notes: string | null) => {
    const able = these.filter((line) =>
      action === 'approve' ? line.status === 'pending' : line.status !== 'rejected',
    );
    await decide({ action, lines: able, notes });
    setTicked(new Set());
  };
  const approveNow = (these: readonly PayoutLine[]) => {
    // What went wrong is shown above the table.
    if (selfApproval === null && !isDeciding) run('approve', these, null).catch(() => {});
  };
  const activeLine = lines.find((line) => line.id === active);
  useDecisionKeys({
    onApprove: () => {
      if (mayDecide && activeLine?.status === 'pending') approveNow([activeLine]);
    },
    onReject: () => {
      if (
        mayDecide &&
        activeLine !== undefined &&
        activeLine.status !== 'rejected' &&
        activeLine.amount >= 0
      ) {
        setAsking({ action: 'reject', lines: [activeLine] });
      }
    },
  });

  return (
    <div>
      <Group justify="space-between" mb="xs" mih={34}>
        <Title order={2} size="h4">
          Lines
        </Title>
        {chosen.length > 0 && mayDecide ? (
          <Group gap="xs" role="group" aria-label="The chosen lines">
            <Text size="sm" role="status">
              {isDeciding ? `${decided} of ${of} decided` : `${chosen.length} chosen, `}
              {!isDeciding && (
                <Money
                  amount={sumMinor(chosen.map((line) => line.amount))}
                  currency={payout.currency}
                  fw={600}
                />
              )}
            </Text>
            <Button
              size="compact-sm"
              variant="light"
              disabled={selfApproval !== null}
              loading={isDeciding}
              onClick={() => approveNow(chosen)}
            >
              Approve
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              disabled={selfApproval !== null || isDeciding}
              onClick={() => setAsking({ action: 'approve', lines: chosen })}
            >
              Approve with notes
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              disabled={isDeciding}
              onClick={() => setAsking({ action: 'reject', lines: chosen })}
            >
              Reject
            </Button>
          </Group>
        ) : (
          <SegmentedControl
            size="xs"
            aria-label="Which lines"
            value={status}
            onChange={(value) => {
              setStatus(value);
              setTicked(new Set());
            }}
            data={[
              { value: everyLine, label: 'All' },
              ...payoutLineStatuses.map((value) => ({ value, label: lineStatusLabels[value] })),
            ]}
          />
        )}
      </Group>
      {(refusals.length > 0 || failure !== null) && (
        <Alert
          color="red"
          role="alert"
          mb="sm"
          withCloseButton
          closeButtonLabel="Dismiss"
          onClose={dismiss}
          title={failure === null ? `${refusals.length} not decided` : 'Not all lines were decided'}
        >
          {failure !== null && sentenceOf(failure)}
          {refusals.length > 0 && (
            <List size="sm">
              {refusals.map(({ line, sentence }) => (
                <List.Item key={line.id}>
                  {lineName(line)}: {sentence}
                </List.Item>
              ))}
            </List>
          )}
        </Alert>
      )}
      <DataTable
        label="Lines"
        columns={
          mayDecide
            ? [
                ...lineColumns,
                lineActionColumn({
                  onApprove: (line) => approveNow([line]),
                  onReject: (line) => setAsking({ action: 'reject', lines: [line] }),
                  selfApproval,
                  busy: isDeciding,
                }),
              ]
            : lineColumns
        }
        query={query}
        activeId={active}
        onOpen={(line) => setActive(line.id)}
        {...(mayDecide && {
          selection: { ids: ticked, onChange: setTicked, nameOf: lineName },
        })}
        empty={
          <EmptyState title="No line here">
            {status === everyLine
              ? 'Every payout has a line per credit.'
              : `No line of this payout is ${lineStatusLabels[isOneOf(payoutLineStatuses, status) ? status : 'pending'].toLowerCase()}.`}
          </EmptyState>
        }
      />
      {asking !== null && (
        <LineNotesDialog
          {...asking}
          onConfirm={(notes) => run(asking.action, asking.lines, notes === '' ? null : notes)}
          onClose={() => setAsking(null)}
        />
      )}
    </div>
  );
}

interface LineNotesDialogProps {
  action: LineAction;
  lines: readonly PayoutLine[];
  onConfirm: (notes: string) => Promise<void>;
  onClose: () => void;
}

function LineNotesDialog({ action, lines, onConfirm, onClose }: LineNotesDialogProps) {
  const [first, ...others] = lines;
  const isReject = action === 'reject';
  const what =
    others.length === 0 && first !== undefined ? `the line of ${lineName(first)}` : `${lines.length} lines`;
  return (
    <ReasonDialog
      title={`${isReject ? 'Reject' : 'Approve'} ${what}`}
      label="Notes"
      confirmLabel={`${isReject ? 'Reject' : 'Approve'} ${lines.length === 1 ? 'line' : `${lines.length} lines`}`}
      danger={isReject}
      required={isReject}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      {isReject
        ? 'It is taken out of this payout; its credit is free for a later one. The notes are kept with the line.'
        : 'The notes are kept with the line.'}
    </ReasonDialog>
  );
}
