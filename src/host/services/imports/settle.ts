import { leadImports, type Writer } from '../../database/index.ts';
import { appendActivity } from '../activity-chain.ts';
import { holdPartner } from '../hold-partner.ts';

/** Closes the record of an import whose host died under it: its rows so far are whole and stay. */
export async function settleImport(tx: Writer, tenantId: string, jobId: string, now: string): Promise<void> {
  const found = await tx.find(leadImports, { jobId, status: 'running' }, { lock: true });
  if (found === undefined) return;
  await holdPartner(tx, tenantId, found.partnerId);
  await tx.update(leadImports, { id: found.id }, { status: 'interrupted', finishedAt: now, updatedAt: now });
  await appendActivity(tx, { tenantId, userId: null, userName: 'Partner Desk', station: null }, now, {
    action: 'import_interrupted',
    resource: 'import',
    resourceId: found.id,
    partnerId: found.partnerId,
    details: { rowsRead: found.rowsRead, accepted: found.accepted, rejected: found.rejected },
  });
}
