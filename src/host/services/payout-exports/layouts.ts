import sql, { raw, type Sql } from 'sql-template-tag';
import { formatMinor } from '#domain/money.ts';
import type { CsvColumn } from '../../csv/write.ts';
import {
  asBoolean,
  asJson,
  type Engine,
  type PartnerPayoutRow,
  type StoredBankingDetails,
} from '../../database/index.ts';
import { openAmountOf } from '../payouts/wire.ts';

/** What both layouts say of the payout a row is about. */
export interface OfPayout {
  payout_id: string;
  payout_number: string;
  partner_code: string;
  organization_name: string;
  period_start: string;
  period_end: string;
  currency: string;
  status: PartnerPayoutRow['status'];
  payment_date: string | null;
  reference_number: string | null;
}

interface PayoutRecord extends OfPayout {
  total_leads_count: number;
  approved_leads: number;
  converted_leads: number;
  total_amount: number;
  approved_amount: number;
  rejected_amount: number;
  paid_amount: number;
  payment_method: string | null;
  generated_at: string;
  approved_at: string | null;
  approver_first_name: string | null;
  approver_last_name: string | null;
  banking_details: unknown;
  banking_is_verified: unknown;
}

interface LineRecord extends OfPayout {
  credit_id: string;
  amount: number;
  description: string;
  line_status: string;
  notes: string | null;
  lead_name: string | null;
  source_code: string | null;
  source_name: string | null;
  policy_code: string | null;
  policy_name: string | null;
  policy_revision: number | null;
}

/** A layout of the file: which rows, and what stands in their columns. Money is in the currency's own decimals. */
export interface Layout<Row extends OfPayout> {
  columns: readonly CsvColumn<Row>[];
  /** What a row adds to the totals of its currency, in minor units. */
  amountOf: (row: Row) => number;
  /** The rows of the payouts of a sub-select, in the order of their numbers. */
  rows: (payouts: Sql, engine: Engine) => Sql;
}

const text = <Row>(header: string, value: CsvColumn<Row>['value']): CsvColumn<Row> => ({
  header,
  kind: 'text',
  value,
});
const number = <Row>(header: string, value: CsvColumn<Row>['value']): CsvColumn<Row> => ({
  header,
  kind: 'number',
  value,
});
const date = <Row>(header: string, value: CsvColumn<Row>['value']): CsvColumn<Row> => ({
  header,
  kind: 'date',
  value,
});

/** The same in every row of a payout. */
const ofPayoutOnly = <Row>(column: CsvColumn<Row>): CsvColumn<Row> => ({ ...column, ofGroup: true });

const columnsOfPayout: readonly CsvColumn<OfPayout>[] = [
  text('Payout number', (row) => row.payout_number),
  text('Partner code', (row) => row.partner_code),
  text('Partner', (row) => row.organization_name),
  date('Period start', (row) => row.period_start),
  date('Period end', (row) => row.period_end),
  text('Currency', (row) => row.currency),
];
const identity = columnsOfPayout.map(ofPayoutOnly);

const ofPayout = sql`o.id as payout_id, o.payout_number, p.partner_code, p.organization_name, o.period_start, o.period_end,
  o.currency, o.status, o.payment_date, o.reference_number`;

/** As stored, which is masked: what may be seen of an account by everyone. The full numbers are sealed elsewhere. */
function bankingOf(row: PayoutRecord): StoredBankingDetails | null {
  return row.banking_details === null ? null : asJson<StoredBankingDetails>(row.banking_details);
}

function approverOf({ approver_first_name, approver_last_name }: PayoutRecord): string | null {
  return approver_first_name === null ? null : `${approver_first_name} ${approver_last_name ?? ''}`.trim();
}

