import sql, { empty } from 'sql-template-tag';
import type { Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Output } from '../service.ts';

export type Held = Output<'payouts', 'generate'>['held'][number];

/** So many partners are named at most. */
const heldTold = 300;

/**
 * What a period would have but for the holding time: credits booked by its end and payable only after `until`. One row per partner,
 * amounts in minor units; of one partner where `partnerId` names it.
 */
export async function heldCredits(
  reader: Reader,
  session: Session,
  { until, periodEnd, partnerId }: { until: string; periodEnd: string; partnerId?: string | undefined },
): Promise<Held[]> {
  const rows = await reader.all<{
    id: string;
    organization_name: string;
    currency: string;
    credits: number;
    amount: number;
    until: string;
  }>(sql`select p.id, p.organization_name, p.currency, count(*) as credits, sum(c.credit_amount) as amount,
      min(c.payable_from) as until
    from partners p
    join partner_lead_credits c on c.tenant_id = p.tenant_id and c.partner_id = p.id and c.status = 'approved'
      and c.payable_from > ${until} and c.approved_on <= ${periodEnd}
    where p.tenant_id = ${session.tenantId} ${partnerId === undefined ? empty : sql`and p.id = ${partnerId}`}
      and not exists (
        select 1 from partner_payout_details d
        where d.tenant_id = c.tenant_id and d.credit_id = c.id and d.released_at is null
      )
    group by p.id, p.organization_name, p.currency order by p.id limit ${heldTold}`);
  return rows.map(({ id, organization_name, ...row }) => ({
    partnerId: id,
    partnerName: organization_name,
    ...row,
  }));
}
