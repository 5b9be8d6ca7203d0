import sql, { join } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import type { PayoutStatus } from '#domain/state-machines.ts';
import {
  type PartnerPayoutDetailRow,
  type PartnerPayoutRow,
  type PartnerRow,
  partnerPayoutDetails,
  partnerPayouts,
  partners,
  type Reader,
  staff,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Output } from '../service.ts';

/** A payout and a line as the contract shows them. */
export type Payout = Output<'payouts', 'get'>;
export type Line = Output<'payouts', 'lines'>['items'][number];

/** The statuses in which the approved amount is the partner's: approved, and not taken back. */
export const approvedStatuses = [
  'approved',
  'partially_approved',
  'partially_paid',
  'paid',
] as const satisfies readonly PayoutStatus[];

/** So many ids in one statement; more than fits is asked in several. */
const idsPerStatement = 500;

/** Rows as they cross the wire, with their partners' names in one more query for all of them. */
export async function payoutsToWire(
  reader: Reader,
  session: Session,
  rows: readonly PartnerPayoutRow[],
): Promise<Payout[]> {
  const names = await partnerNames(reader, session, [...new Set(rows.map((row) => row.partnerId))]);
  const ordered = await lastOrders(
    reader,
    session,
    rows.flatMap((row) => (row.approvedAt === null ? [] : [row.id])),
  );
  return rows.map((row) => {
    const partner = names.get(row.partnerId);
    if (partner === undefined) throw new Error(`The payout ${row.id} is of a partner who is not there.`);
    return payoutToWire(row, partner, ordered.get(row.id) ?? null);
  });
}

export async function onePayoutToWire(
  reader: Reader,
  session: Session,
  row: PartnerPayoutRow,
): Promise<Payout> {
  const [wire] = await payoutsToWire(reader, session, [row]);
  if (wire === undefined) throw new Error(`The payout ${row.id} was lost on its way to the wire.`);
  return wire;
}

/** Every field is named, so that a new column never leaves by accident. What was just generated is in no payment file. */
export function payoutToWire(
  row: PartnerPayoutRow,
  partner: { code: string; name: string },
  paymentFileAt: string | null = null,
): Payout {
  return {
    id: row.id,
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    partnerId: row.partnerId,
    partnerCode: partner.code,
    partnerName: partner.name,
    payoutNumber: row.payoutNumber,
    periodStart: row.periodStart,
    periodEnd: row.periodEnd,
    currency: row.currency,
    totalLeadsCount: row.totalLeadsCount,
    approvedLeads: row.approvedLeads,
    convertedLeads: row.convertedLeads,
    totalAmount: row.totalAmount,
    approvedAmount: row.approvedAmount,
    rejectedAmount: row.rejectedAmount,
    paidAmount: row.paidAmount,
    openAmount: openAmountOf(row),
    status: row.status,
    paymentMethod: row.paymentMethod,
    paymentDate: row.paymentDate,
    referenceNumber: row.referenceNumber,
    paymentFileAt,
    generatedBy: row.generatedBy,
    generatedAt: row.generatedAt,
    firstApprovedBy: row.firstApprovedBy,
    firstApprovedAmount: row.firstApprovedAmount,
    needsSecondApproval: row.status === 'pending' && row.firstApprovedBy !== null,
    approvedBy: row.approvedBy,
    approvedAt: row.approvedAt,
    fourEyesWaived: row.fourEyesWaived,
    rejectionNotes: row.rejectionNotes,
    cancelReason: row.cancelReason,
  };
}

/** Minor units still to be paid. A cancelled payout keeps what was approved, for the record, but owes nothing. */
export function openAmountOf(
  row: Pick<PartnerPayoutRow, 'status' | 'approvedAmount' | 'paidAmount'>,
): number {
  return row.status === 'cancelled' ? 0 : row.approvedAmount - row.paidAmount;
}

/** When each of these payouts was last in a payment file; absent where it never was. */
async function lastOrders(
  reader: Reader,
  session: Session,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const orders = new Map<string, string>();
  for (let start = 0; start < ids.length; start += idsPerStatement) {
    const rows = await reader.all<{ payout_id: string; ordered_at: string }>(
      sql`select i.payout_id, max(e.created_at) as ordered_at from payout_export_items i
        join payout_exports e on e.tenant_id = i.tenant_id and e.id = i.export_id
        where i.tenant_id = ${session.tenantId} and i.payout_id in (${join(ids.slice(start, start + idsPerStatement))})
          and i.amount is not null
        group by i.payout_id`,
    );
    for (const row of rows) orders.set(row.payout_id, row.ordered_at);
  }
  return orders;
}

async function partnerNames(
  reader: Reader,
  session: Session,
  ids: readonly string[],
): Promise<Map<string, { code: string; name: string }>> {
  const names = new Map<string, { code: string; name: string }>();
  for (let start = 0; start < ids.length; start += idsPerStatement) {
    const rows = await reader.all<{ id: string; partner_code: string; organization_name: string }>(
      sql`select id, partner_code, organization_name from partners
        where tenant_id = ${session.tenantId} and id in (${join(ids.slice(start, start + idsPerStatement))})`,
    );
    for (const row of rows) names.set(row.id, { code: row.partner_code, name: row.organization_name });
  }
  return names;
}

