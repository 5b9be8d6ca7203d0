import { expect } from 'vitest';
import { type Act, aCredit, aPayout, isRefusal, today } from './history-office.ts';

/** The same again under one command id, and two at once: what a second click, a second station and a bad line do. */

let serial = 0;
const commandIdOf = (): string => {
  serial += 1;
  return `again-${serial}`;
};

/** Does it twice under one id: the second answer is the first, whatever was done between. */
async function again<T>(act: (commandId: string) => Promise<T>): Promise<T> {
  const commandId = commandIdOf();
  const first = await act(commandId);
  expect(await act(commandId)).toEqual(first);
  return first;
}

/** Both at the same moment: no more than one may be let through, and the other is refused, not failed. Answers whether one was. */
async function atOnce(...calls: (() => Promise<unknown>)[]): Promise<boolean> {
  const ended = await Promise.allSettled(calls.map((call) => call()));
  for (const each of ended) {
    if (each.status === 'rejected' && !isRefusal(each.reason)) throw each.reason;
  }
  const through = ended.filter(({ status }) => status === 'fulfilled').length;
  expect(through).toBeLessThanOrEqual(1);
  return through === 1;
}

export const twiceActs: Record<string, Act> = {
  payAgain: async (story) => {
    const payout = await aPayout(story, 'approved', 'partially_approved', 'partially_paid');
    if (payout === undefined) return false;
    const input = { id: payout.id, paymentDate: today(story), referenceNumber: 'SEPA' };
    const amount = Math.ceil(payout.openAmount / 2);
    return again((commandId) => story.office.as('finance').payouts.pay({ ...input, amount, commandId }));
  },
  approvePayoutAgain: async (story) => {
    const payout = await aPayout(story, 'pending');
    if (payout === undefined) return false;
    const person = payout.firstApprovedBy === null ? 1 : 2;
    return again((commandId) =>
      story.office.as('approver', person).payouts.approve({ id: payout.id, commandId }),
    );
  },
  reverseAgain: async (story) => {
    const credit = await aCredit(story, 'approved', ({ creditAmount }) => creditAmount > 0);
    if (credit === undefined) return false;
    const input = { id: credit.id, reason: 'Fell through.', amount: Math.ceil(credit.creditAmount / 3) };
    return again((commandId) => story.office.as('approver').credits.reverse({ ...input, commandId }));
  },
  payTwiceAtOnce: async (story) => {
    const payout = await aPayout(story, 'approved', 'partially_approved', 'partially_paid');
    if (payout === undefined) return false;
    const input = { id: payout.id, paymentDate: today(story), referenceNumber: 'SEPA' };
    const pay = (person: number) => () => story.office.as('finance', person).payouts.pay(input);
    return atOnce(pay(1), pay(2));
  },
  payAndCancelAtOnce: async (story) => {
    const payout = await aPayout(story, 'approved', 'partially_approved');
    if (payout === undefined) return false;
    const input = { id: payout.id, paymentDate: today(story), referenceNumber: 'SEPA' };
    return atOnce(
      () => story.office.as('finance').payouts.pay(input),
      () => story.office.as('approver').payouts.cancel({ id: payout.id, reason: 'No.' }),
    );
  },
  decidePayoutAtOnce: async (story) => {
    const payout = await aPayout(story, 'pending');
    if (payout === undefined || payout.firstApprovedBy !== null) return false;
    const { payouts } = story.office.as('approver');
    const { version } = payout;
    return atOnce(
      () => payouts.approve({ id: payout.id, version }),
      () => story.office.as('approver', 2).payouts.reject({ id: payout.id, notes: 'No.', version }),
    );
  },
  generateAndReverseAtOnce: async (story) => {
    const credit = await aCredit(story, 'approved', ({ creditAmount }) => creditAmount > 0);
    if (credit === undefined) return false;
    const period = { periodStart: '2026-01-01', periodEnd: today(story) };
    const both = await Promise.allSettled([
      story.office.as('finance').payouts.generate({ partnerId: credit.partnerId, ...period }),
      story.office.as('approver').credits.reverse({ id: credit.id, reason: 'Fell through.' }),
    ]);
    for (const each of both) {
      if (each.status === 'rejected' && !isRefusal(each.reason)) throw each.reason;
    }
    return both.some(({ status }) => status === 'fulfilled');
  },
};
