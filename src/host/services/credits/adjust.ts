import { v7 as uuidv7 } from 'uuid';
import { dayOf, isDay } from '#domain/calendar.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import {
  type PartnerLeadRow,
  type PartnerRow,
  partnerLeadCredits,
  partnerLeads,
  partners,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { notifyOfCredit } from '../notifications/drafts.ts';
import type { Input } from '../service.ts';
import { refreshLeads } from './decide.ts';
import { creditToWire, type WireCredit } from './wire.ts';

/**
 * Asks for an adjustment or a bonus of a partner, for one of its leads or for none (issue "credits and payouts"). It is a credit like
 * any other from then on: somebody else approves it, payouts take it or net it off, and it can be taken back. An adjustment may be
 * below zero, a bonus may not. Only a partner who was accepted once can have one; a suspended or inactive one can, because its balance
 * may need correcting while it is on hold. Amounts in minor units of the partner's currency.
 * @throws DomainError `NOT_FOUND`, `VALIDATION`, `PARTNER_NOT_ACTIVE`, `CURRENCY_MISMATCH`.
 */
export async function adjust(
  work: Work,
  session: Session,
  input: Input<'credits', 'adjust'>,
): Promise<WireCredit> {
  const { tx, now } = work;
  const partner = await tx.find(partners, { id: input.id }, { lock: true });
  if (partner === undefined) throw new DomainError('NOT_FOUND', 'There is no such partner.');
  const lead = await leadOf(tx, partner, input.leadId);
  if (partner.status === 'pending' || partner.status === 'rejected') {
    const sentence = `${partner.organizationName} was not accepted as a partner, so nothing can be adjusted for it.`;
    throw new DomainError('PARTNER_NOT_ACTIVE', sentence);
  }
  if (input.kind === 'bonus' && input.amount < 0) {
    throw invalidField('amount', "A bonus can't be below zero. Make an adjustment instead.");
  }
  if (input.currency !== undefined && input.currency !== partner.currency) {
    const message = `This partner is paid in ${partner.currency}, not in ${input.currency}.`;
    throw new DomainError('CURRENCY_MISMATCH', message, { fields: [{ path: 'currency', message }] });
  }
  const id = uuidv7();
  await tx.insert(partnerLeadCredits, {
    id,
    partnerId: partner.id,
    partnerLeadId: lead?.id ?? null,
    sourceId: lead?.sourceId ?? null,
    origin: input.kind,
    triggerEvent: 'request',
    calculationType: 'fixed_price',
    creditAmount: input.amount,
    currency: partner.currency,
    reason: input.reason,
    status: 'pending_approval',
    requestedBy: session.userId,
    eventOn: dayFor(input.on, dayOf(now, session.tenant.timeZone)),
    fourEyesWaived: false,
    createdAt: now,
    updatedAt: now,
  });
  const credit = await tx.find(partnerLeadCredits, { id });
  if (credit === undefined) throw new Error(`The credit ${id} just asked for is not there.`);
  await refreshLeads(work, session, credit);
  const told = { event: 'credit_awaiting_decision', reason: credit.reason } as const;
  await notifyOfCredit(work, session, { credit, partner, told });
  work.record({
    action: `${input.kind}_requested`,
    resource: 'credit',
    resourceId: id,
    partnerId: partner.id,
    details: {
      after: {
        origin: credit.origin,
        partnerLeadId: credit.partnerLeadId,
        creditAmount: credit.creditAmount,
        currency: credit.currency,
        eventOn: credit.eventOn,
        reason: credit.reason,
      },
    },
  });
  return creditToWire(tx, credit);
}

async function leadOf(
  tx: Writer,
  partner: PartnerRow,
  leadId: string | undefined,
): Promise<PartnerLeadRow | undefined> {
  if (leadId === undefined) return undefined;
  const lead = await tx.find(partnerLeads, { id: leadId }, { lock: true });
  if (lead === undefined) throw new DomainError('NOT_FOUND', 'There is no such lead.');
  if (lead.partnerId !== partner.id) {
    throw invalidField('leadId', `This lead is not one of ${partner.organizationName}.`);
  }
  return lead;
}

function dayFor(given: string | undefined, today: string): string {
  if (given === undefined) return today;
  if (!isDay(given)) throw invalidField('on', 'This day does not exist.');
  if (given > today) throw invalidField('on', `This day is still to come: today is ${today}.`);
  return given;
}
