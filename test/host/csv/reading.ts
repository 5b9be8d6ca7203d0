import { DomainError } from '#domain/errors.ts';
import { type CsvRow, type OpenCsvOptions, openCsv } from '#host/csv/read.ts';

/** What came of a file: everything it gave, and the sentence that ended it, if one did. */
export interface Reading {
  header: readonly string[];
  rows: CsvRow[];
  encoding: string;
  delimiter: string;
  hasBom: boolean;
  refusal: string | null;
  paths: string[];
}

export async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Reads a file to its end, in chunks of `size` bytes. */
export async function read(
  content: string | Uint8Array,
  options: OpenCsvOptions & { size?: number } = {},
): Promise<Reading> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return readChunks(inChunks(bytes, options.size ?? 64 * 1024), options);
}

export async function readChunks(
  chunks: AsyncIterable<Uint8Array>,
  options: OpenCsvOptions = {},
): Promise<Reading> {
  const reading: Reading = {
    header: [],
    rows: [],
    encoding: '',
    delimiter: '',
    hasBom: false,
    refusal: null,
    paths: [],
  };
  try {
    const file = await openCsv(chunks, options);
    reading.header = file.header;
    reading.delimiter = file.delimiter;
    reading.hasBom = file.hasBom;
    reading.encoding = file.encoding;
    for await (const batch of file.rows()) reading.rows.push(...batch);
    reading.encoding = file.encoding;
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'VALIDATION') throw error;
    reading.refusal = error.message;
    reading.paths = error.fields.map(({ path }) => path);
  }
  return reading;
}
