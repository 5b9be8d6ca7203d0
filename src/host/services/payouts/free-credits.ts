import sql, { type Sql } from 'sql-template-tag';
import { isCarriedOver } from '#domain/payouts.ts';
import type { LeadStatus } from '#domain/state-machines.ts';
import type { Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';

/** An approved credit that no live payout holds. */
export interface FreeCredit {
  id: string;
  /** Minor units; below zero where it takes back one that was paid. */
  amount: number;
  /** The day that says which period it belongs to: the first one on which it may be paid (`creditDays`). */
  payableFrom: string;
  partnerLeadId: string | null;
  leadStatus: LeadStatus | null;
  /** The lead's entry in `leads`. */
  leadSubmissionId: string | null;
  sourceId: string | null;
  policyId: string | null;
  policyRevision: number | null;
  /** How the amount came about. */
  reason: string;
}

/**
 * A partner's approved credits that no live payout holds, payable on or before the day `until`, oldest first. Where there are any, those
 * below zero come along that are payable later, up to `today`: a payout of last month that is made today is the next one, and nets off
 * what was taken back since (`domain.md`, "Credits"). One that takes back a part of a later credit which is free itself stays with it.
 * Read with the partner locked: approving, reversing and gathering credits all begin with that lock.
 */
export async function freeCredits(
  reader: Reader,
  session: Session,
  partnerId: string,
  { until, today }: { until: string; today: string },
): Promise<FreeCredit[]> {
  const isHeldByNone = (creditId: Sql) => sql`not exists (
        select 1 from partner_payout_details d
        where d.tenant_id = c.tenant_id and d.credit_id = ${creditId} and d.released_at is null
      )`;
  const rows = await reader.all<{
    id: string;
    credit_amount: number;
    payable_from: string;
    partner_lead_id: string | null;
    lead_status: LeadStatus | null;
    lead_id: string | null;
    source_id: string | null;
    policy_id: string | null;
    policy_revision: number | null;
    reason: string;
  }>(sql`select c.id, c.credit_amount, c.payable_from, c.partner_lead_id, l.status as lead_status,
      l.lead_id, c.source_id, c.policy_id, c.policy_revision, c.reason
    from partner_lead_credits c
    left join partner_leads l on l.tenant_id = c.tenant_id and l.id = c.partner_lead_id
    where c.tenant_id = ${session.tenantId} and c.partner_id = ${partnerId} and c.status = 'approved'
      and c.payable_from <= ${today} and ${isHeldByNone(sql`c.id`)}
      and (c.payable_from <= ${until} or (c.credit_amount < 0 and not exists (
        select 1 from partner_lead_credits whole
        where whole.tenant_id = c.tenant_id and whole.id = coalesce(c.reverses_credit_id, c.carries_over_credit_id)
          and whole.status = 'approved' and whole.payable_from > ${until} and ${isHeldByNone(sql`whole.id`)}
      )))
    order by c.payable_from, c.id`);
  if (!rows.some((row) => row.payable_from <= until)) return [];
  return rows.map((row) => ({
    id: row.id,
    amount: row.credit_amount,
    payableFrom: row.payable_from,
    partnerLeadId: row.partner_lead_id,
    leadStatus: row.lead_status,
    leadSubmissionId: row.lead_id,
    sourceId: row.source_id,
    policyId: row.policy_id,
    policyRevision: row.policy_revision,
    reason: row.reason,
  }));
}

/**
 * Which of a partner's free credits, none of them above zero payable after the period, a payout of the period takes (`domain.md`, "Payouts"). The
 * day that counts is the one a credit is payable from: that of its approval, or where it was held for a time the day after that. So a
 * held credit belongs to the period its holding time ends in:
 *
 * 1. those payable from a day within the period;
 * 2. those below zero, whatever their day: the next payout nets them off;
 * 3. those payable before the period and on or before `closedUntil`, the last day of any period this partner had a
 *    payout for: their own period was generated already, and they came free again since (a line or payout rejected, a
 *    payout cancelled) or were approved after that;
 * 4. all payable before the period, where those net to zero or less, or to less than the minimum payout: they were carried over.
 *
 * What remains was payable before the period, in a period not generated yet, and is left to that one. No credit can
 * be stranded by this: generating a period that holds it always takes it (1), and once the partner has any later
 * payout, the next one takes it by itself (3).
 */
export function creditsToTake<C extends Pick<FreeCredit, 'amount' | 'payableFrom'>>(
  free: readonly C[],
  periodStart: string,
  closedUntil: string | null,
  minimumPayout = 0,
): C[] {
  const earlierNet = free
    .filter((credit) => credit.payableFrom < periodStart)
    .reduce((net, credit) => net + credit.amount, 0);
  if (isCarriedOver(earlierNet, minimumPayout)) return [...free];
  return free.filter(
    ({ payableFrom, amount }) =>
      payableFrom >= periodStart || amount < 0 || (closedUntil !== null && payableFrom <= closedUntil),
  );
}
