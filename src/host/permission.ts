import { type Permission, permissionsOfPartner } from '#contract/permissions.ts';
import { DomainError } from '#domain/errors.ts';
import type { Session } from './session.ts';

/**
 * Throws unless the session holds the permission: `FORBIDDEN`, or `PARTNER_NOT_ACTIVE` (`domain.md`, "Partner": "Only an active
 * partner submits leads") where only the partner's status keeps its people from a call that `canTellStatus`, having that refusal.
 */
export function requirePermission(session: Session, permission: Permission, canTellStatus: boolean): void {
  if (session.permissions.has(permission)) return;
  const { partnerName, partnerRole, partnerStatus } = session;
  const isPaused = partnerStatus !== null && partnerStatus !== 'active' && !session.secondFactor.mustEnrol;
  if (isPaused && partnerRole !== null && permissionsOfPartner(partnerRole).includes(permission)) {
    const sentence = `${partnerName} is ${partnerStatus}. Until it is active, its people can read, and change nothing.`;
    throw new DomainError(canTellStatus ? 'PARTNER_NOT_ACTIVE' : 'FORBIDDEN', sentence);
  }
  refuseRole();
}

/** What nobody of this role may do. Throws `FORBIDDEN`. */
export function refuseRole(): never {
  throw new DomainError('FORBIDDEN', 'Your role does not allow this. Ask an administrator if you need it.');
}
