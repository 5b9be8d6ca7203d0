import sql, { join } from 'sql-template-tag';
import { DomainError, invalidField } from '#domain/errors.ts';
import { sumMinor } from '#domain/money.ts';
import { lineRejectionRefusal, selfApprovalRefusal } from '#domain/payouts.ts';
import type { HostContext } from '../../context.ts';
import {
  type PartnerPayoutDetailRow,
  type PartnerPayoutRow,
  partnerPayoutDetails,
  partnerPayouts,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command, type Work } from '../command.ts';
import type { Input, Output, Service } from '../service.ts';
import { makersOf, requirePending, withoutFirstApproval } from './review.ts';
import { lockPayout, nameOf } from './wire.ts';

type DecideInput = Input<'payouts', 'decideLines'>;
type Outcome = Output<'payouts', 'decideLines'>['outcomes'][number];

/** Thrown out of the transaction where no line could be decided: nothing is written, and each line's outcome is told. */
class NothingDecided extends Error {
  readonly outcomes: Outcome[];

  constructor(outcomes: Outcome[]) {
    super('None of the lines could be decided.');
    this.outcomes = outcomes;
  }
}

/**
 * Decides several lines of a pending payout in one transaction, with one activity and an outcome per line (issue "payout review in
 * bulk"): a line that can't be decided does not keep the others from it. What stands against all of them, such as who asks
 * or a payout that is decided, refuses the whole.
 */
export function decideLines(host: HostContext): Service<'payouts'>['decideLines'] {
  return async (session, input) => {
    try {
      return await command(host, session, { name: 'payouts.decideLines', input }, (work) =>
        decide(work, session, input),
      );
    } catch (error) {
      if (error instanceof NothingDecided) return { outcomes: error.outcomes };
      throw error;
    }
  };
}

async function decide(
  work: Work,
  session: Session,
  input: DecideInput,
): Promise<Output<'payouts', 'decideLines'>> {
  const { tx } = work;
  const { action, notes } = input;
  if (action === 'reject' && notes === undefined)
    throw invalidField('notes', 'Say why these lines are rejected.');
  const { payout } = await lockPayout(tx, session, input);
  requirePending(payout);
  const makers = await makersOf(tx, session, payout);
  const { fourEyes } = session.tenant.settings;
  const refusal =
    action === 'approve' ? selfApprovalRefusal({ approver: session.userId, makers, fourEyes }) : null;
  if (refusal !== null) throw refusal;

  const lines = await linesById(tx, payout, input.lineIds);
  const outcomes: Outcome[] = [];
  const decided: PartnerPayoutDetailRow[] = [];
  for (const id of new Set(input.lineIds)) {
    const line = lines.get(id);
    const error = line === undefined ? noSuchLine() : await refusalOf(tx, line, action);
    if (error === null && line !== undefined) decided.push(line);
    outcomes.push(
      error === null ? { id, ok: true } : { id, ok: false, code: error.code, message: error.message },
    );
  }
  if (decided.length === 0) throw new NothingDecided(outcomes);
  const amount = sumMinor(decided.map((line) => line.amount));
  await write(work, session, payout, decided, input);
  const rejectedAmount = action === 'reject' ? payout.rejectedAmount + amount : payout.rejectedAmount;
  if (action === 'reject') {
    await tx.update(
      partnerPayouts,
      { id: payout.id, version: payout.version },
      { rejectedAmount, ...withoutFirstApproval, updatedAt: work.now },
    );
  }
  work.record({
    action: action === 'approve' ? 'payout_lines_approved' : 'payout_lines_rejected',
    resource: 'payout',
    resourceId: payout.id,
    partnerId: payout.partnerId,
    details: {
      payoutNumber: payout.payoutNumber,
      lineIds: decided.map((line) => line.id),
      amount,
      currency: payout.currency,
      ...(notes !== undefined && { notes }),
      before: { rejectedAmount: payout.rejectedAmount },
      after: { rejectedAmount },
      ...(action === 'approve' && makers.includes(session.userId) && { fourEyesWaived: true }),
      ...(action === 'reject' && payout.firstApprovedBy !== null && { firstApprovalWithdrawn: true }),
    },
  });
  return { outcomes };
}

/** All of them in one statement, locked on PostgreSQL in the order of their ids. */
async function linesById(
  tx: Writer,
  payout: PartnerPayoutRow,
  ids: readonly string[],
): Promise<Map<string, PartnerPayoutDetailRow>> {
  // The payout is held, and every decision on a line begins with that: they stay as they are read.
  const rows = await tx.list(
    partnerPayoutDetails,
    sql`payout_id = ${payout.id} and id in (${join([...new Set(ids)])}) order by id`,
  );
  return new Map(rows.map((row) => [row.id, row]));
}

const noSuchLine = () => new DomainError('NOT_FOUND', 'There is no such line in this payout.');

async function refusalOf(
  tx: Writer,
  line: PartnerPayoutDetailRow,
  action: DecideInput['action'],
): Promise<DomainError | null> {
  // A line approved before may still be rejected; a rejected one has let its credit go.
  const isDone = action === 'approve' ? line.status !== 'pending' : line.status === 'rejected';
  if (isDone) {
    const name = await nameOf(tx, line.decidedBy);
    return new DomainError('INVALID_TRANSITION', `This line was already ${line.status} by ${name}.`);
  }
  return action === 'reject' ? lineRejectionRefusal(line) : null;
}

async function write(
  { tx, now }: Work,
  session: Session,
  payout: PartnerPayoutRow,
  lines: readonly PartnerPayoutDetailRow[],
  { action, notes }: DecideInput,
): Promise<void> {
  const isRejected = action === 'reject';
  const { changes } = await tx.run(sql`update partner_payout_details
    set status = ${isRejected ? 'rejected' : 'approved'}, notes = ${notes ?? null}, decided_by = ${session.userId},
      decided_at = ${now}, released_at = ${isRejected ? now : null}, updated_at = ${now}, version = version + 1
    where tenant_id = ${session.tenantId} and payout_id = ${payout.id}
      and id in (${join(lines.map((line) => line.id))})`);
  if (changes !== lines.length) throw new Error(`Of ${lines.length} payout lines ${changes} were decided.`);
}
