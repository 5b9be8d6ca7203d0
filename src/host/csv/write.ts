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
  /** The same in every row of a group (`groupOf`): it is made once for all of them. */
  ofGroup?: boolean;
}

export interface WrittenFile extends WrittenBytes {
  /** Without the header. */
  rows: number;
}

export interface WriteCsvOptions<Row> {
  /** A UTF-8 byte order mark first, by which Excel recognises UTF-8. */
  bom?: boolean;
  /** What the rows of a group have in common; where it is the same as in the row before, so are the columns `ofGroup`. */
  groupOf?: (row: Row) => string;
  /** Stops the writing; the signal's own reason is thrown, and nothing is left behind. */
  signal?: AbortSignal;
}

/** About how much text is gathered before it is hashed and written. */
const PIECE_CHARACTERS = 128 * 1024;
const BOM = '\u{FEFF}';

const patterns = { number: /^-?\d+(?:\.\d+)?$/, date: /^\d[\dT:. Z+/-]*$/ } as const;

/** A cell that is not written as it is: it has a sign of RFC 4180 in it, or may be one that a spreadsheet would run. */
const awkward = /[",\r\n]|^\s*[=+\-@＝＋－＠]|^\t/;
const needsQuotes = /[",\r\n]/;

const quoted = (cell: string): string => (needsQuotes.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/**
 * A cell as it stands in the file. Written by hand, as is the record, because it is this short and takes half the time of
 * csv-stringify, to which a test compares it.
 */
function encoded<Row>(column: CsvColumn<Row>, row: Row): string {
  const value = column.value(row);
  if (value === null) return '';
  const text = typeof value === 'number' ? String(value) : value;
  // One look decides for nearly all cells; the exact rules judge the rest.
  if (column.kind === 'text') return awkward.test(text) ? quoted(neutralizeFormula(text)) : text;
  if (text !== '' && !patterns[column.kind].test(text)) {
    throw new TypeError(
      `The column "${column.header}" is a ${column.kind}, but holds ${JSON.stringify(text)}.`,
    );
  }
  return text;
}

/** The only cell of a record, if empty, would make an empty line, which readers skip. */
const ended = (record: string, cells: number): string =>
  (cells === 1 && record === '' ? '""' : record) + '\r\n';

/** A record of RFC 4180; nothing in it is neutralised. */
export function csvRecord(cells: readonly string[]): string {
  return ended(cells.map(quoted).join(','), cells.length);
}

function headerRecord<Row>(columns: readonly CsvColumn<Row>[]): string {
  return csvRecord(columns.map(({ header }) => neutralizeFormula(header)));
}

/** Columns beside each other that are all of the group, or all of the row. */
interface Stretch<Row> {
  ofGroup: boolean;
  columns: CsvColumn<Row>[];
  /** The cells of the current group. */
  kept: string;
}

/** Makes the records of rows, one after the other: what is the same for a group of them is made once. */
function recordMaker<Row>(
  columns: readonly CsvColumn<Row>[],
  groupOf: ((row: Row) => string) | undefined,
): (row: Row) => string {
  const stretches: Stretch<Row>[] = [];
  for (const column of columns) {
    const ofGroup = groupOf !== undefined && column.ofGroup === true;
    const last = stretches.at(-1);
    if (last?.ofGroup === ofGroup) last.columns.push(column);
    else stretches.push({ ofGroup, columns: [column], kept: '' });
  }
  const cellsOf = (stretch: Stretch<Row>, row: Row): string => {
    let cells = '';
    let separator = '';
    for (const column of stretch.columns) {
      cells += separator + encoded(column, row);
      separator = ',';
    }
    return cells;
  };
  let group: string | undefined;
  return (row) => {
    const current = groupOf?.(row);
    const isSame = current !== undefined && current === group;
    group = current;
    let record = '';
    let separator = '';
    for (const stretch of stretches) {
      if (!stretch.ofGroup) record += separator + cellsOf(stretch, row);
      else {
        if (!isSame) stretch.kept = cellsOf(stretch, row);
        record += separator + stretch.kept;
      }
      separator = ',';
    }
    return ended(record, columns.length);
  };
}

/**
 * The rows as RFC 4180 text with a header, for small files; `writeCsvFile` is for the others.
 * @throws TypeError for a `number` or `date` column with something else in it.
 */
export function csvText<Row>(columns: readonly CsvColumn<Row>[], rows: Iterable<Row>): string {
  const recordOf = recordMaker(columns, undefined);
  let text = headerRecord(columns);
  for (const row of rows) text += recordOf(row);
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
  options: WriteCsvOptions<Row> = {},
): Promise<WrittenFile> {
  let rows = 0;
  const recordOf = recordMaker(columns, options.groupOf);
  const written = await writeWholeFile(
    path,
    async (append) => {
      let piece = (options.bom === true ? BOM : '') + headerRecord(columns);
      for await (const batch of batches) {
        for (const row of batch) {
          piece += recordOf(row);
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
