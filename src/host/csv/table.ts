import { CsvError, Parser } from 'csv-parse';
import { DomainError, invalidField } from '#domain/errors.ts';
import { isOneOf } from '#domain/vocabulary.ts';
import { createDecoder } from './encoding.ts';
import { createRecordWatch, MAX_RECORD_BYTES, type OddQuote, type RecordFault } from './record-watch.ts';
import {
  type Delimiter,
  delimiters,
  describeNulBytes,
  detectDelimiter,
  readSepLine,
  recognizeOtherFormat,
} from './sniff.ts';

/** What is wrong with one cell or the shape of one row. */
export interface RowProblem {
  /** The column's name in the header, as in `CsvFile.header`. */
  column: string;
  /** The cell as in the file, shortened where it is long. */
  value: string;
  reason: string;
}

/** A cell for a report: nobody reads a megabyte of it. */
export function excerpt(cell: string): string {
  if (cell.length <= 200) return cell;
  // Not through the middle of a character.
  return `${cell.slice(0, 200).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

export interface CsvRow {
  /** The number a person counts: the header is 1, an empty line counts, a cell with line breaks makes one row. */
  row: number;
  /** As in the file, untrimmed; as many as the header has, unless `problem` says otherwise. */
  cells: string[];
  /** Why this row cannot be used, although the rest of the file can. */
  problem: RowProblem | null;
}

/** A piece of the file; `last` where nothing follows it. */
export interface Block {
  bytes: Buffer;
  last: boolean;
}

/** The most columns a header may have. */
export const MAX_COLUMNS = 1000;

const megabytes = `${MAX_RECORD_BYTES / 1024 / 1024} MB`;

export function refuseFile(message: string): DomainError {
  return invalidField('file', message);
}

function refuseRow(row: number, clause: string): DomainError {
  const message = `Row ${row}: ${clause}`;
  return new DomainError('VALIDATION', message, { fields: [{ path: `rows.${row}`, message }] });
}

function describeFault(fault: RecordFault, header: readonly string[] | null): string {
  if (fault.kind === 'too-long') {
    return `it is longer than ${megabytes}, so this is hardly a table of leads. Check that the file is a CSV file.`;
  }
  const column = header?.[fault.cell];
  const cell = column === undefined ? `cell ${fault.cell + 1}` : `the column “${column}”`;
  return `a quotation mark opens ${cell} and is never closed. Close it, or remove it, and import the file again.`;
}

/** Makes every name usable as a key: trimmed, never empty, never twice. */
function nameColumns(cells: readonly string[]): string[] {
  const taken = new Set<string>();
  const repeats = new Map<string, number>();
  for (const [index, cell] of cells.entries()) {
    const wanted = cell.trim() || `Column ${index + 1}`;
    let name = wanted;
    let repeat = repeats.get(wanted) ?? 1;
    for (; taken.has(name); name = `${wanted} (${repeat})`) repeat += 1;
    repeats.set(wanted, repeat);
    taken.add(name);
  }
  return [...taken];
}

const oddQuote = 'the quotation marks do not enclose the whole cell.';

function upperFirst(clause: string): string {
  return clause.charAt(0).toUpperCase() + clause.slice(1);
}

/** A quote that is open where the parser is made to end early has been reported already, with its row. */
function ignoreOpenQuote(error: unknown): void {
  if (!(error instanceof CsvError && error.code === 'CSV_QUOTE_NOT_CLOSED')) throw error;
}

function isBlank(cells: readonly string[]): boolean {
  return cells.every((cell) => cell === '' || cell.trim() === '');
}

/** Judges a record by the header: drops empty cells beyond it, reports any other difference in length. */
function shapeRow(row: number, cells: string[], header: readonly string[]): CsvRow {
  const expected = header.length;
  if (cells.length === expected) return { row, cells, problem: null };
  const found = `The row has ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}, the header has ${expected}.`;
  if (cells.length < expected) {
    return { row, cells, problem: { column: header[cells.length] ?? '', value: '', reason: found } };
  }
  const surplus = cells.findIndex((cell, index) => index >= expected && cell.trim() !== '');
  if (surplus === -1) {
    cells.length = expected;
    return { row, cells, problem: null };
  }
  return {
    row,
    cells,
    problem: { column: `Column ${surplus + 1}`, value: excerpt(cells[surplus] ?? ''), reason: found },
  };
}

/** A csv-parse parser that hands its records to `onRecord` while bytes are written to it; nothing waits in between. */
function createParser(delimiter: Delimiter, onRecord: (row: number, cells: string[]) => void) {
  const parser = new Parser({
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    on_record: (cells, info) => {
      onRecord(info.records + info.empty_lines, cells);
      return null;
    },
  });
  // Its errors come through the callbacks below. Without a listener they would also end the process.
  let failure: Error | null = null;
  parser.on('error', (error) => {
    failure = error;
  });
  parser.resume();
  return {
    write: (bytes: Buffer) =>
      new Promise<void>((resolve, reject) => {
        if (failure) reject(failure);
        else if (bytes.length === 0) resolve();
        else parser.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    end: () =>
      new Promise<void>((resolve, reject) => {
        parser.once('error', reject);
        parser.once('end', resolve);
        parser.end();
      }),
  };
}

/** The delimiter to read by: the caller's, else the one of Excel's `sep=` line, else the one the records show. */
function chooseDelimiter(
  text: Buffer,
  complete: boolean,
  chosen: Delimiter | undefined,
  sepLine: string | undefined,
): Delimiter {
  if (chosen !== undefined) return chosen;
  if (sepLine === undefined) return detectDelimiter(text, complete);
  if (isOneOf(delimiters, sepLine)) return sepLine;
  throw refuseFile(`The columns are separated by “${sepLine}”; only comma, semicolon and tab can be read.`);
}

/** The rows that end in a block, and why nothing after them can be read. */
interface BlockRows {
  rows: CsvRow[];
  refusal: DomainError | null;
}

/** Turns the blocks of one file, in order, into rows. Nothing here waits for anything but the parser. */
export function createTable(first: Block, chosen: Delimiter | undefined) {
  const otherFormat = recognizeOtherFormat(first.bytes);
  if (otherFormat !== null) throw refuseFile(otherFormat);
  const decoder = createDecoder(first.bytes);
  const isUtf16 = decoder.encoding === 'utf-16le' || decoder.encoding === 'utf-16be';
  if (!isUtf16 && first.bytes.includes(0)) throw refuseFile(describeNulBytes(first.bytes));

  let { bytes: text, fault: decodingFault } = decoder.decode(first.bytes, first.last);
  const sepLine = readSepLine(text);
  if (sepLine) text = text.subarray(sepLine.length);
  const delimiter = chooseDelimiter(text, first.last, chosen, sepLine?.names);

  const watch = createRecordWatch(delimiter.charCodeAt(0));
  let header: string[] | null = null;
  let headerRow = 0;
  let headerRefusal: DomainError | null = null;
  let rows: CsvRow[] = [];
  let oddQuotes: OddQuote[] = [];
  let nextOddQuote = 0;

  const parser = createParser(delimiter, (row, cells) => {
    const odd = oddQuotes[nextOddQuote];
    const isOdd = odd?.row === row;
    if (isOdd) nextOddQuote += 1;
    if (isBlank(cells)) return;
    if (header === null) {
      header = nameColumns(cells);
      headerRow = row;
      if (isOdd) headerRefusal = refuseRow(row, `in cell ${odd.cell + 1}, ${oddQuote}`);
      if (cells.length > MAX_COLUMNS) {
        headerRefusal = refuseFile(
          `The header has ${cells.length} columns, so this is hardly a table of leads: ${MAX_COLUMNS} can be read.`,
        );
      }
      return;
    }
    const shaped = shapeRow(row, cells, header);
    if (isOdd) {
      const column = header[odd.cell] ?? `Column ${odd.cell + 1}`;
      shaped.problem = { column, value: excerpt(cells[odd.cell] ?? ''), reason: upperFirst(oddQuote) };
    }
    rows.push(shaped);
  });

  /** The rows so far, up to and without the row `before`. A refused header makes the others meaningless. */
  function takeRows(before: number): BlockRows {
    const taken = headerRefusal ? [] : rows.filter(({ row }) => row < before);
    rows = [];
    return { rows: taken, refusal: headerRefusal };
  }

  /** Gives the parser what is whole, and refuses the file at the record in progress. */
  async function stop(fault: RecordFault | string): Promise<BlockRows> {
    await parser.write(text.subarray(0, watch.wholeBytes()));
    // The record in progress may have begun in an earlier block; then the parser ends with half of it, or in its quotes.
    await parser.end().catch(ignoreOpenQuote);
    const row = watch.row();
    if (headerRow >= row) headerRefusal = null;
    const taken = takeRows(row);
    const clause = typeof fault === 'string' ? fault : describeFault(fault, headerRow < row ? header : null);
    return { rows: taken.rows, refusal: taken.refusal ?? refuseRow(row, clause) };
  }

  return {
    decoder,
    delimiter,
    header: (): readonly string[] | null => header,
    async read(block: Block): Promise<BlockRows> {
      if (block !== first) ({ bytes: text, fault: decodingFault } = decoder.decode(block.bytes, block.last));
      const nulAt = text.indexOf(0);
      if (nulAt !== -1) text = text.subarray(0, nulAt);
      const fault = watch.scan(text);
      oddQuotes = [...oddQuotes.slice(nextOddQuote), ...watch.takeOddQuotes()];
      nextOddQuote = 0;
      if (fault) return stop(fault);
      if (nulAt !== -1) return stop('it contains a NUL byte, which no text has. The file may be damaged.');
      if (decodingFault !== null) return stop(decodingFault);
      const open = block.last ? watch.finish() : null;
      if (open) return stop(open);
      await parser.write(text);
      if (block.last) await parser.end();
      return takeRows(Number.POSITIVE_INFINITY);
    },
  };
}

export type Table = ReturnType<typeof createTable>;
