import sql from 'sql-template-tag';
import type { Writer } from '../database/index.ts';

/**
 * Holds the partner that a command's activity names, for a command that has no other reason to lock it. The activity's row
 * refers to the partner, and is written under the lock of the chain's head: whoever holds the partner and waits for the head
 * would wait for ever otherwise. Nothing to do on SQLite, whose writer is alone.
 */
export async function holdPartner(tx: Writer, tenantId: string, partnerId: string | null): Promise<void> {
  if (tx.engine !== 'postgres' || partnerId === null) return;
  await tx.get(
    sql`select id from partners where tenant_id = ${tenantId} and id = ${partnerId} for key share`,
  );
}
