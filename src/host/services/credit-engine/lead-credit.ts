import sql, { join, type Sql } from 'sql-template-tag';
import type { CreditStatus, LeadCreditStatus } from '#domain/vocabulary.ts';
import type { Reader, Writer } from '../../database/index.ts';

/** What a lead shows of its credits: the sum of the live ones in minor units, and how far they are. */
export interface LeadCredit {
  creditAmount: number | null;
  creditStatus: LeadCreditStatus | null;
}

/** So many leads in one statement: large enough for few statements, small enough to be prepared once. */
const leadsPerStatement = 500;

/**
 * A lead's credits in one row per lead: the sum of those pending and approved (0 when none of them stands any more), and
 * the step of the one that is furthest behind: `pending`, else `approved`, else `paid` when all that was approved is in payouts that
 * were paid in full. `rejected` says that there were credits and none stands, whether rejected or reversed. `which`: of the credits `c`.
 */
export function leadCreditSummary(tenantId: string, which: Sql): Sql {
  return sql`select partner_lead_id, sum(live_amount) as credit_amount,
      case when sum(pending) > 0 then 'pending' when sum(approved) > sum(paid) then 'approved'
        when sum(approved) > 0 then 'paid' else 'rejected' end as credit_status
    from (
      select c.partner_lead_id,
        case when c.status in ('pending_approval', 'approved') then c.credit_amount else 0 end as live_amount,
        case when c.status = 'pending_approval' then 1 else 0 end as pending,
        case when c.status = 'approved' then 1 else 0 end as approved,
        case when c.status = 'approved' and exists (
          select 1 from partner_payout_details d
          join partner_payouts p on p.tenant_id = d.tenant_id and p.id = d.payout_id
          where d.tenant_id = c.tenant_id and d.credit_id = c.id and d.released_at is null
            and d.status <> 'rejected' and p.status = 'paid'
        ) then 1 else 0 end as paid
      from partner_lead_credits c
      where c.tenant_id = ${tenantId} and ${which}
    ) as each_credit
    group by partner_lead_id`;
}

const summaryOf = (tenantId: string, leads: Sql): Sql =>
  leadCreditSummary(tenantId, sql`c.partner_lead_id in (${leads})`);

/** What a lead shows now, from its stored credits; null and null where it has none. */
export async function leadCreditOf(reader: Reader, tenantId: string, leadId: string): Promise<LeadCredit> {
  const row = await reader.get<{ credit_amount: number; credit_status: LeadCreditStatus }>(
    summaryOf(tenantId, join([leadId])),
  );
  return { creditAmount: row?.credit_amount ?? null, creditStatus: row?.credit_status ?? null };
}

/** Stores what leads show of their credits. Their `version` stays: a credit decided elsewhere makes no open form stale. */
export async function storeLeadCredits(
  tx: Writer,
  tenantId: string,
  leadIds: readonly string[],
): Promise<void> {
  const ids = [...new Set(leadIds)];
  for (let start = 0; start < ids.length; start += leadsPerStatement) {
    const chunk = join(ids.slice(start, start + leadsPerStatement));
    // The leads are named twice: by the join alone, SQLite would walk all leads of the tenant.
    await tx.run(sql`update partner_leads
      set credit_amount = summary.credit_amount, credit_status = summary.credit_status
      from (${summaryOf(tenantId, chunk)}) as summary
      where partner_leads.tenant_id = ${tenantId} and partner_leads.id = summary.partner_lead_id
        and partner_leads.id in (${chunk})`);
  }
}

/** The same for credits just made, of a lead that had none: no need to read them back. */
export function leadCreditFrom(
  credits: readonly { creditAmount: number; status: CreditStatus }[],
): LeadCredit {
  if (credits.length === 0) return { creditAmount: null, creditStatus: null };
  const isPending = credits.some(({ status }) => status === 'pending_approval');
  return {
    creditAmount: credits.reduce((sum, { creditAmount }) => sum + creditAmount, 0),
    creditStatus: isPending ? 'pending' : 'approved',
  };
}
