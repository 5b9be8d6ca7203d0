import sql from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import type { SourceType } from '#domain/vocabulary.ts';
import { ConstraintError, type Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';

/** Codes that people read out and type: what one is made from is cut before a number or a suffix is added. */
const MADE_FROM = 40;
const LONGEST = 100;

// What has no mark to strip, and the alphabets a European office meets. A name in any other script gets the fallback.
const LETTERS = new Map(
  [
    'ß=SS æ=AE œ=OE ø=O ð=D đ=D þ=TH ł=L ı=I ħ=H ŧ=T ŋ=N',
    'а=A б=B в=V г=G ґ=G д=D ђ=DJ е=E є=YE ж=ZH з=Z и=I і=I ј=J к=K л=L љ=LJ м=M н=N њ=NJ о=O п=P р=R с=S т=T ћ=C',
    'у=U ф=F х=KH ц=TS ч=CH џ=DZ ш=SH щ=SHCH ъ= ы=Y ь= э=E ю=YU я=YA',
    'α=A β=V γ=G δ=D ε=E ζ=Z η=I θ=TH ι=I κ=K λ=L μ=M ν=N ξ=X ο=O π=P ρ=R σ=S ς=S τ=T υ=Y φ=F χ=CH ψ=PS ω=O',
  ]
    .join(' ')
    .split(' ')
    .map((pair): [string, string] => [pair.slice(0, 1), pair.slice(2)]),
);

/**
 * A code from a name: transliterated, upper-case, words joined by dashes ("Müller & Söhne GmbH" → `MULLER-SOHNE-GMBH`).
 * A name without a letter or digit that can be written so gives the fallback.
 */
export function codeFromName(name: string, fallback: string): string {
  const letters = Array.from(name.normalize('NFC').toLowerCase(), transliterated).join('');
  let code = '';
  for (const word of letters.replaceAll(/['’`]/g, '').split(/[^A-Z0-9]+/)) {
    const longer = code === '' ? word.slice(0, MADE_FROM) : `${code}-${word}`;
    if (longer.length > MADE_FROM) break;
    if (word !== '') code = longer;
  }
  return code === '' ? fallback : code;
}

function transliterated(letter: string): string {
  const known = LETTERS.get(letter);
  if (known !== undefined) return known;
  const bare = letter.normalize('NFKD').replaceAll(/\p{M}/gu, '');
  return LETTERS.get(bare) ?? bare.toUpperCase();
}

/** What has codes of its own. Codes are unique per tenant, those of deleted rows included. */
type Coded = 'partner' | 'source';

/** The code itself, or the first of `code-2`, `code-3` … that nothing has. */
export async function freeCode(reader: Reader, session: Session, of: Coded, code: string): Promise<string> {
  // Room for a number; what lies between the dash and the colon begins with a digit, or sorts before one.
  const base = code.slice(0, LONGEST - 10);
  const taken = new Set(await codesLike(reader, session, of, code, base));
  if (!taken.has(code)) return code;
  let number = 2;
  while (taken.has(`${base}-${number}`)) number += 1;
  return `${base}-${number}`;
}

const sourceSuffixes = {
  property_portal: 'PORTAL',
  channel_partner: 'CHANNEL',
  vendor_reference: 'VENDOR',
  customer_reference: 'CUSTOMER',
} as const satisfies Record<SourceType, string>;

/** A free code for a source of a partner, from the partner's: `ACME-PORTAL`, `ACME-PORTAL-2` … */
export function freeSourceCode(
  reader: Reader,
  session: Session,
  partnerCode: string,
  sourceType: SourceType,
): Promise<string> {
  const suffix = sourceSuffixes[sourceType];
  return freeCode(
    reader,
    session,
    'source',
    `${partnerCode.slice(0, LONGEST - suffix.length - 1)}-${suffix}`,
  );
}

async function codesLike(
  reader: Reader,
  session: Session,
  of: Coded,
  code: string,
  base: string,
): Promise<string[]> {
  const [after, before] = [`${base}-`, `${base}-:`];
  const statement =
    of === 'partner'
      ? sql`select partner_code as code from partners where tenant_id = ${session.tenantId}
          and (partner_code = ${code} or (partner_code > ${after} and partner_code < ${before}))`
      : sql`select source_code as code from partner_sources where tenant_id = ${session.tenantId}
          and (source_code = ${code} or (source_code > ${after} and source_code < ${before}))`;
  const rows = await reader.all<{ code: string }>(statement);
  return rows.map((row) => row.code);
}

const codeFields = { partner: 'partnerCode', source: 'sourceCode' } as const;

/** The refusal of a code that is taken. */
export function duplicateCode(of: Coded, code: string): DomainError {
  const message = `The code ${code} is taken. Codes are never given twice, not even after a ${of} was deleted.`;
  return new DomainError('DUPLICATE', message, { fields: [{ path: codeFields[of], message }] });
}

/**
 * Runs a command that makes a code. Two at the same moment can find the same code free; the database lets one of them
 * through, and the other runs again and finds the next one. A code the caller chose is a `DUPLICATE` then.
 */
export async function withCode<T>(of: Coded, chosen: string | undefined, run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      const clash = error instanceof ConstraintError && error.kind === 'unique' ? error.constraint : null;
      if (clash === codeIndexes[of] && chosen !== undefined) throw duplicateCode(of, chosen);
      if (!Object.values(codeIndexes).some((name) => name === clash) || attempt === 5) throw error;
    }
  }
}

const codeIndexes = { partner: 'ux_partners_code', source: 'ux_partner_sources_code' } as const;
