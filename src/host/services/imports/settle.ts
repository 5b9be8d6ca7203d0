import sql from 'sql-template-tag';
import { HIGH_QUALITY_SCORE } from '#domain/quality-score.ts';
import { type LeadImportRow, leadImports, type Writer } from '../../database/index.ts';
import { appendActivity } from '../activity-chain.ts';
import { holdPartner } from '../hold-partner.ts';
import { notify } from '../notifications/notify.ts';

/**
 * Closes the record of an import that nobody goes on with, or not for now: its host died under it, or somebody gave up one that was
 * interrupted. Its rows so far are whole and stay.
 */
export async function settleImport(
  tx: Writer,
  job: { tenant_id: string; id: string },
  now: string,
  { from, to }: { from: 'running' | 'interrupted'; to: 'interrupted' | 'cancelled' },
): Promise<void> {
  const found = await tx.find(leadImports, { jobId: job.id, status: from }, { lock: true });
  if (found === undefined) return;
  await holdPartner(tx, job.tenant_id, found.partnerId);
  await tx.update(leadImports, { id: found.id }, { status: to, finishedAt: now, updatedAt: now });
  if (to === 'cancelled') await tellReviewers(tx, found, now);
  const actor = { tenantId: job.tenant_id, userId: null, userName: 'Partner Desk', station: null };
  await appendActivity(tx, actor, now, {
    action: `import_${to}`,
    resource: 'import',
    resourceId: found.id,
    partnerId: found.partnerId,
    details: { rowsRead: found.rowsRead, accepted: found.accepted, rejected: found.rejected },
  });
}

/** Its leads wait for review, and nobody was told of them yet: that is done once, when an import is over. */
async function tellReviewers(tx: Writer, row: LeadImportRow, now: string): Promise<void> {
  const { tenantId, partnerId, fileName } = row;
  const found = await tx.get<{ name: string; high: number }>(sql`select p.organization_name as name,
      (select count(*) from partner_leads l where l.tenant_id = p.tenant_id and l.partner_id = p.id
        and l.submitted_at >= ${row.startedAt} and l.import_id = ${row.id}
        and l.quality_score >= ${HIGH_QUALITY_SCORE} and l.linked_to is null and l.deleted_at is null) as high
    from partners p where p.tenant_id = ${tenantId} and p.id = ${partnerId}`);
  if (found === undefined || found.high === 0) return;
  await notify(
    { tx, now, changed: () => undefined },
    { tenantId, userId: null },
    {
      event: 'high_quality_leads_imported',
      resourceId: row.id,
      partnerId,
      data: { leadCount: found.high, partnerName: found.name, fileName },
    },
  );
}
