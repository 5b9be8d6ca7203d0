import sql, { empty, raw } from 'sql-template-tag';
import { averageScore, rate } from '#domain/figures.ts';
import type { Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { byPayable } from '../partners/stats.ts';
import { type FigureRange, partsOf, slicesOf } from './range.ts';

/** What is counted of the leads submitted in a range; the score is a sum in hundredths. */
export interface LeadSums {
  submitted: number;
  /** Converted ones included. */
  approved: number;
  rejected: number;
  converted: number;
  score: number;
}

/** Minor units by currency. */
export type Amounts = ReadonlyMap<string, number>;

/** Whose leads and credits are added up. */
export type Owner = 'partner' | 'source';

const owners = {
  partner: { table: raw('partners'), column: raw('partner_id') },
  source: { table: raw('partner_sources'), column: raw('source_id') },
} as const satisfies Record<Owner, object>;

/** So many partners or sources in one statement, each a stretch of an index that has all it takes. */
const ownersAtOnce = 250;

/** The leads of partners or sources in a range, by their ids, which come in order. */
export async function leadSums(
  reader: Reader,
  session: Session,
  { from, until }: FigureRange,
  by: Owner,
  ids: readonly string[],
): Promise<Map<string, LeadSums>> {
  const { table, column } = owners[by];
  const sums = new Map<string, LeadSums>();
  for await (const part of partsOf(ids, ownersAtOnce)) {
    const [first] = part;
    // The outer join keeps SQLite from reading the leads of everybody first; those asked for lie between two ids.
    const rows = await reader.all<LeadSums & { id: string }>(sql`select owner.id, count(lead.id) as submitted,
        count(*) filter (where lead.status in ('approved', 'converted')) as approved,
        count(*) filter (where lead.status = 'rejected') as rejected,
        count(*) filter (where lead.status = 'converted') as converted,
        coalesce(sum(lead.quality_score), 0) as score
      from ${table} owner
      left join partner_leads lead on lead.tenant_id = owner.tenant_id and lead.${column} = owner.id
        and lead.deleted_at is null and lead.submitted_at >= ${from} and lead.submitted_at < ${until}
      where owner.tenant_id = ${session.tenantId} and owner.id >= ${first} and owner.id <= ${part.at(-1) ?? first}
      group by owner.tenant_id, owner.id`);
    const asked = new Set<string>(part);
    for (const { id, ...counted } of rows) if (asked.has(id)) sums.set(id, counted);
  }
  return sums;
}

/** What partners or sources earned in a range, by their ids; of one partner alone where it is named. */
export async function earningSums(
  reader: Reader,
  session: Session,
  range: FigureRange,
  by: Owner,
  partnerId?: string,
): Promise<Map<string, Amounts>> {
  const { column } = owners[by];
  const sums = new Map<string, Map<string, number>>();
  for await (const { start, end } of slicesOf(range, session)) {
    const rows = await reader.all<{ id: string; currency: string; amount: number }>(sql`
      select ${column} as id, currency, sum(credit_amount) as amount
      from partner_lead_credits ${partnerId === undefined ? empty : byPayable(reader.engine)}
      where tenant_id = ${session.tenantId} and status = 'approved' and ${column} is not null
        and approved_on >= ${start} and approved_on <= ${end}
        ${partnerId === undefined ? empty : sql`and partner_id = ${partnerId}`}
      group by ${column}, currency`);
    for (const { id, currency, amount } of rows) {
      const ofOwner = sums.get(id) ?? new Map<string, number>();
      sums.set(id, ofOwner.set(currency, (ofOwner.get(currency) ?? 0) + amount));
    }
  }
  return sums;
}

/** The counts and rates of some leads, as the contract names them. */
export function leadFigures(sums: readonly LeadSums[]) {
  const total = (key: keyof LeadSums) => sums.reduce((sum, each) => sum + each[key], 0);
  const [submitted, approved, rejected, converted] = [
    total('submitted'),
    total('approved'),
    total('rejected'),
    total('converted'),
  ];
  return {
    leadsSubmitted: submitted,
    leadsApproved: approved,
    leadsRejected: rejected,
    leadsConverted: converted,
    approvalRate: rate(approved, approved + rejected),
    conversionRate: rate(converted, approved),
    averageLeadQuality: averageScore(total('score'), submitted),
  };
}

/** Amounts of several as one list, by the name of the currency. */
export function amountList(amounts: readonly Amounts[]): { currency: string; amount: number }[] {
  const sums = new Map<string, number>();
  for (const each of amounts) {
    for (const [currency, amount] of each) sums.set(currency, (sums.get(currency) ?? 0) + amount);
  }
  return [...sums.keys()].toSorted().map((currency) => ({ currency, amount: sums.get(currency) ?? 0 }));
}
