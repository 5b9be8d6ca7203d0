import { v7 as uuidv7 } from 'uuid';
import type { HostContext } from '../../context.ts';
import { type WrittenFile, writeCsvFile } from '../../csv/write.ts';
import type { Session } from '../../session.ts';
import { isPaymentFile, unrecordedFile } from './files.ts';
import { createJournal } from './journal.ts';
import { type Layout, lineLayout, type OfPayout, payoutLayout } from './layouts.ts';
import { createPaymentFile } from './payment-file.ts';
import { type ExportRecord, type ExportRun, recordExport, totalsOf } from './record.ts';
import { checkFormat, type ExportInput, requireSelection, selectedPayouts } from './selection.ts';

/**
 * Writes the file of an export and records it with who, when, format, rows, totals and the file's SHA-256 (`domain.md`,
 * "Payouts"). The file is complete before the export is recorded, and is removed again where recording it fails.
 * Throws `NOT_FOUND` where there is nothing to export, `VALIDATION` for a period that is none; of payment files also what
 * `createPaymentFile` throws; the signal's reason.
 */
export async function createExport(
  host: HostContext,
  session: Session,
  input: ExportInput,
  run: ExportRun,
): Promise<ExportRecord> {
  checkFormat(input);
  const { format } = input;
  if (isPaymentFile(format)) return createPaymentFile(host, session, { ...input, format }, run);
  if (format === 'journal') return createJournal(host, session, input, run);
  return format === 'csv_lines'
    ? createCsv(host, session, input, lineLayout, run)
    : createCsv(host, session, input, payoutLayout, run);
}

/** The rows are of one moment: one statement, streamed, so the memory does not grow with them. */
async function createCsv<Row extends OfPayout>(
  host: HostContext,
  session: Session,
  input: ExportInput,
  { columns, rows, amountOf }: Layout<Row>,
  run: ExportRun,
): Promise<ExportRecord> {
  const { signal } = run;
  const id = uuidv7();
  const file = await unrecordedFile(host, { id, format: input.format });
  const payoutIds: string[] = [];
  let last = '';
  const totals = totalsOf();
  const options = {
    groupOf: (row: Row) => row.payout_id,
    ...(input.bom !== undefined && { bom: input.bom }),
    ...(signal && { signal }),
  };

  async function* noting(batches: AsyncIterable<Row[]>): AsyncGenerator<Row[]> {
    for await (const batch of batches) {
      for (const row of batch) {
        if (row.payout_id !== last) {
          last = row.payout_id;
          payoutIds.push(last);
          totals.addPayout(row.currency);
        }
        totals.add(row.currency, amountOf(row));
      }
      yield batch;
    }
  }
  const written = await host.database.read(
    { tenantId: session.tenantId },
    async (reader): Promise<WrittenFile> => {
      await requireSelection(reader, session, input);
      const payouts = selectedPayouts(reader, session, input);
      return writeCsvFile(file, columns, noting(reader.stream<Row>(rows(payouts, reader.engine))), options);
    },
  );
  return recordExport(host, session, input, run, {
    id,
    written,
    totals: totals.result(),
    payoutIds,
  });
}
