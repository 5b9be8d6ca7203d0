import sql, { join, raw } from 'sql-template-tag';
import type { WeighedBefore } from '#domain/credit-event.ts';
import type { LeadEvent } from '#domain/credit-policies.ts';
import { asBoolean } from '../../../database/codec.ts';
import type { Reader } from '../../../database/index.ts';

/** One approval or conversion as it was recorded, with what the rules look at. */
export interface PastEvent {
  event: LeadEvent;
  /** The instant it was recorded, and the day it counts on. */
  at: string;
  on: string;
  leadId: string;
  leadName: string;
  partnerId: string;
  sourceId: string;
  projectId: string | null;
  campaignId: string | null;
  qualityScore: number;
  estimatedValue: number | null;
  dealValue: number | null;
  approvedAt: string | null;
  convertedAt: string | null;
}

/** A credit that a policy or the partner's own terms made for a lead, or what took it back. */
export interface PastCredit {
  id: string;
  partner_lead_id: string;
  trigger_event: string;
  origin: string;
  policy_id: string | null;
  credit_amount: number;
  reason: string;
  status: string;
  created_at: string;
  updated_at: string;
}

/** From `from` (included) until `until` (excluded), of one partner or of all. */
export interface Window {
  from: string;
  until: string;
  partnerId: string | null;
}

export interface EventCursor {
  at: string;
  leadId: string;
  event: LeadEvent;
}

interface EventRow {
  kind: number;
  at: string;
  on_day: string;
  id: string;
  contact_name: string;
  partner_id: string;
  source_id: string;
  project_id: string | null;
  campaign_id: string | null;
  quality_score: number;
  estimated_value: number | null;
  deal_value: number | null;
  approved_at: string | null;
  converted_at: string | null;
}

const columns =
  raw(`id, contact_name, partner_id, source_id, project_id, campaign_id, quality_score, estimated_value,
  deal_value, approved_at, converted_at`);
const branches = [
  { kind: raw('0'), at: raw('approved_at'), on: raw('approved_on') },
  { kind: raw('1'), at: raw('converted_at'), on: raw('conversion_date') },
] as const;

/** The next events of a window in the order they were recorded: a stretch of two indexes. */
export async function eventsAfter(
  reader: Reader,
  tenantId: string,
  { from, until, partnerId }: Window,
  cursor: EventCursor | null,
  limit: number,
): Promise<PastEvent[]> {
  const ofPartner = partnerId === null ? sql`` : sql` and partner_id = ${partnerId}`;
  const start = cursor?.at ?? from;
  const parts = branches.map(({ kind, at, on }) => {
    const after =
      cursor === null
        ? sql``
        : sql` and (${at}, id, ${kind}) > (${cursor.at}, ${cursor.leadId}, ${cursor.event === 'approval' ? 0 : 1})`;
    return sql`select * from (
      select ${kind} as kind, ${at} as at, ${on} as on_day, ${columns} from partner_leads
      where tenant_id = ${tenantId} and ${at} >= ${start} and ${at} < ${until}${ofPartner}${after}
      order by ${at}, id limit ${limit}) as branch`;
  });
  const rows = await reader.all<EventRow>(
    sql`${join(parts, ' union all ')} order by at, id, kind limit ${limit}`,
  );
  return rows.map(eventOf);
}

function eventOf(row: EventRow): PastEvent {
  return {
    event: row.kind === 0 ? 'approval' : 'conversion',
    at: row.at,
    on: row.on_day,
    leadId: row.id,
    leadName: row.contact_name,
    partnerId: row.partner_id,
    sourceId: row.source_id,
    projectId: row.project_id,
    campaignId: row.campaign_id,
    qualityScore: row.quality_score,
    estimatedValue: row.estimated_value,
    dealValue: row.deal_value,
    approvedAt: row.approved_at,
    convertedAt: row.converted_at,
  };
}

/** How many events a window has. */
export async function countEvents(
  reader: Reader,
  tenantId: string,
  { from, until, partnerId }: Window,
): Promise<number> {
  const ofPartner = partnerId === null ? sql`` : sql` and partner_id = ${partnerId}`;
  const parts = branches.map(
    ({ at }) => sql`select count(*) as n from partner_leads
      where tenant_id = ${tenantId} and ${at} >= ${from} and ${at} < ${until}${ofPartner}`,
  );
  const rows = await reader.all<{ n: number }>(join(parts, ' union all '));
  return rows.reduce((sum, { n }) => sum + n, 0);
}

/**
 * What was really credited to these leads by event, whatever became of it, with what took it back and what payouts carried over of it; of
 * withdrawn conversions nothing.
 */
export async function creditsOfLeads(
  reader: Reader,
  tenantId: string,
  leadIds: readonly string[],
): Promise<Map<string, PastCredit[]>> {
  const byLead = new Map<string, PastCredit[]>();
  if (leadIds.length === 0) return byLead;
  // What took back a credit of a withdrawn conversion is not marked itself.
  const rows = await reader.all<PastCredit>(sql`
    select c.id, c.partner_lead_id, c.trigger_event, c.origin, c.policy_id, c.credit_amount, c.reason, c.status, c.created_at,
      c.updated_at
    from partner_lead_credits c
    left join partner_lead_credits o on o.tenant_id = c.tenant_id and o.id = c.reverses_credit_id
    where c.tenant_id = ${tenantId} and c.partner_lead_id in (${join(leadIds)}) and c.withdrawn_at is null
      and o.withdrawn_at is null and c.origin in ('policy', 'partner_terms', 'carry_over', 'reversal')`);
  // In order here: asked for it, SQLite would walk all credits by their ids.
  for (const row of rows.sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const known = byLead.get(row.partner_lead_id);
    if (known === undefined) byLead.set(row.partner_lead_id, [row]);
    else known.push(row);
  }
  return byLead;
}

