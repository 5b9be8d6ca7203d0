import sql, { join } from 'sql-template-tag';
import { isNotificationEvent, type NotificationEvent } from '#domain/notifications.ts';
import type { PartnerRole, StaffRole } from '#domain/vocabulary.ts';
import { asJson, type Reader } from '../database/index.ts';

/** Somebody an e-mail can go to. */
export interface Recipient {
  kind: 'staff' | 'partner_user';
  id: string;
  address: string;
}

/** A notification as its e-mails are made of it: one of its audiences. */
export interface Addressed {
  id: string;
  audience: string;
  event: string;
  actorId: string | null;
}

interface StaffPerson {
  id: string;
  email: string;
  roles: readonly StaffRole[];
}

interface PartnerPerson {
  id: string;
  email: string;
  partner_id: string;
  role: PartnerRole;
}

/**
 * Who gets an e-mail about notifications of one tenant: who is active now, belongs to the audience, did not cause it, and has
 * not switched the event off. An event for a role goes to who holds it; an administrator sees it in the app, and gets the
 * e-mail only where nobody holds the role but who caused it.
 */
export async function recipientsOf(
  reader: Reader,
  tenantId: string,
  notifications: readonly Addressed[],
): Promise<(notification: Addressed) => Recipient[]> {
  const staff = await activeStaff(reader, tenantId);
  const partnerIds = [...new Set(notifications.flatMap(({ audience }) => partnerOf(audience) ?? []))];
  const persons = notifications.flatMap(({ audience }) => personOf(audience) ?? []);
  const people = await partnerPeople(reader, tenantId, partnerIds, persons);
  const declined = await declinedEvents(reader, tenantId);

  return ({ audience, event, actorId }) => {
    if (!isNotificationEvent(event)) return [];
    const notActor = ({ id }: { id: string }): boolean => id !== actorId;
    return belonging(audience, staff.filter(notActor), people.filter(notActor)).filter(
      ({ id }) => declined.get(event)?.has(id) !== true,
    );
  };
}

function belonging(
  audience: string,
  staff: readonly StaffPerson[],
  people: readonly PartnerPerson[],
): Recipient[] {
  const partnerId = partnerOf(audience);
  if (partnerId !== undefined) {
    const onlyAdmins = audience.startsWith('partner_admins:');
    return people
      .filter((person) => person.partner_id === partnerId && (!onlyAdmins || person.role === 'admin'))
      .map(asPartnerUser);
  }
  const personId = personOf(audience);
  if (personId !== undefined) {
    return [
      ...staff.filter(({ id }) => id === personId).map(asStaff),
      ...people.filter(({ id }) => id === personId).map(asPartnerUser),
    ];
  }
  const role = audience.slice('staff:'.length);
  const holders = staff.filter(({ roles }) => roles.some((held) => held === role));
  return (holders.length > 0 ? holders : staff.filter(({ roles }) => roles.includes('admin'))).map(asStaff);
}

function partnerOf(audience: string): string | undefined {
  return /^partner(?:_admins)?:(.+)$/.exec(audience)?.[1];
}

function personOf(audience: string): string | undefined {
  return /^person:(.+)$/.exec(audience)?.[1];
}

const asStaff = ({ id, email }: StaffPerson): Recipient => ({ kind: 'staff', id, address: email });
const asPartnerUser = ({ id, email }: PartnerPerson): Recipient => ({
  kind: 'partner_user',
  id,
  address: email,
});

async function activeStaff(reader: Reader, tenantId: string): Promise<StaffPerson[]> {
  const rows = await reader.all<{ id: string; email: string; roles: unknown }>(
    sql`select id, email, roles from staff where tenant_id = ${tenantId} and is_active and deleted_at is null`,
  );
  return rows.map(({ id, email, roles }) => ({ id, email, roles: asJson<StaffRole[]>(roles) }));
}

/** Those of the partners, and those named. Whoever has not accepted the invitation yet can't read more about it either. */
async function partnerPeople(
  reader: Reader,
  tenantId: string,
  partnerIds: readonly string[],
  persons: readonly string[],
): Promise<PartnerPerson[]> {
  if (partnerIds.length + persons.length === 0) return [];
  const which = [
    ...(partnerIds.length > 0 ? [sql`partner_id in (${join(partnerIds)})`] : []),
    ...(persons.length > 0 ? [sql`id in (${join(persons)})`] : []),
  ];
  return reader.all<PartnerPerson>(sql`select id, email, partner_id, role from partner_users
    where tenant_id = ${tenantId} and (${join(which, ' or ')})
      and is_active and deleted_at is null and password_hash is not null`);
}

async function declinedEvents(
  reader: Reader,
  tenantId: string,
): Promise<Map<NotificationEvent, Set<string>>> {
  const rows = await reader.all<{ person_id: string; event: string }>(
    sql`select person_id, event from notification_preferences where tenant_id = ${tenantId} and not by_mail`,
  );
  const declined = new Map<NotificationEvent, Set<string>>();
  for (const { person_id: personId, event } of rows) {
    if (!isNotificationEvent(event)) continue;
    const people = declined.get(event) ?? new Set();
    declined.set(event, people.add(personId));
  }
  return declined;
}
