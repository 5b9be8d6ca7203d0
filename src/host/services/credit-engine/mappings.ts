import sql, { type Sql } from 'sql-template-tag';
import { applicability } from '#domain/credit-applicability.ts';
import { hasEstimatedValue, type LeadEvent, triggerOf } from '#domain/credit-policies.ts';
import { asBoolean } from '../../database/codec.ts';
import type { PartnerLeadRow, PartnerRow, Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Output } from '../service.ts';
import { factsOf } from './candidates.ts';
import { earlierScores, scoreAt } from './earlier-scores.ts';
import { policyAt, policyHistories } from './history.ts';

type WireMapping = Output<'leads', 'policyMappings'>['items'][number];
type OtherPolicy = Output<'leads', 'policyMappings'>['others'][number];

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
  // Two halves, each of its own index: those of withdrawn conversions are kept apart.
  const half = (whether: Sql, remark: Sql) => sql`
    select m.id, m.partner_lead_id, m.policy_id, p.policy_code, p.policy_name, m.policy_revision, m.event, m.applied,
      m.calculated_credit, l.currency, m.created_at, m.reason || ${remark} as reason
    from partner_credit_policy_mappings m
    join partner_credit_policies p on p.tenant_id = m.tenant_id and p.id = m.policy_id
    join partner_leads l on l.tenant_id = m.tenant_id and l.id = m.partner_lead_id
    where m.tenant_id = ${session.tenantId} and m.partner_lead_id = ${leadId} and m.withdrawn_at ${whether}`;
  const stands = half(sql`is null`, sql`''`);
  const withdrawn = half(sql`is not null`, sql`' (this conversion was withdrawn)'`);
  const rows = await reader.all<MappingRow>(
    sql`select * from (${stands} union all ${withdrawn}) as mappings order by created_at, id`,
  );
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
 * The policies that had no say in what a decided lead was credited, and why: as they stood at the event that they pay on, in force
 * or not. With the mappings that is every policy there was for the partner. None for a lead that is not decided:
 * `weighPolicies` tells what each would do with it.
 */
export async function listOtherPolicies(
  reader: Reader,
  session: Session,
  lead: PartnerLeadRow,
  partner: PartnerRow,
  mappings: readonly Pick<WireMapping, 'policyId' | 'event'>[],
): Promise<OtherPolicy[]> {
  if (lead.approvedAt === null || lead.approvedOn === null) return [];
  const approval = { at: lead.approvedAt, on: lead.approvedOn };
  const conversion =
    lead.convertedAt === null || lead.conversionDate === null
      ? undefined
      : { at: lead.convertedAt, on: lead.conversionDate };
  const scores = (await earlierScores(reader, session.tenantId, [lead.id])).get(lead.id);
  const weighed = new Set(mappings.map(({ policyId, event }) => `${policyId} ${event}`));
  const others: OtherPolicy[] = [];
  for (const history of await policyHistories(reader, session.tenantId, partner.id)) {
    const last = policyAt(history, (conversion ?? approval).at);
    if (last === undefined) continue;
    const event = triggerOf(last.terms.calculationType, { hasEstimatedValue: hasEstimatedValue(lead) });
    const about = {
      policyId: last.policyId,
      policyCode: last.policyCode,
      policyName: last.policyName,
      event,
    };
    const moment = event === 'approval' ? approval : conversion;
    if (moment === undefined) {
      others.push({
        ...about,
        policyRevision: last.revision,
        reason: 'pays on conversion, and the lead has not converted',
      });
      continue;
    }
    if (weighed.has(`${last.policyId} ${event}`)) continue;
    const policy = policyAt(history, moment.at);
    const then = { ...lead, qualityScore: scoreAt(lead.qualityScore, scores, moment.at) };
    const facts = factsOf(then, partner, { event, eventDay: moment.on, dealValue: lead.dealValue });
    const answer =
      policy === undefined
        ? { applies: false, reason: 'it was made after the event' }
        : applicability(policy, facts);
    others.push({
      ...about,
      policyRevision: (policy ?? last).revision,
      // It applied by what is stored, and yet it left no mapping: a lead credited before policies were weighed this way.
      reason: 'reason' in answer ? answer.reason : 'it was not weighed at that moment',
    });
  }
  return others.sort((a, b) => (a.policyCode < b.policyCode ? -1 : 1));
}
