import sql from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import { partnerLeads, partners, type Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { creditOnApproval } from '../credit-engine/weigh.ts';
import type { Output } from '../service.ts';

type Calculated = Output<'creditPolicies', 'calculateLeadCredit'>;

/**
 * CalculateLeadCredit of the requirements, without changing anything: the amount and the policies applied. For a lead that waits
 * for review it is what approving it at this instant would credit; for a decided one what it was credited when its events
 * happened, by policies and by the partner's own terms, whatever became of the credits since. Amounts in minor units.
 * @throws DomainError `NOT_FOUND`.
 */
export async function calculateLeadCredit(
  reader: Reader,
  session: Session,
  leadId: string,
  now: string,
): Promise<Calculated> {
  const lead = await reader.find(partnerLeads, { id: leadId });
  if (lead === undefined) throw new DomainError('NOT_FOUND', 'There is no such lead.');
  const { currency } = lead;
  if (lead.status === 'rejected') {
    return { leadId, basis: 'credited', event: null, amount: 0, currency, policyIds: [], reasons: [] };
  }
  if (lead.approvedAt === null) {
    const partner = await reader.find(partners, { id: lead.partnerId }, { withDeleted: true });
    if (partner === undefined) throw new Error(`The lead ${leadId} has no partner.`);
    const next = await creditOnApproval(reader, session, lead, partner, now);
    return { leadId, basis: 'next', event: 'approval', currency, ...next };
  }
  const credits = await reader.all<{ credit_amount: number; reason: string }>(sql`
    select credit_amount, reason from partner_lead_credits
    where tenant_id = ${session.tenantId} and partner_lead_id = ${leadId}
      and origin in ('policy', 'partner_terms') and withdrawn_at is null order by id`);
  const applied = await reader.all<{ policy_id: string }>(sql`
    select policy_id from partner_credit_policy_mappings
    where tenant_id = ${session.tenantId} and partner_lead_id = ${leadId} and applied = ${true} and withdrawn_at is null
    order by id`);
  return {
    leadId,
    basis: 'credited',
    event: lead.convertedAt === null ? 'approval' : 'conversion',
    amount: credits.reduce((sum, { credit_amount }) => sum + credit_amount, 0),
    currency,
    policyIds: applied.map(({ policy_id }) => policy_id),
    reasons: credits.map(({ reason }) => reason),
  };
}
