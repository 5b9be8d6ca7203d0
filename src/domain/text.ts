/** Text that people typed, pasted or exported: made uniform before it is judged, compared or stored. */

export type CleanedText = { ok: true; text: string | undefined } | { ok: false; message: string };

export interface TextRule {
  /** What a sentence calls it, in lower case: "first name". */
  readonly label: string;
  /** In characters as people count them (code points). */
  readonly maxLength: number;
  /** Keeps line breaks; otherwise they are spaces like any other. */
  readonly multiline?: boolean;
}

// Plain ASCII words with single spaces between them, most of what comes in, need no work.
const CLEAN = /^[\x21-\x7E]+(?: [\x21-\x7E]+)*$/;
// Soft hyphens, zero-width spaces, direction marks: pasted along from web pages and address books, seen by nobody, and
// enough to make two equal addresses differ. The joiners of Persian or Hindi spelling (200C, 200D) are not among them.
const INVISIBLE = /[\u00AD\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]/g;
const CONTROL = /\p{Cc}/u;

/**
 * Trims, collapses whitespace, normalises to NFC and drops invisible characters; nothing left reads as absent.
 * Control characters, broken Unicode and text that is too long are answered with a sentence.
 */
export function cleanText(raw: string, rule: TextRule): CleanedText {
  // Before any work on it: a field of megabytes is refused by its length alone.
  if (raw.length > rule.maxLength * 10 + 1000) return tooLong(rule);
  const text = CLEAN.test(raw) ? raw : tidy(raw, rule.multiline === true);
  if (text === '') return { ok: true, text: undefined };
  if (text.length > rule.maxLength && Array.from(text).length > rule.maxLength) return tooLong(rule);
  if (CONTROL.test(rule.multiline ? text.replaceAll('\n', '') : text) || !text.isWellFormed()) {
    return {
      ok: false,
      message: `The ${rule.label} has characters that can't be read. Please type it again.`,
    };
  }
  return { ok: true, text };
}

function tidy(raw: string, multiline: boolean): string {
  const visible = raw.replaceAll(INVISIBLE, '').normalize('NFC');
  if (!multiline) return collapse(visible);
  return visible
    .split(/\r\n|\r|\n/)
    .map(collapse)
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}

function collapse(line: string): string {
  return line.replaceAll(/\s+/g, ' ').trim();
}

function tooLong(rule: TextRule): CleanedText {
  return { ok: false, message: `The ${rule.label} can have at most ${rule.maxLength} characters.` };
}
