import sql, { join } from 'sql-template-tag';
import { dayOf } from '#domain/calendar.ts';
import { scoreToNumber } from '#domain/quality-score.ts';
import type { PartnerLeadRow, PartnerRow, Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Output } from '../service.ts';
import { serviceState } from './service-level.ts';

export type WireLead = Output<'leads', 'get'>;

/** What a lead shows of its partner. */
export type PartnerName = Pick<PartnerRow, 'partnerCode' | 'organizationName'>;

/** Who looks, and when. */
export interface View {
  session: Session;
  now: string;
}

/**
 * A lead as the contract shows it. The keys, the month and the search text stay inside; what is internal is kept from a partner's
 * own users by the contract.
 */
export function toWire({ session, now }: View, lead: PartnerLeadRow, partner: PartnerName): WireLead {
  return {
    id: lead.id,
    version: lead.version,
    createdAt: lead.createdAt,
    updatedAt: lead.updatedAt,
    partnerId: lead.partnerId,
    partnerCode: partner.partnerCode,
    partnerName: partner.organizationName,
    sourceId: lead.sourceId,
    leadId: lead.leadId,
    submissionType: lead.submissionType,
    status: lead.status,
    leadData: lead.leadData,
    qualityScore: scoreToNumber(lead.qualityScore),
    duplicateOf: lead.duplicateOf,
    linkedTo: lead.linkedTo,
    protectedUntil: lead.protectedUntil,
    duplicateNote: duplicateNote(session, lead),
    notDuplicateReason: lead.notDuplicateReason,
    projectId: lead.projectId,
    campaignId: lead.campaignId,
    estimatedValue: lead.estimatedValue,
    currency: lead.currency,
    claimedBy: lead.claimedBy,
    claimExpiresAt: lead.claimExpiresAt,
    reviewNotes: lead.reviewNotes,
    rejectionReason: lead.rejectionReason,
    reviewedBy: lead.reviewedBy,
    reviewedAt: lead.reviewedAt,
    submittedBy: lead.submittedBy,
    submittedAt: lead.submittedAt,
    ...serviceState(session.tenant.settings, lead, now),
    conversionDate: lead.conversionDate,
    dealValue: lead.dealValue,
    conversionWithdrawnAt: lead.conversionWithdrawnAt,
    conversionWithdrawalReason: lead.conversionWithdrawalReason,
    creditAmount: lead.creditAmount,
    creditStatus: lead.creditStatus,
    importId: lead.importId,
  };
}

/** Why a lead is taken for a duplicate, in words. */
function duplicateNote(session: Session, lead: PartnerLeadRow): string | null {
  if (lead.duplicateOf === null) return null;
  const day = lead.protectedUntil === null ? '' : dayOf(lead.protectedUntil, session.tenant.timeZone);
  const protection =
    lead.protectedUntil === null
      ? 'The same e-mail address or phone number was submitted before.'
      : `Another partner submitted the same person first and is protected until ${day}.`;
  if (lead.linkedTo === null) return protection;
  return `${protection} This lead is recorded under that one: it is not reviewed by itself and earns nothing.`;
}

/** A page of leads with their partners' names, which one statement finds by primary key. */
export async function toWirePage(
  reader: Reader,
  view: View,
  leads: readonly PartnerLeadRow[],
): Promise<WireLead[]> {
  const ids = [...new Set(leads.map((lead) => lead.partnerId))];
  if (ids.length === 0) return [];
  const rows = await reader.all<{ id: string; partner_code: string; organization_name: string }>(
    sql`select id, partner_code, organization_name from partners
      where tenant_id = ${view.session.tenantId} and id in (${join(ids)})`,
  );
  const partners = new Map(
    rows.map((row) => [row.id, { partnerCode: row.partner_code, organizationName: row.organization_name }]),
  );
  return leads.map((lead) => {
    const partner = partners.get(lead.partnerId);
    if (partner === undefined) throw new Error(`The lead ${lead.id} has no partner.`);
    return toWire(view, lead, partner);
  });
}
