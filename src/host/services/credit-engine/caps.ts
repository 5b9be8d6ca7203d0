import sql, { join, type Sql } from 'sql-template-tag';
import { periodOf } from '#domain/calendar.ts';
import type { LeadEvent } from '#domain/credit-policies.ts';
import { asBoolean } from '../../database/codec.ts';
import type { Reader, Writer } from '../../database/index.ts';
import { beyondExact, staysExact } from '../exact-sums.ts';
import type { Candidate } from './candidates.ts';

/** What capped policies have credited before an event, in minor units. */
export interface CreditedBefore {
  /** Of policies with a cap per period or a total budget. */
  byPolicy: ReadonlyMap<string, { inPeriod: number; inTotal: number }>;
  /** By policies to the lead, where one of them caps that. */
  onLead: number;
}

interface CappedEvent {
  tenantId: string;
  leadId: string;
  event: LeadEvent;
  eventDay: string;
}

const isBudgeted = ({ terms }: Candidate) => terms.totalBudget !== null || terms.capPerPeriod !== null;

/**
 * Reads what these policies' caps are held against; no statement where none of them has one. `hold` is for making credits: the
 * policies are held until the transaction ends, so that of two approvals at the same moment the second finds what the first
 * one left. All that contend are held, in one order, because all may be counted afterwards.
 */
export async function creditedBefore(
  tx: Reader,
  { tenantId, leadId, event, eventDay }: CappedEvent,
  contending: readonly Candidate[],
  hold: boolean,
): Promise<CreditedBefore> {
  const byPolicy = new Map<string, { inPeriod: number; inTotal: number }>();
  const budgeted = contending.filter(isBudgeted);
  if (budgeted.length > 0) {
    const held = hold ? contending : budgeted;
    const ids = held.map(({ policyId }) => policyId).sort();
    const lock = hold && tx.engine === 'postgres' ? sql` order by id for no key update` : sql``;
    const rows = await tx.all<{ id: string; credits_made: number }>(sql`
      select id, credits_made from partner_credit_policies
      where tenant_id = ${tenantId} and id in (${join(ids)})${lock}`);
    for (const { id, credits_made } of rows) byPolicy.set(id, { inPeriod: 0, inTotal: credits_made });
    const sums = budgeted.flatMap((policy) => periodSum(tenantId, policy, eventDay) ?? []);
    if (sums.length > 0) {
      const found = await tx.all<{ policy_id: string; amount: number }>(join(sums, ' union all '));
      for (const { policy_id, amount } of found) {
        byPolicy.set(policy_id, { inTotal: byPolicy.get(policy_id)?.inTotal ?? 0, inPeriod: amount });
      }
    }
  }
  const looksAtLead = event === 'conversion' && contending.some(({ terms }) => terms.capPerLead !== null);
  return { byPolicy, onLead: looksAtLead ? await creditedToLead(tx, tenantId, leadId) : 0 };
}

function periodSum(tenantId: string, { policyId, terms }: Candidate, eventDay: string): Sql | null {
  if (terms.capPerPeriod === null || terms.timeUnitType === null) return null;
  const { start, end } = periodOf(eventDay, terms.timeUnitType);
  return sql`select policy_id, sum(amount) as amount from policy_day_credits
    where tenant_id = ${tenantId} and policy_id = ${policyId} and day between ${start} and ${end} group by policy_id`;
}

/** On approval there is nothing yet: no policy credits a lead before. */
async function creditedToLead(reader: Reader, tenantId: string, leadId: string): Promise<number> {
  const row = await reader.get<{ amount: number | null }>(sql`
    select sum(credit_amount) as amount from partner_lead_credits
    where tenant_id = ${tenantId} and partner_lead_id = ${leadId} and policy_id is not null
      and status in ('pending_approval', 'approved')`);
  return row?.amount ?? 0;
}

/** What is added to a policy's figures; amounts in minor units, below zero for what is taken back. */
export interface PolicyFigures {
  policyId: string;
  leads: number;
  /** To `creditsMade`: credits that wait or were approved. */
  made: number;
  /** To `totalCreditsAllocated`: credits that were approved. */
  allocated: number;
}

/**
 * Adds to the figures of policies, in one statement, and for those that keep their days to the day of the event. A figure, not
 * an edit: a policy's `version` stays, or every credit would make an open form stale.
 */
export async function addToPolicies(
  tx: Writer,
  tenantId: string,
  eventDay: string | null,
  figures: readonly PolicyFigures[],
): Promise<void> {
  if (figures.length === 0) return;
  const ids = figures.map(({ policyId }) => policyId).sort();
  if (tx.engine === 'postgres' && ids.length > 1) {
    // An update locks in the order it finds the rows; two approvals must not find them in different orders.
    await tx.all(sql`select id from partner_credit_policies
      where tenant_id = ${tenantId} and id in (${join(ids)}) order by id for no key update`);
  }
  const sum = (of: (each: PolicyFigures) => number) =>
    sql`case id ${join(
      figures.map((each) => sql`when ${each.policyId} then cast(${of(each)} as bigint)`),
      ' ',
    )} end`;
  // Whether it keeps its days is asked of the row as it is now: a cap per period may just have been approved.
  const rows = await tx.all<{ id: string; tracks_days: unknown }>(sql`update partner_credit_policies set
      total_leads_under_policy = total_leads_under_policy + ${sum(({ leads }) => leads)},
      credits_made = credits_made + ${sum(({ made }) => made)},
      total_credits_allocated = total_credits_allocated + ${sum(({ allocated }) => allocated)}
    where tenant_id = ${tenantId} and id in (${join(ids)})
      and ${staysExact(
        sql`credits_made`,
        sum(({ made }) => made),
      )}
      and ${staysExact(
        sql`total_credits_allocated`,
        sum(({ allocated }) => allocated),
      )}
    returning id, tracks_days`);
  if (rows.length < ids.length) throw beyondExact('What the policy credited');
  const tracking = new Set(rows.flatMap((row) => (asBoolean(row.tracks_days) ? [row.id] : [])));
  const days = figures.filter(({ policyId, made }) => made !== 0 && tracking.has(policyId));
  if (days.length === 0 || eventDay === null) return;
  const values = days.map(({ policyId, made }) => sql`(${tenantId}, ${policyId}, ${eventDay}, ${made})`);
  await tx.run(sql`insert into policy_day_credits (tenant_id, policy_id, day, amount) values ${join(values)}
    on conflict (tenant_id, policy_id, day) do update set amount = policy_day_credits.amount + excluded.amount`);
}

/**
 * Starts keeping a policy's days, with all that was credited under it before; the policy is locked. From then on
 * `addToPolicies` goes on with it, also for an approval that was under way meanwhile: it waits for the lock.
 */
export async function startTrackingDays(tx: Writer, tenantId: string, policyId: string): Promise<void> {
  await tx.run(sql`insert into policy_day_credits (tenant_id, policy_id, day, amount)
    select tenant_id, policy_id, event_on, sum(credit_amount) from partner_lead_credits
    where tenant_id = ${tenantId} and policy_id = ${policyId} and event_on is not null
      and status in ('pending_approval', 'approved')
    group by tenant_id, policy_id, event_on`);
}