/** One row per payout. */
export const payoutLayout: Layout<PayoutRecord> = {
  columns: [
    ...identity,
    number('Leads', (row) => row.total_leads_count),
    number('Approved leads', (row) => row.approved_leads),
    number('Converted leads', (row) => row.converted_leads),
    number('Total', (row) => formatMinor(row.total_amount, row.currency)),
    number('Approved', (row) => formatMinor(row.approved_amount, row.currency)),
    number('Rejected', (row) => formatMinor(row.rejected_amount, row.currency)),
    number('Paid', (row) => formatMinor(row.paid_amount, row.currency)),
    number('Open', (row) =>
      formatMinor(
        openAmountOf({
          status: row.status,
          approvedAmount: row.approved_amount,
          paidAmount: row.paid_amount,
        }),
        row.currency,
      ),
    ),
    text('Status', (row) => row.status),
    text('Payment method', (row) => row.payment_method),
    date('Payment date', (row) => row.payment_date),
    text('Reference', (row) => row.reference_number),
    date('Generated at', (row) => row.generated_at),
    date('Approved at', (row) => row.approved_at),
    text('Approved by', approverOf),
    text('Account holder', (row) => bankingOf(row)?.accountHolder ?? null),
    text('Bank', (row) => bankingOf(row)?.bankName ?? null),
    text('Account (masked)', (row) => bankingOf(row)?.iban ?? bankingOf(row)?.accountNumber ?? null),
    text('Bank details verified', (row) => (asBoolean(row.banking_is_verified) ? 'yes' : 'no')),
  ],
  amountOf: (row) => row.total_amount,
  rows: (payouts) => sql`select ${ofPayout}, o.total_leads_count, o.approved_leads, o.converted_leads,
      o.total_amount, o.approved_amount, o.rejected_amount, o.paid_amount, o.payment_method, o.generated_at, o.approved_at,
      s.first_name as approver_first_name, s.last_name as approver_last_name, p.banking_details, p.banking_is_verified
    from ${payouts} as o
    join partners p on p.tenant_id = o.tenant_id and p.id = o.partner_id
    left join staff s on s.tenant_id = o.tenant_id and s.id = o.approved_by
    order by o.tenant_id, o.payout_number`,
};

/**
 * How the lines of payouts are joined to them. SQLite keeps the order of a cross join: left to itself, and without statistics, it goes
 * through all lines of the organization and sorts what is left.
 */
export const withLines = (engine: Engine): Sql =>
  engine === 'sqlite' ? raw('cross join partner_payout_details d') : raw('join partner_payout_details d');

/** One row per line, rejected ones included: the status says which. */
export const lineLayout: Layout<LineRecord> = {
  columns: [
    ...identity,
    ofPayoutOnly(text('Payout status', (row) => row.status)),
    text('Line status', (row) => row.line_status),
    number('Amount', (row) => formatMinor(row.amount, row.currency)),
    text('Description', (row) => row.description),
    text('Lead', (row) => row.lead_name),
    text('Source code', (row) => row.source_code),
    text('Source', (row) => row.source_name),
    text('Policy code', (row) => row.policy_code),
    text('Policy', (row) => row.policy_name),
    number('Policy revision', (row) => row.policy_revision),
    text('Notes', (row) => row.notes),
    ofPayoutOnly(date('Payment date', (row) => row.payment_date)),
    ofPayoutOnly(text('Reference', (row) => row.reference_number)),
    text('Credit', (row) => row.credit_id),
  ],
  amountOf: (row) => row.amount,
  rows: (
    payouts,
    engine,
  ) => sql`select ${ofPayout}, d.credit_id, d.amount, d.description, d.status as line_status, d.notes,
      l.contact_name as lead_name, s.source_code, s.source_name, y.policy_code, y.policy_name, d.policy_revision
    from ${payouts} as o
    join partners p on p.tenant_id = o.tenant_id and p.id = o.partner_id
    ${withLines(engine)} on d.tenant_id = o.tenant_id and d.payout_id = o.id
    left join partner_leads l on l.tenant_id = d.tenant_id and l.id = d.partner_lead_id
    left join partner_sources s on s.tenant_id = d.tenant_id and s.id = d.source_id
    left join partner_credit_policies y on y.tenant_id = d.tenant_id and y.id = d.policy_id
    order by o.tenant_id, o.payout_number, d.id`,
};
