import { dayOf } from '#domain/calendar.ts';
import { DomainError } from '#domain/errors.ts';
import { canTransition, type LeadAction, leadMachine, transitionPath } from '#domain/state-machines.ts';
import {
  type PartnerLeadRow,
  type PartnerRow,
  partnerLeads,
  partners,
  type Reader,
  staff,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { holdPartner } from '../hold-partner.ts';
import { toWire } from './wire.ts';

/**
 * What every command on an existing lead asks first: is it there, does somebody else hold it, is it still what the caller
 * saw, and does its status allow this (`domain.md`, "Lead").
 */

/** A lead and its partner, held until the transaction ends. */
export interface HeldLead {
  lead: PartnerLeadRow;
  partner: PartnerRow;
}

export function noSuchLead(): DomainError {
  return new DomainError('NOT_FOUND', 'There is no such lead.');
}

/** Whose row it is, deleted or not: its leads still bear its name. */
export async function partnerOf(reader: Reader, lead: PartnerLeadRow): Promise<PartnerRow> {
  const partner = await reader.find(partners, { id: lead.partnerId }, { withDeleted: true });
  if (partner === undefined) throw new Error(`The lead ${lead.id} has no partner.`);
  return partner;
}

/**
 * Holds a lead whose partner is only read, and kept from being locked meanwhile, because the activity names it (`holdPartner`).
 * @throws DomainError `NOT_FOUND`.
 */
export async function holdLead(tx: Writer, id: string): Promise<HeldLead> {
  const seen = await tx.find(partnerLeads, { id });
  if (seen === undefined) throw noSuchLead();
  await holdPartner(tx, seen.tenantId, seen.partnerId);
  const lead = tx.engine === 'sqlite' ? seen : await tx.find(partnerLeads, { id }, { lock: true });
  if (lead === undefined) throw noSuchLead();
  return { lead, partner: await partnerOf(tx, lead) };
}

/**
 * Holds a lead and its partner, the partner first, as everywhere. `between` runs after the partner's lock and before
 * the lead's. @throws DomainError `NOT_FOUND`.
 */
export async function holdLeadAndPartner(
  tx: Writer,
  id: string,
  between?: () => Promise<void>,
): Promise<HeldLead> {
  const seen = await tx.find(partnerLeads, { id });
  if (seen === undefined) throw noSuchLead();
  const partner = await tx.find(partners, { id: seen.partnerId }, { lock: true, withDeleted: true });
  if (partner === undefined) throw new Error(`The lead ${id} has no partner.`);
  await between?.();
  // SQLite's writer is alone: what was read stays so. PostgreSQL may have waited for the partner, so it reads again.
  if (tx.engine === 'sqlite') return { lead: seen, partner };
  const lead = await tx.find(partnerLeads, { id }, { lock: true });
  if (lead === undefined) throw noSuchLead();
  return { lead, partner };
}

/** Whether somebody's lease on the lead has not run out. */
export function isClaimed(lead: PartnerLeadRow, now: string): boolean {
  return lead.claimedBy !== null && lead.claimExpiresAt !== null && lead.claimExpiresAt > now;
}

/**
 * A lead that somebody else is reviewing is left alone until it is released or the lease lapses; then a version that was
 * given must be the lead's.
 * @throws DomainError `LOCKED` naming the holder and until when, or `CONFLICT`, both with the lead as it stands.
 */
export async function requireFree(
  reader: Reader,
  session: Session,
  held: HeldLead,
  given: { now: string; version: number | undefined },
): Promise<void> {
  const { lead, partner } = held;
  if (isClaimed(lead, given.now) && lead.claimedBy !== session.userId) {
    const holder = await nameOf(reader, lead.claimedBy);
    const until = clockTime(lead.claimExpiresAt ?? '', given.now, session.tenant.timeZone);
    throw new DomainError('LOCKED', `${holder} is reviewing this lead until ${until}.`, {
      current: toWire({ session, now: given.now }, lead, partner),
    });
  }
  if (given.version !== undefined && given.version !== lead.version) {
    throw new DomainError('CONFLICT', 'This lead was changed by someone else in the meantime.', {
      current: toWire({ session, now: given.now }, lead, partner),
    });
  }
}

/**
 * The statuses an action passes through from where the lead stands.
 * @throws DomainError `INVALID_TRANSITION` that says who decided the lead, where somebody did.
 */
export async function requirePath(reader: Reader, lead: PartnerLeadRow, action: LeadAction) {
  if (!canTransition(leadMachine, lead.status, action) && action !== 'convert') {
    await refuseDecided(reader, lead);
  }
  return transitionPath(leadMachine, lead.status, action);
}

/** @throws DomainError `INVALID_TRANSITION` for a lead that is no longer under review. */
export async function refuseDecided(reader: Reader, lead: PartnerLeadRow): Promise<void> {
  if (lead.status === 'converted') {
    throw new DomainError('INVALID_TRANSITION', 'This lead was already approved and converted.');
  }
  if (lead.status === 'approved' || lead.status === 'rejected') {
    const reviewer = await nameOf(reader, lead.reviewedBy);
    throw new DomainError('INVALID_TRANSITION', `This lead was already ${lead.status} by ${reviewer}.`);
  }
}

/**
 * A lead that is recorded under another one is not reviewed by itself.
 * @throws DomainError `INVALID_TRANSITION` naming the lead it is recorded under.
 */
export function requireStandsAlone(lead: Pick<PartnerLeadRow, 'linkedTo'>): void {
  if (lead.linkedTo === null) return;
  throw new DomainError(
    'INVALID_TRANSITION',
    `This lead is recorded under an earlier one of the same person (lead ${lead.linkedTo}). Say first that it is no duplicate.`,
  );
}

async function nameOf(reader: Reader, staffId: string | null): Promise<string> {
  const person =
    staffId === null ? undefined : await reader.find(staff, { id: staffId }, { withDeleted: true });
  return person === undefined ? 'someone' : `${person.firstName} ${person.lastName}`;
}

/** 14:32, with the day in front where it is not today. */
function clockTime(instant: string, now: string, zone: string): string {
  const time = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
  const day = dayOf(instant, zone);
  const clock = time.format(new Date(instant));
  return day === dayOf(now, zone) ? clock : `${day} ${clock}`;
}
