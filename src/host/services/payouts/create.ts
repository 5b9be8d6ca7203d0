import { dayOf } from '#domain/calendar.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import { formatMinor, sumMinor } from '#domain/money.ts';
import { partnerLeads, partners, type Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { payoutAwaiting } from '../notifications/drafts.ts';
import { notify } from '../notifications/notify.ts';
import type { Input } from '../service.ts';
import { requireActive } from './decisions.ts';
import type { FreeCredit } from './free-credits.ts';
import { writePayout } from './generate.ts';
import { requireFreeCredit } from './lines.ts';
import { checkDays } from './queries.ts';
import type { Payout } from './wire.ts';

/**
 * A pending payout of chosen credits (`CreatePayout` of the requirements): approved ones of one partner that are payable and in no live
 * payout, whatever their period. Whoever chooses them may go below the minimum payout, for instance to settle with a partner who leaves;
 * nothing else differs from a generated one.
 * @throws DomainError `NOT_FOUND`, `VALIDATION`, `INVALID_TRANSITION`, `CONFLICT`, `PARTNER_NOT_ACTIVE`.
 */
export async function createPayout(
  work: Work,
  session: Session,
  input: Input<'payouts', 'create'>,
): Promise<Payout> {
  const { tx, now } = work;
  const { periodStart, periodEnd } = input;
  checkDays(input);
  const partner = await tx.find(partners, { id: input.partnerId }, { lock: true });
  if (partner === undefined) throw new DomainError('NOT_FOUND', 'There is no such partner.');
  const today = dayOf(now, session.tenant.timeZone);
  const taken: FreeCredit[] = [];
  for (const creditId of new Set(input.creditIds)) {
    taken.push(await chosenCredit(tx, session, partner.id, creditId, today));
  }
  requireActive(partner, 'made');
  const totalAmount = sumMinor(taken.map((credit) => credit.amount));
  if (totalAmount <= 0) {
    const net = `${formatMinor(totalAmount, partner.currency)} ${partner.currency}`;
    throw invalidField('creditIds', `These credits net to ${net}, and nothing could be paid.`);
  }
  const period = { periodStart, periodEnd };
  const payout = await writePayout(work, session, { partner, period, taken, totalAmount });
  await notify(work, session, payoutAwaiting(payout, partner.organizationName));
  return payout;
}

async function chosenCredit(
  tx: Writer,
  session: Session,
  partnerId: string,
  creditId: string,
  today: string,
): Promise<FreeCredit> {
  const credit = await requireFreeCredit(tx, session, { id: null, partnerId }, creditId, today);
  const lead =
    credit.partnerLeadId === null
      ? undefined
      : await tx.find(partnerLeads, { id: credit.partnerLeadId }, { withDeleted: true });
  return {
    id: credit.id,
    amount: credit.creditAmount,
    payableFrom: credit.payableFrom ?? today,
    partnerLeadId: credit.partnerLeadId,
    leadStatus: lead?.status ?? null,
    leadSubmissionId: lead?.leadId ?? null,
    sourceId: credit.sourceId,
    policyId: credit.policyId,
    policyRevision: credit.policyRevision,
    reason: credit.reason,
  };
}
