import sql, { empty } from 'sql-template-tag';
import { dayOf } from '#domain/calendar.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import { formatMinor } from '#domain/money.ts';
import { leadCountsOf, lineRejectionRefusal, selfApprovalRefusal } from '#domain/payouts.ts';
import type { LeadStatus } from '#domain/state-machines.ts';
import type { CreditStatus } from '#domain/vocabulary.ts';
import type { HostContext } from '../../context.ts';
import {
  type PartnerLeadCreditRow,
  type PartnerPayoutDetailRow,
  type PartnerPayoutRow,
  partnerLeadCredits,
  partnerLeads,
  partnerPayoutDetails,
  partnerPayouts,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command, type Work } from '../command.ts';
import type { Input, Service } from '../service.ts';
import { lineFor } from './coverage.ts';
import { decideLines } from './decide-lines.ts';
import { makersOf, requirePending, withoutFirstApproval } from './review.ts';
import { type Line, lockLine, lockPayout, nameOf, oneLineToWire } from './wire.ts';

/** The review of a pending payout, line by line (`domain.md`, "Payouts"). */
export function payoutLines(
  host: HostContext,
): Pick<Service<'payouts'>, 'addLine' | 'approveLine' | 'rejectLine' | 'decideLines'> {
  return {
    addLine: (session, input) =>
      command(host, session, { name: 'payouts.addLine', input }, (work) => addLine(work, session, input)),
    approveLine: (session, input) =>
      command(host, session, { name: 'payouts.approveLine', input }, (work) =>
        approveLine(work, session, input),
      ),
    rejectLine: (session, input) =>
      command(host, session, { name: 'payouts.rejectLine', input }, (work) =>
        rejectLine(work, session, input),
      ),
    decideLines: decideLines(host),
  };
}

async function addLine(work: Work, session: Session, input: Input<'payouts', 'addLine'>): Promise<Line> {
  const { tx } = work;
  const { payout } = await lockPayout(tx, session, input);
  requirePending(payout);
  const today = dayOf(work.now, session.tenant.timeZone);
  const creditId = await creditMeant(tx, session, payout, input);
  const credit = await requireFreeCredit(tx, session, payout, creditId, today);
  requireMeant(credit, input);
  const totalAmount = payout.totalAmount + credit.creditAmount;
  if (totalAmount - payout.rejectedAmount <= 0) {
    const net = `${formatMinor(totalAmount - payout.rejectedAmount, payout.currency)} ${payout.currency}`;
    throw invalidField(
      'creditId',
      `With this credit the payout would come to ${net}, and nothing could be paid.`,
    );
  }
  const lead =
    credit.partnerLeadId === null
      ? undefined
      : await tx.find(partnerLeads, { id: credit.partnerLeadId }, { withDeleted: true });
  const line = lineFor(work, payout, credit, lead?.leadId ?? null, null);
  await tx.insert(partnerPayoutDetails, line);
  const counts = leadCountsOf(await leadsOf(tx, session, payout.id));
  await tx.update(
    partnerPayouts,
    { id: payout.id, version: payout.version },
    { totalAmount, ...counts, ...withoutFirstApproval, updatedAt: work.now },
  );
  work.record({
    // Looked up again as what makes this person one of the payout's makers.
    action: 'payout_line_added',
    resource: 'payout',
    resourceId: payout.id,
    partnerId: payout.partnerId,
    details: {
      payoutNumber: payout.payoutNumber,
      lineId: line.id,
      creditId: credit.id,
      amount: line.amount,
      currency: payout.currency,
      before: { totalAmount: payout.totalAmount },
      after: { totalAmount },
      ...(payout.firstApprovedBy !== null && { firstApprovalWithdrawn: true }),
    },
  });
  return oneLineToWire(tx, session, line);
}

type LineInput = Input<'payouts', 'addLine'>;

