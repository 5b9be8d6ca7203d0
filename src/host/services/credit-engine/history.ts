import sql, { type Sql } from 'sql-template-tag';
import { type PolicyTerms, withoutGaps } from '#domain/credit-policies.ts';
import { asJson } from '../../database/codec.ts';
import type { Reader } from '../../database/index.ts';
import type { Candidate } from './candidates.ts';

/** One revision of a policy, and since when it was in force, where it ever was. */
export interface PastRevision {
  revision: number;
  terms: PolicyTerms;
  approvedAt: string | null;
  approvedBy: string | null;
}

/** A policy through time. */
export interface PolicyHistory {
  policyId: string;
  policyCode: string;
  policyName: string;
  /** Null: for all partners. */
  partnerId: string | null;
  currency: string;
  createdAt: string;
  deactivatedFrom: string | null;
  /** When that was decided. */
  deactivatedAt: string | null;
  /** Oldest first. */
  revisions: PastRevision[];
}

interface HistoryRow {
  id: string;
  policy_code: string;
  policy_name: string;
  partner_id: string | null;
  currency: string;
  created_at: string;
  deactivated_from: string | null;
  deactivated_at: string | null;
  revision: number;
  terms: string;
  approved_at: string | null;
  approved_by: string | null;
}

/** Every policy that names this partner or none, deactivated ones and drafts included; of every partner where none is named. */
export async function policyHistories(
  reader: Reader,
  tenantId: string,
  partnerId: string | null,
): Promise<PolicyHistory[]> {
  const part = (whose: Sql) => sql`
    select p.id, p.policy_code, p.policy_name, p.partner_id, p.currency, p.created_at, p.deactivated_from,
      p.deactivated_at, r.revision, r.terms, r.approved_at, r.approved_by
    from partner_credit_policies p
    join partner_credit_policy_revisions r on r.tenant_id = p.tenant_id and r.policy_id = p.id
    where p.tenant_id = ${tenantId} and p.deleted_at is null${whose}`;
  const rows = await reader.all<HistoryRow>(
    partnerId === null
      ? part(sql``)
      : sql`${part(sql` and p.partner_id = ${partnerId}`)} union all ${part(sql` and p.partner_id is null`)}`,
  );
  const histories = new Map<string, PolicyHistory>();
  for (const row of rows) {
    let history = histories.get(row.id);
    if (history === undefined) {
      history = {
        policyId: row.id,
        policyCode: row.policy_code,
        policyName: row.policy_name,
        partnerId: row.partner_id,
        currency: row.currency,
        createdAt: row.created_at,
        deactivatedFrom: row.deactivated_from,
        deactivatedAt: row.deactivated_at,
        revisions: [],
      };
      histories.set(row.id, history);
    }
    history.revisions.push({
      revision: row.revision,
      terms: withoutGaps(asJson<PolicyTerms>(row.terms)),
      approvedAt: row.approved_at,
      approvedBy: row.approved_by,
    });
  }
  for (const { revisions } of histories.values()) revisions.sort((a, b) => a.revision - b.revision);
  return [...histories.values()];
}

/**
 * A policy as it stood at an instant: the revision that was in force, or its newest with `isApproved` false where none was
 * yet. Undefined before it was made. Its deactivation counts from when it was decided.
 */
export function policyAt(history: PolicyHistory, at: string): Candidate | undefined {
  if (history.createdAt > at) return undefined;
  const { revisions, deactivatedAt, deactivatedFrom } = history;
  const inForce = revisions.findLast(({ approvedAt }) => approvedAt !== null && approvedAt <= at);
  const shown = inForce ?? revisions.at(-1);
  if (shown === undefined) return undefined;
  return {
    policyId: history.policyId,
    policyCode: history.policyCode,
    policyName: history.policyName,
    revision: shown.revision,
    createdAt: history.createdAt,
    isActive: true,
    deactivatedFrom: deactivatedAt !== null && deactivatedAt <= at ? deactivatedFrom : null,
    isApproved: inForce !== undefined,
    currency: history.currency,
    terms: shown.terms,
    approvedBy: shown.approvedBy,
  };
}
