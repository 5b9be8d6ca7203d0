import { invalidField } from '#domain/errors.ts';
import type { PieceSource } from './files.ts';

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
 * Throws `VALIDATION` for an offset beyond its end or inside a character.
 */
export async function readPiece(
  { size, read }: PieceSource,
  offset: number,
): Promise<{ data: string; nextOffset: number | null }> {
  if (offset > size) throw invalidField('offset', `The file ends at ${size}.`);
  const bytes = await read(offset, Math.min(PIECE_BYTES, size - offset));
  if (isContinuation(bytes[0])) throw invalidField('offset', 'No piece of the file begins here.');
  const end = offset + bytes.length === size ? bytes.length : wholeCharacters(bytes);
  return {
    data: bytes.toString('utf8', 0, end),
    nextOffset: offset + end < size ? offset + end : null,
  };
}
