import sql, { join, raw, type Sql } from 'sql-template-tag';
import {
  figuresFrom,
  ledgerAccounts,
  ledgerEventTypes,
  type PartnerFigures,
  postingsFor,
} from '#domain/ledger.ts';
import { columnName } from '../../database/table.ts';
import { leadCreditSummary } from '../credit-engine/lead-credit.ts';
import { approvedStatuses } from '../payouts/wire.ts';
import { counterChecks } from './counter-checks.ts';

/**
 * The checks of `ledger.verify`: each a statement whose rows are differences, `partner_id` (null for what belongs to no
 * partner), `figure`, `stored` and `computed`. A sound ledger answers none of them with a row.
 */
export function checksOf(tenantId: string): Sql[] {
  return [
    figures(tenantId),
    entrySums(tenantId),
    entryAmounts(tenantId),
    creditsAndPayouts(tenantId),
    payoutLines(tenantId),
    payoutPayments(tenantId),
    creditsInPayouts(tenantId),
    creditsTakenBack(tenantId),
    bookedDays(tenantId),
    leadCredits(tenantId),
    partnerCounters(tenantId),
    sourceCounters(tenantId),
    policyCounters(tenantId),
    ...counterChecks(tenantId),
  ];
}

const figureNames = [
  'totalEarnings',
  'availableBalance',
  'pendingPayoutAmount',
  'withdrawnAmount',
] as const satisfies readonly (keyof PartnerFigures)[];

/** Trusted text of this file, as it stands. */
const word = (text: string): Sql => raw(`'${text}'`);

/** What a figure gains from one minor unit on each account, as the domain says, so that SQL adds up what the domain would. */
function figureSum(figure: keyof PartnerFigures): Sql {
  const cases = ledgerAccounts.map((account) => {
    const weight = figuresFrom([{ account, amount: 1 }])[figure];
    return sql`when ${word(account)} then ${raw(String(weight))}`;
  });
  return sql`sum(amount * case account ${join(cases, ' ')} end)`;
}

/** The partners' figures by the postings, one row per partner who has any. */
function ledgerFigures(tenantId: string): Sql {
  const sums = figureNames.map((figure) => sql`${figureSum(figure)} as ${raw(columnName(figure))}`);
  return sql`select partner_id, ${join(sums, ', ')},
      sum(case when account = 'paid' then amount else 0 end) as paid
    from ledger_postings where tenant_id = ${tenantId} group by partner_id`;
}

interface Figure {
  name: string;
  /** Expressions of the row of `rows`. */
  stored: Sql;
  computed: Sql;
}

/** One row per figure that differs, of rows that have a `partner_id`. */
function differing(rows: Sql, figures: readonly Figure[], nameOfRow: Sql = sql`''`): Sql {
  const each = figures.map(
    ({
      name,
      stored,
      computed,
    }) => sql`select partner_id, ${word(name)} || ${nameOfRow} as figure, stored, computed
      from (select compared.*, ${stored} as stored, ${computed} as computed from compared) as figures
      where stored <> computed`,
  );
  return sql`with compared as (${rows}) ${join(each, ' union all ')}`;
}

/** A column against what was computed under the same name behind `sum_`; where nothing was, that is 0. */
function columnFigure(column: string): Figure {
  const name = column.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  return { name, stored: raw(column), computed: raw(`coalesce(sum_${column}, 0)`) };
}

function figures(tenantId: string): Sql {
  const columns = figureNames.map(columnName);
  const computed = columns.map((column) => raw(`l.${column} as sum_${column}`));
  return differing(
    sql`select p.id as partner_id, ${raw(columns.map((column) => `p.${column}`).join(', '))}, ${join(computed, ', ')}
      from partners p left join (${ledgerFigures(tenantId)}) as l on l.partner_id = p.id
      where p.tenant_id = ${tenantId}`,
    columns.map(columnFigure),
  );
}

/** Every entry has two postings or more, and they sum to zero. */
function entrySums(tenantId: string): Sql {
  return sql`select e.partner_id, 'sum of entry ' || e.id as figure, coalesce(sum(p.amount), 0) as stored, 0 as computed
    from ledger_entries e
    left join ledger_postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id
    where e.tenant_id = ${tenantId}
    group by e.id, e.partner_id having coalesce(sum(p.amount), 0) <> 0 or count(p.amount) < 2`;
}

/** Every entry posts the amount it states, to the account its event names, for its own partner. */
function entryAmounts(tenantId: string): Sql {
  const accounts = ledgerEventTypes.map((type) => {
    const [, to] = postingsFor({ type, amount: 1 });
    return sql`when ${word(type)} then ${word(to.account)}`;
  });
  return sql`select e.partner_id, 'amount of entry ' || e.id as figure, e.amount as stored, coalesce(p.amount, 0) as computed
    from ledger_entries e
    left join ledger_postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id and p.partner_id = e.partner_id
      and p.account = case e.kind ${join(accounts, ' ')} end
    where e.tenant_id = ${tenantId} and (p.amount is null or p.amount <> e.amount)`;
}

