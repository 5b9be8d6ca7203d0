import { CR, LF, QUOTE } from './bytes.ts';

export const delimiters = [',', ';', '\t'] as const;
export type Delimiter = (typeof delimiters)[number];

const save = 'save it as CSV first.';

/** File kinds by their first bytes, with the sentence that refuses them. Zip files are told apart further on. */
const signatures: readonly (readonly [begins: string, sentence: string])[] = [
  ['\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1', `This is an Excel workbook (.xls), not a CSV file: ${save}`],
  ['%PDF-', 'This is a PDF, not a CSV file.'],
  ['\x89PNG\r\n', 'This is an image, not a CSV file.'],
  ['\xFF\xD8\xFF', 'This is an image, not a CSV file.'],
  ['GIF8', 'This is an image, not a CSV file.'],
  ['II*\0', 'This is an image, not a CSV file.'],
  ['MM\0*', 'This is an image, not a CSV file.'],
  ['\x1F\x8B', 'This is a compressed file (gzip), not a CSV file: unpack it first.'],
  ["7z\xBC\xAF'\x1C", 'This is a compressed file (7z), not a CSV file: unpack it first.'],
  ['Rar!\x1A\x07', 'This is a compressed file (RAR), not a CSV file: unpack it first.'],
  ['SQLite format 3\0', 'This is a database, not a CSV file.'],
  ['{\\rtf', `This is a text document (RTF), not a CSV file: ${save}`],
  ['BEGIN:VCARD', 'This is a file of contacts (vCard), not a CSV file.'],
];

const zipKinds: readonly (readonly [holds: string, sentence: string])[] = [
  ['xl/', `This is an Excel workbook, not a CSV file: ${save}`],
  ['opendocument.spreadsheet', `This is an OpenDocument spreadsheet, not a CSV file: ${save}`],
  ['word/', `This is a Word document, not a CSV file: ${save}`],
  ['ppt/', 'This is a presentation, not a CSV file.'],
  ['Index/', `This is an Apple Numbers or Pages document, not a CSV file: export it as CSV first.`],
];

/** Text formats, by how the text begins. */
const markups: readonly (readonly [begins: RegExp, sentence: string])[] = [
  [/^\s*<(?:!doctype html|html|table|head|body)\b/i, `This is a web page (HTML), not a CSV file: ${save}`],
  [/^\s*<\?xml\b/i, `This is an XML file, not a CSV file: ${save}`],
  [/^\s*(?:\{\s*"|\[\s*[[{])/, `This is a JSON file, not a CSV file: ${save}`],
];

/** What the file is if it is not text in columns, as a sentence; null if it may be. `block` is its beginning. */
export function recognizeOtherFormat(block: Buffer): string | null {
  const beginning = block.toString('latin1');
  if (beginning.startsWith('PK\x03\x04') || beginning.startsWith('PK\x05\x06')) {
    const kind = zipKinds.find(([holds]) => beginning.includes(holds));
    // What a zip holds may be named beyond the first block. Nearly always it is a workbook, but that is a guess.
    return kind?.[1] ?? `This is an Excel workbook or another zip file, not a CSV file: unpack it or ${save}`;
  }
  const signature = signatures.find(([begins]) => beginning.startsWith(begins));
  if (signature) return signature[1];
  if (beginning.startsWith('\xFF\xFE\0\0') || beginning.startsWith('\0\0\xFE\xFF')) {
    return 'This file is encoded in UTF-32, which is not read here: save it as “CSV UTF-8”.';
  }
  const markup = markups.find(([begins]) => begins.test(beginning));
  return markup?.[1] ?? null;
}

/** The sentence for a file with NUL bytes in its first block, by how they lie in it. */
export function describeNulBytes(block: Buffer): string {
  let even = 0;
  let odd = 0;
  for (let i = 0; i < block.length; i += 1) {
    if (block[i] !== 0) continue;
    if (i % 2 === 0) even += 1;
    else odd += 1;
  }
  const looksLikeUtf16 = Math.max(even, odd) > block.length / 4 && Math.min(even, odd) < block.length / 50;
  return looksLikeUtf16
    ? 'This file looks like UTF-16 without a byte order mark, which cannot be read safely: save it as “CSV UTF-8”.'
    : 'This file contains binary data; it is not a CSV file.';
}

const RECORDS_TO_LOOK_AT = 50;

/** How many delimiters each of the first records has, outside quotes; empty lines are left out. */
function countPerRecord(sample: Buffer, complete: boolean, delimiter: number): number[] {
  const counts: number[] = [];
  let count = 0;
  let quoted = false;
  let start = 0;
  let cellStart = 0;
  for (let i = 0; i < sample.length && counts.length < RECORDS_TO_LOOK_AT; i += 1) {
    const byte = sample[i];
    if (byte === QUOTE && (quoted || i === cellStart)) {
      quoted = !quoted;
      // A doubled quote closes and opens again, which comes to the same.
      cellStart = i + 1;
    } else if (!quoted && byte === delimiter) {
      count += 1;
      cellStart = i + 1;
    } else if (!quoted && (byte === LF || byte === CR)) {
      if (i > start) counts.push(count);
      count = 0;
      start = i + 1;
      cellStart = start;
    }
  }
  const unfinished = counts.length < RECORDS_TO_LOOK_AT && start < sample.length;
  if (unfinished && (complete || counts.length === 0)) counts.push(count);
  return counts;
}

/**
 * The delimiter of a file, from its first records: the one that the most records have as often as the header has it;
 * among equals the one that makes more columns. Where the header has none of the three, the file has a single column,
 * and the delimiter is one that its cells do not contain.
 * @param complete whether the sample is the whole file, so that its last record counts.
 */
export function detectDelimiter(sample: Buffer, complete: boolean): Delimiter {
  let best: { delimiter: Delimiter; agreeing: number; columns: number } | null = null;
  let absent: Delimiter | null = null;
  for (const delimiter of delimiters) {
    const counts = countPerRecord(sample, complete, delimiter.charCodeAt(0));
    const [columns = 0] = counts;
    if (columns === 0) {
      if (counts.every((count) => count === 0)) absent ??= delimiter;
      continue;
    }
    const agreeing = counts.filter((count) => count === columns).length / counts.length;
    if (!best || agreeing > best.agreeing || (agreeing === best.agreeing && columns > best.columns)) {
      best = { delimiter, agreeing, columns };
    }
  }
  return best?.delimiter ?? absent ?? ',';
}

/** Excel's own first line, `sep=;`: the delimiter it names and the bytes it takes; null if there is none. */
export function readSepLine(sample: Buffer): { names: string; length: number } | null {
  const found = /^"?sep=(.)"?(?:\r\n|\r|\n|$)/i.exec(sample.toString('latin1', 0, 16));
  return found ? { names: found[1] ?? '', length: found[0].length } : null;
}
