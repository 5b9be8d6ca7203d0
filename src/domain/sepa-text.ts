/**
 * Names and texts in the characters that payment files may hold. SEPA's are `a-z A-Z 0-9 / - ? : ( ) . , ' +` and the
 * space (EPC217-08); those of the American ACH are a superset of them, so one conversion does for both.
 */

/** Letters that no accent can be taken off, Greek and Cyrillic ones included: as they are commonly spelled in Latin. A capital is
 * its small letter's, with the first letter a capital. */
const spelled: ReadonlyMap<string, string> = pairsOf(
  // Latin
  'ß ss ẞ SS æ ae œ oe ø o Ø O ł l Ł L đ d Đ D ð d Ð D þ th ħ h Ħ H ı i ŋ n Ŋ N ŧ t Ŧ T ĸ k ə e Ə E',
  // Greek
  'α a β v γ g δ d ε e ζ z η i θ th ι i κ k λ l μ m ν n ξ x ο o π p ρ r σ s ς s τ t υ y φ f χ ch ψ ps ω o',
  // Cyrillic
  'а a б b в v г g д d е e ж zh з z и i к k л l м m н n о o п p р r с s т t у u ф f х h ц ts ч ch ш sh щ sht ъ a ы y ь y э e ю yu я ya',
  'ђ dj є ie ѕ dz і i ј j љ lj њ nj ћ c џ dz ґ g',
  // Signs
  `& + @ (at) _ - – - — - ‐ - − - ‘ ' ’ ' ‚ ' \u00B4 ' \u0060 ' “ ' ” ' „ ' " ' « ' » ' ; , [ ( ] ) { ( } ) | / \\ / = - ~ -`,
  '€ EUR $ USD £ GBP № No × x',
);

function pairsOf(...lists: readonly string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const list of lists) {
    const words = list.split(' ');
    for (let at = 0; at + 1 < words.length; at += 2) map.set(words[at] ?? '', words[at + 1] ?? '');
  }
  return map;
}

const allowed = /^[a-zA-Z0-9/\-?:().,'+ ]$/;

function spellOne(character: string): string {
  if (allowed.test(character)) return character;
  const known = spelled.get(character);
  if (known !== undefined) return known;
  const lower = character.toLowerCase();
  const small = spelled.get(lower);
  if (lower !== character && small !== undefined) return small.charAt(0).toUpperCase() + small.slice(1);
  return /\s/u.test(character) ? ' ' : '.';
}

/**
 * The text as a payment file may hold it: accents are taken off (Łódź → Lodz, Ōsaka → Osaka), other letters spelled in
 * Latin ones (Ελλάδα → Ellada, София → Sofiya), signs replaced by the nearest, and what has no spelling by a point.
 * Spaces are single and none at the ends. Cut to `maxLength` characters.
 */
export function toPaymentText(text: string, maxLength: number): string {
  const latin = Array.from(text.normalize('NFKD').replaceAll(/\p{M}/gu, '')).map(spellOne).join('');
  return latin.replaceAll(/ +/g, ' ').trim().slice(0, maxLength).trimEnd();
}

/**
 * Whether a name is still one in the characters of a payment file: a bank that reads "...." instead of 株式会社 pays nobody.
 * At least two letters or digits, and no more points put in than there are letters and digits.
 */
export function isPayableName(name: string): boolean {
  const letters = Array.from(name.normalize('NFKD')).filter((each) => /[\p{L}\p{N}]/u.test(each));
  const spelt = letters.filter((letter) => spellOne(letter) !== '.').length;
  return spelt >= 2 && spelt * 2 >= letters.length;
}
