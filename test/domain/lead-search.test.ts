import * as fc from 'fast-check';
import { getCountries, getCountryCallingCode } from 'libphonenumber-js/min';
import { describe, expect, it } from 'vitest';
import { matchesSearch, nationalDigits, readSearch, searchTextOf, searchWords } from '#domain/lead-search.ts';

const ana = searchTextOf({
  name: 'Ana-María Müller',
  company: 'Weiß & Søn 54 GmbH',
  email: 'ana.mueller@hafen-immo.example.com',
  phoneKey: '+49301234567',
});
const finds = (query: string, text = ana): boolean => {
  const terms = readSearch(query);
  return terms !== undefined && matchesSearch(text, terms);
};

describe('words', () => {
  it.each([
    ['Müller', ['muller']],
    ['WEISS weiß WEIẞ', ['weiss', 'weiss', 'weiss']],
    ['O’Brien-Łukasz', ['o', 'brien', 'lukasz']],
    ['İstanbul ISTANBUL', ['istanbul', 'istanbul']],
    ['Ὀδυσσεύς', ['οδυσσευσ']],
    ['Ægir Œuvre Đorđe Ðuro Þór Ħal ışık', ['aegir', 'oeuvre', 'dorde', 'duro', 'thor', 'hal', 'isik']],
    ['株式会社 東京', ['株式会社', '東京']],
    ['ﬁrma １２', ['firma', '12']],
    ['क्षेत्र', ['क्षेत्र']],
    ['%_"*() §', []],
  ])('of %s are %j', (text, words) => {
    expect(searchWords(text)).toEqual(words);
  });

  it('are the same however a text spells its accents, and in any case', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(searchWords(text.normalize('NFD'))).toEqual(searchWords(text.normalize('NFC')));
        for (const word of searchWords(text)) expect(searchWords(word)).toEqual([word]);
      }),
    );
  });
});

describe('a lead is found', () => {
  it.each([
    'ana',
    'MÜLLER ana',
    'muller',
    'Maria mull',
    'weiss',
    'Weiß',
    'sön',
    'gmbh 54',
    '54',
    'ana.mueller@hafen-immo.example.com',
    'hafen-immo',
    '@example',
    'example.com',
    '+49301234567',
    '+49 (0)30 123-4567',
    '0049 30 12345',
    '030 1234567',
    '(030) 12',
    '301234',
    '1234567',
    '4567',
    '493012',
    'müller 030/1234567',
    '54 weiss 030 1234567',
    '+49 30 12',
    '０３０ １２３４５６７',
  ])('by %s', (query) => {
    expect(finds(query)).toBe(true);
  });

  it.each([
    'otto',
    'ana otto',
    'uller',
    '030 7654321',
    '54 99',
    '234',
    '67',
    '',
    ' ',
    '%',
    '_ "',
    "' or 1=1 --x",
    'NEAR(ana, maria)',
    'words:ana',
    '§7654321',
    '0',
  ])('not by %s', (query) => {
    expect(finds(query)).toBe(false);
  });

  it('by a number in its name that begins like a foreign telephone number', () => {
    const bond = searchTextOf({
      name: 'J',
      company: '007 Security',
      email: '00@a.aa',
      phoneKey: '+491000000',
    });
    for (const query of ['007', '00', '007 security', '00 a']) expect(finds(query, bond)).toBe(true);
    for (const query of ['008', '+007', '(+007)']) expect(finds(query, bond)).toBe(false);
  });

  it('by any beginning of any of its words, and by them all at once', () => {
    const lead = fc.record({
      name: fc.string({ unit: 'grapheme', maxLength: 30 }),
      company: fc.option(fc.string({ unit: 'grapheme', maxLength: 30 }), { nil: undefined }),
      email: fc.emailAddress(),
      phoneKey: fc.stringMatching(/^\+49[1-9]\d{6,9}$/),
    });
    fc.assert(
      fc.property(lead, fc.nat(), fc.nat(), (data, pick, cut) => {
        const text = searchTextOf(data);
        const words = searchWords(`${data.name} ${data.company ?? ''} ${data.email}`);
        const word = Array.from(words[pick % words.length]!);
        expect(finds(word.slice(0, 1 + (cut % word.length)).join(''), text)).toBe(true);
        expect(finds(words.join(' '), text)).toBe(true);
        const digits = data.phoneKey.slice(1);
        expect(finds(digits.slice(0, 1 + (cut % digits.length)), text)).toBe(true);
        expect(finds(digits.slice(-3 - (cut % (digits.length - 2))), text)).toBe(true);
        expect(finds(`0${digits.slice(2)}`, text)).toBe(true);
      }),
    );
  });
});

it('nothing searched for is ever anything but words, their spaces told apart', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (query) => {
      for (const word of (readSearch(query) ?? []).flat(2)) {
        expect(word).toMatch(/^(§\d+|[\p{L}\p{M}\p{N}]+)$/u);
      }
    }),
  );
});

it('knows the calling code of every country', () => {
  for (const country of getCountries()) {
    const code = getCountryCallingCode(country);
    expect(nationalDigits(`+${code}5551234`)).toBe('5551234');
  }
});
