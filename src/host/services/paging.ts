import { invalidField } from '#domain/errors.ts';

/** What a page ends at: the values of its last row's sort keys. */
export type CursorValue = string | number | null;

/** The kinds of sort keys, and what each is in a row. */
interface CursorKinds {
  id: string;
  instant: string;
  integer: number;
  text: string;
}

/** Instants as the database layer writes them; those before the year 1 are none that PostgreSQL knows. */
const instantShape = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const idShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const fits: { [K in keyof CursorKinds]: (value: unknown) => boolean } = {
  id: (value) => typeof value === 'string' && idShape.test(value),
  instant: (value) =>
    typeof value === 'string' && instantShape.test(value) && !Number.isNaN(Date.parse(value)),
  integer: Number.isSafeInteger,
  // A NUL or half a surrogate pair is text that PostgreSQL refuses to compare.
  text: (value) => typeof value === 'string' && !value.includes('\0') && value.isWellFormed(),
};

/** An opaque cursor. Callers hand it back unread. */
export function encodeCursor(values: readonly CursorValue[]): string {
  return Buffer.from(JSON.stringify(values), 'utf8').toString('base64url');
}

/**
 * Reads a cursor that `encodeCursor` made of values of these kinds. Throws `VALIDATION` for anything else: a cursor of
 * another list would silently page from the wrong place, and a forged one would be an error of the database on PostgreSQL.
 */
export function decodeCursor<const K extends readonly (keyof CursorKinds)[]>(
  cursor: string,
  kinds: K,
): { [I in keyof K]: CursorKinds[K[I]] } {
  const values: unknown = parse(cursor);
  const isOurs =
    Array.isArray(values) &&
    values.length === kinds.length &&
    kinds.every((kind, index) => fits[kind](values[index]));
  if (!isOurs)
    throw invalidField('cursor', 'This page marker is not from this list. Start again without it.');
  return values as unknown as { [I in keyof K]: CursorKinds[K[I]] };
}

function parse(cursor: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return value;
  } catch {
    return undefined;
  }
}

/** Cuts `limit + 1` fetched rows into a page and its next cursor. */
export function cutPage<R>(
  rows: readonly R[],
  limit: number,
  keyOf: (row: R) => readonly CursorValue[],
): { items: R[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null;
  return { items, nextCursor };
}
