import { DomainError, type FieldError } from '#domain/errors.ts';

/**
 * Text that no database keeps as it came: a NUL, which PostgreSQL has no place for, and half a character, which would be
 * stored as another one than the chain of activities was hashed with.
 */
function isReadable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

function unreadableFields(value: unknown, path: string): FieldError[] {
  if (typeof value === 'string') {
    return isReadable(value)
      ? []
      : [{ path, message: "There are characters that can't be read. Please type it again." }];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => {
    const inside = path === '' ? key : `${path}.${key}`;
    return isReadable(key) ? unreadableFields(each, inside) : unreadableFields(key, inside);
  });
}

/** Before an input is validated: no field of it, however deep, holds what can't be kept. Throws `VALIDATION`. */
export function requireReadable(input: unknown): void {
  const fields = unreadableFields(input, '');
  const [first] = fields;
  if (first === undefined) return;
  const named = first.path === '' ? '' : `${first.path.toWellFormed().replaceAll('\u0000', '\uFFFD')}: `;
  throw new DomainError('VALIDATION', `${named}${first.message}`, { fields });
}
