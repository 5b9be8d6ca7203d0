import sql from 'sql-template-tag';
import type { PartnerLeadRow, Writer } from '../../database/index.ts';
import { beyondExact, staysExact } from '../exact-sums.ts';

/**
 * The counters of the lead's partner and source; `revenue` in minor units. They leave the version alone, as the ledger's figures do.
 * @throws DomainError `VALIDATION` where the source's revenue would leave the integers that are exact.
 */
export async function count(
  tx: Writer,
  lead: PartnerLeadRow,
  by: { approved?: number; rejected?: number; converted?: number; revenue?: number },
): Promise<void> {
  const { approved = 0, rejected = 0, converted = 0, revenue = 0 } = by;
  await tx.run(sql`update partners set approved_leads = approved_leads + ${approved},
    rejected_leads = rejected_leads + ${rejected}, converted_leads = converted_leads + ${converted}
    where tenant_id = ${lead.tenantId} and id = ${lead.partnerId}`);
  if (approved === 0 && converted === 0) return;
  const { changes } =
    await tx.run(sql`update partner_sources set leads_approved = leads_approved + ${approved},
    leads_converted = leads_converted + ${converted}, total_revenue = total_revenue + ${revenue}
    where tenant_id = ${lead.tenantId} and id = ${lead.sourceId}
      and ${staysExact(sql`total_revenue`, revenue)}`);
  if (changes === 0 && revenue !== 0 && lead.sourceId !== null) throw beyondExact("The source's revenue");
}
