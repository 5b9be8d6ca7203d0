import { DomainError } from '#domain/errors.ts';
import { type NotificationEvent, notificationEventNames, notificationEvents } from '#domain/notifications.ts';
import { staffRoles } from '#domain/vocabulary.ts';
import type { Session } from '../../session.ts';

/**
 * The audiences a person belongs to, as the table names them (`notify.ts`). `admin` holds every permission of the staff
 * and is told whatever any role is; a partner's user hears of the own partner and nothing else.
 */
export function audiencesOf(session: Session): string[] {
  const own = [`person:${session.userId}`];
  if (session.kind === 'staff') {
    const roles = session.roles.includes('admin') ? staffRoles : session.roles;
    return [...own, ...roles.map((role) => `staff:${role}`)];
  }
  const partner = [...own, `partner:${session.partnerId}`];
  return session.partnerRole === 'admin' ? [...partner, `partner_admins:${session.partnerId}`] : partner;
}

/** The events that can reach a person, in the order of the table. */
export function eventsFor(session: Session): NotificationEvent[] {
  const names = new Set(audiencesOf(session).map((audience) => audience.split(':')));
  const own = new Set([...names].flatMap(([kind = '', rest = '']) => (kind === 'staff' ? [rest] : [kind])));
  // Staff who request a credit are told of its decision, whatever their role.
  return notificationEventNames.filter(
    (event) =>
      notificationEvents[event].audience.some((name) => own.has(name)) ||
      (session.kind === 'staff' && toldToWhoAsked.some((told) => told === event)),
  );
}

const toldToWhoAsked = ['credit_approved', 'credit_rejected', 'credit_reversed'] as const;

/** Whoever still has to set up a second factor is shown nothing, as everywhere. Throws `FORBIDDEN`. */
export function requireComplete(session: Session): void {
  if (!session.secondFactor.mustEnrol) return;
  throw new DomainError('FORBIDDEN', 'Set up your second factor first.');
}
