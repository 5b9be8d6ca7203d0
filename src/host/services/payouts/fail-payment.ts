import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { dayOf, isDay } from '#domain/calendar.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import { failureOutcome } from '#domain/payouts.ts';
import { payoutMachine, transition } from '#domain/state-machines.ts';
import {
  type PartnerPayoutPaymentRow,
  partnerPayoutPaymentFailures,
  partnerPayoutPayments,
  partnerPayouts,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { refreshLeadCredit } from '../credit-engine.ts';
import { postToLedger } from '../ledger-posting.ts';
import { paymentFailed } from '../notifications/drafts.ts';
import { notify } from '../notifications/notify.ts';
import type { Input } from '../service.ts';
import { leadsIn } from './review.ts';
import { lockPayout, nameOf, onePayoutToWire, type Payout } from './wire.ts';

/**
 * Records that a payment did not arrive (issue "failed payments returned"): its whole amount is payable again, by an entry of its own, and
 * the payout is as far as its other payments are. It can be paid again, or cancelled where nothing is paid any more. Whose fault it
 * was does not matter, so it is recorded for a suspended partner too.
 * @throws DomainError `NOT_FOUND`, `CONFLICT`, `INVALID_TRANSITION` for a payment that failed before, `VALIDATION` for its day.
 */
export async function failPayment(
  work: Work,
  session: Session,
  input: Input<'payouts', 'failPayment'>,
): Promise<Payout> {
  const { tx, now } = work;
  const { payout, partner } = await lockPayout(tx, session, input);
  const payment = await tx.find(partnerPayoutPayments, { id: input.paymentId });
  if (payment === undefined || payment.payoutId !== payout.id) {
    throw new DomainError('NOT_FOUND', 'There is no such payment of this payout.');
  }
  const earlier = await tx.find(partnerPayoutPaymentFailures, { paymentId: payment.id });
  if (earlier !== undefined) {
    const name = await nameOf(tx, earlier.recordedBy);
    throw new DomainError('INVALID_TRANSITION', `${name} already recorded that this payment failed.`);
  }
  requireDay(input.date, payment, dayOf(now, session.tenant.timeZone));
  const outcome = failureOutcome({
    totalAmount: payout.totalAmount,
    approvedAmount: payout.approvedAmount,
    paidAmount: payout.paidAmount,
    failedAmount: payment.amount,
  });
  const status = transition(payoutMachine, payout.status, outcome.action);
  const failureId = uuidv7();
  await tx.insert(partnerPayoutPaymentFailures, {
    id: failureId,
    payoutId: payout.id,
    paymentId: payment.id,
    amount: payment.amount,
    failedOn: input.date,
    reason: input.reason,
    recordedBy: session.userId,
    createdAt: now,
  });
  const last = await lastThatArrived(tx, payout.id);
  const after = await tx.update(
    partnerPayouts,
    { id: payout.id, version: payout.version },
    {
      status,
      paidAmount: outcome.paidAmount,
      paymentMethod: last?.paymentMethod ?? null,
      paymentDate: last?.paymentDate ?? null,
      referenceNumber: last?.referenceNumber ?? null,
      updatedAt: now,
    },
  );
  await postToLedger(work, session, {
    partnerId: payout.partnerId,
    currency: payout.currency,
    event: { type: 'payment_failed', amount: payment.amount },
    resource: 'payout',
    resourceId: payout.id,
    discriminator: payment.id,
  });
  if (payout.status === 'paid') await refreshLeadCredit(work, session, await leadsIn(tx, session, payout.id));
  const { amount, referenceNumber } = payment;
  const failure = { amount, referenceNumber, reason: input.reason };
  await notify(work, session, paymentFailed(after, partner.organizationName, failure));
  work.record({
    action: 'payment_failed',
    resource: 'payout',
    resourceId: payout.id,
    partnerId: payout.partnerId,
    details: {
      payoutNumber: payout.payoutNumber,
      paymentId: payment.id,
      amount: payment.amount,
      currency: payout.currency,
      referenceNumber: payment.referenceNumber,
      failedOn: input.date,
      reason: input.reason,
      before: { status: payout.status, paidAmount: payout.paidAmount },
      after: { status: after.status, paidAmount: after.paidAmount },
    },
  });
  return onePayoutToWire(tx, session, after);
}

function requireDay(date: string, payment: PartnerPayoutPaymentRow, today: string): void {
  if (!isDay(date)) throw invalidField('date', 'This day does not exist.');
  if (date > today) {
    throw invalidField('date', `A failure can't be recorded before it happened: today is ${today}.`);
  }
  if (date < payment.paymentDate) {
    throw invalidField(
      'date',
      `The payment was made on ${payment.paymentDate}; it can't have failed before.`,
    );
  }
}

/** What the payout shows of its payments: the newest that did not come back. */
async function lastThatArrived(tx: Writer, payoutId: string): Promise<PartnerPayoutPaymentRow | undefined> {
  const [last] = await tx.list(
    partnerPayoutPayments,
    sql`payout_id = ${payoutId} and not exists (
      select 1 from partner_payout_payment_failures f
      where f.tenant_id = partner_payout_payments.tenant_id and f.payment_id = partner_payout_payments.id
    ) order by id desc limit 1`,
  );
  return last;
}