const isApproved = (alias: string): Sql => sql`${raw(alias)}.status in (${join(approvedStatuses.map(word))})`;

/** Per partner: the approved credits are what it earned, the approved payouts what it withdrew, the payments what was paid. */
function creditsAndPayouts(tenantId: string): Sql {
  return differing(
    sql`select p.id as partner_id, coalesce(c.credits, 0) as credits, coalesce(o.approved, 0) as approved,
        coalesce(o.paid, 0) as paid, coalesce(l.total_earnings, 0) as sum_credits,
        coalesce(l.withdrawn_amount, 0) as sum_approved, coalesce(l.paid, 0) as sum_paid
      from partners p
      left join (${ledgerFigures(tenantId)}) as l on l.partner_id = p.id
      left join (
        select partner_id, sum(credit_amount) as credits from partner_lead_credits
        where tenant_id = ${tenantId} and status = 'approved' group by partner_id
      ) as c on c.partner_id = p.id
      left join (
        select o.partner_id, sum(case when ${isApproved('o')} then o.approved_amount else 0 end) as approved,
          sum(o.paid_amount) as paid
        from partner_payouts o where o.tenant_id = ${tenantId} group by o.partner_id
      ) as o on o.partner_id = p.id
      where p.tenant_id = ${tenantId}`,
    [
      { name: 'approved credits', stored: sql`credits`, computed: sql`sum_credits` },
      { name: 'approved payouts', stored: sql`approved`, computed: sql`sum_approved` },
      { name: 'payments', stored: sql`paid`, computed: sql`sum_paid` },
    ],
  );
}

/** The lines a payout holds: all not rejected while it is pending, those that make the approved amount, else none. */
function payoutLines(tenantId: string): Sql {
  return differing(
    sql`select o.partner_id, o.payout_number, case when o.status = 'pending' then o.total_amount - o.rejected_amount
        when ${isApproved('o')} then o.approved_amount else 0 end as held, coalesce(d.held, 0) as sum_held
      from partner_payouts o
      left join (
        select payout_id, sum(amount) as held from partner_payout_details
        where tenant_id = ${tenantId} and released_at is null group by payout_id
      ) as d on d.payout_id = o.id
      where o.tenant_id = ${tenantId}`,
    [{ name: 'amount of payout ', stored: sql`held`, computed: sql`sum_held` }],
    sql`payout_number`,
  );
}

/** What was paid of a payout: its payments, less those that failed. */
function payoutPayments(tenantId: string): Sql {
  return differing(
    sql`select o.partner_id, o.payout_number, o.paid_amount, coalesce(y.paid, 0) as sum_paid
      from partner_payouts o
      left join (
        select payout_id, sum(amount) as paid from (
          select payout_id, amount from partner_payout_payments where tenant_id = ${tenantId}
          union all
          select payout_id, -amount from partner_payout_payment_failures where tenant_id = ${tenantId}
        ) as each_payment group by payout_id
      ) as y on y.payout_id = o.id
      where o.tenant_id = ${tenantId}`,
    [{ name: 'payments of payout ', stored: sql`paid_amount`, computed: sql`sum_paid` }],
    sql`payout_number`,
  );
}

/** A live line pays an approved credit of the payout's partner in full: so payouts never hold more than was approved. */
function creditsInPayouts(tenantId: string): Sql {
  return sql`select o.partner_id, 'line of credit ' || d.credit_id || ' in payout ' || o.payout_number as figure,
      d.amount as stored, coalesce(c.credit_amount, 0) as computed
    from partner_payout_details d
    join partner_payouts o on o.tenant_id = d.tenant_id and o.id = d.payout_id
    left join partner_lead_credits c on c.tenant_id = d.tenant_id and c.id = d.credit_id and c.status = 'approved'
      and c.partner_id = o.partner_id
    where d.tenant_id = ${tenantId} and d.released_at is null and (c.id is null or c.credit_amount <> d.amount)`;
}

/**
 * What was taken back of a credit is no more than it was: as a whole, in parts, and by what payouts carried over of it, which is the
 * same earning.
 */
function creditsTakenBack(tenantId: string): Sql {
  return sql`select c.partner_id, 'taken back of credit ' || c.id as figure, c.credit_amount as stored, t.amount as computed
    from partner_lead_credits c
    join (
      select coalesce(e.carries_over_credit_id, e.id) as root_id,
        sum(case when e.status = 'reversed' then e.credit_amount else 0 end + coalesce(r.amount, 0)) as amount
      from partner_lead_credits e
      left join (
        select reverses_credit_id, -sum(credit_amount) as amount from partner_lead_credits
        where tenant_id = ${tenantId} and reverses_credit_id is not null group by reverses_credit_id
      ) as r on r.reverses_credit_id = e.id
      where e.tenant_id = ${tenantId} and (e.status = 'reversed' or r.amount is not null)
      group by coalesce(e.carries_over_credit_id, e.id)
    ) as t on t.root_id = c.id
    where c.tenant_id = ${tenantId} and t.amount > c.credit_amount`;
}

