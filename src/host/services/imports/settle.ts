import { leadImports, type Writer } from '../../database/index.ts';
import { appendActivity } from '../activity-chain.ts';
import { holdPartner } from '../hold-partner.ts';

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
  const actor = { tenantId: job.tenant_id, userId: null, userName: 'Partner Desk', station: null };
  await appendActivity(tx, actor, now, {
    action: `import_${to}`,
    resource: 'import',
    resourceId: found.id,
    partnerId: found.partnerId,
    details: { rowsRead: found.rowsRead, accepted: found.accepted, rejected: found.rejected },
  });
}
