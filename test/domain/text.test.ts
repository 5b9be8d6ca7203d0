import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanText } from '#domain/text.ts';

const line = { label: 'city', maxLength: 20 };
const notes = { label: 'notes', maxLength: 200, multiline: true };

describe('cleanText', () => {
  test.each([
    ['Berlin', 'Berlin'],
    ['  New   York ', 'New York'],
    ['New\tYork\r\nCity', 'New York City'],
    ['New\u00A0York', 'New York'],
    ['Mu\u0308nchen', 'München'],
    ['\uFEFFRoma\u200B', 'Roma'],
    ['\u202A+49 30\u202C', '+49 30'],
    ['می\u200Cخواهم', 'می\u200Cخواهم'], // a joiner that the spelling needs
  ])('%j reads as %j', (raw, text) => {
    expect(cleanText(raw, line)).toEqual({ ok: true, text });
  });

  test.each(['', '   ', '\n\t', '\u200B'])('%j is absent', (raw) => {
    expect(cleanText(raw, line)).toEqual({ ok: true, text: undefined });
  });

  test.each(['a\u0000b', 'a\u001Bb', 'a\u0085b', 'a\u007Fb', 'a\uD800b'])('%j is refused', (raw) => {
    const message = "The city has characters that can't be read. Please type it again.";
    expect(cleanText(raw, line)).toEqual({ ok: false, message });
  });

  test('length counts characters, not bytes or halves of them', () => {
    expect(cleanText('😀'.repeat(20), line).ok).toBe(true);
    const message = 'The city can have at most 20 characters.';
    expect(cleanText('😀'.repeat(21), line)).toEqual({ ok: false, message });
    expect(cleanText('x'.repeat(21), line)).toEqual({ ok: false, message });
    expect(cleanText(' '.repeat(50_000_000), line)).toEqual({ ok: false, message });
  });

  test('notes keep their line breaks, tidied', () => {
    expect(cleanText(' one  two \r\nthree\r\n\r\n\r\n\r\nfour\n', notes)).toEqual({
      ok: true,
      text: 'one two\nthree\n\nfour',
    });
    expect(cleanText('a\n\n\nb', notes)).toEqual({ ok: true, text: 'a\n\nb' });
    expect(cleanText('bell\u0007\nring', notes).ok).toBe(false);
  });

  test('what came out clean comes out the same again', () => {
    const tricky = [
      ' ',
      '\n',
      '\r',
      '\t',
      'u',
      '\u0308',
      '\u200B',
      '\uFEFF',
      '\u3000',
      '\u2028',
      '\u0000',
      '\uD83D',
      '\uDE00',
    ];
    const anyText = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...tricky) }));
    fc.assert(
      fc.property(anyText, fc.constantFrom(line, notes), (raw, rule) => {
        const once = cleanText(raw, rule);
        const again = once.ok ? cleanText(once.text ?? '', rule) : once;
        expect(again).toEqual(once);
      }),
    );
  });
});
