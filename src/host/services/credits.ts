import { DomainError, invalidField } from '#domain/errors.ts';
import type { HostContext } from '../context.ts';
import { partnerLeadCredits, type Reader } from '../database/index.ts';
import type { Session } from '../session.ts';
import { command } from './command.ts';
import { adjust } from './credits/adjust.ts';
import { type ApproveInput, approveCredit, rejectCredit } from './credits/decide.ts';
import { listCredits } from './credits/list.ts';
import { requestCredit } from './credits/request.ts';
import { reverseCredit } from './credits/reverse.ts';
import { creditToWire } from './credits/wire.ts';
import { requireOwn } from './own-partner.ts';
import type { Input, Output, Service } from './service.ts';

type Outcome = Output<'credits', 'bulk'>['outcomes'][number];

/** Credits: what the engine and people ask for, and what becomes of it (`domain.md`, "Credits"). */
export function creditsService(host: HostContext): Service<'credits'> {
  const reading = <T>(session: Session, fn: (reader: Reader) => Promise<T>) =>
    host.database.read({ tenantId: session.tenantId }, fn);
  const approve = (session: Session, input: ApproveInput) =>
    command(host, session, { name: 'credits.approve', input }, (work) => approveCredit(work, session, input));
  const reject = (session: Session, input: Input<'credits', 'reject'>) =>
    command(host, session, { name: 'credits.reject', input }, (work) => rejectCredit(work, session, input));

  return {
    list: (session, input) => reading(session, (reader) => listCredits(reader, session, input)),

    get: (session, input) =>
      reading(session, async (reader) => {
        const credit = await reader.find(partnerLeadCredits, { id: input.id });
        if (credit === undefined) throw new DomainError('NOT_FOUND', 'There is no such credit.');
        requireOwn(session, credit.partnerId, 'credit');
        return creditToWire(reader, credit);
      }),

    request: (session, input) =>
      command(host, session, { name: 'credits.request', input }, (work) =>
        requestCredit(work, session, input),
      ),

    adjust: (session, input) =>
      command(host, session, { name: 'credits.adjust', input }, (work) => adjust(work, session, input)),

    approve,
    reject,

    reverse: (session, input) =>
      command(host, session, { name: 'credits.reverse', input }, (work) =>
        reverseCredit(work, session, input),
      ),

    bulk: async (session, input, call) => {
      const { action, ids, reason, approvalNotes, commandId: bulkId } = input;
      if (action === 'reject' && reason === undefined) {
        throw invalidField('reason', 'Say why these credits are rejected.');
      }
      const outcomes: Outcome[] = [];
      for (const creditId of ids) {
        // Each credit is a command of its own: what was decided before the caller went away stays decided.
        call.signal?.throwIfAborted();
        const commandId = bulkId === undefined ? undefined : `${bulkId}:credit:${creditId}`;
        const decision =
          action === 'approve'
            ? approve(session, { id: creditId, approvalNotes, commandId })
            : reject(session, { id: creditId, reason: reason ?? '', commandId });
        outcomes.push(await outcomeOf(creditId, decision));
      }
      return { outcomes };
    },
  };
}

async function outcomeOf(creditId: string, decision: Promise<unknown>): Promise<Outcome> {
  try {
    await decision;
    return { id: creditId, ok: true };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { id: creditId, ok: false, code: error.code, message: error.message };
  }
}
