import { v7 as uuidv7 } from 'uuid';
import { DomainError } from '#domain/errors.ts';
import { formatMinor } from '#domain/money.ts';
import { leadMachine } from '#domain/state-machines.ts';
import { partnerLeadCredits, partnerLeads, partners } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { notifyOfCredit } from '../notifications/drafts.ts';
import { requireOwn } from '../own-partner.ts';
import type { Input } from '../service.ts';
import { refreshLeads } from './decide.ts';
import { creditToWire, type WireCredit } from './wire.ts';

/**
 * Asks for a credit by hand, for a lead that was approved or has converted. It waits for approval by someone else, as computed ones
 * do. The amount in minor units of the partner's currency.
 * @throws DomainError `NOT_FOUND`, `PARTNER_NOT_ACTIVE`, `CURRENCY_MISMATCH`, `INVALID_TRANSITION`.
 */
export async function requestCredit(
  work: Work,
  session: Session,
  input: Input<'credits', 'request'>,
): Promise<WireCredit> {
  const { tx, now } = work;
  const seen = await tx.find(partnerLeads, { id: input.id });
  if (seen === undefined) throw new DomainError('NOT_FOUND', 'There is no such lead.');
  requireOwn(session, seen.partnerId, 'lead');
  const partner = await tx.find(partners, { id: seen.partnerId }, { lock: true });
  const lead = await tx.find(partnerLeads, { id: input.id }, { lock: true });
  if (partner === undefined || lead === undefined)
    throw new DomainError('NOT_FOUND', 'There is no such lead.');
  if (lead.status !== 'approved' && lead.status !== 'converted') {
    const sentence = `${leadMachine.subjects[lead.status]} can't get a credit; it must be approved first.`;
    throw new DomainError('INVALID_TRANSITION', sentence);
  }
  if (partner.status !== 'active') {
    const sentence = `${partner.organizationName} is not active, so no credit can be requested for it.`;
    throw new DomainError('PARTNER_NOT_ACTIVE', sentence);
  }
  if (input.currency !== undefined && input.currency !== partner.currency) {
    const message = `This partner is paid in ${partner.currency}, not in ${input.currency}.`;
    throw new DomainError('CURRENCY_MISMATCH', message, { fields: [{ path: 'currency', message }] });
  }
  const id = uuidv7();
  const amount = formatMinor(input.creditAmount, partner.currency);
  await tx.insert(partnerLeadCredits, {
    id,
    partnerId: partner.id,
    partnerLeadId: lead.id,
    sourceId: lead.sourceId,
    origin: 'request',
    triggerEvent: 'request',
    calculationType: input.calculationType,
    creditAmount: input.creditAmount,
    currency: partner.currency,
    reason: input.reason ?? `requested by hand: ${amount}`,
    status: 'pending_approval',
    requestedBy: session.userId,
    eventOn: lead.conversionDate ?? lead.approvedOn,
    fourEyesWaived: false,
    createdAt: now,
    updatedAt: now,
  });
  const credit = await tx.find(partnerLeadCredits, { id });
  if (credit === undefined) throw new Error(`The credit ${id} just requested is not there.`);
  await refreshLeads(work, session, credit);
  const told = { event: 'credit_awaiting_decision', reason: credit.reason } as const;
  await notifyOfCredit(work, session, { credit, partner, told });
  work.record({
    action: 'credit_requested',
    resource: 'credit',
    resourceId: id,
    partnerId: partner.id,
    details: {
      after: {
        partnerLeadId: lead.id,
        creditAmount: credit.creditAmount,
        currency: credit.currency,
        calculationType: credit.calculationType,
        reason: credit.reason,
      },
    },
  });
  return creditToWire(tx, credit);
}