/** What weighing policies left of a lead in reality. */
export interface WeighedLead {
  /** By its approval; undefined where no policy applied. */
  left: WeighedBefore | undefined;
  /** The first mapping of each event: ids rise in the order of their making. */
  firstIds: Partial<Record<LeadEvent, string>>;
}

/** What the events of these leads left in reality; of withdrawn conversions nothing. */
export async function weighedOfLeads(
  reader: Reader,
  tenantId: string,
  leadIds: readonly string[],
): Promise<Map<string, WeighedLead>> {
  const weighed = new Map<string, WeighedLead>();
  const applied = new Map<string, Set<string>>();
  if (leadIds.length === 0) return weighed;
  const rows = await reader.all<{
    id: string;
    partner_lead_id: string;
    policy_id: string;
    event: LeadEvent;
    applied: unknown;
  }>(sql`
    select id, partner_lead_id, policy_id, event, applied from partner_credit_policy_mappings
    where tenant_id = ${tenantId} and partner_lead_id in (${join(leadIds)}) and withdrawn_at is null`);
  for (const { id, partner_lead_id: leadId, policy_id: policyId, event, applied: wasApplied } of rows) {
    const known = weighed.get(leadId) ?? { left: undefined, firstIds: {} };
    weighed.set(leadId, known);
    const first = known.firstIds[event];
    if (first === undefined || id < first) known.firstIds[event] = id;
    if (event === 'conversion') continue;
    const ofLead = applied.get(leadId) ?? new Set();
    applied.set(leadId, ofLead);
    if (asBoolean(wasApplied)) ofLead.add(policyId);
    known.left = { applied: ofLead, isGoverned: true };
  }
  return weighed;
}

export interface CountedDay {
  policy_id: string;
  partner_id: string;
  day: string;
  n: number;
}

/** Leads counted under policies before a day, in batches. Days too long ago for any period are one sum, on the first day there is. */
export function countsBefore(
  reader: Reader,
  tenantId: string,
  policyIds: readonly string[],
  { before, since, partnerId }: { before: string; since: string; partnerId: string | null },
): AsyncIterable<CountedDay[]> {
  const whose = sql`tenant_id = ${tenantId} and policy_id in (${join(policyIds)})${
    partnerId === null ? sql`` : sql` and partner_id = ${partnerId}`
  }`;
  const firstDay = raw(reader.engine === 'sqlite' ? `'0001-01-01'` : `date '0001-01-01'`);
  return reader.stream<CountedDay>(sql`
    select policy_id, partner_id, ${firstDay} as day, sum(lead_count) as n from policy_period_counts
    where ${whose} and period_start < ${since} group by policy_id, partner_id
    union all
    select policy_id, partner_id, period_start as day, lead_count as n from policy_period_counts
    where ${whose} and period_start >= ${since} and period_start < ${before}`);
}

/** Leads counted under policies on a day of which a part had gone by: those approved before an instant of it. */
export function countsWithin(
  reader: Reader,
  tenantId: string,
  policyIds: readonly string[],
  { day, from, until }: { day: string; from: string; until: string },
): Promise<CountedDay[]> {
  return reader.all<CountedDay>(sql`
    select m.policy_id, l.partner_id, l.approved_on as day, count(*) as n
    from partner_leads l
    join partner_credit_policy_mappings m on m.tenant_id = l.tenant_id and m.partner_lead_id = l.id
    where l.tenant_id = ${tenantId} and l.approved_at >= ${from} and l.approved_at < ${until} and l.approved_on = ${day}
      and m.event = 'approval' and m.withdrawn_at is null and m.policy_id in (${join(policyIds)})
    group by m.policy_id, l.partner_id, l.approved_on`);
}

export interface CappedCredit {
  id: string;
  policy_id: string;
  partner_id: string;
  event_on: string;
  credit_amount: number;
  status: string;
  created_at: string;
  updated_at: string;
  /** When the earning was made that this is, or that this took back or carried over a part of. */
  made_at: string;
  /** When the conversion that earned it was withdrawn. */
  withdrawn_at: string | null;
}

/**
 * Every credit under these policies, in batches: what their caps were held against. Those made after the world ends are left out by
 * whoever reads them: asked to, SQLite would walk all credits before that instant instead.
 */
export function creditsUnder(
  reader: Reader,
  tenantId: string,
  policyIds: readonly string[],
): AsyncIterable<CappedCredit[]> {
  return reader.stream<CappedCredit>(sql`
    select c.id, c.policy_id, c.partner_id, c.event_on, c.credit_amount, c.status, c.created_at, c.updated_at,
      coalesce(r.created_at, c.created_at) as made_at, coalesce(r.withdrawn_at, c.withdrawn_at) as withdrawn_at
    from partner_lead_credits c
    left join partner_lead_credits o on o.tenant_id = c.tenant_id and o.id = c.reverses_credit_id
    left join partner_lead_credits r on r.tenant_id = c.tenant_id
      and r.id = coalesce(o.carries_over_credit_id, c.reverses_credit_id, c.carries_over_credit_id)
    where c.tenant_id = ${tenantId} and c.policy_id in (${join(policyIds)}) and c.event_on is not null`);
}
