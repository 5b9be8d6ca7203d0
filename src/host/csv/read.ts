import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { CsvEncoding } from './encoding.ts';
import type { Delimiter } from './sniff.ts';
import { type Block, type CsvRow, createTable, refuseFile, type Table } from './table.ts';

export type { CsvRow } from './table.ts';

/** A file is read and judged in blocks of this size, whatever chunks it arrives in. */
const BLOCK_BYTES = 64 * 1024;

/** The most rows in one batch. */
export const MAX_BATCH_ROWS = 500;

export interface CsvFile {
  /** What the file has proved to be so far: `utf-8` until a byte says otherwise, so ask again after the last row. */
  readonly encoding: CsvEncoding;
  readonly delimiter: Delimiter;
  readonly hasBom: boolean;
  /** The names of the columns, each of them once: an empty one is "Column 3", a second "Phone" is "Phone (2)". */
  readonly header: readonly string[];
  /** The size of the file in bytes; null for a stream. */
  readonly bytesTotal: number | null;
  /** Bytes taken from the source so far, for a progress bar. */
  bytesRead(): number;
  /**
   * The rows below the header, in batches of at most `MAX_BATCH_ROWS`; empty rows are left out. Can be walked once;
   * leaving the loop closes the source.
   * @throws DomainError `VALIDATION` where the rest of the file cannot be read; the rows before it have been given.
   */
  rows(): AsyncIterable<CsvRow[]>;
  /** Closes the source of a file whose rows nobody walks. */
  close(): Promise<void>;
}

export interface OpenCsvOptions {
  /** Taken instead of the detected one. */
  delimiter?: Delimiter;
  /** Stops the reading between two blocks, with the signal's own reason. */
  signal?: AbortSignal;
}

/**
 * The source in blocks of `BLOCK_BYTES`, the last one shorter: what is decided by block must not depend on the chunks
 * that a disk or a network delivers.
 */
async function* inBlocks(
  source: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Block> {
  let parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    count(chunk.byteLength);
    parts.push(chunk);
    size += chunk.byteLength;
    if (size <= BLOCK_BYTES) continue;
    let joined = Buffer.concat(parts);
    for (; joined.length > BLOCK_BYTES; joined = joined.subarray(BLOCK_BYTES)) {
      yield { bytes: joined.subarray(0, BLOCK_BYTES), last: false };
    }
    parts = [joined];
    size = joined.length;
  }
  yield { bytes: Buffer.concat(parts), last: true };
}

/** The file as bytes, and its size; a missing or unreadable one is refused in words. */
async function openSource(
  source: string | AsyncIterable<Uint8Array>,
): Promise<{ bytes: AsyncIterable<Uint8Array>; total: number | null }> {
  if (typeof source !== 'string') return { bytes: source, total: null };
  const name = basename(source);
  try {
    const handle = await open(source, 'r');
    const found = await handle.stat();
    if (found.isDirectory()) {
      await handle.close();
      throw refuseFile(`“${name}” is a folder, not a file.`);
    }
    return { bytes: handle.createReadStream({ highWaterMark: BLOCK_BYTES }), total: found.size };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT') throw refuseFile(`The file “${name}” does not exist.`);
    if (code === 'EACCES' || code === 'EPERM') throw refuseFile(`The file “${name}” may not be read.`);
    throw error;
  }
}

/**
 * Opens a CSV file of leads, by its path or as a stream of its bytes, and reads as far as the first row below the
 * header. Comma, semicolon and tab are told apart by the first records; UTF-8, Windows-1252 and UTF-16 by the rule of
 * `createDecoder`. The memory does not grow with the file: the next block is read when the rows of the last are taken.
 * @throws DomainError `VALIDATION`, with a sentence that names what it is, for another kind of file, an empty one, one
 * without rows below the header, a record beyond `MAX_RECORD_BYTES`, a quote that is never closed, and mixed encodings.
 */
export async function openCsv(
  source: string | AsyncIterable<Uint8Array>,
  options: OpenCsvOptions = {},
): Promise<CsvFile> {
  const { signal } = options;
  signal?.throwIfAborted();
  let taken = 0;
  const { bytes, total } = await openSource(source);
  const blocks = inBlocks(bytes, (size) => {
    taken += size;
  });

  async function* readBatches(table: Table, first: Block): AsyncGenerator<CsvRow[]> {
    try {
      for (let block: Block | undefined = first; block; ) {
        const { rows, refusal } = await table.read(block);
        for (let at = 0; at < rows.length; at += MAX_BATCH_ROWS) yield rows.slice(at, at + MAX_BATCH_ROWS);
        if (refusal) throw refusal;
        signal?.throwIfAborted();
        const next: IteratorResult<Block, unknown> = await blocks.next();
        block = next.done === true ? undefined : next.value;
      }
    } finally {
      await blocks.return(undefined);
    }
  }

  let table: Table;
  let batches: AsyncGenerator<CsvRow[]>;
  try {
    const first = await blocks.next();
    if (first.done === true || first.value.bytes.length === 0) throw refuseFile('The file is empty.');
    table = createTable(first.value, options.delimiter);
    batches = readBatches(table, first.value);
  } catch (error) {
    await blocks.return(undefined);
    throw error;
  }

  const firstBatch = await batches.next();
  const header = table.header();
  if (header === null) throw refuseFile('The file is empty.');
  if (firstBatch.done === true) throw refuseFile('The file has a header but no rows below it.');

  return {
    get encoding() {
      return table.decoder.encoding;
    },
    delimiter: table.delimiter,
    hasBom: table.decoder.hasBom,
    header,
    bytesTotal: total,
    bytesRead: () => taken,
    async *rows() {
      try {
        yield firstBatch.value;
        yield* batches;
      } finally {
        await batches.return(undefined);
      }
    },
    close: async () => {
      await batches.return(undefined);
    },
  };
}
