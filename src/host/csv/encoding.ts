import { isAscii, isUtf8 } from 'node:buffer';

export type CsvEncoding = 'utf-8' | 'windows-1252' | 'utf-16le' | 'utf-16be';

/** What of a block could be read, as UTF-8, and why reading stops after it (a clause that follows "Row 12: "). */
export interface DecodedBlock {
  bytes: Buffer;
  fault: string | null;
}

/** Turns the blocks of one file, in order, into UTF-8. */
export interface Decoder {
  /** What the file has proved to be so far: `utf-8` until a byte says otherwise. */
  readonly encoding: CsvEncoding;
  readonly hasBom: boolean;
  decode(block: Buffer, last: boolean): DecodedBlock;
}

const mixedUp =
  'the file is UTF-8 up to here, but this row contains bytes that are not. ' +
  'Save the whole file again as “CSV UTF-8” and import that.';
const turnsIntoUtf8 =
  'the file is Windows-1252 up to here, but from this row on it is UTF-8. ' +
  'Save the whole file again as “CSV UTF-8” and import that.';
const neither =
  'this row contains bytes that are neither UTF-8 nor Windows-1252. Save the file as “CSV UTF-8” and import that.';
const brokenUtf16 = 'the UTF-16 text is damaged in this row. Save the file as “CSV UTF-8” and import that.';

const nothing = Buffer.alloc(0);

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x80 && byte <= 0xbf;
}

/** How many bytes the UTF-8 character at `at` takes; 0 if there is no valid one (Unicode 15, table 3-7). */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const second = bytes[at + 1] ?? 0;
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (let i = 2; i < length; i += 1) {
    if (!isContinuation(bytes[at + i])) return 0;
  }
  return length;
}

/** Counts what speaks for UTF-8 (whole multi-byte characters) and against it (bytes that are part of none). */
function evidence(bytes: Buffer): { whole: number; broken: number; firstBroken: number } {
  let whole = 0;
  let broken = 0;
  let firstBroken = bytes.length;
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length > 1) whole += 1;
    if (length > 0) {
      at += length;
      continue;
    }
    if (broken === 0) firstBroken = at;
    broken += 1;
    // A character cut short is one piece of evidence, not one for each of its bytes.
    do at += 1;
    while (isContinuation(bytes[at]));
  }
  return { whole, broken, firstBroken };
}

/** Where the last, perhaps incomplete, UTF-8 character begins; the length if the block ends with a whole one. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes.length;
    if (byte >= 0xc0) {
      const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needs > back ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}

/** The characters of 0x80 to 0x9F; a space where Windows-1252 defines none. */
const windows1252 = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';
const undefinedInWindows1252 = /[\x81\x8d\x8f\x90\x9d]/;

function fromWindows1252(bytes: Buffer): DecodedBlock {
  const latin = bytes.toString('latin1');
  const undefinedAt = latin.search(undefinedInWindows1252);
  const text = (undefinedAt === -1 ? latin : latin.slice(0, undefinedAt)).replace(
    /[\x80-\x9f]/g,
    (character) => windows1252.charAt(character.charCodeAt(0) - 0x80),
  );
  return { bytes: Buffer.from(text), fault: undefinedAt === -1 ? null : neither };
}

function utf16Decoder(encoding: 'utf-16le' | 'utf-16be'): Decoder {
  let carried = nothing;
  let begun = false;
  return {
    encoding,
    hasBom: true,
    decode(block, last) {
      const all = Buffer.concat([carried, begun ? block : block.subarray(2)]);
      begun = true;
      const even = all.length - (all.length % 2);
      const units = Buffer.from(all.subarray(0, even));
      if (encoding === 'utf-16be') units.swap16();
      let text = units.toString('utf16le');
      const lastUnit = text.charCodeAt(text.length - 1);
      const half = lastUnit >= 0xd800 && lastUnit <= 0xdbff && !last;
      if (half) text = text.slice(0, -1);
      carried = Buffer.from(all.subarray(half ? even - 2 : even));
      const damagedAt = text.search(/\p{Surrogate}/u);
      if (damagedAt !== -1) return { bytes: Buffer.from(text.slice(0, damagedAt)), fault: brokenUtf16 };
      return { bytes: Buffer.from(text), fault: last && carried.length > 0 ? brokenUtf16 : null };
    },
  };
}

/**
 * The decoder of a file, by its first block. The rule:
 *
 * - A byte order mark decides: UTF-8, UTF-16 little or big endian.
 * - Without one, ASCII is the same in UTF-8 and Windows-1252, so nothing is decided until the first block with another
 *   byte in it. If that block is valid UTF-8, the file is UTF-8; if whole multi-byte characters are at least as many as
 *   broken ones, it is damaged UTF-8, a fault; else it is Windows-1252.
 * - The decision stands. Invalid UTF-8 later on is a fault, and so is a Windows-1252 file that turns into UTF-8 (a block
 *   with at least four multi-byte characters, and more of them than of bytes that fit none), because reading on would
 *   put "MÃ¼ller" into the database.
 */
export function createDecoder(firstBlock: Buffer): Decoder {
  if (firstBlock[0] === 0xff && firstBlock[1] === 0xfe) return utf16Decoder('utf-16le');
  if (firstBlock[0] === 0xfe && firstBlock[1] === 0xff) return utf16Decoder('utf-16be');
  const hasBom = firstBlock[0] === 0xef && firstBlock[1] === 0xbb && firstBlock[2] === 0xbf;
  let decided: 'utf-8' | 'windows-1252' | null = hasBom ? 'utf-8' : null;
  let carried = nothing;
  let begun = false;

  function asUtf8(bytes: Buffer): DecodedBlock {
    if (isUtf8(bytes)) return { bytes, fault: null };
    return { bytes: bytes.subarray(0, evidence(bytes).firstBroken), fault: mixedUp };
  }

  function asWindows1252(bytes: Buffer): DecodedBlock {
    const { whole, broken } = evidence(bytes);
    if (whole >= 4 && whole > broken) {
      const turn = bytes.findIndex((byte) => byte >= 0x80);
      return { bytes: bytes.subarray(0, turn), fault: turnsIntoUtf8 };
    }
    return fromWindows1252(bytes);
  }

  return {
    get encoding() {
      return decided ?? 'utf-8';
    },
    hasBom,
    decode(block, last) {
      const fresh = begun || !hasBom ? block : block.subarray(3);
      begun = true;
      const all = carried.length === 0 ? fresh : Buffer.concat([carried, fresh]);
      if (decided === 'windows-1252') {
        carried = nothing;
        return asWindows1252(all);
      }
      const end = last ? all.length : wholeCharacters(all);
      const whole = all.subarray(0, end);
      if (decided === null && !isAscii(whole)) {
        const found = evidence(whole);
        const isWindows = found.broken > 0 && found.whole < found.broken;
        decided = isWindows ? 'windows-1252' : 'utf-8';
        if (isWindows) {
          carried = nothing;
          return fromWindows1252(all);
        }
      }
      carried = Buffer.from(all.subarray(end));
      return asUtf8(whole);
    },
  };
}
