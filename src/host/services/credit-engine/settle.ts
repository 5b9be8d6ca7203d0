import sql from 'sql-template-tag';
import type { PartnerLeadCreditRow } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { beyondExact, staysExact } from '../exact-sums.ts';
import { postToLedger } from '../ledger-posting.ts';
import { addToPolicies } from './caps.ts';

type SettledCredit = Pick<
  PartnerLeadCreditRow,
  | 'id'
  | 'partnerId'
  | 'policyId'
  | 'sourceId'
  | 'creditAmount'
  | 'currency'
  | 'origin'
  | 'eventOn'
  | 'approvedOn'
>;

/** Where a credit's money goes the moment it is approved: the ledger, and the totals of its policy and its source. */
export async function settleApproved(work: Work, session: Session, credit: SettledCredit): Promise<void> {
  await post(work, session, credit, 'credit_approved', credit.creditAmount);
  // A credit of the policy itself counted as made when it was made; what takes it back is made by being approved.
  const made = credit.origin === 'policy' ? 0 : credit.creditAmount;
  await allocate(work, session, credit, { allocated: credit.creditAmount, made });
}

/** The same for a credit that was approved in its making, which its policy has counted with it. */
export async function settleMade(work: Work, session: Session, credit: SettledCredit): Promise<void> {
  await post(work, session, credit, 'credit_approved', credit.creditAmount);
  await allocateToSource(work, session, credit, credit.creditAmount);
}

/** The same taken back, for an approved credit that no payout holds. */
export async function settleReversed(work: Work, session: Session, credit: SettledCredit): Promise<void> {
  await post(work, session, credit, 'credit_reversed', credit.creditAmount);
  await allocate(work, session, credit, { allocated: -credit.creditAmount, made: -credit.creditAmount });
}

/** A pending credit was rejected: no money moves, but its policy has that much left again under its caps. */
export async function settleRejected(work: Work, session: Session, credit: SettledCredit): Promise<void> {
  if (credit.policyId === null) return;
  await allocate(work, session, credit, { allocated: 0, made: -credit.creditAmount });
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
    // A credit that takes back another one may be booked later than today, with that one.
    notBefore: credit.approvedOn,
  });
}

/** Figures, not edits: neither row's `version` moves, or every credit would make an open form stale. */
async function allocate(
  work: Work,
  session: Session,
  credit: SettledCredit,
  { allocated, made }: { allocated: number; made: number },
): Promise<void> {
  const { policyId, eventOn } = credit;
  if (policyId !== null) {
    await addToPolicies(work.tx, session.tenantId, eventOn, [{ policyId, leads: 0, allocated, made }]);
  }
  await allocateToSource(work, session, credit, allocated);
}

async function allocateToSource(
  { tx }: Work,
  session: Session,
  { sourceId }: SettledCredit,
  amount: number,
): Promise<void> {
  if (sourceId === null || amount === 0) return;
  const { changes } = await tx.run(sql`update partner_sources set total_credits = total_credits + ${amount}
    where tenant_id = ${session.tenantId} and id = ${sourceId} and ${staysExact(sql`total_credits`, amount)}`);
  if (changes === 0) throw beyondExact('What the source earned');
}