/** The credit that is named; else the one approved credit of the lead (of that amount, where one is told) that no live payout holds. */
async function creditMeant(
  tx: Writer,
  session: Session,
  payout: PartnerPayoutRow,
  { creditId, partnerLeadId, amount }: LineInput,
): Promise<string> {
  if (partnerLeadId === undefined) {
    if (creditId !== undefined) return creditId;
    throw invalidField('creditId', 'Name the credit, or the lead whose credit it is.');
  }
  const lead = await tx.find(partnerLeads, { id: partnerLeadId });
  if (lead === undefined) throw new DomainError('NOT_FOUND', 'There is no such lead.');
  if (creditId !== undefined) return creditId;
  const [credit, ...others] = await tx.all<{ id: string }>(sql`select c.id from partner_lead_credits c
    where c.tenant_id = ${session.tenantId} and c.partner_lead_id = ${lead.id} and c.partner_id = ${payout.partnerId}
      and c.status = 'approved'
      ${amount === undefined ? empty : sql`and c.credit_amount = ${amount}`}
      and not exists (select 1 from partner_payout_details d
        where d.tenant_id = c.tenant_id and d.credit_id = c.id and d.released_at is null)
    order by c.id limit 2`);
  if (credit === undefined) {
    throw invalidField('partnerLeadId', 'No approved credit of this lead is free for this payout.');
  }
  if (others.length > 0) {
    throw invalidField(
      'creditId',
      'This lead has several credits that are free. Name the one that is meant.',
    );
  }
  return credit.id;
}

/** Whoever tells the lead or the amount beside the credit means that credit, and no other. */
function requireMeant(credit: PartnerLeadCreditRow, { partnerLeadId, amount }: LineInput): void {
  if (partnerLeadId !== undefined && credit.partnerLeadId !== partnerLeadId) {
    throw new DomainError('NOT_FOUND', 'This lead has no such credit.');
  }
  if (amount !== undefined && credit.creditAmount !== amount) {
    const has = `${formatMinor(credit.creditAmount, credit.currency)} ${credit.currency}`;
    throw invalidField('amount', `The credit is over ${has}, and a line holds all of it.`);
  }
}

const notPayable: Record<Exclude<CreditStatus, 'approved'>, string> = {
  pending_approval: 'This credit waits for approval. Only an approved one can be paid.',
  rejected: 'This credit was rejected. Only an approved one can be paid.',
  reversed: 'This credit was taken back. Only an approved one can be paid.',
};

/** An approved credit of the payout's partner that no live payout holds, and that is not held back itself. Its partner is locked, so it stays that way. */
export async function requireFreeCredit(
  tx: Writer,
  session: Session,
  /** `id` null: a payout that is being made. */
  payout: { id: string | null; partnerId: string },
  creditId: string,
  today: string,
): Promise<PartnerLeadCreditRow> {
  const credit = await tx.find(partnerLeadCredits, { id: creditId });
  if (credit === undefined) throw new DomainError('NOT_FOUND', 'There is no such credit.');
  if (credit.partnerId !== payout.partnerId) {
    throw invalidField('creditId', 'This credit belongs to another partner than the payout.');
  }
  if (credit.status !== 'approved') {
    throw new DomainError('INVALID_TRANSITION', notPayable[credit.status]);
  }
  if (credit.payableFrom !== null && credit.payableFrom > today) {
    throw new DomainError('INVALID_TRANSITION', `This credit is held until ${credit.payableFrom}.`);
  }
  const holder = await tx.get<{ payout_id: string; payout_number: string; released_at: string | null }>(
    sql`select d.payout_id, o.payout_number, d.released_at from partner_payout_details d
      join partner_payouts o on o.tenant_id = d.tenant_id and o.id = d.payout_id
      where d.tenant_id = ${session.tenantId} and d.credit_id = ${creditId}
        and (d.released_at is null ${payout.id === null ? empty : sql`or d.payout_id = ${payout.id}`})
      order by d.released_at is not null limit 1`,
  );
  if (holder === undefined) return credit;
  const sentence =
    holder.released_at === null
      ? `This credit is already in payout ${holder.payout_number}.`
      : 'This credit was rejected in this payout before. It can go into another one.';
  throw new DomainError('CONFLICT', sentence);
}

