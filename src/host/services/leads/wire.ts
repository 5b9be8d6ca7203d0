import sql, { join } from 'sql-template-tag';
import { scoreToNumber } from '#domain/quality-score.ts';
import type { PartnerLeadRow, PartnerRow, Reader } from '../../database/index.ts';
import type { Output } from '../service.ts';

export type WireLead = Output<'leads', 'get'>;

/** What a lead shows of its partner. */
export type PartnerName = Pick<PartnerRow, 'partnerCode' | 'organizationName'>;

/** A lead as the contract shows it. The keys, the month and the search text stay inside. */
export function toWire(lead: PartnerLeadRow, partner: PartnerName): WireLead {
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
    conversionDate: lead.conversionDate,
    dealValue: lead.dealValue,
    creditAmount: lead.creditAmount,
    creditStatus: lead.creditStatus,
    importId: lead.importId,
  };
}

/** A page of leads with their partners' names, which one statement finds by primary key. */
export async function toWirePage(
  reader: Reader,
  tenantId: string,
  leads: readonly PartnerLeadRow[],
): Promise<WireLead[]> {
  const ids = [...new Set(leads.map((lead) => lead.partnerId))];
  if (ids.length === 0) return [];
  const rows = await reader.all<{ id: string; partner_code: string; organization_name: string }>(
    sql`select id, partner_code, organization_name from partners
      where tenant_id = ${tenantId} and id in (${join(ids)})`,
  );
  const partners = new Map(
    rows.map((row) => [row.id, { partnerCode: row.partner_code, organizationName: row.organization_name }]),
  );
  return leads.map((lead) => {
    const partner = partners.get(lead.partnerId);
    if (partner === undefined) throw new Error(`The lead ${lead.id} has no partner.`);
    return toWire(lead, partner);
  });
}