interface LineNames {
  id: string;
  contact_name: string | null;
  source_name: string | null;
  policy_name: string | null;
  currency: string;
}

/** Lines as they cross the wire, with the names they show in one more query for all of them. */
export async function linesToWire(
  reader: Reader,
  session: Session,
  rows: readonly PartnerPayoutDetailRow[],
): Promise<Line[]> {
  if (rows.length === 0) return [];
  const found =
    await reader.all<LineNames>(sql`select d.id, l.contact_name, s.source_name, p.policy_name, o.currency
    from partner_payout_details d
    join partner_payouts o on o.tenant_id = d.tenant_id and o.id = d.payout_id
    left join partner_leads l on l.tenant_id = d.tenant_id and l.id = d.partner_lead_id
    left join partner_sources s on s.tenant_id = d.tenant_id and s.id = d.source_id
    left join partner_credit_policies p on p.tenant_id = d.tenant_id and p.id = d.policy_id
    where d.tenant_id = ${session.tenantId} and d.id in (${join(rows.map((row) => row.id))})`);
  const byId = new Map(found.map((names) => [names.id, names]));
  return rows.map((row) => {
    const names = byId.get(row.id);
    if (names === undefined) throw new Error(`The payout line ${row.id} was lost on its way to the wire.`);
    return {
      id: row.id,
      version: row.version,
      createdAt: row.createdAt,
      updatedAt: row.updatedAt,
      payoutId: row.payoutId,
      creditId: row.creditId,
      partnerLeadId: row.partnerLeadId,
      leadSubmissionId: row.leadSubmissionId,
      leadName: names.contact_name,
      sourceId: row.sourceId,
      sourceName: names.source_name,
      policyId: row.policyId,
      policyRevision: row.policyRevision,
      policyName: names.policy_name,
      amount: row.amount,
      currency: names.currency,
      description: row.description,
      status: row.status,
      notes: row.notes,
      decidedBy: row.decidedBy,
      decidedAt: row.decidedAt,
    };
  });
}

export async function oneLineToWire(
  reader: Reader,
  session: Session,
  row: PartnerPayoutDetailRow,
): Promise<Line> {
  const [wire] = await linesToWire(reader, session, [row]);
  if (wire === undefined) throw new Error(`The payout line ${row.id} was lost on its way to the wire.`);
  return wire;
}

/** Throws `NOT_FOUND` for an id that is no payout of the session's tenant. */
export async function requirePayout(reader: Reader, id: string): Promise<PartnerPayoutRow> {
  const row = await reader.find(partnerPayouts, { id });
  if (row === undefined) throw new DomainError('NOT_FOUND', 'There is no such payout.');
  return row;
}

interface Named {
  id: string;
  version?: number | undefined;
}

/**
 * A payout to be changed and its partner, both locked in the house's order until the transaction ends: of two who decide
 * at once the second sees what the first did. The partner may be deleted since; the money stays.
 * Throws `NOT_FOUND`, and `CONFLICT` with the payout as it stands where `version` is stale.
 */
export async function lockPayout(
  tx: Writer,
  session: Session,
  input: Named,
): Promise<{ payout: PartnerPayoutRow; partner: PartnerRow }> {
  const { partnerId } = await requirePayout(tx, input.id);
  const partner = await tx.find(partners, { id: partnerId }, { lock: true, withDeleted: true });
  const payout = await tx.find(partnerPayouts, { id: input.id }, { lock: true });
  if (partner === undefined || payout === undefined) {
    throw new Error(`The payout ${input.id} or its partner vanished.`);
  }
  if (input.version !== undefined && input.version !== payout.version) {
    throw new DomainError('CONFLICT', 'This payout was changed by someone else in the meantime.', {
      current: await onePayoutToWire(tx, session, payout),
    });
  }
  return { payout, partner };
}

/** A line to be decided, with its payout and partner, locked as `lockPayout` does. `version` is the line's. */
export async function lockLine(
  tx: Writer,
  session: Session,
  input: Named,
): Promise<{ line: PartnerPayoutDetailRow; payout: PartnerPayoutRow; partner: PartnerRow }> {
  const { payoutId } = await requireLine(tx, input.id);
  const locked = await lockPayout(tx, session, { id: payoutId });
  const line = await tx.find(partnerPayoutDetails, { id: input.id }, { lock: true });
  if (line === undefined) throw new Error(`The payout line ${input.id} vanished.`);
  if (input.version !== undefined && input.version !== line.version) {
    throw new DomainError('CONFLICT', 'This payout line was changed by someone else in the meantime.', {
      current: await oneLineToWire(tx, session, line),
    });
  }
  return { line, ...locked };
}

async function requireLine(reader: Reader, id: string): Promise<PartnerPayoutDetailRow> {
  const row = await reader.find(partnerPayoutDetails, { id });
  if (row === undefined) throw new DomainError('NOT_FOUND', 'There is no such payout line.');
  return row;
}

/** What a person is called in a sentence. */
export async function nameOf(reader: Reader, userId: string | null): Promise<string> {
  const person =
    userId === null ? undefined : await reader.find(staff, { id: userId }, { withDeleted: true });
  return person === undefined ? 'someone else' : `${person.firstName} ${person.lastName}`;
}
