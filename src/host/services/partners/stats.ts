import sql, { empty, raw, type Sql } from 'sql-template-tag';
import { instantRange, monthOf, periodOf } from '#domain/calendar.ts';
import { averageScore, rate } from '#domain/figures.ts';
import { figuresFrom, type Posting } from '#domain/ledger.ts';
import type { HostContext } from '../../context.ts';
import type { Engine, PartnerRow, Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { requireOwn } from '../own-partner.ts';
import type { Output, Service } from '../service.ts';
import { leadsInMonth, requirePartner } from './wire.ts';

type PartnerStats = Output<'partners', 'stats'>;

/**
 * Keeps SQLite on the index of the partner's own approved credits. It has no idea how many an organization has, and would rather count in
 * the index of everybody's, which has all the columns.
 */
export function byPayable(engine: Engine): Sql {
  return engine === 'sqlite' ? raw('indexed by ix_partner_lead_credits_payable') : empty;
}

/** What is counted of leads; the score is a sum in hundredths. */
interface LeadCounts {
  submitted: number;
  /** Converted ones included. */
  approved: number;
  rejected: number;
  converted: number;
  score: number;
}

/** PartnerStats of the whole time and of a month (`domain.md`, "Figures"). */
export function partnerStatistics(host: HostContext): Pick<Service<'partners'>, 'stats' | 'monthlyStats'> {
  return {
    stats: (session, { id }) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        requireOwn(session, id);
        const partner = await requirePartner(reader, id);
        const month = monthOf(host.now(), session.tenant.timeZone);
        const leads = await leadsInMonth(reader, session, [id], month);
        return {
          ...countsAndRates({
            submitted: partner.totalLeadsSubmitted,
            approved: partner.approvedLeads,
            rejected: partner.rejectedLeads,
            converted: partner.convertedLeads,
            score: partner.totalQualityScore,
          }),
          totalEarnings: partner.totalEarnings,
          availableBalance: partner.availableBalance,
          pendingPayout: partner.pendingPayoutAmount,
          currentMonthLeads: leads.get(id) ?? 0,
          monthlyQuota: partner.monthlyQuota,
          currency: partner.currency,
        };
      }),

    monthlyStats: (session, { id, year, month }) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        requireOwn(session, id);
        const partner = await requirePartner(reader, id);
        return statsOfMonth(reader, session, partner, `${pad(year, 4)}-${pad(month, 2)}`);
      }),
  };
}

/**
 * PartnerStats of one month of the tenant's zone:
 * - the leads are those submitted in it, by their status today, whenever they were decided;
 * - `totalEarnings` are the credits approved in it that still stand, a reversal counting in the month it was approved;
 * - `availableBalance` and `pendingPayout` are what the ledger held at its end (for the month under way: now);
 * - `currentMonthLeads` is what its quota counted, `monthlyQuota` the quota of today.
 */
async function statsOfMonth(
  reader: Reader,
  session: Session,
  partner: PartnerRow,
  month: string,
): Promise<PartnerStats> {
  const days = periodOf(`${month}-01`, 'monthly');
  // The last day there is has no next one to end at.
  const lastDay = days.end === '9999-12-31' ? '9999-12-30' : days.end;
  const { from, until } = instantRange(days.start, lastDay, session.tenant.timeZone);
  const ofPartner = sql`tenant_id = ${session.tenantId} and partner_id = ${partner.id}`;

  const counts = await reader.get<LeadCounts>(sql`select count(*) as submitted,
      count(*) filter (where status in ('approved', 'converted')) as approved,
      count(*) filter (where status = 'rejected') as rejected,
      count(*) filter (where status = 'converted') as converted,
      coalesce(sum(quality_score), 0) as score
    from partner_leads
    where ${ofPartner} and submitted_at >= ${from} and submitted_at < ${until} and deleted_at is null`);
  const earned = await reader.get<{ amount: number }>(sql`select coalesce(sum(credit_amount), 0) as amount
    from partner_lead_credits ${byPayable(reader.engine)}
    where ${ofPartner} and status = 'approved' and approved_on >= ${days.start} and approved_on <= ${days.end}`);
  const balances = await reader.all<Posting>(sql`select posting.account, sum(posting.amount) as amount
    from ledger_entries entry
    join ledger_postings posting on posting.tenant_id = entry.tenant_id and posting.entry_id = entry.id
    where entry.tenant_id = ${session.tenantId} and entry.partner_id = ${partner.id} and entry.created_at < ${until}
    group by posting.account`);
  const figures = figuresFrom(balances);
  const leads = await leadsInMonth(reader, session, [partner.id], month);
  return {
    ...countsAndRates(counts ?? { submitted: 0, approved: 0, rejected: 0, converted: 0, score: 0 }),
    totalEarnings: earned?.amount ?? 0,
    availableBalance: figures.availableBalance,
    pendingPayout: figures.pendingPayoutAmount,
    currentMonthLeads: leads.get(partner.id) ?? 0,
    monthlyQuota: partner.monthlyQuota,
    currency: partner.currency,
  };
}

function countsAndRates(leads: LeadCounts) {
  return {
    totalLeadsSubmitted: leads.submitted,
    approvedLeads: leads.approved,
    rejectedLeads: leads.rejected,
    convertedLeads: leads.converted,
    approvalRate: rate(leads.approved, leads.approved + leads.rejected),
    conversionRate: rate(leads.converted, leads.approved),
    averageLeadQuality: averageScore(leads.score, leads.submitted),
  };
}

function pad(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}
