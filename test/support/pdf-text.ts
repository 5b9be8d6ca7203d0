import { inflateSync } from 'node:zlib';

/** A run of text on a page: where its baseline begins, in points from the upper left. */
export interface PdfRun {
  x: number;
  y: number;
  text: string;
}

export interface PdfPage {
  width: number;
  height: number;
  runs: PdfRun[];
}

export interface PdfText {
  pages: PdfPage[];
  /** The document's information, by its keys. */
  info: Record<string, string>;
  /** The names of the fonts whose glyphs are in the file. */
  embeddedFonts: string[];
}

const reference = /(\d+) 0 R/;

/** Enough of a reader for what pdfkit writes: it knows nothing of how the text was laid out, only what a viewer would show. */
export function readPdf(bytes: Buffer): PdfText {
  const objects = new Map<string, { dictionary: string; stream: string }>();
  const source = bytes.toString('latin1');
  for (const [, id, body] of source.matchAll(/(\d+) 0 obj\n([\s\S]*?)\nendobj/g)) {
    const at = body!.indexOf('\nstream\n');
    const dictionary = at < 0 ? body! : body!.slice(0, at);
    const data = at < 0 ? '' : body!.slice(at + 8, body!.lastIndexOf('\nendstream'));
    const stream = dictionary.includes('/FlateDecode')
      ? inflateSync(Buffer.from(data, 'latin1')).toString('latin1')
      : data;
    objects.set(id!, { dictionary, stream });
  }
  const at = (id: string | undefined) => objects.get(id ?? '') ?? { dictionary: '', stream: '' };
  const named = (dictionary: string, key: string) =>
    at(new RegExp(`/${key} ${reference.source}`).exec(dictionary)?.[1]);

  const maps = new Map<string, Map<string, string>>();
  const mapOf = (fontId: string): Map<string, string> => {
    let map = maps.get(fontId);
    if (map === undefined)
      maps.set(fontId, (map = unicodeOf(named(at(fontId).dictionary, 'ToUnicode').stream)));
    return map;
  };
  const pages: PdfPage[] = [];
  for (const { dictionary } of objects.values()) {
    if (!/\/Type \/Page\b/.test(dictionary)) continue;
    const [, width = '0', height = '0'] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(dictionary) ?? [];
    const fonts = new Map<string, string>();
    const resources = named(dictionary, 'Resources').dictionary || dictionary;
    for (const [, name, id] of resources.matchAll(/\/(F\d+) (\d+) 0 R/g)) fonts.set(name!, id!);
    const page = { width: Number(width), height: Number(height), runs: [] as PdfRun[] };
    const content = named(dictionary, 'Contents').stream;
    let map = new Map<string, string>();
    let [x, y] = [0, 0];
    for (const [line] of content.matchAll(/[^\n]+/g)) {
      const font = /^\/(F\d+) [\d.]+ Tf/.exec(line);
      if (font) map = mapOf(fonts.get(font[1]!) ?? '');
      const moved = /^1 0 0 1 (-?[\d.]+) (-?[\d.]+) Tm/.exec(line);
      if (moved) [x, y] = [Number(moved[1]), page.height - Number(moved[2])];
      if (!line.endsWith('TJ')) continue;
      const glyphs = [...line.matchAll(/<([0-9a-f]+)>/g)].map(([, hex]) => hex).join('');
      const text = (glyphs.match(/.{4}/g) ?? []).map((glyph) => map.get(glyph) ?? '\uFFFD').join('');
      page.runs.push({ x, y, text });
    }
    pages.push(page);
  }
  const info: Record<string, string> = {};
  const aboutIt = named(/trailer[\s\S]*/.exec(source)?.[0] ?? '', 'Info').dictionary;
  for (const [, key, id] of aboutIt.matchAll(/\/(\w+) (\d+) 0 R/g)) {
    info[key!] = literal(/^\(([\s\S]*)\)$/.exec(at(id).dictionary)?.[1] ?? '');
  }
  const embeddedFonts = [...objects.values()].flatMap(({ dictionary }) =>
    dictionary.includes('/FontFile') ? [/\/FontName \/(\S+)/.exec(dictionary)?.[1] ?? ''] : [],
  );
  return { pages, info, embeddedFonts };
}

/** A string of the file: escaped, and UTF-16 where it begins with a byte order mark. */
function literal(value: string): string {
  const plain = value.replaceAll(
    /\\([\s\S])/g,
    (_, sign: string) => ({ n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' })[sign] ?? sign,
  );
  if (!plain.startsWith('\u00FE\u00FF')) return plain;
  return Buffer.from(plain.slice(2), 'latin1').swap16().toString('utf16le');
}

/** Glyph numbers to text. */
function unicodeOf(cmap: string): Map<string, string> {
  const map = new Map<string, string>();
  for (const [, from, list] of cmap.matchAll(/<([0-9a-f]{4})> <[0-9a-f]{4}> \[([^\]]*)\]/g)) {
    const texts = [...list!.matchAll(/<([0-9a-f ]+)>/g)];
    for (const [index, [, hex]] of texts.entries()) {
      const units = hex!.replaceAll(' ', '');
      const glyph = (Number.parseInt(from!, 16) + index).toString(16).padStart(4, '0');
      map.set(glyph, Buffer.from(units, 'hex').swap16().toString('utf16le'));
    }
  }
  return map;
}
