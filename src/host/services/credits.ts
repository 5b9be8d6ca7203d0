import sql, { empty, join, type Sql } from 'sql-template-tag';
import { id, instant } from '#contract/base.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import type { HostContext } from '../context.ts';
import { partnerLeadCredits, type Reader } from '../database/index.ts';
import type { Session } from '../session.ts';
import { command } from './command.ts';
import { type ApproveInput, approveCredit, rejectCredit } from './credits/decide.ts';
import { requestCredit } from './credits/request.ts';
import { reverseCredit } from './credits/reverse.ts';
import { creditsToWire, creditToWire } from './credits/wire.ts';
import { cutPage, decodeCursor } from './paging.ts';
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
    list: (session, input) => reading(session, (reader) => listPage(reader, session, input)),

    get: (session, input) =>
      reading(session, async (reader) => {
        const credit = await reader.find(partnerLeadCredits, { id: input.id });
        if (credit === undefined) throw new DomainError('NOT_FOUND', 'There is no such credit.');
        return creditToWire(reader, credit);
      }),

    request: (session, input) =>
      command(host, session, { name: 'credits.request', input }, (work) =>
        requestCredit(work, session, input),
      ),

    approve,
    reject,

    reverse: (session, input) =>
      command(host, session, { name: 'credits.reverse', input }, (work) =>
        reverseCredit(work, session, input),
      ),

    bulk: async (session, input, call) => {
      const { action, ids, reason } = input;
      if (action === 'reject' && reason === undefined) {
        throw invalidField('reason', 'Say why these credits are rejected.');
      }
      const outcomes: Outcome[] = [];
      for (const creditId of ids) {
        // Each credit is a command of its own: what was decided before the caller went away stays decided.
        call.signal?.throwIfAborted();
        const decision =
          action === 'approve'
            ? approve(session, { id: creditId })
            : reject(session, { id: creditId, reason: reason ?? '' });
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

async function listPage(
  reader: Reader,
  session: Session,
  input: Input<'credits', 'list'>,
): Promise<Output<'credits', 'list'>> {
  const { partnerId, status, partnerLeadId, cursor, limit } = input;
  const conditions: Sql[] = [];
  if (partnerId !== undefined) conditions.push(sql`partner_id = ${partnerId}`);
  if (partnerLeadId !== undefined) conditions.push(sql`partner_lead_id = ${partnerLeadId}`);
  // Written out, because the index of what waits for approval is a partial one and a parameter would not match it.
  if (status === 'pending_approval') conditions.push(sql`status = 'pending_approval'`);
  else if (status !== undefined) conditions.push(sql`status = ${status}`);

  const after = cursor === undefined ? [] : [afterCursor(cursor)];
  const rows = await reader.list(
    partnerLeadCredits,
    sql`${allOf([...conditions, ...after])} order by created_at, id limit ${limit + 1}`,
  );
  const { items, nextCursor } = cutPage(rows, limit, (row) => [row.createdAt, row.id]);
  const page = { items: await creditsToWire(reader, session.tenantId, items), nextCursor };
  if (!input.total) return page;
  const counted = await reader.get<{ n: number }>(sql`select count(*) as n from partner_lead_credits
    where ${allOf([sql`tenant_id = ${session.tenantId}`, ...conditions])}`);
  return { ...page, total: counted?.n ?? 0 };
}

function afterCursor(cursor: string): Sql {
  const [createdAt, creditId] = decodeCursor(cursor, ['string', 'string']);
  // What is no instant or id would be an error of the database on PostgreSQL, and of nobody on SQLite.
  if (!instant.safeParse(createdAt).success || !id.safeParse(creditId).success) {
    throw invalidField('cursor', 'This page marker is not from this list. Start again without it.');
  }
  return sql`(created_at, id) > (${createdAt}, ${creditId})`;
}

function allOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? empty : join(conditions, ' and ');
}
