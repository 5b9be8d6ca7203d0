import sql, { join, type Sql } from 'sql-template-tag';
import type { SearchTerm } from '#domain/lead-search.ts';
import type { Reader, Writer } from '../../database/index.ts';

/**
 * The search of leads (`#domain/lead-search.ts` says what finds what) by an index of their words: FTS5 on SQLite, a table of
 * words on PostgreSQL, both kept by triggers (migration 12). The index is asked first. Where it names few leads, they are read by
 * their ids and sorted; where it names many, a page of them is soon found by walking the list itself, and nothing is
 * gained by reading them all. Either way each lead's own words are looked at, so both ways and both engines find the same.
 */

/** Up to so many found leads are read by their ids. */
export const FEW = 1000;

/**
 * A single letter of the plain alphabet, or a digit, begins too many words to ask an index for. One of another script is a whole word
 * in many languages (山), and so rare that a walk for it could go through all leads.
 */
function isIndexed(word: string): boolean {
  return word.length >= 2 || word > '\u007F';
}

/** The index is asked for so many words at most; the others are looked for in what it names. */
const MOST_TERMS = 8;

/**
 * FTS5 gathers the leads of every word that begins with the one searched for before it names the first: for "na" among a million leads
 * that takes some 400 ms, in which nobody else is served. So for a beginning this short the newest leads are looked at first.
 */
const SHORT = 3;

/** Of so many newest leads one in forty tells that a beginning is common: then the list itself is walked. */
const [LOOKED_AT, MADE_COMMON_BY] = [2000, 50];

/** PostgreSQL doesn't look through more leads of one word than this for those that have another one, too. */
const MOST_OF_A_WORD = 20_000;

/**
 * The ids of what the index finds for a search, or `many`; deleted leads, and those that other conditions leave out, may be among
 * them. What seems rarest is asked for alone at first: both engines gather every lead of one word before they look at the next, and
 * of an e-mail address "example" and "com" are words that half of the leads have.
 */
export async function findLeads(
  reader: Reader,
  tenantId: string,
  terms: readonly SearchTerm[],
): Promise<string[] | 'many'> {
  const indexed = terms.filter((term) => term.every((words) => words.some(isIndexed)));
  const rare = indexed.toSorted((a, b) => rarityOf(b) - rarityOf(a)).slice(0, MOST_TERMS);
  const [rarest] = rare;
  if (rarest === undefined) return 'many';
  if (reader.engine === 'sqlite' && isShort(rarest) && (await isCommon(reader, tenantId, terms)))
    return 'many';
  const find = reader.engine === 'sqlite' ? findByFts : findByWords;
  if (rare.length > 1) {
    const found = await find(reader, tenantId, [rarest]);
    if (found !== 'many') return found;
  }
  return find(reader, tenantId, rare);
}

function isShort(term: SearchTerm): boolean {
  return term.every((words) => words.every((word) => word.length <= SHORT));
}

async function isCommon(reader: Reader, tenantId: string, terms: readonly SearchTerm[]): Promise<boolean> {
  const row = await reader.get<{ n: number }>(sql`select count(*) as n from (
      select search_text from partner_leads where tenant_id = ${tenantId} and deleted_at is null
        order by submitted_at desc, id desc limit ${LOOKED_AT}) as newest
    where ${hasWords(reader.engine, terms)}`);
  return (row?.n ?? 0) >= MADE_COMMON_BY;
}

/** Pages that one write merges, and for how many leads one more: so many that the parts of the index stay few. */
const [MERGED, LEADS_PER_MERGED] = [4, 4];

/**
 * Merges a little of the index, in the transaction that wrote the words of so many leads. FTS5 puts what is written into parts of their
 * own, which it merges when they are many. Left to itself it merges 64 pages and more in one statement (measured beside an import
 * among a million leads: bursts of 40 ms, for half a second), so it is told not to (migration 17), and merges as much by small steps.
 */
