import sql, { join } from 'sql-template-tag';
import { monthOf } from '#domain/calendar.ts';
import { DomainError } from '#domain/errors.ts';
import { rateToPercent } from '#domain/money.ts';
import type { HostContext } from '../../context.ts';
import { type PartnerRow, partners, type Reader, type Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Output } from '../service.ts';

/** A partner as the contract shows it. */
export type Partner = Output<'partners', 'get'>;

/**
 * A row as it crosses the wire: percent for millionths, bank details masked. Every field is named here, so that a new
 * column (or the sealed bank details) never leaves by accident.
 */
export function partnerToWire(row: PartnerRow, currentMonthLeads: number): Partner {
  return {
    id: row.id,
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    partnerCode: row.partnerCode,
    organizationName: row.organizationName,
    partnerType: row.partnerType,
    status: row.status,
    contactName: row.contactName,
    contactEmail: row.contactEmail,
    contactPhone: row.contactPhone,
    website: row.website,
    taxId: row.taxId,
    address: row.address,
    city: row.city,
    state: row.state,
    country: row.country,
    zipCode: row.zipCode,
    currency: row.currency,
    commissionPercentage: row.commissionRate === null ? null : rateToPercent(row.commissionRate),
    leadPrice: row.leadPrice,
    monthlyQuota: row.monthlyQuota,
    bankingDetails: row.bankingDetails && {
      ...row.bankingDetails,
      isVerified: row.bankingIsVerified,
      verifiedAt: row.bankingVerifiedAt,
    },
    documentUrls: row.documentUrls,
    currentMonthLeads,
    totalLeadsSubmitted: row.totalLeadsSubmitted,
    approvedLeads: row.approvedLeads,
    rejectedLeads: row.rejectedLeads,
    convertedLeads: row.convertedLeads,
    totalEarnings: row.totalEarnings,
    pendingPayoutAmount: row.pendingPayoutAmount,
    withdrawnAmount: row.withdrawnAmount,
    availableBalance: row.availableBalance,
    submittedBy: row.submittedBy,
    approvedBy: row.approvedBy,
    approvedAt: row.approvedAt,
    fourEyesWaived: row.fourEyesWaived,
    rejectionReason: row.rejectionReason,
    statusReason: row.statusReason,
    createdBy: row.createdBy,
  };
}

/** How many leads each partner handed in in a month (`YYYY-MM`), as the quota counts them. Absent means none. */
export async function leadsInMonth(
  reader: Reader,
  session: Session,
  partnerIds: readonly string[],
  month: string,
): Promise<Map<string, number>> {
  if (partnerIds.length === 0) return new Map();
  const rows = await reader.all<{ partner_id: string; leads_submitted: number }>(
    sql`select partner_id, leads_submitted from partner_months
      where tenant_id = ${session.tenantId} and partner_id in (${join(partnerIds)}) and month = ${month}`,
  );
  return new Map(rows.map((row) => [row.partner_id, row.leads_submitted]));
}

/** Rows as they cross the wire, with the leads of the current month, in one more query for all of them. */
export async function partnersToWire(
  host: HostContext,
  reader: Reader,
  session: Session,
  rows: readonly PartnerRow[],
): Promise<Partner[]> {
  const month = monthOf(host.now(), session.tenant.timeZone);
  const ids = rows.map((row) => row.id);
  const leads = await leadsInMonth(reader, session, ids, month);
  return rows.map((row) => partnerToWire(row, leads.get(row.id) ?? 0));
}

export async function oneToWire(
  host: HostContext,
  reader: Reader,
  session: Session,
  row: PartnerRow,
): Promise<Partner> {
  const [wire] = await partnersToWire(host, reader, session, [row]);
  if (wire === undefined) throw new Error(`The partner ${row.id} was lost on its way to the wire.`);
  return wire;
}

/** Throws `NOT_FOUND` for an id that is not a live partner of the session's tenant. */
export async function requirePartner(reader: Reader, id: string): Promise<PartnerRow> {
  const row = await reader.find(partners, { id });
  if (row === undefined) throw noSuchPartner();
  return row;
}

/**
 * A partner to be changed: locked until the transaction ends, so that of two who decide at once the second sees what
 * the first did. Throws `NOT_FOUND`, and `CONFLICT` with the partner as it stands where `version` is stale.
 */
export async function lockPartner(
  host: HostContext,
  tx: Writer,
  session: Session,
  input: { id: string; version?: number | undefined },
): Promise<PartnerRow> {
  const row = await tx.find(partners, { id: input.id }, { lock: true });
  if (row === undefined) throw noSuchPartner();
  if (input.version !== undefined && input.version !== row.version) {
    throw new DomainError('CONFLICT', 'This partner was changed by someone else in the meantime.', {
      current: await oneToWire(host, tx, session, row),
    });
  }
  return row;
}

function noSuchPartner(): DomainError {
  return new DomainError('NOT_FOUND', 'There is no such partner.');
}