/** An approved credit is booked on the same day as its ledger entry. The days differ by what `computed` says. */
function bookedDays(tenantId: string): Sql {
  return sql`select e.partner_id, 'day of credit ' || c.id as figure, 0 as stored, 1 as computed
    from ledger_entries e
    join partner_lead_credits c on c.tenant_id = e.tenant_id and c.id = e.resource_id
    where e.tenant_id = ${tenantId} and e.kind = 'credit_approved' and e.booked_on <> c.approved_on`;
}

/** What a lead shows of its credits is what they come to and how far they are; words differ by what `computed` says. */
function leadCredits(tenantId: string): Sql {
  const ofLeads = sql`select l.partner_id, l.id, l.credit_amount as stored_amount, l.credit_status as stored_status,
      s.credit_amount, s.credit_status
    from partner_leads l
    left join (${leadCreditSummary(tenantId, sql`c.partner_lead_id is not null`)}) as s on s.partner_lead_id = l.id
    where l.tenant_id = ${tenantId} and (l.credit_status is not null or s.credit_status is not null)`;
  const named = (status: string): Sql => sql`coalesce(${raw(status)}, 'none')`;
  return sql`with compared as (${ofLeads})
    select partner_id, 'creditAmount of lead ' || id as figure, coalesce(stored_amount, 0) as stored,
      coalesce(credit_amount, 0) as computed
    from compared where coalesce(stored_amount, 0) <> coalesce(credit_amount, 0)
    union all
    select partner_id, 'creditStatus of lead ' || id || ': ' || ${named('stored_status')} || ' instead of ' || ${named('credit_status')}, 0, 1
    from compared where ${named('stored_status')} <> ${named('credit_status')}`;
}

/** Leads by their status; a converted lead counts as approved too (`domain.md`, "Figures"). */
const leadCounts = sql`count(*) as submitted,
  sum(case when status in ('approved', 'converted') then 1 else 0 end) as approved,
  sum(case when status = 'rejected' then 1 else 0 end) as rejected,
  sum(case when status = 'converted' then 1 else 0 end) as converted,
  sum(case when status = 'converted' then deal_value else 0 end) as revenue,
  sum(quality_score) as score`;

function partnerCounters(tenantId: string): Sql {
  const columns = [
    'total_leads_submitted',
    'approved_leads',
    'rejected_leads',
    'converted_leads',
    'total_quality_score',
  ];
  return differing(
    sql`select p.id as partner_id, ${raw(columns.map((column) => `p.${column}`).join(', '))},
        l.submitted as sum_total_leads_submitted, l.approved as sum_approved_leads, l.rejected as sum_rejected_leads,
        l.converted as sum_converted_leads, l.score as sum_total_quality_score
      from partners p left join (
        select partner_id, ${leadCounts} from partner_leads where tenant_id = ${tenantId} group by partner_id
      ) as l on l.partner_id = p.id
      where p.tenant_id = ${tenantId}`,
    columns.map(columnFigure),
  );
}

function sourceCounters(tenantId: string): Sql {
  const columns = [
    'leads_generated',
    'leads_approved',
    'leads_converted',
    'total_revenue',
    'total_quality_score',
    'total_credits',
  ];
  return differing(
    sql`select s.partner_id, s.source_code, ${raw(columns.map((column) => `s.${column}`).join(', '))},
        l.submitted as sum_leads_generated, l.approved as sum_leads_approved, l.converted as sum_leads_converted,
        l.revenue as sum_total_revenue, l.score as sum_total_quality_score, c.credits as sum_total_credits
      from partner_sources s
      left join (
        select source_id, ${leadCounts} from partner_leads where tenant_id = ${tenantId} group by source_id
      ) as l on l.source_id = s.id
      left join (
        select source_id, sum(credit_amount) as credits from partner_lead_credits
        where tenant_id = ${tenantId} and status = 'approved' group by source_id
      ) as c on c.source_id = s.id
      where s.tenant_id = ${tenantId}`,
    columns.map(columnFigure),
    sql`' of source ' || source_code`,
  );
}

/** What a policy has made and allocated, and to how many leads it was applied. */
function policyCounters(tenantId: string): Sql {
  const columns = ['total_credits_allocated', 'total_leads_under_policy', 'credits_made'];
  return differing(
    sql`select y.partner_id, y.policy_code, ${raw(columns.map((column) => `y.${column}`).join(', '))},
        c.credits as sum_total_credits_allocated, m.leads as sum_total_leads_under_policy, c.made as sum_credits_made
      from partner_credit_policies y
      left join (
        select policy_id, sum(credit_amount) as made,
          sum(case when status = 'approved' then credit_amount else 0 end) as credits
        from partner_lead_credits
        where tenant_id = ${tenantId} and status in ('pending_approval', 'approved') group by policy_id
      ) as c on c.policy_id = y.id
      left join (
        select policy_id, count(*) as leads from partner_credit_policy_mappings
        where tenant_id = ${tenantId} and applied = ${true} and withdrawn_at is null group by policy_id
      ) as m on m.policy_id = y.id
      where y.tenant_id = ${tenantId}`,
    columns.map(columnFigure),
    sql`' of policy ' || policy_code`,
  );
}
