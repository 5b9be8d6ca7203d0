import sql, { type Sql } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { DomainError, invalidField } from '#domain/errors.ts';
import type { LedgerAccount, LedgerEventType } from '#domain/ledger.ts';
import { addMinor, formatMinor } from '#domain/money.ts';
import type { HostContext } from '../../context.ts';
import { type CsvColumn, writeCsvFile } from '../../csv/write.ts';
import type { Session } from '../../session.ts';
import { checkDays } from '../payouts/queries.ts';
import { unrecordedFile } from './files.ts';
import { type ExportRecord, type ExportRun, recordExport, totalsOf } from './record.ts';
import type { ExportInput } from './selection.ts';

interface PostingRow {
  entry_id: string;
  booked_on: string;
  kind: string;
  currency: string;
  account: LedgerAccount;
  amount: number;
  partner_code: string;
  organization_name: string;
  payout_number: string | null;
  payment_reference: string | null;
  credit_id: string | null;
  credit_reason: string | null;
}

const eventWords: Partial<Record<LedgerEventType, string>> & Record<string, string | undefined> = {
  credit_approved: 'Credit approved',
  credit_reversed: 'Credit reversed',
  payout_approved: 'Payout approved',
  payout_cancelled: 'Payout cancelled',
  payment_recorded: 'Payment recorded',
  payment_failed: 'Payment failed',
};

function textOf({ kind, payout_number, credit_reason }: PostingRow): string {
  const event = eventWords[kind] ?? kind.replaceAll('_', ' ').replace(/^./, (first) => first.toUpperCase());
  const about = payout_number ?? credit_reason;
  return about === null ? event : `${event}: ${about}`;
}

/** A posting below zero is a debit: what the expense account loses as a partner earns is spent. Both are written without a sign. */
function side(row: PostingRow, isDebit: boolean): string | null {
  return row.amount < 0 === isDebit ? formatMinor(Math.abs(row.amount), row.currency) : null;
}

function columnsOf({ settings }: Session['tenant']): CsvColumn<PostingRow>[] {
  const codes = settings.journalAccounts;
  return [
    { header: 'Entry', kind: 'text', value: (row) => row.entry_id },
    { header: 'Date', kind: 'date', value: (row) => row.booked_on },
    { header: 'Account', kind: 'text', value: (row) => codes[row.account] },
    { header: 'Debit', kind: 'number', value: (row) => side(row, true) },
    { header: 'Credit', kind: 'number', value: (row) => side(row, false) },
    { header: 'Currency', kind: 'text', value: (row) => row.currency },
    { header: 'Partner code', kind: 'text', value: (row) => row.partner_code },
    { header: 'Partner', kind: 'text', value: (row) => row.organization_name },
    { header: 'Text', kind: 'text', value: textOf },
    {
      header: 'Reference',
      kind: 'text',
      value: (row) => row.payment_reference ?? row.payout_number ?? row.credit_id,
    },
  ];
}

/** The postings of a period by the days they are booked on, entry by entry, debit first. */
function postingsBetween(session: Session, start: string, end: string): Sql {
  return sql`select e.id as entry_id, e.booked_on, e.kind, e.currency, x.account, x.amount, p.partner_code,
      p.organization_name, o.payout_number, m.reference_number as payment_reference, c.id as credit_id,
      c.reason as credit_reason
    from ledger_entries e
    join ledger_postings x on x.tenant_id = e.tenant_id and x.entry_id = e.id
    join partners p on p.tenant_id = e.tenant_id and p.id = e.partner_id
    left join partner_payouts o on e.resource = 'payout' and o.tenant_id = e.tenant_id and o.id = e.resource_id
    left join partner_payout_payments m on m.tenant_id = o.tenant_id and m.payout_id = o.id
      and cast(m.id as text) = e.discriminator
    left join partner_lead_credits c on e.resource = 'credit' and c.tenant_id = e.tenant_id and c.id = e.resource_id
    where e.tenant_id = ${session.tenantId} and e.booked_on >= ${start} and e.booked_on <= ${end}
    order by e.booked_on, e.id, x.amount`;
}

/**
 * The accounting journal of a period: a row for each posting of the ledger by the day it is booked on, in the organization's zone,
 * under the account codes of the settings. What came after its period was closed is booked later, and so stands in that journal.
 * Of each entry debits and credits are compared as it is written.
 * Throws `VALIDATION` for a period that is none, `NOT_FOUND` for one without an entry; the signal's reason.
 */
export async function createJournal(
  host: HostContext,
  session: Session,
  input: ExportInput,
  run: ExportRun,
): Promise<ExportRecord> {
  checkDays(input);
  const { periodStart, periodEnd } = input;
  if (periodStart === undefined || periodEnd === undefined) {
    const missing = periodStart === undefined ? 'periodStart' : 'periodEnd';
    throw invalidField(missing, 'A journal needs the first and the last day of its period.');
  }
  const id = uuidv7();
  const file = await unrecordedFile(host, { id, format: 'journal' });
  const debits = totalsOf();

  /** Adds up, and lets no entry through whose debits are not its credits. */
  async function* adding(batches: AsyncIterable<PostingRow[]>): AsyncGenerator<PostingRow[]> {
    let entry: string | null = null;
    let open = 0;
    for await (const batch of batches) {
      for (const { entry_id, amount, currency } of batch) {
        if (entry_id !== entry) {
          requireBalance(entry, open);
          entry = entry_id;
          open = 0;
        }
        open = addMinor(open, amount);
        if (amount < 0) debits.add(currency, -amount);
      }
      yield batch;
    }
    requireBalance(entry, open);
  }
  const written = await host.database.read({ tenantId: session.tenantId }, async (reader) => {
    const some = await reader.get(sql`select id from ledger_entries
      where tenant_id = ${session.tenantId} and booked_on >= ${periodStart} and booked_on <= ${periodEnd} limit 1`);
    if (some === undefined) {
      throw new DomainError(
        'NOT_FOUND',
        'The ledger has no entry in this period; there is nothing to export.',
      );
    }
    const rows = reader.stream<PostingRow>(postingsBetween(session, periodStart, periodEnd));
    const { signal } = run;
    const options = { ...(input.bom !== undefined && { bom: input.bom }), ...(signal && { signal }) };
    return writeCsvFile(file, columnsOf(session.tenant), adding(rows), options);
  });
  return recordExport(host, session, input, run, { id, written, totals: debits.result(), payoutIds: [] });
}

/** The database refuses an entry that does not balance, so this is a fault of ours, or somebody's who wrote past it. */
function requireBalance(entry: string | null, open: number): void {
  if (open !== 0)
    throw new Error(`The entry ${entry} of the ledger does not balance; no journal is made of it.`);
}
