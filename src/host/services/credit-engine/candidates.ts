import sql, { join, type Sql } from 'sql-template-tag';
import { periodOf } from '#domain/calendar.ts';
import type { LeadFacts } from '#domain/credit-applicability.ts';
import {
  type LeadEvent,
  type PolicyRevision,
  type PolicyTerms,
  withoutGaps,
} from '#domain/credit-policies.ts';
import { asJson } from '../../database/codec.ts';
import type { PartnerLeadRow, PartnerRow, Reader, Writer } from '../../database/index.ts';

/** A policy as it makes credits now: the terms of its effective revision. */
export interface Candidate extends PolicyRevision {
  policyName: string;
  /** Whoever approved this revision; null where nobody has yet. */
  approvedBy: string | null;
}

interface CandidateRow {
  id: string;
  policy_code: string;
  policy_name: string;
  currency: string;
  created_at: string;
  deactivated_from: string | null;
  revision: number;
  terms: string;
  approved_by: string | null;
}

/**
 * The policies in force on a day that name this partner or none, with the terms that were approved, in one statement. One
 * deactivated from a later day on still pays for what happened before.
 */
export async function policiesInForce(
  reader: Reader,
  tenantId: string,
  partnerId: string,
  day: string,
): Promise<Candidate[]> {
  const active = sql`(p.is_active = ${true} or p.deactivated_from > ${day})`;
  const rows = await reader.all<CandidateRow>(policiesFor(tenantId, partnerId, active));
  return rows.map(candidateOf);
}

/** Two halves, because for "of this partner or of none" SQLite would read every policy of the tenant. */
function policiesFor(tenantId: string, partnerId: string, condition: Sql): Sql {
  const half = (whose: Sql) => sql`
    select p.id, p.policy_code, p.policy_name, p.currency, p.created_at, p.deactivated_from, r.revision, r.terms, r.approved_by
    from partner_credit_policies p
    join partner_credit_policy_revisions r
      on r.tenant_id = p.tenant_id and r.policy_id = p.id and r.revision = p.effective_revision
    where p.tenant_id = ${tenantId} and ${whose} and ${condition} and p.deleted_at is null`;
  return sql`${half(sql`p.partner_id = ${partnerId}`)} union all ${half(sql`p.partner_id is null`)}`;
}

function candidateOf(row: CandidateRow): Candidate {
  return {
    policyId: row.id,
    policyCode: row.policy_code,
    policyName: row.policy_name,
    revision: row.revision,
    createdAt: row.created_at,
    isActive: true,
    deactivatedFrom: row.deactivated_from,
    isApproved: true,
    currency: row.currency,
    terms: withoutGaps(asJson<PolicyTerms>(row.terms)),
    approvedBy: row.approved_by,
  };
}

/** What the rules need to know of a lead at an event. Amounts in minor units of the partner's currency. */
export function factsOf(
  lead: PartnerLeadRow,
  partner: PartnerRow,
  at: { event: LeadEvent; eventDay: string; dealValue: number | null },
): LeadFacts {
  return {
    ...at,
    partnerId: partner.id,
    projectId: lead.projectId,
    campaignId: lead.campaignId,
    sourceId: lead.sourceId,
    score: lead.qualityScore,
    estimatedValue: lead.estimatedValue,
    currency: partner.currency,
  };
}

/**
 * Counts an approved lead under each of these policies, and returns n of the tiered ones, this lead included (`domain.md`,
 * "Credits"). Policies of every kind are counted: one that becomes tiered later has its leads behind it.
 *
 * A row holds the leads of one day, and n is the sum of the days of the period that the terms name. So a revision with another
 * period counts right from its first lead, and two approvals at the same moment wait for each other at the day's row.
 */
export async function countLead(
  tx: Writer,
  tenantId: string,
  partnerId: string,
  day: string,
  policies: readonly Candidate[],
): Promise<Map<string, number>> {
  if (policies.length === 0) return new Map();
  // In one order everywhere, so that two approvals can't each hold a row the other waits for.
  const ids = policies.map(({ policyId }) => policyId).sort();
  const rows = ids.map((id) => sql`(${tenantId}, ${id}, ${partnerId}, ${day}, 1)`);
  await tx.run(sql`insert into policy_period_counts (tenant_id, policy_id, partner_id, period_start, lead_count)
    values ${join(rows)}
    on conflict (tenant_id, policy_id, partner_id, period_start)
    do update set lead_count = policy_period_counts.lead_count + 1`);
  return leadCounts(tx, tenantId, partnerId, day, policies);
}

/** The leads counted under the tiered ones of these policies, in the period of each that `day` lies in. */
export async function leadCounts(
  reader: Reader,
  tenantId: string,
  partnerId: string,
  day: string,
  policies: readonly Candidate[],
): Promise<Map<string, number>> {
  const counts = policies
    .filter(({ terms }) => terms.calculationType === 'tiered')
    .map(({ policyId, terms }) => countOf(tenantId, partnerId, policyId, periodOfCount(terms, day)));
  if (counts.length === 0) return new Map();
  const found = await reader.all<{ policy_id: string; n: number }>(join(counts, ' union all '));
  return new Map(found.map(({ policy_id, n }) => [policy_id, n]));
}

/** Null: the policy's whole life. */
function periodOfCount(terms: PolicyTerms, day: string): { start: string; end: string } | null {
  return terms.policyType === 'time_based' && terms.timeUnitType !== null
    ? periodOf(day, terms.timeUnitType)
    : null;
}

function countOf(
  tenantId: string,
  partnerId: string,
  policyId: string,
  period: { start: string; end: string } | null,
): Sql {
  const within = period === null ? sql`` : sql` and period_start between ${period.start} and ${period.end}`;
  return sql`select policy_id, sum(lead_count) as n from policy_period_counts
    where tenant_id = ${tenantId} and policy_id = ${policyId} and partner_id = ${partnerId}${within} group by policy_id`;
}
