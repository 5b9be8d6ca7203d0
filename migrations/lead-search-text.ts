/**
 * How migration 12 rewrites the search text of leads that are there already: their words without accents, each behind a
 * space, the digits of the phone first. The programme writes new ones by `src/domain/lead-search.ts`, which knows more
 * letters than this; like all of a migration, this stays as it was released.
 */

/** What stands between words; the letters that SQLite and PostgreSQL can't be asked about are taken for parts of words. */
const separators = [
  ...Array.from({ length: 0x80 }, (_, code) => String.fromCharCode(code)).filter((each) =>
    /[^a-z0-9]/i.test(each),
  ),
  ...Array.from('\u00A0¡¢£¤¥¦§¨©«¬®¯°±´¶·¸»¿×÷\u2007\u2009–—‘’‚“”„•…\u202F‹›€™'),
].filter((each) => each !== '\0' && each !== ' ');

const special: Readonly<Record<string, string>> = {
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

/** The small letters of Latin alphabets that are another one with an accent. */
const accented: readonly (readonly [string, string])[] = [
  ...Object.entries(special),
  ...Array.from({ length: 0x17f - 0xdf }, (_, n) => String.fromCharCode(0xdf + n)).flatMap((letter) => {
    const plain = letter.normalize('NFD').replaceAll(/[\u0300-\u036F]/g, '');
    return plain !== letter && plain.length === 1 ? [[letter, plain] as const] : [];
  }),
];

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The text in small letters, its accents and separators replaced one by one. */
export function foldedSql(text: string): string {
  const steps = [...accented, ...separators.map((each) => [each, ' '] as const)];
  return steps.reduce((inner, [from, to]) => `replace(${inner}, ${quoted(from)}, ${quoted(to)})`, text);
}

/** The digits behind the calling code, which has one digit (1, 7), one of these two, or three. */
const twoDigitCodes =
  '20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98'
    .split(' ')
    .map(quoted)
    .join(', ');

/** Of a number in E.164 ('+49301234567' → '301234567'). */
export function nationalSql(phone: string): string {
  return `CASE WHEN substr(${phone}, 2, 1) IN ('1', '7') THEN substr(${phone}, 3)
    WHEN substr(${phone}, 2, 2) IN (${twoDigitCodes}) THEN substr(${phone}, 4) ELSE substr(${phone}, 5) END`;
}
