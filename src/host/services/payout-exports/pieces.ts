import { open } from 'node:fs/promises';
import { DomainError, invalidField } from '#domain/errors.ts';

/** Bytes of one piece: escaped as JSON it stays under what a message should hold. */
const PIECE_BYTES = 128 * 1024;

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** How many bytes the character that begins with this one has. */
function lengthOf(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/** Where the last whole character of UTF-8 bytes ends. */
function wholeCharacters(bytes: Uint8Array): number {
  let start = bytes.length - 1;
  while (start > 0 && isContinuation(bytes[start])) start -= 1;
  const lead = bytes[start];
  if (lead === undefined) return 0;
  return start + lengthOf(lead) <= bytes.length ? bytes.length : start;
}

/**
 * A piece of a UTF-8 file from a byte offset on, cut between two characters, and where the next one starts (null at the end).
 * Throws `NOT_FOUND` where the file is gone, `VALIDATION` for an offset beyond its end or inside a character.
 */
export async function readPiece(
  file: string,
  offset: number,
): Promise<{ data: string; nextOffset: number | null }> {
  const handle = await openExport(file);
  try {
    const { size } = await handle.stat();
    if (offset > size) throw invalidField('offset', `The file ends at ${size}.`);
    const buffer = Buffer.alloc(Math.min(PIECE_BYTES, size - offset));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
    const bytes = buffer.subarray(0, bytesRead);
    if (isContinuation(bytes[0])) throw invalidField('offset', 'No piece of the file begins here.');
    const end = offset + bytesRead === size ? bytesRead : wholeCharacters(bytes);
    return {
      data: bytes.toString('utf8', 0, end),
      nextOffset: offset + end < size ? offset + end : null,
    };
  } finally {
    await handle.close();
  }
}

async function openExport(file: string) {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new DomainError('NOT_FOUND', 'The file of this export is no longer in the data folder.');
    }
    throw error;
  }
}
