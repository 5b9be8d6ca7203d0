import { v7 as uuidv7 } from 'uuid';
import { dayOf } from '#domain/calendar.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import type { HostContext } from '../../context.ts';
import {
  leads,
  type PartnerLeadCreditRow,
  type PartnerLeadRow,
  type PartnerRow,
  partnerLeads,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command } from '../command.ts';
import { creditLead } from '../credit-engine.ts';
import { creditsOfLead, leadApproved, leadRejected } from '../notifications/drafts.ts';
import { notify } from '../notifications/notify.ts';
import type { Input } from '../service.ts';
import { holdLeadAndPartner, requireFree, requirePath, requireStandsAlone } from './claims.ts';
import { count } from './counters.ts';
import { lockIntake } from './duplicates.ts';
import { settleLinked } from './links.ts';
import { currencyMismatch } from './preparation.ts';
import { toWire, type WireLead } from './wire.ts';

/** Whoever decides a lead settles it: nobody holds it any longer. */
const released = { claimedBy: null, claimExpiresAt: null };

/**
 * Approves a lead with all it causes, in one transaction (`domain.md`, "Lead"): its status by way of `under_review`, the
 * reviewer, an entry in `leads` (or a link to the existing one named), the counters of partner and source, and the credits
 * that trigger on approval. The partner need not be active any more: only an active one submits leads and is paid, but
 * what it handed in before it was suspended is still decided, and its credits wait on its balance.
 * @throws DomainError `NOT_FOUND`, `LOCKED`, `CONFLICT` (stale, or the entry is another lead's), `INVALID_TRANSITION`, `VALIDATION`.
 */
export function approveLead(
  host: HostContext,
  session: Session,
  input: Input<'leads', 'approve'>,
): Promise<WireLead> {
  return command(host, session, { name: 'leads.approve', input }, async (work) => {
    const { tx, now, record } = work;
    const held = await holdLeadAndPartner(tx, input.id);
    const { lead, partner } = held;
    await requireFree(tx, session, held, { now, version: input.version });
    requireStandsAlone(lead);
    const path = await requirePath(tx, lead, 'approve');
    const entryId =
      input.actualLeadId === undefined || input.actualLeadId === null
        ? await createEntry(tx, lead, partner)
        : await linkEntry(tx, lead, input.actualLeadId);
    const on = dayOf(now, session.tenant.timeZone);
    const change = {
      status: 'approved' as const,
      leadId: entryId,
      reviewedBy: session.userId,
      reviewedAt: now,
      approvedAt: now,
      approvedOn: on,
      ...(input.notes !== undefined && { reviewNotes: input.notes }),
      ...released,
    };
    const { shown, made } = await creditLead(work, session, {
      lead: { ...lead, ...change },
      partner,
      event: 'approval',
      on,
    });
    const after = await tx.update(
      partnerLeads,
      { id: lead.id, version: lead.version },
      { ...change, ...shown, updatedAt: now },
    );
    await count(tx, lead, { approved: 1 });
    await notify(work, session, ...leadApproved(after, partner, made));
    record({
      action: 'lead_approved',
      resource: 'lead',
      resourceId: lead.id,
      partnerId: lead.partnerId,
      details: {
        before: { status: lead.status },
        after: { status: after.status, leadId: entryId, notes: input.notes ?? undefined },
        path,
        linked: (input.actualLeadId ?? null) !== null,
        credits: told(made),
      },
    });
    return toWire({ session, now }, after, partner);
  });
}

/**
 * Rejects a lead, by way of `under_review`, with the reason; this is its end.
 * @throws DomainError `NOT_FOUND`, `LOCKED`, `CONFLICT`, `INVALID_TRANSITION`.
 */
export function rejectLead(
  host: HostContext,
  session: Session,
  input: Input<'leads', 'reject'>,
): Promise<WireLead> {
  return command(host, session, { name: 'leads.reject', input }, async (work) => {
    const { tx, now, record } = work;
    // Or the same person could come in meanwhile, and be recorded under a lead that is dead then.
    const held = await holdLeadAndPartner(tx, input.id, () => lockIntake(tx, session.tenantId));
    const { lead, partner } = held;
    await requireFree(tx, session, held, { now, version: input.version });
    requireStandsAlone(lead);
    const path = await requirePath(tx, lead, 'reject');
    const after = await tx.update(
      partnerLeads,
      { id: lead.id, version: lead.version },
      {
        status: 'rejected',
        rejectionReason: input.reason,
        reviewedBy: session.userId,
        reviewedAt: now,
        updatedAt: now,
        ...released,
      },
    );
    await count(tx, lead, { rejected: 1 });
    // What was recorded under it is of no live lead any more: the oldest is reviewed by itself, the same person's others are under that one.
    const moved = await settleLinked(work, session, after);
    const freed = moved.filter(({ linkedTo }) => linkedTo === null).length;
    await notify(work, session, leadRejected(after, partner, input.reason));
    record({
      action: 'lead_rejected',
      resource: 'lead',
      resourceId: lead.id,
      partnerId: lead.partnerId,
      details: {
        before: { status: lead.status },
        after: { status: after.status, reason: input.reason },
        path,
        ...(freed > 0 && { leadsStandingByThemselvesAgain: freed }),
        ...(moved.length > 0 && { recordedElsewhere: moved }),
      },
    });
    return toWire({ session, now }, after, partner);
  });
}

