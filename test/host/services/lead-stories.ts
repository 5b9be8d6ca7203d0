import sql from 'sql-template-tag';
import type { Inputs, Outputs } from '#contract/index.ts';
import type { TestHost, TestTenant } from '#test/support/host.ts';
import { activePartner } from './credit-stories.ts';

/** What the stories about leads begin with, all of it through the calls that the roles themselves make. */

export type Lead = Outputs['leads']['get'];
export type LeadInput = Inputs['leads']['submit'];
export type LeadData = LeadInput['leadData'];

let people = 0;

/** Somebody nobody has handed in yet: 30 points with the usual weights. */
export function aPerson(more: LeadData = {}): LeadData {
  people += 1;
  return {
    firstName: 'Joe',
    lastName: `Summer ${people}`,
    email: `joe-${people}@example.com`,
    phone: `+49 30 ${7_000_000 + people}`,
    ...more,
  };
}

/** An active partner with this quota; 0 is no limit. */
export async function partnerWithQuota(office: TestTenant, monthlyQuota: number): Promise<string> {
  return (await activePartner(office, { monthlyQuota })).id;
}

/** Submitted by the partner manager. */
export function submitted(
  office: TestTenant,
  partnerId: string,
  leadData: LeadData = aPerson(),
  more: Partial<LeadInput> = {},
): Promise<Lead> {
  return office.as('partner_manager').leads.submit({ id: partnerId, leadData, ...more });
}

export function getLead(office: TestTenant, { id }: { id: string }): Promise<Lead> {
  return office.as('auditor').leads.get({ id });
}

/** Every lead of the organization by one kind of list, page after page. */
export async function walk(
  office: TestTenant,
  list: 'list' | 'reviewQueue',
  input: Inputs['leads']['reviewQueue'] = {},
): Promise<Lead[]> {
  const leads: Lead[] = [];
  let cursor: string | undefined;
  do {
    const page = await office.as('auditor').leads[list]({ ...input, cursor });
    leads.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return leads;
}

/** The counters of a partner, its sources and its months, as they are kept. */
export async function countersOf(host: TestHost, partnerId: string) {
  return host.database.read('system', async (reader) => ({
    partner:
      await reader.get(sql`select total_leads_submitted, total_quality_score, approved_leads, rejected_leads,
      converted_leads from partners where id = ${partnerId}`),
    sources:
      await reader.all(sql`select id, leads_generated, total_quality_score, leads_approved, leads_converted,
      total_revenue from partner_sources where partner_id = ${partnerId} order by id`),
    months: await reader.all(sql`select month, leads_submitted from partner_months
      where partner_id = ${partnerId} order by month`),
  }));
}

/** The same, counted from the leads themselves. */
export async function recountOf(host: TestHost, partnerId: string) {
  const approved = sql`sum(case when status in ('approved', 'converted') then 1 else 0 end)`;
  const converted = sql`sum(case when status = 'converted' then 1 else 0 end)`;
  return host.database.read('system', async (reader) => ({
    partner: await reader.get(sql`select count(*) as total_leads_submitted,
      coalesce(sum(quality_score), 0) as total_quality_score, coalesce(${approved}, 0) as approved_leads,
      coalesce(sum(case when status = 'rejected' then 1 else 0 end), 0) as rejected_leads,
      coalesce(${converted}, 0) as converted_leads from partner_leads where partner_id = ${partnerId}`),
    sources: await reader.all(sql`select s.id, count(l.id) as leads_generated,
      coalesce(sum(l.quality_score), 0) as total_quality_score, coalesce(${sql`sum(case when l.status in ('approved', 'converted') then 1 else 0 end)`}, 0) as leads_approved,
      coalesce(${sql`sum(case when l.status = 'converted' then 1 else 0 end)`}, 0) as leads_converted,
      coalesce(sum(l.deal_value), 0) as total_revenue
      from partner_sources s left join partner_leads l on l.tenant_id = s.tenant_id and l.source_id = s.id
      where s.partner_id = ${partnerId} group by s.id order by s.id`),
    months: await reader.all(sql`select month, count(*) as leads_submitted from partner_leads
      where partner_id = ${partnerId} group by month order by month`),
  }));
}

/** How calls made at the same moment ended: the results, and the codes of the refusals. */
export async function outcomesOf<T>(calls: readonly Promise<T>[]): Promise<{ done: T[]; codes: string[] }> {
  const done: T[] = [];
  const codes: string[] = [];
  for (const result of await Promise.allSettled(calls)) {
    if (result.status === 'fulfilled') done.push(result.value);
    else if (result.reason instanceof Error && 'code' in result.reason)
      codes.push(String(result.reason.code));
    else throw result.reason;
  }
  return { done, codes };
}
