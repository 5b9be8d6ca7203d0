import { neutralizeFormula } from './formulas.ts';
import { type WrittenBytes, writeWholeFile } from './whole-file.ts';

/**
 * A column of a file for people. `text` may hold anything, and what a spreadsheet would run in it is neutralised.
 * `number` (12.60, -3) and `date` (2026-01-31, 2026-01-31T12:00:00Z) are ours: they are written as they are, and
 * anything else in them is a mistake of the program.
 */
export interface CsvColumn<Row> {
  header: string;
  kind: 'text' | 'number' | 'date';
  value: (row: Row) => string | number | null;
}

export interface WrittenFile extends WrittenBytes {
  /** Without the header. */
  rows: number;
}

export interface WriteCsvOptions {
  /** A UTF-8 byte order mark first, by which Excel recognises UTF-8. */
  bom?: boolean;
  /** Stops the writing; the signal's own reason is thrown, and nothing is left behind. */
  signal?: AbortSignal;
}

/** About how much text is gathered before it is hashed and written. */
const PIECE_CHARACTERS = 64 * 1024;
const BOM = '\u{FEFF}';

const patterns = { number: /^-?\d+(?:\.\d+)?$/, date: /^\d[\dT:. Z+/-]*$/ } as const;

function cellOf<Row>(column: CsvColumn<Row>, row: Row): string {
  const value = column.value(row);
  if (value === null) return '';
  const text = typeof value === 'number' ? String(value) : value;
  if (column.kind === 'text') return neutralizeFormula(text);
  if (text !== '' && !patterns[column.kind].test(text)) {
    throw new TypeError(
      `The column "${column.header}" is a ${column.kind}, but holds ${JSON.stringify(text)}.`,
    );
  }
  return text;
}

const needsQuotes = /[",\r\n]/;

/**
 * A record of RFC 4180. Written by hand because it is this short and takes half the time of csv-stringify, to which a
 * test compares it.
 */
export function csvRecord(cells: readonly string[]): string {
  // The only cell of a record, if empty, would make an empty line, which readers skip.
  if (cells.length === 1 && cells[0] === '') return '""\r\n';
  let record = '';
  let separator = '';
  for (const cell of cells) {
    record += separator + (needsQuotes.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
    separator = ',';
  }
  return `${record}\r\n`;
}

function headerRecord<Row>(columns: readonly CsvColumn<Row>[]): string {
  return csvRecord(columns.map(({ header }) => neutralizeFormula(header)));
}

function rowRecord<Row>(columns: readonly CsvColumn<Row>[], row: Row): string {
  return csvRecord(columns.map((column) => cellOf(column, row)));
}

/**
 * The rows as RFC 4180 text with a header, for small files; `writeCsvFile` is for the others.
 * @throws TypeError for a `number` or `date` column with something else in it.
 */
export function csvText<Row>(columns: readonly CsvColumn<Row>[], rows: Iterable<Row>): string {
  let text = headerRecord(columns);
  for (const row of rows) text += rowRecord(columns, row);
  return text;
}

/**
 * Writes rows as an RFC 4180 file (comma, CRLF, UTF-8) with a header, as `writeWholeFile` does: complete, or as it was before.
 * The rows come in batches, because waiting for each of a hundred thousand costs more than writing it. The memory does not
 * grow with the rows.
 * @throws what `writeWholeFile` throws; TypeError for a `number` or `date` column with something else in it; whatever
 * `batches` throws.
 */
export async function writeCsvFile<Row>(
  path: string,
  columns: readonly CsvColumn<Row>[],
  batches: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  options: WriteCsvOptions = {},
): Promise<WrittenFile> {
  let rows = 0;
  const written = await writeWholeFile(
    path,
    async (append) => {
      let piece = (options.bom === true ? BOM : '') + headerRecord(columns);
      for await (const batch of batches) {
        for (const row of batch) {
          piece += rowRecord(columns, row);
          rows += 1;
          if (piece.length < PIECE_CHARACTERS) continue;
          await append(piece);
          piece = '';
        }
      }
      await append(piece);
    },
    options.signal,
  );
  return { rows, ...written };
}
