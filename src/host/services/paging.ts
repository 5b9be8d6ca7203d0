import { invalidField } from '#domain/errors.ts';

/** What a page ends at: the values of its last row's sort keys. */
export type CursorValue = string | number | null;
type CursorType = 'string' | 'number' | 'null';

/** An opaque cursor. Callers hand it back unread. */
export function encodeCursor(values: readonly CursorValue[]): string {
  return Buffer.from(JSON.stringify(values), 'utf8').toString('base64url');
}

/**
 * Reads a cursor that `encodeCursor` made with values of these types. Throws `VALIDATION` for anything else, because a
 * cursor of another list would silently page from the wrong place.
 */
export function decodeCursor(cursor: string, types: readonly CursorType[]): CursorValue[] {
  const values = parse(cursor);
  const fits =
    Array.isArray(values) &&
    values.length === types.length &&
    values.every((value, index) => (value === null ? 'null' : typeof value) === types[index]);
  if (!fits) throw invalidField('cursor', 'This page marker is not from this list. Start again without it.');
  return values as CursorValue[];
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
