import sql from 'sql-template-tag';
import { withoutSharedCaps } from '#domain/credit-caps.ts';
import { DomainError } from '#domain/errors.ts';
import { sumMinor } from '#domain/money.ts';
import type { PayoutStatus } from '#domain/state-machines.ts';
import type { CreditOrigin, PaymentMethod } from '#domain/vocabulary.ts';
import {
  type PartnerPayoutRow,
  type PartnerRow,
  partnerPayouts,
  partners,
  type Reader,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { requireOwn } from '../own-partner.ts';
import { openAmountOf } from '../payouts/wire.ts';

/** More than that is a file for a program: the CSV export by line holds any number. */
const mostLines = 20_000;

export interface StatementLine {
  /** The day of the event that made the credit, else that of its approval. */
  on: string | null;
  /** The day from which payouts take the credit, which is what puts it into a period. */
  payableFrom: string | null;
  origin: CreditOrigin;
  leadName: string | null;
  sourceName: string | null;
  policyName: string | null;
  /** Why the amount is what it is, in words. */
  reason: string;
  status: 'pending' | 'approved' | 'rejected';
  /** What whoever decided it wrote, the reason of a rejection above all. */
  notes: string | null;
  /** Minor units. */
  amount: number;
}

export interface StatementPayment {
  on: string;
  method: PaymentMethod;
  reference: string;
  /** Where it went, masked; null for a check, and where it was not kept. */
  account: string | null;
  amount: number;
  /** The payment came back. */
  failed: { on: string; reason: string } | null;
}

/** All that a remittance statement says, before anyone has given it a form. Amounts in minor units of `currency`. */
export interface Statement {
  payoutNumber: string;
  status: PayoutStatus;
  /** What was written when it was rejected or cancelled. */
  statusReason: string | null;
  periodStart: string;
  periodEnd: string;
  currency: string;
  /** The last change of what stands here, an instant: the same payout gives the same statement, to the byte. */
  asOf: string;
  timeZone: string;
  payer: string;
  payee: {
    name: string;
    code: string;
    contactName: string | null;
    address: string[];
    taxId: string | null;
    /** Where what is open would go, masked; a payment says where it went. */
    account: string | null;
  };
  lines: StatementLine[];
  payments: StatementPayment[];
  totals: {
    approvedLines: number;
    rejectedLines: number;
    pendingLines: number;
    approved: number;
    paid: number;
    open: number;
  };
}

/**
 * What a payout is made of. Throws `NOT_FOUND` for another partner's payout, `VALIDATION` for one of too many lines to be read.
 */
export async function statementOf(
  reader: Reader,
  session: Session,
  id: string,
  most = mostLines,
): Promise<Statement> {
  const payout = await reader.find(partnerPayouts, { id });
  if (payout === undefined) throw new DomainError('NOT_FOUND', 'There is no such payout.');
  requireOwn(session, payout.partnerId, 'payout');
  const partner = await reader.find(partners, { id: payout.partnerId }, { withDeleted: true });
  if (partner === undefined) throw new Error(`The payout ${id} is of a partner who is not there.`);
  const { lines, lastChange } = await linesOf(reader, session, id, most);
  const payments = await paymentsOf(reader, session, id);
  const sumOf = (status: StatementLine['status']): number =>
    sumMinor(lines.filter((line) => line.status === status).map(({ amount }) => amount));
  return {
    payoutNumber: payout.payoutNumber,
    status: payout.status,
    statusReason: payout.status === 'cancelled' ? payout.cancelReason : payout.rejectionNotes,
    periodStart: payout.periodStart,
    periodEnd: payout.periodEnd,
    currency: payout.currency,
    asOf: lastChange > payout.updatedAt ? lastChange : payout.updatedAt,
    timeZone: session.tenant.timeZone,
    payer: session.tenant.organizationName,
    payee: payeeOf(partner, payout),
    lines,
    payments,
    totals: {
      approvedLines: sumOf('approved'),
      rejectedLines: sumOf('rejected'),
      pendingLines: sumOf('pending'),
      approved: payout.approvedAmount,
      paid: payout.paidAmount,
      open: openAmountOf(payout),
    },
  };
}

function payeeOf(partner: PartnerRow, payout: PartnerPayoutRow): Statement['payee'] {
  const town = [partner.zipCode, partner.city, partner.state].filter((part) => part !== null).join(' ');
  // Details changed since would tell of an account that nothing was paid to.
  const isToBePaid = payout.status === 'pending' || openAmountOf(payout) > 0;
  const details = isToBePaid ? partner.bankingDetails : null;
  return {
    name: partner.organizationName,
    code: partner.partnerCode,
    contactName: partner.contactName,
    address: [partner.address ?? '', town, partner.country ?? ''].filter((line) => line !== ''),
    taxId: partner.taxId,
    account: details?.iban ?? details?.accountNumber ?? details?.paypalEmail ?? null,
  };
}

async function linesOf(
  reader: Reader,
  session: Session,
  id: string,
  most: number,
): Promise<{ lines: StatementLine[]; lastChange: string }> {
  const rows = await reader.all<{
    event_on: string | null;
    approved_on: string | null;
    payable_from: string | null;
    origin: CreditOrigin;
    contact_name: string | null;
    source_name: string | null;
    policy_name: string | null;
    description: string;
    status: StatementLine['status'];
    notes: string | null;
    amount: number;
    updated_at: string;
  }>(sql`select c.event_on, c.approved_on, c.payable_from, c.origin, l.contact_name, s.source_name, y.policy_name, d.description, d.status,
      d.notes, d.amount, d.updated_at
    from partner_payout_details d
    join partner_lead_credits c on c.tenant_id = d.tenant_id and c.id = d.credit_id
    left join partner_leads l on l.tenant_id = d.tenant_id and l.id = d.partner_lead_id
    left join partner_sources s on s.tenant_id = d.tenant_id and s.id = d.source_id
    left join partner_credit_policies y on y.tenant_id = d.tenant_id and y.id = d.policy_id
    where d.tenant_id = ${session.tenantId} and d.payout_id = ${id} order by d.id limit ${most + 1}`);
  if (rows.length > most) {
    throw new DomainError(
      'VALIDATION',
      `This payout has more than ${most} lines, too many to read. Export them as a CSV file instead.`,
    );
  }
  const lines = rows.map((row) => ({
    on: row.event_on ?? row.approved_on,
    payableFrom: row.payable_from,
    origin: row.origin,
    leadName: row.contact_name,
    sourceName: row.source_name,
    policyName: row.policy_name,
    // The paper is the partner's.
    reason: withoutSharedCaps(row.description),
    status: row.status,
    notes: row.notes,
    amount: row.amount,
  }));
  return {
    lines,
    lastChange: rows.reduce((last, row) => (row.updated_at > last ? row.updated_at : last), ''),
  };
}

async function paymentsOf(reader: Reader, session: Session, id: string): Promise<StatementPayment[]> {
  const rows = await reader.all<{
    payment_date: string;
    payment_method: PaymentMethod;
    reference_number: string;
    account: string | null;
    amount: number;
    failed_on: string | null;
    reason: string | null;
  }>(sql`select m.payment_date, m.payment_method, m.reference_number, m.account, m.amount, f.failed_on, f.reason
    from partner_payout_payments m
    left join partner_payout_payment_failures f on f.tenant_id = m.tenant_id and f.payment_id = m.id
    where m.tenant_id = ${session.tenantId} and m.payout_id = ${id} order by m.payment_date, m.id`);
  return rows.map((row) => ({
    on: row.payment_date,
    method: row.payment_method,
    reference: row.reference_number,
    account: row.account,
    amount: row.amount,
    failed: row.failed_on === null ? null : { on: row.failed_on, reason: row.reason ?? '' },
  }));
}
