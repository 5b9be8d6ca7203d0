import sql from 'sql-template-tag';
import type { HostContext } from '../context.ts';
import type { Reader } from '../database/index.ts';
import { checksOf } from './ledger/checks.ts';
import { journalOverHttp } from './payout-exports.ts';
import type { Output, Service } from './service.ts';

type Report = Output<'ledger', 'verify'>;

/** So many differences are told at most: whoever has more needs the backup, not a longer list. */
const differencesTold = 1000;

/** The double-entry ledger (`domain.md`, "Balances"). */
export function ledgerService(host: HostContext): Service<'ledger'> {
  return {
    journal: journalOverHttp(host),
    verify: (session, _input, { signal }) =>
      host.database.read({ tenantId: session.tenantId }, (reader) =>
        verifyLedger(reader, session.tenantId, signal),
      ),
  };
}

/**
 * Recomputes what is stored as a projection and reports each difference: the partners' four figures from the postings, every
 * entry's sum, credits, payouts and payments against the ledger, and the counters of partners, sources and policies. Each
 * check is one statement, and so of one moment: it may run while people work. Amounts in minor units.
 */
export async function verifyLedger(
  reader: Reader,
  tenantId: string,
  signal: AbortSignal | undefined,
): Promise<Report> {
  const differences: Report['differences'] = [];
  for (const check of checksOf(tenantId)) {
    signal?.throwIfAborted();
    const room = differencesTold - differences.length;
    if (room === 0) break;
    const rows = await reader.all<{
      partner_id: string | null;
      figure: string;
      stored: number;
      computed: number;
    }>(sql`select partner_id, figure, stored, computed from (${check}) as each_check limit ${room}`);
    for (const { partner_id, figure, stored, computed } of rows) {
      differences.push({ partnerId: partner_id, figure, stored, computed });
    }
  }
  const counted = await reader.get<{ n: number }>(
    sql`select count(*) as n from ledger_entries where tenant_id = ${tenantId}`,
  );
  return { ok: differences.length === 0, entries: counted?.n ?? 0, differences };
}
