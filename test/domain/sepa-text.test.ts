import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPayableName, toPaymentText } from '#domain/sepa-text.ts';

const allowed = /^[a-zA-Z0-9/\-?:().,'+ ]*$/;

describe('toPaymentText', () => {
  test.each([
    ['Łódź Żółć', 'Lodz Zolc'],
    ['Ōsaka', 'Osaka'],
    ['Müller & Söhne GmbH', 'Muller + Sohne GmbH'],
    ['Straße', 'Strasse'],
    ['Ærø Øl', 'Aero Ol'],
    ['Ελληνικά Ακίνητα', 'Ellinika Akinita'],
    ['Ψωμί', 'Psomi'],
    ['София Щастие', 'Sofiya Shtastie'],
    ['Ђорђе', 'Djordje'],
    ['“Quoted” — text_1', "'Quoted' - text-1"],
    ['a\tb\n c', 'a b c'],
    [' a ', 'a'],
    ['株式会社', '....'],
    ['ﬁne ①', 'fine 1'],
  ])('%s is written %s', (text, written) => {
    expect(toPaymentText(text, 70)).toBe(written);
  });

  test('is cut to its field, without a space at the end', () => {
    expect(toPaymentText('abc def', 4)).toBe('abc');
    expect(toPaymentText('ßßß', 5)).toBe('sssss');
  });

  test('only ever holds what the field takes, and a second time changes nothing', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 40 }),
        fc.integer({ min: 1, max: 40 }),
        (text, max) => {
          const written = toPaymentText(text, max);
          expect(written).toMatch(allowed);
          expect(written.length).toBeLessThanOrEqual(max);
          expect(toPaymentText(written, max)).toBe(written);
        },
      ),
    );
  });
});

describe('isPayableName', () => {
  test.each([
    ['Acme', true],
    ['Ελλάδα', true],
    ['София', true],
    ['株式会社', false],
    ['株式会社 K', false],
    ['Toyota 株', true],
    ['Xy', true],
    ['\u00C9\u00E9', true],
    ['株式 KK', true],
    ['株式会 KK', false],
    ['株 & & &', false],
    ['...', false],
    ['', false],
    ['X', false],
  ])('%s: %s', (name, payable) => {
    expect(isPayableName(name)).toBe(payable);
  });
});
