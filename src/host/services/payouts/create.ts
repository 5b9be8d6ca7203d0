import { dayOf } from '#domain/calendar.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import { formatMinor, sumMinor } from '#domain/money.ts';
import { partners } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { payoutAwaiting } from '../notifications/drafts.ts';
import { notify } from '../notifications/notify.ts';
import type { Input } from '../service.ts';
import { requireActive } from './decisions.ts';
import { type FreeCredit, freeCredits } from './free-credits.ts';
import { writePayout } from './generate.ts';
import { requireFreeCredit } from './lines.ts';
import { checkDays } from './queries.ts';
import type { Payout } from './wire.ts';

/**
 * A pending payout of chosen credits (`CreatePayout` of the requirements): approved ones of one partner that are payable and in no live
 * payout, whatever their period. Whoever chooses them may go below the minimum payout, for instance to settle with a partner who leaves;
 * but what takes back a paid credit is netted off in the next payout (`domain.md`, "Credits"), and this is the next one.
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
  const free = await freeCredits(tx, session, partner.id, { until: today, today });
  const chosen = new Set(input.creditIds);
  const taken = free.filter(({ id }) => chosen.has(id));
  for (const { id } of taken) chosen.delete(id);
  // What is left of them is not free: it is looked at by itself, to be told why.
  for (const creditId of chosen) {
    await requireFreeCredit(tx, session, { id: null, partnerId: partner.id }, creditId, today);
    throw new Error(`The credit ${creditId} is free and was not found among those that are.`);
  }
  requireActive(partner, 'made');
  requireNetted(taken, free, partner.currency);
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

/** Throws `VALIDATION` where credits below zero would be left out: the partner would be paid what it owes. */
function requireNetted(taken: readonly FreeCredit[], free: readonly FreeCredit[], currency: string): void {
  const chosen = new Set(taken.map(({ id }) => id));
  const leftOut = free.filter(({ id, amount }) => amount < 0 && !chosen.has(id));
  if (leftOut.length === 0) return;
  const sum = `${formatMinor(sumMinor(leftOut.map(({ amount }) => amount)), currency)} ${currency}`;
  throw invalidField(
    'creditIds',
    leftOut.length === 1
      ? `A credit of ${sum} is to be netted off in the next payout. Choose it as well.`
      : `${leftOut.length} credits below zero, ${sum} together, are to be netted off in the next payout. Choose them as well.`,
  );
}