/**
 * Records the deal of an approved lead, with the credits that trigger on conversion, in one transaction.
 * @param input.dealValue minor units of the partner's currency
 * @param input.conversionDate a day from the submission to today, both in the tenant's zone
 * @throws DomainError `NOT_FOUND`, `CONFLICT`, `CURRENCY_MISMATCH`, `INVALID_TRANSITION`, `VALIDATION`.
 */
export function convertLead(
  host: HostContext,
  session: Session,
  input: Input<'leads', 'convert'>,
): Promise<WireLead> {
  return command(host, session, { name: 'leads.convert', input }, async (work) => {
    const { tx, now, record } = work;
    const { dealValue, conversionDate } = input;
    const held = await holdLeadAndPartner(tx, input.id);
    const { lead, partner } = held;
    await requireFree(tx, session, held, { now, version: input.version });
    const path = await requirePath(tx, lead, 'convert');
    const mismatch = currencyMismatch(partner, input.currency);
    if (mismatch !== undefined) {
      throw new DomainError('CURRENCY_MISMATCH', mismatch.message, { fields: [mismatch] });
    }
    requireConversionDay(session, lead, conversionDate, now);
    const change = {
      status: 'converted' as const,
      conversionDate,
      convertedAt: now,
      dealValue,
      conversionWithdrawnAt: null,
      conversionWithdrawnBy: null,
      conversionWithdrawalReason: null,
    };
    const { shown, made } = await creditLead(work, session, {
      lead: { ...lead, ...change },
      partner,
      event: 'conversion',
      on: conversionDate,
      dealValue,
    });
    const after = await tx.update(
      partnerLeads,
      { id: lead.id, version: lead.version },
      { ...change, ...shown, updatedAt: now },
    );
    if (lead.leadId === null) throw new Error(`The approved lead ${lead.id} has no entry in leads.`);
    await tx.update(
      leads,
      { id: lead.leadId },
      { status: 'converted', dealValue, convertedOn: conversionDate, updatedAt: now },
    );
    await count(tx, lead, { converted: 1, revenue: dealValue });
    await notify(work, session, ...creditsOfLead(after, partner, made));
    record({
      action: 'lead_converted',
      resource: 'lead',
      resourceId: lead.id,
      partnerId: lead.partnerId,
      details: {
        before: { status: lead.status },
        after: { status: after.status, dealValue, conversionDate, currency: lead.currency },
        path,
        credits: told(made),
      },
    });
    return toWire({ session, now }, after, partner);
  });
}

function requireConversionDay(session: Session, lead: PartnerLeadRow, day: string, now: string): void {
  const zone = session.tenant.timeZone;
  const submitted = dayOf(lead.submittedAt, zone);
  if (day < submitted) {
    throw invalidField('conversionDate', `The lead was submitted on ${submitted}; it can't convert before.`);
  }
  if (day > dayOf(now, zone)) {
    throw invalidField('conversionDate', "The conversion date can't be in the future.");
  }
}

/** The entry that sales works with from here on. */
async function createEntry(tx: Writer, lead: PartnerLeadRow, partner: PartnerRow): Promise<string> {
  const id = uuidv7();
  await tx.insert(leads, {
    id,
    source: 'partner_referral',
    partnerLeadId: lead.id,
    partnerId: partner.id,
    contactName: lead.contactName,
    company: lead.company,
    email: lead.leadData.email,
    phone: lead.leadData.phone,
    leadData: lead.leadData,
    status: 'open',
    estimatedValue: lead.estimatedValue,
    currency: lead.currency,
  });
  return id;
}

/** Links an entry that sales has already; it can stand for one partner lead only. */
async function linkEntry(tx: Writer, lead: PartnerLeadRow, entryId: string): Promise<string> {
  const entry = await tx.find(leads, { id: entryId }, { lock: true });
  if (entry === undefined) {
    throw new DomainError('NOT_FOUND', 'There is no such entry in the leads to link to.', {
      fields: [{ path: 'actualLeadId', message: 'There is no such entry.' }],
    });
  }
  if (entry.partnerLeadId !== null) {
    throw new DomainError('CONFLICT', 'That entry is already linked to another partner lead.', {
      fields: [{ path: 'actualLeadId', message: 'Already linked.' }],
    });
  }
  if (entry.currency !== lead.currency) {
    throw invalidField(
      'actualLeadId',
      `That entry is in ${entry.currency}, the partner is paid in ${lead.currency}.`,
    );
  }
  await tx.update(
    leads,
    { id: entryId, version: entry.version },
    { partnerLeadId: lead.id, partnerId: lead.partnerId },
  );
  return entryId;
}

/** What the event earned the partner, for the trail. */
function told(credits: readonly PartnerLeadCreditRow[]) {
  return credits.map((credit) => ({
    creditId: credit.id,
    policyId: credit.policyId,
    creditAmount: credit.creditAmount,
    currency: credit.currency,
    status: credit.status,
    // By which policy an approval was delegated.
    ...(credit.approvalNotes !== null && { approvalNotes: credit.approvalNotes }),
  }));
}
