import { Button, Group, Tooltip } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { sentenceOf, useApi } from '../../app/api.tsx';
import { useCan, useSession } from '../../app/session.tsx';
import { moneyText } from '../../components/figures.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { ConvertLeadDialog } from './convert-lead-dialog.tsx';
import { EditLeadDialog } from './edit-lead-dialog.tsx';
import { holderAt, isOpen, type Lead, type LeadRefusal, leadName, refusalOf } from './lead.ts';
import { RejectDialog } from './reject-dialog.tsx';

interface LeadActionsProps {
  lead: Lead;
  now: number;
  /** Tells why the host refused; null when something new is tried. */
  onRefused: (refusal: LeadRefusal | null) => void;
}

/** What can be done with a lead where it stands, for whoever may. */
export function LeadActions({ lead, now, onRefused }: LeadActionsProps) {
  const api = useApi();
  const me = useSession();
  const mayReview = useCan()('leads.review');
  const queryClient = useQueryClient();
  const commandId = useCommandIds();
  const [dialog, setDialog] = useState<'reject' | 'edit' | 'convert' | null>(null);
  const refused = (attempt: string) => (error: unknown) => {
    onRefused(refusalOf(error, lead, attempt));
    void queryClient.invalidateQueries({ queryKey: api.leads.key() });
  };
  const approve = useCommand(api.leads.approve.mutationOptions({ onError: refused('approved') }), {
    done: (after) =>
      after.creditAmount === null
        ? `${leadName(after)} approved.`
        : `${leadName(after)} approved: ${moneyText(after.creditAmount, after.currency)} credit.`,
    quiet: true,
  });
  const reject = useCommand(
    api.leads.reject.mutationOptions({ onSuccess: () => setDialog(null), onError: refused('rejected') }),
    { done: (after) => `${leadName(after)} rejected.`, quiet: true },
  );

  if (!mayReview || (!isOpen(lead) && lead.status !== 'approved')) return null;
  const holder = holderAt(lead, now);
  const held = holder !== null && holder !== me.id;
  const target = { id: lead.id, version: lead.version };
  return (
    <>
      <Tooltip label="Someone else is reviewing this lead" disabled={!held}>
        <Group gap="xs" wrap="nowrap">
          {isOpen(lead) ? (
            <>
              <Button variant="default" disabled={held} onClick={() => setDialog('edit')}>
                Edit
              </Button>
              <Button variant="light" color="red" disabled={held} onClick={() => setDialog('reject')}>
                Reject
              </Button>
              <Button
                disabled={held}
                loading={approve.isPending}
                onClick={() => {
                  onRefused(null);
                  approve.mutate({ ...target, commandId: commandId({ ...target, action: 'approve' }) });
                }}
              >
                Approve
              </Button>
            </>
          ) : (
            <Button onClick={() => setDialog('convert')}>Convert</Button>
          )}
        </Group>
      </Tooltip>
      {dialog === 'edit' && <EditLeadDialog lead={lead} onClose={() => setDialog(null)} />}
      {dialog === 'convert' && <ConvertLeadDialog lead={lead} onClose={() => setDialog(null)} />}
      {dialog === 'reject' && (
        <RejectDialog
          what={leadName(lead)}
          busy={reject.isPending}
          problem={reject.isError ? sentenceOf(reject.error) : null}
          onReject={(reason) =>
            reject.mutate({ ...target, reason, commandId: commandId({ ...target, reason }) })
          }
          onClose={() => setDialog(null)}
        />
      )}
    </>
  );
}
