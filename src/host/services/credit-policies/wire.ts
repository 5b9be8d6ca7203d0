import sql, { join } from 'sql-template-tag';
import type { PartnerCreditPolicyRow, Reader } from '../../database/index.ts';
import type { Output } from '../service.ts';
import { termsOfRow, termsToWire } from './terms.ts';

export type WirePolicy = Output<'creditPolicies', 'get'>;

/** Policies as callers see them on a day of the tenant's zone, their partners' names in one further statement. */
export async function policiesToWire(
  reader: Reader,
  tenantId: string,
  rows: readonly PartnerCreditPolicyRow[],
  today: string,
): Promise<WirePolicy[]> {
  const partnerIds = [...new Set(rows.flatMap(({ partnerId }) => partnerId ?? []))];
  const names =
    partnerIds.length === 0
      ? []
      : await reader.all<{ id: string; organization_name: string }>(
          sql`select id, organization_name from partners where tenant_id = ${tenantId} and id in (${join(partnerIds)})`,
        );
  const nameOf = new Map(names.map((each) => [each.id, each.organization_name]));
  return rows.map((row) =>
    toWire(row, row.partnerId === null ? null : (nameOf.get(row.partnerId) ?? null), today),
  );
}

export async function policyToWire(
  reader: Reader,
  row: PartnerCreditPolicyRow,
  today: string,
): Promise<WirePolicy> {
  const [policy] = await policiesToWire(reader, row.tenantId, [row], today);
  if (policy === undefined) throw new Error('A policy has no wire form.');
  return policy;
}

function toWire(row: PartnerCreditPolicyRow, partnerName: string | null, today: string): WirePolicy {
  return {
    id: row.id,
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    partnerId: row.partnerId,
    partnerName,
    policyCode: row.policyCode,
    policyName: row.policyName,
    description: row.description,
    ...termsToWire(termsOfRow(row)),
    requiresApproval: row.requiresApproval,
    currency: row.currency,
    approvalRequired: row.approvalRequired,
    approvedBy: row.approvedBy,
    approvedAt: row.approvedAt,
    // The day a deactivation waits for comes without anybody writing it down.
    isActive: row.isActive && (row.deactivatedFrom === null || row.deactivatedFrom > today),
    deactivatedFrom: row.deactivatedFrom,
    revision: row.revision,
    effectiveRevision: row.effectiveRevision,
    createdBy: row.createdBy,
    editedBy: row.editedBy,
    totalLeadsUnderPolicy: row.totalLeadsUnderPolicy,
    totalCreditsAllocated: row.totalCreditsAllocated,
    creditsMade: row.creditsMade,
  };
}
