import sql from 'sql-template-tag';
import type { HostContext } from '../../context.ts';
import type { Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Output } from '../service.ts';
import { isPaymentFile } from './files.ts';
import { withLines } from './layouts.ts';
import { executionDateOf, planPayments } from './payment-file.ts';
import { checkFormat, type ExportInput, requireSelection, selectedPayouts } from './selection.ts';

type Preview = Output<'payoutExports', 'preview'>;

/** So many payouts exported before are named in a preview; `alreadyExportedCount` says how many there are. */
const namedInPreview = 200;

/**
 * What an export would hold, and what of it was exported before; writes nothing. Throws as making it would. A journal is not
 * previewed: its rows are counted while it is written.
 */
export async function previewExport(
  host: HostContext,
  reader: Reader,
  session: Session,
  input: ExportInput,
): Promise<Preview> {
  checkFormat(input);
  const { format } = input;
  if (isPaymentFile(format)) {
    // As if asked for again: what is in a payment file already is told apart below.
    const asked = { ...input, format };
    executionDateOf(session, asked, host.now());
    const plan = await planPayments(host, reader, session, asked);
    const again =
      input.again === true ? plan : await planPayments(host, reader, session, { ...asked, again: true });
    return {
      payouts: plan.orders.length,
      rows: plan.orders.length,
      totals: plan.totals,
      skipped: plan.skipped,
      alreadyExported: again.repeated.slice(0, namedInPreview),
      alreadyExportedCount: again.repeated.length,
    };
  }
  return previewCsv(reader, session, input);
}

async function previewCsv(reader: Reader, session: Session, input: ExportInput): Promise<Preview> {
  const payouts = await requireSelection(reader, session, input);
  const selected = selectedPayouts(reader, session, input);
  const isByLine = input.format === 'csv_lines';
  const totals = isByLine
    ? await reader.all<{ currency: string; payouts: number; rows: number; amount: number }>(
        sql`select o.currency, count(distinct o.id) as payouts, count(*) as rows, sum(d.amount) as amount from ${selected} as o
          ${withLines(reader.engine)} on d.tenant_id = o.tenant_id and d.payout_id = o.id
          group by o.currency order by o.currency`,
      )
    : await reader.all<{ currency: string; payouts: number; rows: number; amount: number }>(
        sql`select o.currency, count(*) as payouts, count(*) as rows, sum(o.total_amount) as amount from ${selected} as o
          group by o.currency order by o.currency`,
      );
  const earlier = await reader.all<{ id: string; payout_number: string; exported_at: string; n: number }>(
    sql`select o.id, o.payout_number, max(e.created_at) as exported_at, count(*) over () as n
      from ${selected} as o
      join payout_export_items i on i.tenant_id = o.tenant_id and i.payout_id = o.id
      join payout_exports e on e.tenant_id = i.tenant_id and e.id = i.export_id
      group by o.id, o.payout_number order by o.payout_number limit ${namedInPreview}`,
  );
  return {
    payouts,
    rows: totals.reduce((sum, { rows }) => sum + rows, 0),
    totals: totals.map(({ currency, payouts: counted, amount }) => ({ currency, payouts: counted, amount })),
    skipped: [],
    alreadyExported: earlier.map((row) => ({
      payoutId: row.id,
      payoutNumber: row.payout_number,
      exportedAt: row.exported_at,
    })),
    alreadyExportedCount: earlier[0]?.n ?? 0,
  };
}
