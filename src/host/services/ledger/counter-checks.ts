import sql, { type Sql } from 'sql-template-tag';

/**
 * Checks of counters that are kept by period: each a statement whose rows are differences, as in `checks.ts`. What is stored and what
 * the rows behind it add up to are laid on top of each other, so that a counter without rows is found as well as rows without a counter.
 */
export function counterChecks(tenantId: string): Sql[] {
  return [monthCounts(tenantId), countedLeads(tenantId), creditedDays(tenantId)];
}

/** The leads of a month, which quotas are held against: every lead submitted in it. */
function monthCounts(tenantId: string): Sql {
  return sql`select partner_id, 'leads submitted in ' || month as figure, sum(stored) as stored, sum(computed) as computed
    from (
      select partner_id, month, leads_submitted as stored, 0 as computed from partner_months where tenant_id = ${tenantId}
      union all
      select partner_id, month, 0, count(*) from partner_leads where tenant_id = ${tenantId} group by partner_id, month
    ) as both_sides
    group by partner_id, month having sum(stored) <> sum(computed)`;
}

/** n of the tiers by day: every policy weighed for a lead at its approval counts it. */
function countedLeads(tenantId: string): Sql {
  return sql`select b.partner_id, 'leads counted on ' || cast(b.day as text) || ' under policy ' || p.policy_code as figure,
      b.stored, b.computed
    from (
      select policy_id, partner_id, day, sum(stored) as stored, sum(computed) as computed
      from (
        select policy_id, partner_id, period_start as day, lead_count as stored, 0 as computed
        from policy_period_counts where tenant_id = ${tenantId}
        union all
        select m.policy_id, l.partner_id, l.approved_on, 0, count(*)
        from partner_credit_policy_mappings m
        join partner_leads l on l.tenant_id = m.tenant_id and l.id = m.partner_lead_id
        where m.tenant_id = ${tenantId} and m.event = 'approval' and m.withdrawn_at is null
        group by m.policy_id, l.partner_id, l.approved_on
      ) as both_sides
      group by policy_id, partner_id, day having sum(stored) <> sum(computed)
    ) as b
    join partner_credit_policies p on p.tenant_id = ${tenantId} and p.id = b.policy_id`;
}

/** What caps per period are held against, by the day of the event, for the policies that keep it. */
function creditedDays(tenantId: string): Sql {
  return sql`select p.partner_id, 'credits of ' || cast(b.day as text) || ' under policy ' || p.policy_code as figure,
      b.stored, b.computed
    from (
      select policy_id, day, sum(stored) as stored, sum(computed) as computed
      from (
        select policy_id, day, amount as stored, 0 as computed from policy_day_credits where tenant_id = ${tenantId}
        union all
        select c.policy_id, c.event_on, 0, sum(c.credit_amount)
        from partner_lead_credits c
        join partner_credit_policies t on t.tenant_id = c.tenant_id and t.id = c.policy_id and t.tracks_days = ${true}
        where c.tenant_id = ${tenantId} and c.event_on is not null and c.status in ('pending_approval', 'approved')
        group by c.policy_id, c.event_on
      ) as both_sides
      group by policy_id, day having sum(stored) <> sum(computed)
    ) as b
    join partner_credit_policies p on p.tenant_id = ${tenantId} and p.id = b.policy_id`;
}
