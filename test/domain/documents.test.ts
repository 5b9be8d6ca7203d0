import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  documentFileName,
  documentMediaTypes,
  documentName,
  sniffDocument,
  sniffedBytes,
} from '#domain/documents.ts';

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
  );
const png = bytes([0x89], 'PNG\r\n', [0x1a], '\n', [0, 0, 0, 13], 'IHDR');

describe('what a file is', () => {
  it.each([
    ['%PDF-1.7\n%…', 'application/pdf'],
    [png, 'image/png'],
    [[0xff, 0xd8, 0xff, 0xe0, 0, 16], 'image/jpeg'],
  ])('is told by its first bytes: %o is %s', (head, type) => {
    expect(sniffDocument(bytes(head as string))).toBe(type);
  });

  it.each<[string, Buffer]>([
    ['a page', bytes('<!doctype html><script>')],
    ['a page with a PDF in it', bytes('<html>%PDF-1.7')],
    ['a drawing with scripts', bytes('<svg xmlns=')],
    ['an archive, and so an office file', bytes('PK', [3, 4])],
    ['an old office file', bytes([0xd0, 0xcf, 0x11, 0xe0])],
    ['a program', bytes('MZ', [0x90])],
    ['a GIF', bytes('GIF89a')],
    ['half a PNG', png.subarray(0, 8)],
    ['nothing', bytes('')],
  ])('is none that is taken: %s', (_what, head) => {
    expect(sniffDocument(head)).toBeUndefined();
  });

  it('needs no more than the bytes that are looked at', () => {
    expect(png.length).toBe(sniffedBytes);
  });
});

describe('the name of a file', () => {
  it.each([
    ['Ausweis.pdf', 'application/pdf', 'Ausweis.pdf'],
    ['Scan.JPEG', 'image/jpeg', 'Scan.jpeg'],
    ['../../etc/passwd', 'application/pdf', 'passwd.pdf'],
    ['C:\\Users\\kim\\Vertrag.pdf', 'application/pdf', 'Vertrag.pdf'],
    ['page.html', 'application/pdf', 'page.html.pdf'],
    ['photo.pdf', 'image/png', 'photo.pdf.png'],
    ['.pdf', 'application/pdf', 'pdf.pdf'],
    ['', 'image/png', 'document.png'],
    ['a"b\r\nSet-Cookie: x.pdf', 'application/pdf', 'abSet-Cookie x.pdf'],
    ['Прописка.pdf', 'application/pdf', 'Прописка.pdf'],
    ['. .a  \t b . .', 'application/pdf', 'a b.pdf'],
    ['Plan .pdf', 'application/pdf', 'Plan.pdf'],
    ['U\u0308bersicht.pdf', 'application/pdf', '\u00DCbersicht.pdf'],
    [`${'x'.repeat(121)}.pdf`, 'application/pdf', `${'x'.repeat(120)}.pdf`],
    [`${'x'.repeat(119)} y.pdf`, 'application/pdf', `${'x'.repeat(119)}.pdf`],
  ] as const)('%o of a %s is %o', (given, type, name) => {
    expect(documentFileName(given, type)).toBe(name);
  });

  it('never leads anywhere, breaks no header, and ends in what the file is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(...documentMediaTypes), (given, type) => {
        const name = documentFileName(given, type);
        expect(name).not.toMatch(/[/\\"\p{Cc}]|^\./u);
        expect(name).toMatch(/.\.(pdf|png|jpe?g)$/i);
        expect(Array.from(name).length).toBeLessThanOrEqual(125);
        expect(documentFileName(name, type)).toBe(name);
      }),
    );
  });
});

it('the name of a document is text that can be read', () => {
  expect(documentName('  Tax \n certificate ')).toBe('Tax certificate');
  for (const wrong of ['', '  ', 'a\u0000b', 'x'.repeat(201)]) {
    expect(() => documentName(wrong)).toThrow(expect.objectContaining({ code: 'VALIDATION' }));
  }
});
