import sql, { join } from 'sql-template-tag';
import type { Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Output } from '../service.ts';
import { type FigureRange, partsOf, slicesOf } from './range.ts';
import { earningSums } from './sums.ts';

type TopPartner = Output<'figures', 'topPartners'>['items'][number];

/** So many ids in one statement. */
const idsAtOnce = 500;

/**
 * The partners with the highest values above zero, the highest first; of equal ones the code decides, so that the same question always
 * has the same answer. `currency` asks for earnings in it, null for converted leads by the day of their deal.
 */
export async function topPartners(
  reader: Reader,
  session: Session,
  range: FigureRange,
  { currency, limit }: { currency: string | null; limit: number },
): Promise<TopPartner[]> {
  const values =
    currency === null
      ? await conversions(reader, session, range)
      : new Map(
          [...(await earningSums(reader, session, range, 'partner'))].map(([id, amounts]) => [
            id,
            amounts.get(currency) ?? 0,
          ]),
        );
  const ranked = [...values].filter(([, value]) => value > 0).toSorted(([, a], [, b]) => b - a);
  // Whoever has as much as the last one in may be in as well: the codes say who is.
  const least = ranked.at(limit - 1)?.[1] ?? 0;
  const candidates = new Map(ranked.filter(([, value]) => value >= least));
  const top: TopPartner[] = [];
  for await (const ids of partsOf([...candidates.keys()], idsAtOnce)) {
    const rows = await reader.all<{ id: string; partner_code: string; organization_name: string }>(sql`
      select id, partner_code, organization_name from partners
      where tenant_id = ${session.tenantId} and id in (${join([...ids])})`);
    for (const row of rows) {
      top.push({
        partnerId: row.id,
        partnerCode: row.partner_code,
        partnerName: row.organization_name,
        value: candidates.get(row.id) ?? 0,
      });
    }
  }
  const byCode = (a: TopPartner, b: TopPartner) => (a.partnerCode < b.partnerCode ? -1 : 1);
  return top.toSorted((a, b) => b.value - a.value || byCode(a, b)).slice(0, limit);
}

async function conversions(
  reader: Reader,
  session: Session,
  range: FigureRange,
): Promise<Map<string, number>> {
  const values = new Map<string, number>();
  for await (const { start, end } of slicesOf(range, session)) {
    const rows = await reader.all<{ partner_id: string; n: number }>(sql`
      select partner_id, count(*) as n from partner_leads
      where tenant_id = ${session.tenantId} and status = 'converted' and deleted_at is null
        and conversion_date >= ${start} and conversion_date <= ${end}
      group by partner_id`);
    for (const { partner_id: id, n } of rows) values.set(id, (values.get(id) ?? 0) + n);
  }
  return values;
}
