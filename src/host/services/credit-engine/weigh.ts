import sql from 'sql-template-tag';
import { applicability, type LeadFacts } from '#domain/credit-applicability.ts';
import { calculateCredit } from '#domain/credit-calculation.ts';
import { hasEstimatedValue, type LeadEvent, triggerOf } from '#domain/credit-policies.ts';
import { type CreditCandidate, resolveCredits } from '#domain/credit-resolution.ts';
import { rateToPercent } from '#domain/money.ts';
import { asBoolean } from '../../database/codec.ts';
import type { PartnerLeadRow, PartnerRow, Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Output } from '../service.ts';
import { type Candidate, factsOf, leadCounts, policiesInForce, policiesNotYetInForce } from './candidates.ts';

type WireMapping = Output<'leads', 'policyMappings'>['items'][number];
type Weighed = Output<'leads', 'applicablePolicies'>['items'][number];

interface MappingRow {
  id: string;
  partner_lead_id: string;
  policy_id: string;
  policy_code: string;
  policy_name: string;
  policy_revision: number;
  event: LeadEvent;
  applied: unknown;
  calculated_credit: number;
  currency: string;
  reason: string;
  created_at: string;
}

/** Which policies were applied to a lead or passed over, in the order it happened. Amounts in minor units. */
export async function listPolicyMappings(
  reader: Reader,
  session: Session,
  leadId: string,
): Promise<WireMapping[]> {
  const rows = await reader.all<MappingRow>(sql`
    select m.id, m.partner_lead_id, m.policy_id, p.policy_code, p.policy_name, m.policy_revision, m.event, m.applied,
      m.calculated_credit, l.currency, m.created_at,
      m.reason || case when m.withdrawn_at is null then '' else ' (this conversion was withdrawn)' end as reason
    from partner_credit_policy_mappings m
    join partner_credit_policies p on p.tenant_id = m.tenant_id and p.id = m.policy_id
    join partner_leads l on l.tenant_id = m.tenant_id and l.id = m.partner_lead_id
    where m.tenant_id = ${session.tenantId} and m.partner_lead_id = ${leadId}
    order by m.created_at, m.id`);
  return rows.map((row) => ({
    id: row.id,
    partnerLeadId: row.partner_lead_id,
    policyId: row.policy_id,
    policyCode: row.policy_code,
    policyName: row.policy_name,
    policyRevision: row.policy_revision,
    event: row.event,
    applied: asBoolean(row.applied),
    calculatedCredit: row.calculated_credit,
    currency: row.currency,
    reason: row.reason,
    createdAt: row.created_at,
  }));
}

/**
 * What each policy would do with a lead if its event were today, with the reason: the policies in force, and those whose first
 * approval is still to come. `applies` is false also for one that another would push aside. `amount` in minor
 * units; null where the policy doesn't apply, or its amount depends on a deal not known yet. On conversion that deal can
 * also decide who pushes whom aside; until it is known each policy is told by itself. `today` is the day in the tenant's
 * zone. Reads only.
 */
export async function weighPolicies(
  reader: Reader,
  session: Session,
  lead: PartnerLeadRow,
  partner: PartnerRow,
  today: string,
): Promise<Weighed[]> {
  const { tenantId } = session;
  const policies = [
    ...(await policiesInForce(reader, tenantId, partner.id, today)),
    ...(await policiesNotYetInForce(reader, tenantId, partner.id)),
  ];
  const counted = await leadCounts(reader, tenantId, partner.id, today, policies);
  // An approved lead is among the counted ones already.
  const itself = lead.approvedAt === null ? 1 : 0;
  const candidates = policies.map((policy) => ({
    ...policy,
    leadCount: (counted.get(policy.policyId) ?? 0) + itself,
  }));
  const weighed = (['approval', 'conversion'] as const).flatMap((event) => {
    const facts = factsOf(lead, partner, { event, eventDay: today, dealValue: lead.dealValue });
    return weighAt(facts, candidates);
  });
  return weighed.sort((a, b) => (a.policyCode < b.policyCode ? -1 : 1));
}

type CountedCandidate = Candidate & CreditCandidate;

/** The policies that pay on this event, for which no other event is worth telling. */
function weighAt(facts: LeadFacts, candidates: readonly CountedCandidate[]): Weighed[] {
  const trigger = { hasEstimatedValue: hasEstimatedValue(facts) };
  const ofEvent = candidates.filter(({ terms }) => triggerOf(terms.calculationType, trigger) === facts.event);
  const applicable = ofEvent.filter((policy) => applicability(policy, facts).applies);
  const isDecided = applicable.every((policy) => !dependsOnDeal(policy, facts));
  const mappings = isDecided ? resolveCredits(applicable, facts).mappings : [];
  const mappingOf = new Map(mappings.map((mapping) => [mapping.policyId, mapping]));
  return ofEvent.map((policy) => {
    const mapping = mappingOf.get(policy.policyId);
    const { policyId, policyCode, policyName, revision, terms } = policy;
    const about = {
      policyId,
      policyCode,
      policyName,
      revision,
      calculationType: terms.calculationType,
      event: facts.event,
    };
    if (mapping !== undefined) {
      return { ...about, applies: mapping.applied, amount: mapping.amount, reason: mapping.reason };
    }
    const answer = applicability(policy, facts);
    if (!answer.applies) return { ...about, applies: false, amount: null, reason: answer.reason };
    if (!dependsOnDeal(policy, facts))
      return {
        ...about,
        applies: true,
        ...calculateCredit(terms, { ...facts, leadCount: policy.leadCount }),
      };
    const reason = `${rateToPercent(terms.baseRate ?? 0)} % of the deal value, which is known on conversion`;
    return { ...about, applies: true, amount: null, reason };
  });
}

function dependsOnDeal({ terms }: Candidate, { event, dealValue }: LeadFacts): boolean {
  return event === 'conversion' && dealValue === null && terms.calculationType !== 'conversion';
}
