import sql, { join } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import { asBoolean } from '../../database/codec.ts';
import type { Reader } from '../../database/index.ts';

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

/**
 * The codes of what is named, or the refusal: `NOT_FOUND` for what is not there, `VALIDATION` for what is out of use. What the row
 * named before may stay although it is out of use since.
 */
export function scopesIn(
  book: ScopeBook,
  named: NamedScopes,
  before: NamedScopes = { projectId: null, campaignId: null },
): NamedScopes | DomainError {
  const codes: NamedScopes = { projectId: null, campaignId: null };
  for (const field of ['projectId', 'campaignId'] as const) {
    const name = named[field];
    if (name === null) continue;
    const scope = book[field].get(name) ?? book[field].get(name.toLowerCase());
    if (scope === undefined) {
      const message = `There is no ${nouns[field]} ${name}. Add it first, or name another one.`;
      return new DomainError('NOT_FOUND', message, { fields: [{ path: field, message }] });
    }
    if (!scope.isActive && scope.code !== before[field]) {
      const message = `The ${nouns[field]} ${scope.code} is out of use. Name another one.`;
      return new DomainError('VALIDATION', message, { fields: [{ path: field, message }] });
    }
    codes[field] = scope.code;
  }
  return codes;
}

/** The same for one row. @throws DomainError `NOT_FOUND`, `VALIDATION`. */
export async function requireScopes(
  reader: Reader,
  tenantId: string,
  named: NamedScopes,
  before?: NamedScopes,
): Promise<NamedScopes> {
  const codes = scopesIn(await readScopes(reader, tenantId, [named]), named, before);
  if (codes instanceof DomainError) throw codes;
  return codes;
}