async function leadsOf(
  tx: Writer,
  session: Session,
  payoutId: string,
): Promise<{ partnerLeadId: string; leadStatus: LeadStatus }[]> {
  const rows = await tx.all<{ id: string; status: LeadStatus }>(sql`select distinct l.id, l.status
    from partner_payout_details d
    join partner_leads l on l.tenant_id = d.tenant_id and l.id = d.partner_lead_id
    where d.tenant_id = ${session.tenantId} and d.payout_id = ${payoutId}`);
  return rows.map(({ id, status }) => ({ partnerLeadId: id, leadStatus: status }));
}

async function approveLine(
  work: Work,
  session: Session,
  input: Input<'payouts', 'approveLine'>,
): Promise<Line> {
  const { tx, now } = work;
  const { line, payout } = await lockLine(tx, session, input);
  requirePending(payout);
  if (line.status !== 'pending') throw await alreadyDecided(tx, line);
  const makers = await makersOf(tx, session, payout);
  const { fourEyes } = session.tenant.settings;
  const refusal = selfApprovalRefusal({ approver: session.userId, makers, fourEyes });
  if (refusal !== null) throw refusal;
  const after = await decideLine(work, session, line, {
    status: 'approved',
    notes: input.notes ?? null,
  });
  work.record({
    action: 'payout_line_approved',
    resource: 'payout_line',
    resourceId: line.id,
    partnerId: payout.partnerId,
    details: {
      ...lineDetails(payout, line),
      ...(typeof input.notes === 'string' && { notes: input.notes }),
      ...(makers.includes(session.userId) && { fourEyesWaived: true }),
      before: { status: line.status },
      after: { status: after.status, decidedAt: now },
    },
  });
  return oneLineToWire(tx, session, after);
}

/** A line approved before may still be rejected, as long as the payout is pending; a rejected one has let its credit go. */
async function rejectLine(
  work: Work,
  session: Session,
  input: Input<'payouts', 'rejectLine'>,
): Promise<Line> {
  const { tx, now } = work;
  const { line, payout } = await lockLine(tx, session, input);
  requirePending(payout);
  if (line.status === 'rejected') throw await alreadyDecided(tx, line);
  const refusal = lineRejectionRefusal(line);
  if (refusal !== null) throw refusal;
  const after = await decideLine(work, session, line, {
    status: 'rejected',
    notes: input.notes,
    releasedAt: now,
  });
  const rejectedAmount = payout.rejectedAmount + line.amount;
  await tx.update(
    partnerPayouts,
    { id: payout.id, version: payout.version },
    { rejectedAmount, ...withoutFirstApproval, updatedAt: now },
  );
  work.record({
    action: 'payout_line_rejected',
    resource: 'payout_line',
    resourceId: line.id,
    partnerId: payout.partnerId,
    details: {
      ...lineDetails(payout, line),
      notes: input.notes,
      before: { status: line.status, rejectedAmount: payout.rejectedAmount },
      after: { status: after.status, rejectedAmount },
      ...(payout.firstApprovedBy !== null && { firstApprovalWithdrawn: true }),
    },
  });
  return oneLineToWire(tx, session, after);
}

function decideLine(
  { tx, now }: Work,
  session: Session,
  line: PartnerPayoutDetailRow,
  decision: Pick<PartnerPayoutDetailRow, 'status' | 'notes'> & { releasedAt?: string },
): Promise<PartnerPayoutDetailRow> {
  return tx.update(
    partnerPayoutDetails,
    { id: line.id, version: line.version },
    { ...decision, decidedBy: session.userId, decidedAt: now, updatedAt: now },
  );
}

function lineDetails(payout: PartnerPayoutRow, line: PartnerPayoutDetailRow): Record<string, unknown> {
  return {
    payoutId: payout.id,
    payoutNumber: payout.payoutNumber,
    creditId: line.creditId,
    amount: line.amount,
    currency: payout.currency,
  };
}

async function alreadyDecided(tx: Writer, line: PartnerPayoutDetailRow): Promise<DomainError> {
  const name = await nameOf(tx, line.decidedBy);
  return new DomainError('INVALID_TRANSITION', `This line was already ${line.status} by ${name}.`);
}
