import sql, { join } from 'sql-template-tag';
import type { PartnerLeadCreditRow, Reader } from '../../database/index.ts';
import type { Output } from '../service.ts';

export type WireCredit = Output<'credits', 'get'>;

interface NamesRow {
  id: string;
  partner_code: string;
  organization_name: string;
  contact_name: string | null;
  policy_name: string | null;
  payout_id: string | null;
}

/** Credits as callers see them; the names and the live payout of all of them in one further statement, each by its key. */
export async function creditsToWire(
  reader: Reader,
  tenantId: string,
  credits: readonly PartnerLeadCreditRow[],
): Promise<WireCredit[]> {
  if (credits.length === 0) return [];
  const rows = await reader.all<NamesRow>(sql`
    select c.id, p.partner_code, p.organization_name, l.contact_name, y.policy_name, d.payout_id
    from partner_lead_credits c
    join partners p on p.tenant_id = c.tenant_id and p.id = c.partner_id
    left join partner_leads l on l.tenant_id = c.tenant_id and l.id = c.partner_lead_id
    left join partner_credit_policies y on y.tenant_id = c.tenant_id and y.id = c.policy_id
    left join partner_payout_details d on d.tenant_id = c.tenant_id and d.credit_id = c.id and d.released_at is null
    where c.tenant_id = ${tenantId} and c.id in (${join(credits.map(({ id }) => id))})`);
  const namesOf = new Map(rows.map((row) => [row.id, row]));
  return credits.map((credit) => {
    const names = namesOf.get(credit.id);
    if (names === undefined) throw new Error(`The credit ${credit.id} has no partner.`);
    return toWire(credit, names);
  });
}

export async function creditToWire(reader: Reader, credit: PartnerLeadCreditRow): Promise<WireCredit> {
  const [wire] = await creditsToWire(reader, credit.tenantId, [credit]);
  if (wire === undefined) throw new Error(`The credit ${credit.id} has no wire form.`);
  return wire;
}

function toWire(credit: PartnerLeadCreditRow, names: NamesRow): WireCredit {
  return {
    id: credit.id,
    version: credit.version,
    createdAt: credit.createdAt,
    updatedAt: credit.updatedAt,
    partnerId: credit.partnerId,
    partnerCode: names.partner_code,
    partnerName: names.organization_name,
    partnerLeadId: credit.partnerLeadId,
    leadName: names.contact_name,
    sourceId: credit.sourceId,
    policyId: credit.policyId,
    policyRevision: credit.policyRevision,
    policyName: names.policy_name,
    origin: credit.origin,
    triggerEvent: credit.triggerEvent,
    calculationType: credit.calculationType,
    creditAmount: credit.creditAmount,
    currency: credit.currency,
    reason: credit.reason,
    status: credit.status,
    requestedBy: credit.requestedBy,
    approvedBy: credit.approvedBy,
    approvedAt: credit.approvedAt,
    eventOn: credit.eventOn,
    approvedOn: credit.approvedOn,
    payableFrom: credit.payableFrom,
    bookingNote: credit.bookingNote,
    approvalNotes: credit.approvalNotes,
    delegatedPolicyId: credit.delegatedPolicyId,
    fourEyesWaived: credit.fourEyesWaived,
    rejectionReason: credit.rejectionReason,
    reversalReason: credit.reversalReason,
    reversesCreditId: credit.reversesCreditId,
    carriesOverCreditId: credit.carriesOverCreditId,
    payoutId: names.payout_id,
  };
}
