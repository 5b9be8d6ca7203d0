import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Outputs } from '#contract/index.ts';
import { sentenceOf, tellDone, useApi } from '../../app/api.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import type { Credit } from './credit.ts';

export type CreditDecision = { action: 'approve' } | { action: 'reject'; reason: string };

export interface CreditRefusal {
  credit: Credit;
  sentence: string;
}

type Outcome = Outputs['credits']['bulk']['outcomes'][number];

/** So many in one call (`credits.bulk`). */
const atOnce = 500;

const done = { approve: 'approved', reject: 'rejected' } as const;

/**
 * Decides credits. Those on their way are `aside`: their rows leave at once and come back with the reason where the host
 * refuses, so that nobody decides the same row twice while the answer travels.
 */
export function useCreditDecisions() {
  const api = useApi();
  const queryClient = useQueryClient();
  const commandId = useCommandIds();
  const approve = useCommand(api.credits.approve.mutationOptions(), { quiet: true });
  const reject = useCommand(api.credits.reject.mutationOptions(), { quiet: true });
  const bulk = useCommand(api.credits.bulk.mutationOptions(), { quiet: true });
  const [aside, setAside] = useState<ReadonlySet<string>>(new Set());
  const [refusals, setRefusals] = useState<readonly CreditRefusal[]>([]);

  const putAside = (credits: readonly Credit[]) =>
    setAside((known) => new Set([...known, ...credits.map(({ id }) => id)]));
  const bringBack = (credits: readonly Credit[]) =>
    setAside((known) => {
      const left = new Set(known);
      for (const { id } of credits) left.delete(id);
      return left;
    });
  const refuse = (refused: readonly CreditRefusal[]) => {
    const again = new Set(refused.map(({ credit }) => credit.id));
    setRefusals((known) => [...refused, ...known.filter(({ credit }) => !again.has(credit.id))]);
    // What the person saw is not what is: it is looked at again.
    if (refused.length > 0) void queryClient.invalidateQueries();
  };

  /** A refused approval is among the `refusals`; a refused rejection is thrown, for the dialog that asked. */
  const decide = async (credit: Credit, decision: CreditDecision): Promise<void> => {
    putAside([credit]);
    const input = { id: credit.id, version: credit.version };
    const id = commandId({ ...input, ...decision });
    try {
      // Done when the lists have been asked again, so the row does not come back in between.
      await (decision.action === 'approve'
        ? approve.mutateAsync({ ...input, commandId: id })
        : reject.mutateAsync({ ...input, reason: decision.reason, commandId: id }));
      setRefusals((known) => known.filter((refusal) => refusal.credit.id !== credit.id));
    } catch (error) {
      if (decision.action === 'reject') {
        // The dialog with the reason is still open, and shows it there.
        void queryClient.invalidateQueries();
        throw error;
      }
      refuse([{ credit, sentence: sentenceOf(error) }]);
    } finally {
      bringBack([credit]);
    }
  };

  const decideMany = async (credits: readonly Credit[], decision: CreditDecision): Promise<void> => {
    putAside(credits);
    const outcomes: Outcome[] = [];
    try {
      for (let start = 0; start < credits.length; start += atOnce) {
        const ids = credits.slice(start, start + atOnce).map(({ id }) => id);
        outcomes.push(...(await bulk.mutateAsync({ ids, ...decision })).outcomes);
      }
      const failed = new Map(outcomes.filter(({ ok }) => !ok).map((outcome) => [outcome.id, outcome]));
      setRefusals([]);
      refuse(
        credits
          .filter(({ id }) => failed.has(id))
          .map((credit) => ({
            credit,
            sentence: failed.get(credit.id)?.message ?? 'The host gave no reason.',
          })),
      );
      const count = credits.length - failed.size;
      if (count > 0) tellDone(`${count} ${count === 1 ? 'credit' : 'credits'} ${done[decision.action]}.`);
    } finally {
      bringBack(credits);
    }
  };

  return {
    aside,
    refusals,
    dismiss: () => setRefusals([]),
    decide,
    decideMany,
    /** Decisions whose answer is awaited. */
    underWay: aside.size,
  };
}
