import sql from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import type { Reader } from '../../database/index.ts';

/**
 * Throws `CONFLICT`, with the row as it stands in wire form, when the caller read another version of it (`domain.md`,
 * "Conventions", concurrency). A caller who named none decides on whatever is there.
 */
export async function requireVersion(
  row: { version: number },
  given: number | undefined,
  noun: string,
  toWire: () => Promise<unknown>,
): Promise<void> {
  if (given === undefined || given === row.version) return;
  throw new DomainError('CONFLICT', `This ${noun} was changed by someone else in the meantime.`, {
    current: await toWire(),
  });
}

/** How a sentence calls a staff member. */
export async function nameOfStaff(reader: Reader, tenantId: string, staffId: string | null): Promise<string> {
  const person =
    staffId === null
      ? undefined
      : await reader.get<{ first_name: string; last_name: string }>(
          sql`select first_name, last_name from staff where tenant_id = ${tenantId} and id = ${staffId}`,
        );
  return person === undefined ? 'someone' : `${person.first_name} ${person.last_name}`;
}
