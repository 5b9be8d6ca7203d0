import sql from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import { payoutMachine } from '#domain/state-machines.ts';
import type { PartnerPayoutRow, Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';

/** What several commands on a payout have in common. */

/**
 * Who had a hand in what a payout holds: who generated it, and whoever added a line since, as the activities tell. None of
 * them may approve it (`domain.md`, "Four eyes").
 */
export async function makersOf(tx: Writer, session: Session, payout: PartnerPayoutRow): Promise<string[]> {
  const rows = await tx.all<{ user_id: string | null }>(sql`select user_id from partner_activities
    where tenant_id = ${session.tenantId} and resource = 'payout' and resource_id = ${payout.id}
      and action = 'payout_line_added'`);
  return [payout.generatedBy, ...rows.flatMap(({ user_id }) => (user_id === null ? [] : [user_id]))];
}

/** The first of two approvals was given for the lines as they were then: with other lines it no longer counts. */
export const withoutFirstApproval = {
  firstApprovedBy: null,
  firstApprovedAt: null,
  firstApprovedAmount: null,
} as const satisfies Partial<PartnerPayoutRow>;

/** Throws `INVALID_TRANSITION` for a payout that is decided. */
export function requirePending({ status }: PartnerPayoutRow): void {
  if (status === 'pending') return;
  throw new DomainError(
    'INVALID_TRANSITION',
    `${payoutMachine.subjects[status]} can't be changed line by line.`,
  );
}

/** The leads whose credits the payout holds. */
export async function leadsIn(tx: Writer, session: Session, payoutId: string): Promise<string[]> {
  const rows = await tx.all<{
    id: string;
  }>(sql`select distinct partner_lead_id as id from partner_payout_details
    where tenant_id = ${session.tenantId} and payout_id = ${payoutId} and released_at is null
      and partner_lead_id is not null`);
  return rows.map((row) => row.id);
}
