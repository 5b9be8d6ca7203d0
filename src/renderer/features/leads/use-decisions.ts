import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { codeOf, useApi } from '../../app/api.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useCommandIds } from '../../components/use-command-ids.ts';
import { type Lead, type LeadRefusal, refusalOf } from './lead.ts';

export type Decision = { action: 'approve' } | { action: 'reject'; reason: string };

const done = { approve: 'approved', reject: 'rejected' } as const;

/** The last decision that the host has confirmed. */
export interface Settled {
  lead: Lead;
  action: Decision['action'];
}

/**
 * Decides leads of the queue without waiting for the answer: the row steps aside at once, and comes back with the
 * reason where the host refuses. Commands on one lead run one after the other, so that an approval right after a claim
 * knows the version the claim made.
 */
export function useDecisions() {
  const api = useApi();
  const queryClient = useQueryClient();
  const approve = useCommand(api.leads.approve.mutationOptions(), { quiet: true });
  const reject = useCommand(api.leads.reject.mutationOptions(), { quiet: true });
  const claim = useCommand(api.leads.claim.mutationOptions(), { quiet: true });
  const release = useCommand(api.leads.release.mutationOptions(), { quiet: true });
  const commandId = useCommandIds();

  /** Leads whose decision is on its way or done: they are out of the queue. */
  const [aside, setAside] = useState<ReadonlySet<string>>(new Set());
  const [underWay, setUnderWay] = useState(0);
  const [refusals, setRefusals] = useState<readonly LeadRefusal[]>([]);
  const [settled, setSettled] = useState<Settled | null>(null);
  const chains = useRef(new Map<string, Promise<Lead | null>>());

  const dismiss = (leadId: string) =>
    setRefusals((known) => known.filter((refusal) => refusal.lead.id !== leadId));

  const refuse = async (error: unknown, lead: Lead, attempt: string) => {
    setRefusals((known) => [
      refusalOf(error, lead, attempt),
      ...known.filter((refusal) => refusal.lead.id !== lead.id),
    ]);
    // What the person saw is not what is: leads are looked at again before the row comes back, if it still belongs here.
    // A host that can't be reached is not waited for: the row is back at once, to be tried again.
    const looked = queryClient.invalidateQueries({ queryKey: api.leads.key() });
    if (codeOf(error) !== null) await looked;
  };

  /** Runs a command after those already under way on the same lead; null where it, or one before it, was refused. */
  const inTurn = (lead: Lead, attempt: string, run: (version: number) => Promise<Lead>) => {
    const before = chains.current.get(lead.id) ?? Promise.resolve(lead);
    const mine = before.then(async (latest) => {
      if (latest === null) return null;
      try {
        const after = await run(Math.max(lead.version, latest.version));
        queryClient.setQueryData(api.leads.get.queryKey({ input: { id: lead.id } }), after);
        return after;
      } catch (error) {
        await refuse(error, lead, attempt);
        return null;
      }
    });
    chains.current.set(lead.id, mine);
    void mine.finally(() => {
      if (chains.current.get(lead.id) === mine) chains.current.delete(lead.id);
    });
    return mine;
  };

  const decide = async (lead: Lead, decision: Decision): Promise<void> => {
    dismiss(lead.id);
    setAside((known) => new Set(known).add(lead.id));
    setUnderWay((count) => count + 1);
    const after = await inTurn(lead, done[decision.action], (version) => {
      const input = { id: lead.id, version };
      return decision.action === 'approve'
        ? approve.mutateAsync({ ...input, commandId: commandId({ ...input, ...decision }) })
        : reject.mutateAsync({
            ...input,
            reason: decision.reason,
            commandId: commandId({ ...input, ...decision }),
          });
    });
    setUnderWay((count) => count - 1);
    if (after === null) {
      setAside((known) => {
        const left = new Set(known);
        left.delete(lead.id);
        return left;
      });
    } else {
      setSettled({ lead: after, action: decision.action });
    }
  };

  return {
    aside,
    /** How many decisions wait for the host's answer. */
    underWay,
    refusals,
    settled,
    dismiss,
    decide,
    claim: (lead: Lead) => {
      dismiss(lead.id);
      return inTurn(lead, 'claimed', (version) => claim.mutateAsync({ id: lead.id, version }));
    },
    release: (lead: Lead) => {
      dismiss(lead.id);
      return inTurn(lead, 'released', (version) => release.mutateAsync({ id: lead.id, version }));
    },
  };
}
