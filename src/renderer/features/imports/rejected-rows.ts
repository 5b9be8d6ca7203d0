import type { Outputs } from '#contract/index.ts';
import type { Client } from '../../app/client.ts';
import { csvText, saveFile } from './csv-file.ts';
import type { ImportResult } from './use-import-run.ts';

/** One reason why a row did not come in. */
export type RejectedRow = Outputs['imports']['rejectedRows']['items'][number];

/** The reasons of a result, one line each, in the order of the file. */
export function rejectedRowsOf(result: ImportResult): RejectedRow[] {
  return result.rows.flatMap(({ row, errors }) =>
    errors.map(({ column, value, reason }) => ({ row, column, value, reason })),
  );
}

/** Every rejected row of an import that was carried out. */
export async function fetchRejectedRows(client: Client, importId: string): Promise<RejectedRow[]> {
  const rows: RejectedRow[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.imports.rejectedRows({
      id: importId,
      limit: 500,
      ...(cursor !== undefined && { cursor }),
    });
    rows.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return rows;
}

/** `leads.csv` → `leads rejected rows.csv`. */
function fileNameFor(fileName: string): string {
  return `${fileName.replace(/\.(csv|tsv|txt)$/i, '')} rejected rows.csv`;
}

export function saveRejectedRows(fileName: string, rows: readonly RejectedRow[]): void {
  const lines = rows.map(({ row, column, value, reason }) => [String(row), column, value, reason]);
  saveFile(fileNameFor(fileName), csvText(['Row', 'Column', 'Value', 'Reason'], lines));
}
