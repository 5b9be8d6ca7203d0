import { invalidField } from './errors.ts';
import { cleanText } from './text.ts';

/** What partners hand in to be checked (`domain.md`, "Partner"; the requirements' `document_urls` grown up). */
export const documentKinds = ['registration', 'tax', 'contract', 'identity', 'bank', 'other'] as const;

/**
 * The files that are taken: what any browser shows without running anything in it. Office files are not among them: they
 * carry macros and can't be told from any other archive by their first bytes; whoever has one saves it as a PDF.
 */
export const documentMediaTypes = ['application/pdf', 'image/png', 'image/jpeg'] as const;
export type DocumentMediaType = (typeof documentMediaTypes)[number];

/** Bytes: 20 MB, a scan of many pages. */
export const largestDocument = 20 * 1024 * 1024;

/** So many of the first bytes tell what a file is. */
export const sniffedBytes = 16;

const signatures: readonly (readonly [DocumentMediaType, readonly number[]])[] = [
  // "%PDF-"
  ['application/pdf', [0x25, 0x50, 0x44, 0x46, 0x2d]],
  // The eight bytes every PNG starts with, and the length and name of the header that has to follow.
  ['image/png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]],
  ['image/jpeg', [0xff, 0xd8, 0xff]],
];

/** What a file is by its first bytes, whatever it is called; undefined for anything that is not taken. */
export function sniffDocument(head: Uint8Array): DocumentMediaType | undefined {
  return signatures.find(([, bytes]) => bytes.every((byte, at) => head[at] === byte))?.[0];
}

const extensions: Record<DocumentMediaType, readonly [string, ...string[]]> = {
  'application/pdf': ['.pdf'],
  'image/png': ['.png'],
  'image/jpeg': ['.jpg', '.jpeg'],
};

const longestFileName = 120;

/**
 * A file name that is safe to hand out: the last part of what was given, without what a file system or a header could
 * trip over, with the ending of what the file is. "../../Ausweis.html" of a PDF → "Ausweis.html.pdf".
 */
export function documentFileName(given: string, mediaType: DocumentMediaType): string {
  const last = given.normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  const plain = last
    .replaceAll(/[\p{C}<>:"|?*]/gu, '')
    .replaceAll(/\s+/g, ' ')
    .replace(/^[. ]+/, '')
    .replace(/[. ]+$/, '');
  const endings = extensions[mediaType];
  const ending = endings.find((each) => plain.toLowerCase().endsWith(each));
  const stem = ending === undefined ? plain : plain.slice(0, -ending.length);
  const cut = Array.from(stem).slice(0, longestFileName).join('').trim();
  return `${cut === '' ? 'document' : cut}${ending ?? endings[0]}`;
}

/** A document's name as stored. Throws `VALIDATION` where nothing is left of it. */
export function documentName(given: string): string {
  const cleaned = cleanText(given, { label: 'name of the document', maxLength: 200 });
  if (!cleaned.ok) throw invalidField('name', cleaned.message);
  if (cleaned.text === undefined) throw invalidField('name', 'The name of the document is missing.');
  return cleaned.text;
}
