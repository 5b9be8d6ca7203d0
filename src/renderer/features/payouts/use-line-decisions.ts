import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { codeOf, sentenceOf, tellDone, useClient } from '../../app/api.tsx';
import { useCommandIds } from '../../components/use-command-ids.ts';
import type { PayoutLine } from './payout.ts';

export type LineAction = 'approve' | 'reject';

export interface LineDecision {
  action: LineAction;
  lines: readonly PayoutLine[];
  /** Null: none; a rejection always has them. */
  notes: string | null;
}

export interface LineRefusal {
  line: PayoutLine;
  sentence: string;
}

/** Words for a decision that is done. */
const done: Record<LineAction, string> = { approve: 'approved', reject: 'rejected' };

/**
 * Decides lines one after the other, each a command of its own: one that is refused keeps none of the others from being
 * decided. What was refused is kept with its reason until the next decision.
 */
export function useLineDecisions() {
  const client = useClient();
  const queryClient = useQueryClient();
  const commandId = useCommandIds();
  const [refusals, setRefusals] = useState<readonly LineRefusal[]>([]);
  const [decided, setDecided] = useState(0);

  const decideOne = ({ action, notes }: LineDecision, line: PayoutLine) => {
    const input = { id: line.id, version: line.version };
    if (action === 'approve') {
      const approval = { ...input, ...(notes !== null && { notes }) };
      return client.payouts.approveLine({ ...approval, commandId: commandId({ action, ...approval }) });
    }
    const rejection = { ...input, notes: notes ?? '' };
    return client.payouts.rejectLine({ ...rejection, commandId: commandId({ action, ...rejection }) });
  };

  const mutation = useMutation({
    mutationFn: async (decision: LineDecision): Promise<LineRefusal[]> => {
      setRefusals([]);
      setDecided(0);
      const refused: LineRefusal[] = [];
      for (const line of decision.lines) {
        try {
          await decideOne(decision, line);
        } catch (error) {
          // Without a code it is no refusal of this line: the host is gone, and asking for the others is of no use.
          if (codeOf(error) === null || codeOf(error) === 'UNAUTHENTICATED') {
            await queryClient.invalidateQueries();
            throw error;
          }
          refused.push({ line, sentence: sentenceOf(error) });
        }
        setDecided((count) => count + 1);
      }
      return refused;
    },
    onSuccess: (refused, { action, lines }) => {
      setRefusals(refused);
      const count = lines.length - refused.length;
      if (count > 0) tellDone(`${count} ${count === 1 ? 'line' : 'lines'} ${done[action]}.`);
    },
  });
  return {
    decide: mutation.mutateAsync,
    isDeciding: mutation.isPending,
    /** How many of those asked for are dealt with. */
    decided,
    of: mutation.variables?.lines.length ?? 0,
    refusals,
    failure: mutation.error,
    dismiss: () => {
      setRefusals([]);
      mutation.reset();
    },
  };
}
