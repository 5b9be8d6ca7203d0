import sql, { join, raw } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { DomainError } from '#domain/errors.ts';
import { asBoolean } from '../../database/codec.ts';
import type { Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';

export type { ScopeRow } from '../../database/index.ts';

/** The project and the campaign that a lead or a policy names, each by its code or its id. */
export interface NamedScopes {
  projectId: string | null;
  campaignId: string | null;
}

interface KnownScope {
  code: string;
  isActive: boolean;
}

/** What was found of the names, by code and by id. */
export interface ScopeBook {
  projectId: ReadonlyMap<string, KnownScope>;
  campaignId: ReadonlyMap<string, KnownScope>;
}

const scopeFields = ['projectId', 'campaignId'] as const;
const nouns = { projectId: 'project', campaignId: 'campaign' } as const;
const nothing: ReadonlyMap<string, KnownScope> = new Map();
const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Looks up the projects and campaigns that these name: a statement for each kind, none where nothing is named. */
export async function readScopes(
  reader: Reader,
  tenantId: string,
  named: readonly NamedScopes[],
): Promise<ScopeBook> {
  const read = async (field: keyof NamedScopes): Promise<ReadonlyMap<string, KnownScope>> => {
    const names = [...new Set(named.flatMap((each) => each[field] ?? []))];
    if (names.length === 0) return nothing;
    const ids = names.filter((name) => isUuid.test(name)).map((name) => name.toLowerCase());
    const whether =
      ids.length === 0
        ? sql`code in (${join(names)})`
        : sql`(code in (${join(names)}) or id in (${join(ids)}))`;
    const rows = await reader.all<{ id: string; code: string; is_active: unknown }>(
      field === 'projectId'
        ? sql`select id, code, is_active from projects where tenant_id = ${tenantId} and deleted_at is null and ${whether}`
        : sql`select id, code, is_active from campaigns where tenant_id = ${tenantId} and deleted_at is null and ${whether}`,
    );
    const found = new Map<string, KnownScope>();
    for (const row of rows) {
      const scope = { code: row.code, isActive: asBoolean(row.is_active) };
      found.set(row.id, scope);
      found.set(row.code, scope);
    }
    return found;
  };
  return { projectId: await read('projectId'), campaignId: await read('campaignId') };
}

/** Staff may name what is not there yet; a partner's people name what the office has. */
type Naming = Pick<Session, 'tenantId' | 'userId' | 'partnerId'>;

/**
 * The codes of what is named, or the refusal: `VALIDATION` for what is out of use (what the row named before may stay although it is
 * out of use since), and for a partner's people `NOT_FOUND` for what is not there. What staff name and nobody knows is a
 * new code, which `addScopes` makes a record of: a program sends leads and policies without having to keep our list of
 * campaigns first (the documents know no call that makes one).
 */
export function scopesIn(
  book: ScopeBook,
  session: Naming,
  named: NamedScopes,
  before: NamedScopes = { projectId: null, campaignId: null },
): NamedScopes | DomainError {
  const codes: NamedScopes = { projectId: null, campaignId: null };
  for (const field of scopeFields) {
    const name = named[field];
    if (name === null) continue;
    const scope = book[field].get(name) ?? book[field].get(name.toLowerCase());
    if (scope === undefined && session.partnerId !== null) {
      const message = `There is no ${nouns[field]} ${name}. Name another one, or ask the office to add it.`;
      return new DomainError('NOT_FOUND', message, { fields: [{ path: field, message }] });
    }
    if (scope !== undefined && !scope.isActive && scope.code !== before[field]) {
      const message = `The ${nouns[field]} ${scope.code} is out of use. Name another one.`;
      return new DomainError('VALIDATION', message, { fields: [{ path: field, message }] });
    }
    codes[field] = scope?.code ?? name;
  }
  return codes;
}

/**
 * Makes records of the codes that are not there yet, each under its code as its name, by whoever named it first; they are there to be
 * given a better name or taken out of use. Returns them in words, for the trail.
 */
export async function addScopes(
  { tx, now }: Pick<Work, 'tx' | 'now'>,
  session: Naming,
  named: readonly NamedScopes[],
  known?: ScopeBook,
): Promise<string[]> {
  const book = known ?? (await readScopes(tx, session.tenantId, named));
  const added: string[] = [];
  for (const field of scopeFields) {
    const codes = new Set(named.flatMap((each) => each[field] ?? []));
    for (const code of [...codes].sort()) {
      if (book[field].has(code)) continue;
      const table = field === 'projectId' ? raw('projects') : raw('campaigns');
      const made = await tx.run(sql`insert into ${table}
        (id, tenant_id, code, name, is_active, created_by, version, created_at, updated_at)
        values (${uuidv7()}, ${session.tenantId}, ${code}, ${code}, ${true}, ${session.userId}, 1, ${now}, ${now})
        on conflict (tenant_id, code) do nothing`);
      if (made.changes > 0) added.push(`${nouns[field]} ${code}`);
    }
  }
  return added;
}

/** The codes of what one row names, and what of it is new and now a record. @throws DomainError `NOT_FOUND`, `VALIDATION`. */
export async function settleScopes(
  work: Pick<Work, 'tx' | 'now'>,
  session: Naming,
  named: NamedScopes,
  before?: NamedScopes,
): Promise<{ scopes: NamedScopes; added: string[] }> {
  const book = await readScopes(work.tx, session.tenantId, [named]);
  const scopes = scopesIn(book, session, named, before);
  if (scopes instanceof DomainError) throw scopes;
  return { scopes, added: await addScopes(work, session, [scopes], book) };
}

/** The codes of what one row names, for what writes nothing. @throws DomainError `NOT_FOUND`, `VALIDATION`. */
export async function requireScopes(
  reader: Reader,
  session: Naming,
  named: NamedScopes,
  before?: NamedScopes,
): Promise<NamedScopes> {
  const codes = scopesIn(await readScopes(reader, session.tenantId, [named]), session, named, before);
  if (codes instanceof DomainError) throw codes;
  return codes;
}
