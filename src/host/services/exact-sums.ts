import sql, { type Sql } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';

/**
 * That a stored sum keeps to the whole numbers that arithmetic holds exactly (`domain/money.ts`) once so much, in minor units, is added.
 * For the `where` of the update that adds it: a row beyond them could never be read again, nor any list with it.
 */
export function staysExact(sum: Sql, added: Sql | number): Sql {
  return sql`abs(${sum} + ${added}) <= ${Number.MAX_SAFE_INTEGER}`;
}

/** The refusal where it would not. `what` begins the sentence: "The balance of this partner". */
export function beyondExact(what: string): DomainError {
  return new DomainError(
    'VALIDATION',
    `${what} would be larger than can be kept to the cent. Check whether the amounts are right.`,
  );
}
