import { CR, LF, QUOTE, SPACE, TAB } from './bytes.ts';

/** The most bytes one record may have. A table of leads needs a few hundred; more is not a table. */
export const MAX_RECORD_BYTES = 1024 * 1024;

/** Where a record breaks the rules of CSV: its number in the file and the cell, counted from 0. */
export interface OddQuote {
  row: number;
  cell: number;
}

/** Why reading must stop, as a clause that follows "Row 12: ". */
export interface RecordFault extends OddQuote {
  kind: 'too-long' | 'quote-not-closed';
}

/** Walks over the bytes of a file and knows at every block's end where in the table it stands. */
export interface RecordWatch {
  /** Goes over the next block; a fault means that the record in progress cannot be read. */
  scan(block: Uint8Array): RecordFault | null;
  /** The fault of a file that ends here: a quote still open. */
  finish(): RecordFault | null;
  /** The number of the record in progress. Every line counts, empty ones too, as in a spreadsheet; the first is 1. */
  row(): number;
  /** How many bytes of the last block belong to records that ended in it. */
  wholeBytes(): number;
  /** Cells whose quotes do not enclose the whole cell, in order, since the last call; at most one a record. */
  takeOddQuotes(): OddQuote[];
}

// Where in a cell the walk stands.
const START = 0;
const PADDED = 1;
const PLAIN = 2;
const QUOTED = 3;
const QUOTE_IN_QUOTED = 4;
const PADDED_AFTER_QUOTE = 5;

/**
 * The walk that goes ahead of the parser, because three things cannot be had from csv-parse: its record limit counts
 * text, so a line of a million delimiters and nothing else fills the memory; it names the line where the file ends, not
 * the row where the open quote stands; and being strict about quotes it gives up the whole file for one cell. It
 * follows csv-parse's relaxed rules: a quote opens a cell only as its first byte, and only a delimiter, a line end or a
 * second quote may follow a closing one.
 *
 * A quoted cell with line breaks in it whose closing quote is followed by text was never closed: that quote is the
 * opening one of a later row. Without a line break, or with nothing but spaces after it, it is merely an odd cell.
 */
export function createRecordWatch(delimiter: number): RecordWatch {
  let state = START;
  let row = 1;
  let cell = 0;
  let quotedCell = 0;
  let quoteSpansLines = false;
  let afterCr = false;
  let recordBytes = 0;
  let wholeBytes = 0;
  let oddQuotes: OddQuote[] = [];

  function odd(): void {
    if (oddQuotes.at(-1)?.row !== row) oddQuotes.push({ row, cell });
  }

  return {
    scan(block) {
      let start = -recordBytes;
      wholeBytes = 0;
      for (let i = 0; i < block.length; i += 1) {
        const byte = block[i];
        if (state === QUOTED) {
          if (byte === QUOTE) state = QUOTE_IN_QUOTED;
          else if (byte === LF || byte === CR) quoteSpansLines = true;
        } else if (byte === QUOTE) {
          if (state === QUOTE_IN_QUOTED) state = QUOTED;
          else if (state === START) {
            state = QUOTED;
            quotedCell = cell;
            quoteSpansLines = false;
          } else if (state === PADDED) {
            state = PLAIN;
            odd();
          } else if (state === PADDED_AFTER_QUOTE) {
            if (quoteSpansLines) return { kind: 'quote-not-closed', row, cell: quotedCell };
            state = PLAIN;
          }
        } else if (byte === LF || byte === CR) {
          if (byte === CR || !afterCr) {
            if (i - start > MAX_RECORD_BYTES) return { kind: 'too-long', row, cell };
            row += 1;
          }
          start = i + 1;
          wholeBytes = start;
          state = START;
          cell = 0;
        } else if (byte === delimiter) {
          state = START;
          cell += 1;
        } else if (state === QUOTE_IN_QUOTED || state === PADDED_AFTER_QUOTE) {
          odd();
          if (byte === SPACE || byte === TAB) state = PADDED_AFTER_QUOTE;
          else if (quoteSpansLines) return { kind: 'quote-not-closed', row, cell: quotedCell };
          else state = PLAIN;
        } else if (state !== PLAIN) {
          state = byte === SPACE || byte === TAB ? PADDED : PLAIN;
        }
        afterCr = byte === CR && state === START;
      }
      recordBytes = block.length - start;
      if (recordBytes <= MAX_RECORD_BYTES) return null;
      return state === QUOTED
        ? { kind: 'quote-not-closed', row, cell: quotedCell }
        : { kind: 'too-long', row, cell };
    },
    finish: () => (state === QUOTED ? { kind: 'quote-not-closed', row, cell: quotedCell } : null),
    row: () => row,
    wholeBytes: () => wholeBytes,
    takeOddQuotes() {
      const taken = oddQuotes;
      oddQuotes = [];
      return taken;
    },
  };
}
