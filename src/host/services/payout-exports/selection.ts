import sql, { join, type Sql } from 'sql-template-tag';
import { DomainError, invalidField } from '#domain/errors.ts';
import type { ExportFormat } from '#domain/vocabulary.ts';
import type { Reader } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { idsOf } from '../payouts/ids.ts';
import { checkDays, payoutConditions } from '../payouts/queries.ts';
import type { Input } from '../service.ts';
import { isPaymentFile } from './files.ts';

/** What makes one file differ from another; what its caller calls the command is no part of it. */
export type ExportInput = Omit<Input<'payoutExports', 'create'>, 'commandId'>;

/** What of the input chooses payouts. */
type Selection = Pick<ExportInput, 'payoutIds' | 'periodStart' | 'periodEnd' | 'status' | 'format'>;

/** The statuses in which money is owed. */
const owing = sql`status in ('approved', 'partially_approved', 'partially_paid')`;

/** Throws `VALIDATION` for a field that the format has no use for: left in silently, it would look obeyed. */
export function checkFormat(input: ExportInput): void {
  const { format } = input;
  const only = (field: keyof ExportInput, formats: readonly ExportFormat[], what: string): void => {
    if (input[field] === undefined || formats.includes(format)) return;
    throw invalidField(field, `Only ${what} takes this.`);
  };
  only('executionDate', ['pain001', 'nacha'], 'a SEPA or ACH file');
  only('currency', ['paypal'], 'a PayPal file');
  only('again', ['pain001', 'nacha', 'paypal'], 'a payment file');
  only('bom', ['csv_payouts', 'csv_lines', 'journal'], 'a CSV file');
  const ofPayouts: readonly ExportFormat[] = ['csv_payouts', 'csv_lines', 'pain001', 'nacha', 'paypal'];
  only('payoutIds', ofPayouts, 'a file of payouts');
  only('status', ofPayouts, 'a file of payouts');
}

/**
 * The payouts an export is about, as a sub-select: those chosen by hand, those of a period and status, or both at once. For a
 * payment file of a period, what is owed then: what is paid or was never approved is nobody's question there.
 * Throws `VALIDATION` for a period that is none.
 */
export function selectedPayouts(reader: Reader, session: Session, input: Selection): Sql {
  checkDays(input);
  const conditions = [sql`tenant_id = ${session.tenantId}`, ...payoutConditions(reader.engine, input)];
  if (input.payoutIds !== undefined) {
    conditions.push(sql`id in (${idsOf(reader.engine, input.payoutIds)})`);
  } else if (isPaymentFile(input.format) && input.status === undefined) {
    conditions.push(owing);
  }
  return sql`(select * from partner_payouts where ${join(conditions, ' and ')})`;
}

/**
 * How many payouts are selected. Throws `NOT_FOUND` where one chosen by hand is not there, and where none is selected at
 * all: an empty file would look like a month without payouts.
 */
export async function requireSelection(reader: Reader, session: Session, input: Selection): Promise<number> {
  if (input.payoutIds !== undefined) {
    const wanted = new Set(input.payoutIds).size;
    const { payoutIds, format } = input;
    const found = await countOf(reader, selectedPayouts(reader, session, { payoutIds, format }));
    if (found < wanted) {
      const missing = wanted - found;
      throw new DomainError(
        'NOT_FOUND',
        missing === 1 ? 'One of the payouts does not exist.' : `${missing} of the payouts do not exist.`,
      );
    }
  }
  const selected = await countOf(reader, selectedPayouts(reader, session, input));
  if (selected === 0) {
    throw new DomainError('NOT_FOUND', 'No payout fits this choice; there is nothing to export.');
  }
  return selected;
}

async function countOf(reader: Reader, payouts: Sql): Promise<number> {
  const row = await reader.get<{ n: number }>(sql`select count(*) as n from ${payouts} as o`);
  return row?.n ?? 0;
}
