import sql, { empty, type Sql } from 'sql-template-tag';
import { dayOf } from '#domain/calendar.ts';
import { DomainError, type FieldError } from '#domain/errors.ts';
import type { Reader, Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';

/**
 * The same person handed in twice (`domain.md`, "Lead"): the same normalised e-mail or phone on a live lead of the
 * tenant, live being neither rejected nor deleted. The newer one points at the oldest such lead, is recorded under it, or is
 * refused.
 */

/** What makes two leads the same. */
export interface ContactKeys {
  emailKey: string;
  phoneKey: string;
}

/** A lead that another one may be a duplicate of. */
export interface KnownLead extends ContactKeys {
  id: string;
  partnerId: string;
  /** The lead it is recorded under itself. */
  linkedTo: string | null;
  contactName: string;
  submittedAt: string;
}

type KeyColumn = 'email_key' | 'phone_key';

/** The oldest live lead of each key that has one. */
export interface KnownLeads {
  readonly byEmail: Map<string, KnownLead>;
  readonly byPhone: Map<string, KnownLead>;
}

/**
 * Makes everybody who takes in or edits leads of this tenant wait here until the commit: two stations that hand in the
 * same person at the same moment would otherwise both find nobody. Locked after the partner and before any lead.
 * SQLite's writer is alone anyway.
 */
export async function lockIntake(tx: Writer, tenantId: string): Promise<void> {
  if (tx.engine !== 'postgres') return;
  await tx.get(sql`select pg_advisory_xact_lock(hashtextextended(${`lead intake ${tenantId}`}, 0))`);
}

/**
 * The oldest live lead of each e-mail and phone key, in two statements however many keys there are.
 * @param except the id of a lead that is not looked at: the one being edited
 */
export async function findKnownLeads(
  reader: Reader,
  tenantId: string,
  leads: readonly ContactKeys[],
  except?: string,
): Promise<KnownLeads> {
  const emails = [...new Set(leads.map((lead) => lead.emailKey))];
  const phones = [...new Set(leads.map((lead) => lead.phoneKey))];
  return {
    byEmail: await oldestBy(reader, tenantId, 'email_key', emails, except),
    byPhone: await oldestBy(reader, tenantId, 'phone_key', phones, except),
  };
}

interface KnownRow {
  key: string;
  id: string;
  partner_id: string;
  linked_to: string | null;
  contact_name: string;
  submitted_at: string;
  email_key: string;
  phone_key: string;
}

async function oldestBy(
  reader: Reader,
  tenantId: string,
  column: KeyColumn,
  keys: readonly string[],
  except: string | undefined,
): Promise<Map<string, KnownLead>> {
  if (keys.length === 0) return new Map();
  const wanted =
    reader.engine === 'sqlite'
      ? sql`json_each(${keys}) as wanted`
      : sql`jsonb_array_elements_text(${keys}::jsonb) as wanted(value)`;
  const others = except === undefined ? empty : sql`and lead.id <> ${except}`;
  // A cross join, or SQLite may walk the tenant's leads and look for each among the wanted keys.
  const rows = await reader.all<KnownRow>(
    sql`select key, id, partner_id, linked_to, contact_name, submitted_at, email_key, phone_key from (
      select wanted.value as key, lead.id, lead.partner_id, lead.linked_to, lead.contact_name, lead.submitted_at, lead.email_key, lead.phone_key,
        row_number() over (partition by wanted.value order by lead.submitted_at, lead.id) as place
      from ${wanted} cross join partner_leads lead
      where lead.tenant_id = ${tenantId} and ${hasKey(column)}
        and lead.deleted_at is null and lead.status <> 'rejected' ${others}) as known
      where place = 1`,
  );
  return new Map(
    rows.map((row) => [
      row.key,
      {
        id: row.id,
        partnerId: row.partner_id,
        linkedTo: row.linked_to,
        contactName: row.contact_name,
        submittedAt: row.submitted_at,
        emailKey: row.email_key,
        phoneKey: row.phone_key,
      },
    ]),
  );
}

function hasKey(column: KeyColumn): Sql {
  return column === 'email_key' ? sql`lead.email_key = wanted.value` : sql`lead.phone_key = wanted.value`;
}

/** Whether a lead came in before another one; the id settles what the same instant leaves open. */
export function isOlder(
  lead: Pick<KnownLead, 'id' | 'submittedAt'>,
  than: Pick<KnownLead, 'id' | 'submittedAt'>,
): boolean {
  if (lead.submittedAt !== than.submittedAt) return lead.submittedAt < than.submittedAt;
  return lead.id < than.id;
}

/**
 * The oldest lead with the e-mail and the oldest with the phone of this one, the older of them first: two, one or none. Of what
 * several books know of a key, the first book counts.
 */
export function doublesIn(books: readonly KnownLeads[], keys: ContactKeys): KnownLead[] {
  const byEmail = books.find((book) => book.byEmail.has(keys.emailKey))?.byEmail.get(keys.emailKey);
  const byPhone = books.find((book) => book.byPhone.has(keys.phoneKey))?.byPhone.get(keys.phoneKey);
  if (byEmail === undefined) return byPhone === undefined ? [] : [byPhone];
  if (byPhone === undefined || byPhone.id === byEmail.id) return [byEmail];
  return isOlder(byPhone, byEmail) ? [byPhone, byEmail] : [byEmail, byPhone];
}

/** Adds a lead that was just taken in, where no older one has its keys. */
export function rememberLead(known: KnownLeads, lead: KnownLead): void {
  const { id, partnerId, linkedTo, contactName, submittedAt, emailKey, phoneKey } = lead;
  const remembered = { id, partnerId, linkedTo, contactName, submittedAt, emailKey, phoneKey };
  if (!known.byEmail.has(emailKey)) known.byEmail.set(emailKey, remembered);
  if (!known.byPhone.has(phoneKey)) known.byPhone.set(phoneKey, remembered);
}

/**
 * Until when the partner of the first lead is protected against this one: so many days of 24 hours from its submission, against
 * leads of other partners only. Null where it is not, or no longer.
 */
export function protectedUntil(
  session: Session,
  original: Pick<KnownLead, 'partnerId' | 'submittedAt'>,
  lead: { partnerId: string; submittedAt: string },
): string | null {
  const { protectionDays } = session.tenant.settings;
  if (protectionDays === 0 || original.partnerId === lead.partnerId) return null;
  const until = new Date(Date.parse(original.submittedAt) + protectionDays * 86_400_000).toISOString();
  return until > lead.submittedAt ? until : null;
}

/** What a lead becomes by the one it is a duplicate of, or why it doesn't come in. */
export interface Duplicate {
  duplicateOf: string | null;
  linkedTo: string | null;
  protectedUntil: string | null;
}

export const noDuplicate: Duplicate = { duplicateOf: null, linkedTo: null, protectedUntil: null };

/**
 * What the organization does with a lead of a person who was submitted before (`duplicateHandling`, `protectionHandling`): takes
 * it in marked, or linked, which is recorded under the first one and neither reviewed nor paid by itself, or refuses it. The
 * protection of a partner who was first is looked at before the rest, whether it was first with the e-mail or with the phone: else
 * a lead that also has the e-mail of an older one of its own would get past it.
 * @param doubles as `doublesIn` gives them
 */
export function judgeDuplicate(
  session: Session,
  lead: ContactKeys & { partnerId: string; submittedAt: string },
  doubles: readonly KnownLead[],
): Duplicate | DomainError {
  const [original] = doubles;
  if (original === undefined) return noDuplicate;
  const { duplicateHandling, protectionHandling } = session.tenant.settings;
  let until: string | null = null;
  let isFirst = original;
  for (const double of doubles) {
    const end = protectedUntil(session, double, lead);
    if (end === null || (until !== null && end <= until)) continue;
    until = end;
    isFirst = double;
  }
  if (until !== null && (protectionHandling === 'refuse' || duplicateHandling === 'refuse')) {
    return protectionRefusal(session, lead, isFirst, until);
  }
  if (duplicateHandling === 'refuse') return duplicateRefusal(session, lead, original);
  // Under the first of them all, not under one that is recorded under another one.
  const linkedTo = duplicateHandling === 'link' ? (original.linkedTo ?? original.id) : null;
  return { duplicateOf: original.id, linkedTo, protectedUntil: until };
}

/** Not a word of whose lead it is: that is between that partner and the organization. */
function protectionRefusal(
  session: Session,
  keys: ContactKeys,
  original: KnownLead,
  until: string,
): DomainError {
  const { timeZone } = session.tenant;
  const sentence = `Another partner submitted this person on ${dayOf(original.submittedAt, timeZone)} and is protected until ${dayOf(until, timeZone)}.`;
  // The sentence at the field, too: a rejected row of an import shows what stands there.
  const fields = sharedFields(keys, original).map(({ path }) => ({ path, message: sentence }));
  return new DomainError('DUPLICATE', sentence, { fields });
}

/** The refusal where the tenant takes no duplicates: which lead is there already, and what both have in common. */
function duplicateRefusal(session: Session, lead: ContactKeys, original: KnownLead): DomainError {
  const day = dayOf(original.submittedAt, session.tenant.timeZone);
  // A partner's own users learn of other partners' leads only that there is one.
  const isToldWho = session.partnerId === null || session.partnerId === original.partnerId;
  const which = isToldWho ? `: ${original.contactName}, submitted on ${day} (lead ${original.id})` : '';
  return new DomainError('DUPLICATE', `This lead is already there${which}.`, {
    fields: sharedFields(lead, original),
  });
}

function sharedFields(keys: ContactKeys, original: KnownLead): FieldError[] {
  const fields: FieldError[] = [];
  if (original.emailKey === keys.emailKey) {
    fields.push({ path: 'leadData.email', message: 'A lead with this e-mail address is already there.' });
  }
  if (original.phoneKey === keys.phoneKey) {
    fields.push({ path: 'leadData.phone', message: 'A lead with this phone number is already there.' });
  }
  return fields;
}
