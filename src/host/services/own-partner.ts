import sql, { empty, raw, type Sql } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import type { Session } from '../session.ts';

/**
 * Keeps a partner's user to the own partner (`domain.md`, "People": "such a user sees only the own partner"). Every
 * service function behind a `partnerProcedure` uses one of these; for staff they change nothing.
 */
type Whose = Pick<Session, 'partnerId'>;

/**
 * Throws `NOT_FOUND` when a partner's user asks for another partner, or for what is of no partner at all (null): told
 * apart from an id that nobody has by nothing, `what` included.
 */
export function requireOwn(session: Whose, partnerId: string | null, what = 'partner'): void {
  if (session.partnerId !== null && partnerId !== session.partnerId) {
    throw new DomainError('NOT_FOUND', `There is no such ${what}.`);
  }
}

/** Whether the session may see rows of this partner. */
export function isOwn(session: Whose, partnerId: string | null): boolean {
  return session.partnerId === null || partnerId === session.partnerId;
}

/**
 * `and partner_id = …` for a partner's user, nothing for staff: to be put after another condition. `column` names the
 * partner's column where the statement joins: `raw('c.partner_id')`.
 */
export function ownPartner(session: Whose, column: Sql = raw('partner_id')): Sql {
  return session.partnerId === null ? empty : sql` and ${column} = ${session.partnerId}`;
}
