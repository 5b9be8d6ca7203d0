/**
 * Searching leads by what people remember of them: a name, a company, an e-mail address, a telephone number.
 *
 * A lead is found when it has every word of the search: a word of the lead counts when it begins with the one searched
 * for, in any case and without accents ("muller" finds Müller, "weiss" Weiß). An e-mail address is the words between
 * its signs, so any part of it will do: "ana@example", "example.com". A telephone number is found by its digits, however they are
 * written, from its beginning (with or without the country code, or a 0 or 00 before it) or up to its end ("1234567",
 * "0301234567" and "+49 30 12" all find +49301234567). Signs alone find nothing.
 */

/** Marks the digits of a phone number told from the end. No word has it. */
const BACKWARDS = '§';

/** Fewer digits than this say nothing about the end of a number. */
const MIN_LAST_DIGITS = 3;

/** Small letters that are none of the plain alphabet with an accent, but that people type as such. */
const spelled: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
  ς: 'σ',
};
const SPELLED = new RegExp(`[${Object.keys(spelled).join('')}]`, 'g');
const ACCENTS = /[\u0300-\u036F]/g;
// Marks that are no accents belong to the letters of Indic and other scripts.
const WORDS = /[\p{L}\p{M}\p{N}]+/gu;
const PLAIN = /^[\x20-\x7E]*$/;

/** The words of a text as they are compared: small letters and digits without accents. */
export function searchWords(text: string): string[] {
  const lower = text.toLowerCase();
  const folded = PLAIN.test(lower)
    ? lower
    : lower
        .normalize('NFKD')
        .replaceAll(ACCENTS, '')
        .toLowerCase()
        .normalize('NFC')
        .replaceAll(SPELLED, (letter) => spelled[letter] ?? letter);
  return folded.match(WORDS) ?? [];
}

// Calling codes of one digit and of two; all others have three. As old as the numbering plan itself.
const TWO_DIGIT_CODES = new Set(
  '20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98'.split(
    ' ',
  ),
);

/** The digits behind the calling code of a number in E.164: '+49301234567' → '301234567'. */
export function nationalDigits(e164: string): string {
  if (e164[1] === '1' || e164[1] === '7') return e164.slice(2);
  return e164.slice(TWO_DIGIT_CODES.has(e164.slice(1, 3)) ? 3 : 4);
}

/** What of a lead can be searched. */
export interface Searchable {
  name: string;
  company: string | undefined;
  email: string;
  /** E.164. */
  phoneKey: string;
}

/**
 * The words of a lead, each behind a space, each once: what is stored and looked in. The phone number backwards comes
 * first, which the index on SQLite relies on.
 */
export function searchTextOf({ name, company, email, phoneKey }: Searchable): string {
  const digits = phoneKey.slice(1);
  const words = new Set([BACKWARDS + backwards(digits), digits, nationalDigits(phoneKey)]);
  for (const text of [name, company, email]) {
    if (text !== undefined) for (const word of searchWords(text)) words.add(word);
  }
  return ` ${[...words].join(' ')}`;
}

/**
 * One thing a lead has to have: all the beginnings of words of at least one of the alternatives. A name is one alternative of one
 * word; a number may be the beginning of a phone number, its end, or numbers in a name.
 */
export type SearchTerm = readonly (readonly string[])[];

/** A chunk that can be part of a telephone number: digits, and signs that people put between them. */
const NUMERIC = /^(?=.*\d)[+\d()./-]+$/;

/** What a search asks for; undefined where there is nothing in it that a lead could have. */
export function readSearch(query: string): SearchTerm[] | undefined {
  const terms: SearchTerm[] = [];
  let number = '';
  const endNumber = () => {
    if (number !== '') terms.push(numberTerm(number));
    number = '';
  };
  for (const chunk of query.normalize('NFKC').trim().split(/\s+/)) {
    if (NUMERIC.test(chunk)) {
      number += `${chunk} `;
      continue;
    }
    endNumber();
    for (const word of searchWords(chunk)) terms.push([[word]]);
  }
  endNumber();
  return terms.length === 0 ? undefined : unique(terms);
}

function numberTerm(written: string): SearchTerm {
  const isInternational = /^\W*(\+|00)/.test(written);
  // The 0 of "+49 (0)30" is dialled at home only.
  const digits = (isInternational ? written.replace('(0)', '') : written).replaceAll(/\D/g, '');
  const significant = digits.replace(/^0{1,2}/, '');
  const alternatives: string[][] = [];
  if (significant !== '') alternatives.push([significant]);
  for (const end of [digits, significant]) {
    if (end.length >= MIN_LAST_DIGITS) alternatives.push([BACKWARDS + backwards(end)]);
  }
  // A name may begin with 00, and none with a plus.
  if (!/^\W*\+/.test(written)) alternatives.push(written.match(/\d+/g) ?? []);
  return unique(alternatives);
}

/** Whether a lead's stored words have what a search asks for: what both databases answer by their own means. */
export function matchesSearch(searchText: string, terms: readonly SearchTerm[]): boolean {
  return terms.every((term) => term.some((words) => words.every((word) => searchText.includes(` ${word}`))));
}

function backwards(digits: string): string {
  return digits.split('').toReversed().join('');
}

function unique<T>(list: readonly T[]): T[] {
  return [...new Map(list.map((each) => [JSON.stringify(each), each])).values()];
}
