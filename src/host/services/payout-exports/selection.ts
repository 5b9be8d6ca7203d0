import sql, { join, type Sql } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import type { Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { idsOf } from '../payouts/ids.ts';
import { checkDays, payoutConditions } from '../payouts/queries.ts';
import type { Input } from '../service.ts';

export type ExportInput = Input<'payoutExports', 'create'>;

/**
 * The payouts an export is about, as a sub-select: those chosen by hand, those of a period and status, or both at once.
 * Throws `VALIDATION` for a period that is none.
 */
export function selectedPayouts(reader: Reader, session: Session, input: ExportInput): Sql {
  checkDays(input);
  const conditions = [sql`tenant_id = ${session.tenantId}`, ...payoutConditions(reader.engine, input)];
  if (input.payoutIds !== undefined) {
    conditions.push(sql`id in (${idsOf(reader.engine, input.payoutIds)})`);
  }
  return sql`(select * from partner_payouts where ${join(conditions, ' and ')})`;
}

/**
 * How many payouts are selected. Throws `NOT_FOUND` where one chosen by hand is not there, and where none is selected at
 * all: an empty file would look like a month without payouts.
 */
export async function requireSelection(
  reader: Reader,
  session: Session,
  input: ExportInput,
): Promise<number> {
  if (input.payoutIds !== undefined) {
    const wanted = new Set(input.payoutIds).size;
    const { payoutIds } = input;
    const found = await countOf(
      reader,
      selectedPayouts(reader, session, { layout: input.layout, payoutIds }),
    );
    if (found < wanted) {
      const missing = wanted - found;
      throw new DomainError(
        'NOT_FOUND',
        missing === 1 ? 'One of the payouts does not exist.' : `${missing} of the payouts do not exist.`,
      );
    }
  }
  const selected = await countOf(reader, selectedPayouts(reader, session, input));
  if (selected === 0)
    throw new DomainError('NOT_FOUND', 'No payout fits this choice; there is nothing to export.');
  return selected;
}

async function countOf(reader: Reader, payouts: Sql): Promise<number> {
  const row = await reader.get<{ n: number }>(sql`select count(*) as n from ${payouts} as o`);
  return row?.n ?? 0;
}