export async function mergeWords(tx: Writer, leads: number): Promise<void> {
  if (tx.engine !== 'sqlite') return;
  const pages = MERGED + Math.ceil(leads / LEADS_PER_MERGED);
  await tx.run(sql`insert into lead_search (lead_search, rank) values ('merge', ${pages})`);
}

/** What each lead's own words are asked, whichever way it was come by. */
export function hasWords(engine: Reader['engine'], terms: readonly SearchTerm[]): Sql {
  const has = (word: string) =>
    engine === 'sqlite'
      ? sql`instr(search_text, ${` ${word}`}) > 0`
      : sql`strpos(search_text, ${` ${word}`}) > 0`;
  const each = terms.map(
    (term) =>
      sql`(${join(
        term.map((words) => sql`(${join(words.map(has), ' and ')})`),
        ' or ',
      )})`,
  );
  return sql`(${join(each, ' and ')})`;
}

/** Words that e-mail addresses end with, and companies' names. */
const common = new Set(
  'com org net info mail example gmail googlemail yahoo hotmail outlook icloud web gmx gmbh immobilien group'.split(
    ' ',
  ),
);

/** A guess, by which nothing is decided but the order: long words and those with digits are rarer. */
function rarityOf(term: SearchTerm): number {
  const ofWord = (word: string) => (common.has(word) ? 0 : word.length + (/\d/.test(word) ? 4 : 0));
  return Math.min(...term.map((words) => Math.max(...words.map(ofWord))));
}

async function findByFts(
  reader: Reader,
  tenantId: string,
  terms: readonly SearchTerm[],
): Promise<string[] | 'many'> {
  // Words are letters and digits only, so inside the quotes nothing of FTS5's own language can be said.
  const prefix = (word: string) => `"${word}"*`;
  const match = terms
    .map((term) => `(${term.map((words) => `(${words.map(prefix).join(' AND ')})`).join(' OR ')})`)
    .join(' AND ');
  // The index knows no tenants: whose a lead is, is asked of the lead.
  const rows = await reader.all<{ id: string }>(sql`select lead.id from lead_search
    cross join partner_leads lead on lead.tenant_id = ${tenantId} and lead.id = lead_search.lead_id
    where lead_search match ${match} limit ${FEW + 1}`);
  return rows.length > FEW ? 'many' : rows.map(({ id }) => id);
}

async function findByWords(
  reader: Reader,
  tenantId: string,
  terms: readonly SearchTerm[],
): Promise<string[] | 'many'> {
  const hits = terms.map((term) => leadsWith(tenantId, term));
  const counts = hits.map((each) => sql`(select count(*) from (${each}) as hits)`);
  const counted = await reader.get<{ n: string }>(sql`select concat_ws(' ', ${join(counts)}) as n`);
  const found = (counted?.n ?? '').split(' ').map(Number);
  // A word of very many leads narrows nothing down; those that have it are told from the others by their own words.
  const narrow = hits.filter((_, index) => (found[index] ?? 0) <= MOST_OF_A_WORD);
  if (narrow.length === 0) return 'many';
  const rows = await reader.all<{ id: string }>(
    sql`select id from (${join(narrow, ' intersect ')}) as found(id) limit ${FEW + 1}`,
  );
  return rows.length > FEW ? 'many' : rows.map(({ id }) => id);
}

/** After every word that begins with another one: no word has this last character of Unicode. */
const LAST = '\u{10FFFF}';

/** One more lead than `MOST_OF_A_WORD` at most. Of an alternative of several words the longest stands for all. */
function leadsWith(tenantId: string, term: SearchTerm): Sql {
  const alternatives = term.map((words) => {
    const word = words.toSorted((a, b) => b.length - a.length)[0] ?? '';
    return sql`select lead_id from lead_search_words
      where tenant_id = ${tenantId} and word >= ${word} and word < ${word + LAST}`;
  });
  return sql`(select distinct lead_id from (${join(alternatives, ' union all ')}) as hits limit ${MOST_OF_A_WORD + 1})`;
}
