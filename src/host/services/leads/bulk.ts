import { setImmediate } from 'node:timers/promises';
import { DomainError, invalidField } from '#domain/errors.ts';
import type { HostContext } from '../../context.ts';
import type { Session } from '../../session.ts';
import type { Input, Output } from '../service.ts';
import { assignLead, markNotDuplicate } from './by-hand.ts';
import { approveLead, rejectLead } from './decisions.ts';
import { claimLead, releaseLead } from './review.ts';

/**
 * One action on many leads. Each lead is a command of its own, with its own activity: one that is refused says why and
 * leaves the others alone. Outcomes come in the order of the ids; an id given twice is handled, and answered, once. Others have their
 * turn between two leads. A repeat with the same `commandId` answers again for what was done, and tries what was refused once more.
 * @throws DomainError `VALIDATION` for an action without the reason or the reviewer it needs, before anything is done.
 */
export async function bulkLeads(
  host: HostContext,
  session: Session,
  input: Input<'leads', 'bulk'>,
): Promise<Output<'leads', 'bulk'>> {
  const act = actionOf(host, session, input);
  const outcomes: Output<'leads', 'bulk'>['outcomes'] = [];
  for (const id of new Set(input.ids)) {
    await setImmediate();
    try {
      await act(id);
      outcomes.push({ id, ok: true });
    } catch (error) {
      // A refusal is this lead's outcome; a fault is nobody's, and ends the whole.
      if (!(error instanceof DomainError)) throw error;
      outcomes.push({ id, ok: false, code: error.code, message: error.message });
    }
  }
  return { outcomes };
}

function actionOf(
  host: HostContext,
  session: Session,
  { action, reason, reviewerId, commandId }: Input<'leads', 'bulk'>,
): (id: string) => Promise<unknown> {
  const one = (id: string) => ({ id, ...(commandId !== undefined && { commandId: `${commandId} ${id}` }) });
  if (action === 'reject') {
    if (reason === undefined) throw invalidField('reason', 'Say why these leads are rejected.');
    return (id) => rejectLead(host, session, { ...one(id), reason });
  }
  if (action === 'notDuplicate') {
    if (reason === undefined) throw invalidField('reason', 'Say why these leads are no duplicates.');
    return (id) => markNotDuplicate(host, session, { ...one(id), reason });
  }
  if (action === 'assign') {
    if (reviewerId === undefined) throw invalidField('reviewerId', 'Say who is to review these leads.');
    return (id) => assignLead(host, session, { ...one(id), reviewerId });
  }
  if (action === 'approve') return (id) => approveLead(host, session, { ...one(id), notes: undefined });
  if (action === 'claim') return (id) => claimLead(host, session, one(id));
  return (id) => releaseLead(host, session, one(id));
}
