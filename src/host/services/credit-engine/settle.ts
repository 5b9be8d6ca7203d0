import sql from 'sql-template-tag';
import type { PartnerLeadCreditRow } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { postToLedger } from '../ledger-posting.ts';

type SettledCredit = Pick<
  PartnerLeadCreditRow,
  'id' | 'partnerId' | 'policyId' | 'sourceId' | 'creditAmount' | 'currency'
>;

/** Where a credit's money goes the moment it is approved: the ledger, and the totals of its policy and its source. */
export async function settleApproved(work: Work, session: Session, credit: SettledCredit): Promise<void> {
  await post(work, session, credit, 'credit_approved', credit.creditAmount);
  await allocate(work, session, credit, credit.creditAmount);
}

/** The same taken back, for an approved credit that no payout holds. */
export async function settleReversed(work: Work, session: Session, credit: SettledCredit): Promise<void> {
  await post(work, session, credit, 'credit_reversed', credit.creditAmount);
  await allocate(work, session, credit, -credit.creditAmount);
}

function post(
  work: Work,
  session: Session,
  credit: SettledCredit,
  type: 'credit_approved' | 'credit_reversed',
  amount: number,
): Promise<void> {
  const { partnerId, currency, id } = credit;
  return postToLedger(work, session, {
    partnerId,
    currency,
    event: { type, amount },
    resource: 'credit',
    resourceId: id,
  });
}

/** Figures, not edits: neither row's `version` moves, or every credit would make an open form stale. */
async function allocate(
  { tx }: Work,
  session: Session,
  credit: SettledCredit,
  amount: number,
): Promise<void> {
  const { policyId, sourceId } = credit;
  if (policyId !== null) {
    await tx.run(sql`update partner_credit_policies set total_credits_allocated = total_credits_allocated + ${amount}
      where tenant_id = ${session.tenantId} and id = ${policyId}`);
  }
  if (sourceId !== null) {
    await tx.run(sql`update partner_sources set total_credits = total_credits + ${amount}
      where tenant_id = ${session.tenantId} and id = ${sourceId}`);
  }
}
