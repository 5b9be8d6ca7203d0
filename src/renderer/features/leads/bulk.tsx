import { Button, Group, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import type { Outputs } from '#contract/index.ts';
import { sentenceOf, useApi } from '../../app/api.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { useCommand } from '../../components/use-command.ts';
import { type Lead, leadName } from './lead.ts';
import { RejectDialog } from './reject-dialog.tsx';

type Action = 'claim' | 'approve' | 'reject';
type Outcome = Outputs['leads']['bulk']['outcomes'][number];

/** The contract takes so many at once. */
const most = 500;
const past: Record<Action, string> = { claim: 'claimed', approve: 'approved', reject: 'rejected' };
const countOf = (count: number) => (count === 1 ? '1 lead' : `${count.toLocaleString()} leads`);

interface BulkBarProps {
  leads: readonly Lead[];
  onTick: (ids: ReadonlySet<string>) => void;
  /** These are decided, and leave the queue. */
  onDecided: (ids: ReadonlySet<string>) => void;
}

/** Decides the ticked leads together. Each is a decision of its own: what is refused stays ticked, and says why. */
export function BulkBar({ leads, onTick, onDecided }: BulkBarProps) {
  const api = useApi();
  const bulk = useCommand(api.leads.bulk.mutationOptions());
  const [asking, setAsking] = useState<'approve' | 'reject' | null>(null);
  const [report, setReport] = useState<{
    action: Action;
    outcomes: Outcome[];
    leads: readonly Lead[];
  } | null>(null);

  const run = (action: Action, reason?: string) => {
    const ids = leads.slice(0, most).map((lead) => lead.id);
    bulk.mutate(
      { action, ids, ...(reason !== undefined && { reason }) },
      {
        onSuccess: ({ outcomes }) => {
          setAsking(null);
          setReport({ action, outcomes, leads });
          const idsWhere = (ok: boolean) =>
            new Set(outcomes.filter((outcome) => outcome.ok === ok).map((outcome) => outcome.id));
          onTick(idsWhere(false));
          if (action !== 'claim') onDecided(idsWhere(true));
        },
      },
    );
  };
  const what = countOf(Math.min(leads.length, most));
  return (
    <>
      {leads.length > 0 && (
        <Stack gap={6} py={6} role="group" aria-label="Selected leads">
          <Group justify="space-between" gap="xs">
            <Text size="sm" fw={600} aria-live="polite">
              {countOf(leads.length)} selected
              {leads.length > most && `, the first ${most} at once`}
            </Text>
            <Button size="compact-xs" variant="subtle" onClick={() => onTick(new Set())}>
              Clear
            </Button>
          </Group>
          <Group gap={6}>
            <Button size="xs" onClick={() => setAsking('approve')}>
              Approve
            </Button>
            <Button size="xs" variant="light" color="red" onClick={() => setAsking('reject')}>
              Reject
            </Button>
            <Button size="xs" variant="default" loading={bulk.isPending} onClick={() => run('claim')}>
              Claim
            </Button>
          </Group>
        </Stack>
      )}
      {asking === 'approve' && (
        <Dialog onClose={() => setAsking(null)} title={`Approve ${what}`}>
          <Stack gap="md">
            <Text>
              Each lead is approved on its own, and the credit policies are applied to it. This can’t be taken
              back.
            </Text>
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={() => setAsking(null)}>
                Cancel
              </Button>
              <Button data-autofocus loading={bulk.isPending} onClick={() => run('approve')}>
                Approve {what}
              </Button>
            </Group>
          </Stack>
        </Dialog>
      )}
      {asking === 'reject' && (
        <RejectDialog
          what={what}
          busy={bulk.isPending}
          problem={bulk.isError ? sentenceOf(bulk.error) : null}
          onReject={(reason) => run('reject', reason)}
          onClose={() => setAsking(null)}
        />
      )}
      {report !== null && <Report {...report} onClose={() => setReport(null)} />}
    </>
  );
}

interface ReportProps {
  action: Action;
  outcomes: readonly Outcome[];
  leads: readonly Lead[];
  onClose: () => void;
}

/** What became of each lead; the refused ones first, for they need something. */
function Report({ action, outcomes, leads, onClose }: ReportProps) {
  const names = new Map(leads.map((lead) => [lead.id, leadName(lead)]));
  const refused = outcomes.filter((outcome) => !outcome.ok);
  const done = outcomes.filter((outcome) => outcome.ok);
  return (
    <Dialog onClose={onClose} title={`${countOf(done.length)} ${past[action]}`} size="lg">
      <Stack gap="md">
        {refused.length > 0 && (
          <Text>
            {countOf(refused.length)} could not be {past[action]}, and {refused.length === 1 ? 'is' : 'are'}{' '}
            still selected.
          </Text>
        )}
        <Table.ScrollContainer minWidth={320} maxHeight="50vh">
          <Table stickyHeader aria-label="What became of each lead">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Lead</Table.Th>
                <Table.Th>Outcome</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {[...refused, ...done].map((outcome) => (
                <Table.Tr key={outcome.id}>
                  <Table.Td>{names.get(outcome.id) ?? 'A lead'}</Table.Td>
                  <Table.Td c={outcome.ok ? undefined : 'red'}>
                    {outcome.ok
                      ? past[action].charAt(0).toUpperCase() + past[action].slice(1)
                      : (outcome.message ?? `It was not ${past[action]}.`)}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
        <Group justify="flex-end">
          <Button data-autofocus onClick={onClose}>
            Close
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
