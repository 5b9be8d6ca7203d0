import sql, { type Sql } from 'sql-template-tag';
import type { Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Output } from '../service.ts';

export type Held = Output<'payouts', 'generate'>['held'][number];

/**
 * What a period would have but for the holding time: credits booked by its end and payable only after `until`, in no live payout. One
 * row per partner of those that `which` says of `partners p`, amounts in minor units.
 */
export async function heldCredits(
  reader: Reader,
  session: Session,
  { until, periodEnd, which }: { until: string; periodEnd: string; which: Sql },
): Promise<Held[]> {
  // The partners first: by the day of approval all credits there ever were would be looked at.
  const rows = await reader.all<{
    id: string;
    organization_name: string;
    currency: string;
    credits: number;
    amount: number;
    until: string;
  }>(sql`select p.id, p.organization_name, p.currency, count(*) as credits, sum(c.credit_amount) as amount,
      min(c.payable_from) as until
    from partners p cross join partner_lead_credits c
    where p.tenant_id = ${session.tenantId} and ${which}
      and c.tenant_id = p.tenant_id and c.partner_id = p.id and c.status = 'approved'
      and c.payable_from > ${until} and c.approved_on <= ${periodEnd}
      and not exists (
        select 1 from partner_payout_details d
        where d.tenant_id = c.tenant_id and d.credit_id = c.id and d.released_at is null
      )
    group by p.tenant_id, p.id, p.organization_name, p.currency order by p.tenant_id, p.id`);
  return rows.map(({ id, organization_name, ...row }) => ({
    partnerId: id,
    partnerName: organization_name,
    ...row,
  }));
}
