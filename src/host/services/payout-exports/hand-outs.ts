import sql from 'sql-template-tag';
import type { HostContext } from '../../context.ts';
import type { PayoutExportRow } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command } from '../command.ts';
import { isPaymentFile } from './files.ts';

const action = 'payment_file_handed_out';

/**
 * Whoever gets a payment file sees account numbers in full, and every unmasking is audited (`domain.md`, "Partner"). A file taken
 * in pieces leaves one activity, at its first piece; a later piece only where its taker has none of this file.
 */
export async function noteHandOut(
  host: HostContext,
  session: Session,
  { id, format, fileName, rowCount }: PayoutExportRow,
  isBeginning: boolean,
): Promise<void> {
  if (!isPaymentFile(format)) return;
  if (!isBeginning && (await hadIt(host, session, id))) return;
  await command(host, session, { name: 'payoutExports.file', input: { id } }, async ({ record }) => {
    record({
      action,
      resource: 'payout_export',
      resourceId: id,
      details: { format, fileName, payments: rowCount },
    });
  });
}

async function hadIt(host: HostContext, { tenantId, userId }: Session, id: string): Promise<boolean> {
  const found = await host.database.read({ tenantId }, (reader) =>
    reader.get(sql`select seq from partner_activities
      where tenant_id = ${tenantId} and resource = 'payout_export' and resource_id = ${id}
        and action = ${action} and user_id = ${userId} limit 1`),
  );
  return found !== undefined;
}
