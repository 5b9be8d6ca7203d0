import { v7 as uuidv7 } from 'uuid';
import { dayOf, isDay } from '#domain/calendar.ts';
import { invalidField } from '#domain/errors.ts';
import { unverifiedReason } from '#domain/payability.ts';
import { paymentOutcome } from '#domain/payouts.ts';
import { payoutMachine, transition } from '#domain/state-machines.ts';
import type { PaymentMethod } from '#domain/vocabulary.ts';
import type { HostContext } from '../../context.ts';
import { type PartnerRow, partnerPayoutPayments, partnerPayouts } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command, type Work } from '../command.ts';
import { refreshLeadCredit } from '../credit-engine.ts';
import { postToLedger } from '../ledger-posting.ts';
import { payoutPaid } from '../notifications/drafts.ts';
import { notify } from '../notifications/notify.ts';
import type { Input, Service } from '../service.ts';
import { requireActive } from './decisions.ts';
import { failPayment } from './fail-payment.ts';
import { leadsIn } from './review.ts';
import { lockPayout, onePayoutToWire, type Payout } from './wire.ts';

/** Recording what finance has paid; nothing pays by itself (`domain.md`, "Payouts"). */
export function payoutPayments(host: HostContext): Pick<Service<'payouts'>, 'pay' | 'failPayment'> {
  return {
    pay: (session, input) =>
      command(host, session, { name: 'payouts.pay', input }, (work) => pay(work, session, input)),
    failPayment: (session, input) =>
      command(host, session, { name: 'payouts.failPayment', input }, (work) =>
        failPayment(work, session, input),
      ),
  };
}

async function pay(work: Work, session: Session, input: Input<'payouts', 'pay'>): Promise<Payout> {
  const { tx, now } = work;
  const { payout, partner } = await lockPayout(tx, session, input);
  // Refuses a pending, rejected, cancelled or paid payout; whether this payment settles it is told below.
  transition(payoutMachine, payout.status, 'pay');
  requireActive(partner, 'paid');
  requireVerifiedBanking(partner);
  const paymentMethod = methodOf(partner, input.paymentMethod);
  requirePastDay(input.paymentDate, dayOf(now, session.tenant.timeZone));
  const outcome = paymentOutcome({
    approvedAmount: payout.approvedAmount,
    paidAmount: payout.paidAmount,
    amount: input.amount ?? null,
    currency: payout.currency,
  });
  if (outcome.kind === 'refused') throw outcome.error;

  const paymentId = uuidv7();
  const { paymentDate, referenceNumber } = input;
  await tx.insert(partnerPayoutPayments, {
    id: paymentId,
    payoutId: payout.id,
    amount: outcome.amount,
    paymentMethod,
    paymentDate,
    referenceNumber,
    account: accountOf(partner, paymentMethod),
    recordedBy: session.userId,
    createdAt: now,
  });
  const action = outcome.status === 'paid' ? 'pay' : 'pay_part';
  const after = await tx.update(
    partnerPayouts,
    { id: payout.id, version: payout.version },
    {
      status: transition(payoutMachine, payout.status, action),
      paidAmount: outcome.paidAmount,
      paymentMethod,
      paymentDate,
      referenceNumber,
      updatedAt: now,
    },
  );
  await postToLedger(work, session, {
    partnerId: payout.partnerId,
    currency: payout.currency,
    event: { type: 'payment_recorded', amount: outcome.amount },
    resource: 'payout',
    resourceId: payout.id,
    discriminator: paymentId,
  });
  if (after.status === 'paid') await refreshLeadCredit(work, session, await leadsIn(tx, session, payout.id));
  const payment = { amount: outcome.amount, paymentDate, referenceNumber };
  await notify(work, session, payoutPaid(after, partner.organizationName, payment));
  work.record({
    action: 'payment_recorded',
    resource: 'payout',
    resourceId: payout.id,
    partnerId: payout.partnerId,
    details: {
      payoutNumber: payout.payoutNumber,
      paymentId,
      amount: outcome.amount,
      currency: payout.currency,
      paymentMethod,
      paymentDate,
      referenceNumber,
      before: { status: payout.status, paidAmount: payout.paidAmount },
      after: { status: after.status, paidAmount: after.paidAmount },
    },
  });
  return onePayoutToWire(tx, session, after);
}

function requireVerifiedBanking(partner: PartnerRow): void {
  const reason = unverifiedReason(partner);
  if (reason !== undefined) throw invalidField('bankingDetails', reason.sentence);
}

function methodOf(partner: PartnerRow, given: PaymentMethod | undefined): PaymentMethod {
  const method = given ?? partner.bankingDetails?.paymentMethod;
  if (method !== undefined && method !== null) return method;
  throw invalidField(
    'paymentMethod',
    `Choose a payment method: the bank details of ${partner.organizationName} name none.`,
  );
}

/** Where a payment by this method goes, masked as the details are stored beside the sealed ones. */
function accountOf({ bankingDetails }: PartnerRow, method: PaymentMethod): string | null {
  if (bankingDetails === null || method === 'check') return null;
  if (method === 'paypal') return bankingDetails.paypalEmail ?? null;
  return bankingDetails.iban ?? bankingDetails.accountNumber;
}

/** The day is the bank's, and may be before the approval: a refusal would not undo the payment. It is booked today either way. */
function requirePastDay(paymentDate: string, today: string): void {
  if (!isDay(paymentDate)) throw invalidField('paymentDate', 'This day does not exist.');
  if (paymentDate > today) {
    throw invalidField('paymentDate', `A payment can't be recorded before it is made: today is ${today}.`);
  }
}
