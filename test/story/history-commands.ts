import type { Outputs } from '#contract/index.ts';
import { leadData } from '../host/services/credit-stories.ts';
import {
  type Act,
  aCredit,
  amountOf,
  aPayout,
  chance,
  isRefusal,
  note,
  pick,
  type Story,
  today,
} from './history-office.ts';
import { twiceActs } from './history-twice.ts';

/** What people may do at random, each by the calls their roles make. */

function monthOf(story: Story): { periodStart: string; periodEnd: string } {
  const day = today(story);
  const periodStart = chance(story, 0.5) ? `${day.slice(0, 7)}-01` : '2026-01-01';
  return { periodStart, periodEnd: day };
}

const isSkippedFor = ({ skipped }: Outputs['payouts']['generate'], words: string): boolean =>
  skipped.some(({ reason }) => reason.includes(words));

const acts: Record<string, Act> = {
  ...twiceActs,
  submitAndApprove: async (story) => {
    const id = pick(story, story.partnerIds) ?? '';
    const lead = await story.office
      .as('partner_manager')
      .leads.submit({ id, leadData: leadData[chance(story, 0.3) ? 85 : 70]() });
    if (chance(story, 0.1)) {
      return story.office.as('lead_reviewer').leads.reject({ id: lead.id, reason: 'Not for us.' });
    }
    return story.office.as('lead_reviewer').leads.approve({ id: lead.id });
  },
  convert: async (story) => {
    const partnerId = pick(story, story.partnerIds);
    const { items } = await story.office
      .as('auditor')
      .leads.list({ partnerId, status: 'approved', limit: 20 });
    const lead = pick(story, items);
    return (
      lead !== undefined &&
      story.office
        .as('lead_reviewer')
        .leads.convert({ id: lead.id, dealValue: amountOf(story, 100_000), conversionDate: today(story) })
    );
  },
  withdrawConversion: async (story) => {
    const partnerId = pick(story, story.partnerIds);
    const { items } = await story.office
      .as('auditor')
      .leads.list({ partnerId, status: 'converted', limit: 20 });
    const lead = pick(story, items);
    return (
      lead !== undefined &&
      story.office.as('lead_reviewer').leads.withdrawConversion({ id: lead.id, reason: 'It fell through.' })
    );
  },
  request: async (story) => {
    const partnerId = pick(story, story.partnerIds) ?? '';
    const { items } = await story.office.as('auditor').leads.list({ partnerId, limit: 20 });
    const lead = pick(story, items);
    if (lead === undefined) return false;
    const { status } = await story.office.as('auditor').partners.get({ id: partnerId });
    // People of a suspended partner only read.
    const person =
      chance(story, 0.3) && status === 'active'
        ? story.office.asPartner(partnerId, 'lead_manager')
        : story.office.as('partner_manager');
    return person.credits.request({ id: lead.id, creditAmount: amountOf(story, 5000) });
  },
  adjust: async (story) => {
    const sign = chance(story, 0.5) ? 1 : -1;
    return story.office.as('finance').credits.adjust({
      id: pick(story, story.partnerIds) ?? '',
      kind: chance(story, 0.3) ? 'bonus' : 'adjustment',
      amount: sign * amountOf(story, 3000),
      on: pick(story, story.days) ?? today(story),
      reason: 'A correction.',
    });
  },
  approveCredit: async (story) => {
    const credit = await aCredit(story, 'pending_approval');
    if (credit === undefined) return false;
    const after = await story.office.as('approver').credits.approve({ id: credit.id });
    note(story, 'a credit of a closed period', after.bookingNote !== null);
    note(story, 'a held credit', after.payableFrom !== after.approvedOn);
    return after;
  },
  decideCredits: async (story) => {
    const partnerId = chance(story, 0.5) ? pick(story, story.partnerIds) : undefined;
    const { items } = await story.office
      .as('auditor')
      .credits.list({ partnerId, status: 'pending_approval', limit: 5 });
    if (items.length === 0) return false;
    const { outcomes } = await story.office.as('approver').credits.bulk({
      action: chance(story, 0.8) ? 'approve' : 'reject',
      ids: items.map(({ id }) => id),
      reason: 'No.',
      approvalNotes: 'Looked at together.',
    });
    return outcomes.some(({ ok }) => ok);
  },
  rejectCredit: async (story) => {
    const credit = await aCredit(story, 'pending_approval');
    return (
      credit !== undefined && story.office.as('approver').credits.reject({ id: credit.id, reason: 'No.' })
    );
  },
  reverse: async (story) => {
    const credit = await aCredit(story, 'approved', ({ creditAmount }) => creditAmount > 0);
    if (credit === undefined) return false;
    const amount = chance(story, 0.4) ? amountOf(story, credit.creditAmount) : undefined;
    const after = await story.office
      .as('approver')
      .credits.reverse({ id: credit.id, reason: 'Fell through.', amount });
    const payout =
      credit.payoutId === null ? null : await story.office.as('auditor').payouts.get({ id: credit.payoutId });
    note(story, 'a free credit taken back', after.status === 'reversed');
    note(story, 'a part of a free credit taken back', payout === null && after.origin === 'reversal');
    note(story, 'an approved credit clawed back', payout?.paidAmount === 0);
    note(story, 'a paid credit clawed back', payout?.status === 'paid');
    note(story, 'a carried-over part taken back', credit.origin === 'carry_over');
    return after;
  },
  generate: async (story) => {
    const partnerId = chance(story, 0.5) ? pick(story, story.partnerIds) : undefined;
    const made = await story.office.as('finance').payouts.generate({ partnerId, ...monthOf(story) });
    note(story, 'a net of zero or less carried over', isSkippedFor(made, 'net to'));
    note(story, 'a net below the minimum carried over', isSkippedFor(made, 'below the minimum'));
    for (const payout of made.payouts) {
      const { items } = await story.office.as('auditor').payouts.lines({ id: payout.id, limit: 50 });
      note(
        story,
        'a credit netted off',
        items.some(({ amount }) => amount < 0),
      );
    }
    return made.payouts.length > 0 || partnerId !== undefined;
  },
  createByHand: async (story) => {
    const partnerId = pick(story, story.partnerIds) ?? '';
    const { items } = await story.office
      .as('auditor')
      .credits.list({ partnerId, status: 'approved', limit: 500 });
    const free = items.filter(({ payoutId }) => payoutId === null);
    // What is below zero may not be left out.
    const chosen = free.filter(({ creditAmount }) => creditAmount < 0 || chance(story, 0.7));
    return (
      chosen.length > 0 &&
      story.office.as('finance').payouts.create({
        partnerId,
        ...monthOf(story),
        creditIds: chosen.map(({ id }) => id),
      })
    );
  },
  decideLines: async (story) => {
    const payout = await aPayout(story, 'pending');
    if (payout === undefined) return false;
    const { items } = await story.office.as('auditor').payouts.lines({ id: payout.id, limit: 50 });
    const lineIds = items.filter(() => chance(story, 0.3)).map(({ id }) => id);
    return (
      lineIds.length > 0 &&
      story.office.as('approver').payouts.decideLines({
        id: payout.id,
        action: chance(story, 0.6) ? 'approve' : 'reject',
        lineIds,
        notes: 'Looked at.',
      })
    );
  },
  decideLine: async (story) => {
    const payout = await aPayout(story, 'pending');
    if (payout === undefined) return false;
    const { items } = await story.office.as('auditor').payouts.lines({ id: payout.id, limit: 50 });
    const line = pick(story, items);
    if (line === undefined) return false;
    const { payouts } = story.office.as('approver');
    return chance(story, 0.6)
      ? payouts.approveLine({ id: line.id })
      : payouts.rejectLine({ id: line.id, notes: 'Looked at.' });
  },
  addLine: async (story) => {
    const payout = await aPayout(story, 'pending');
    if (payout === undefined) return false;
    const { items } = await story.office
      .as('auditor')
      .credits.list({ partnerId: payout.partnerId, status: 'approved', limit: 50 });
    const credit = pick(
      story,
      items.filter(({ payoutId }) => payoutId === null),
    );
    return (
      credit !== undefined &&
      story.office.as('finance', 2).payouts.addLine({ id: payout.id, creditId: credit.id })
    );
  },
  approvePayout: async (story) => {
    const payout = await aPayout(story, 'pending');
    if (payout === undefined) return false;
    const limit = payout.totalAmount - payout.rejectedAmount;
    const amount = chance(story, 0.4) && limit > 0 ? amountOf(story, limit) : undefined;
    const person = payout.firstApprovedBy === null ? 1 : 2;
    const after = await story.office.as('approver', person).payouts.approve({ id: payout.id, amount });
    note(story, 'the first of two approvals', after.needsSecondApproval === true);
    note(story, 'the second of two approvals', after.status !== 'pending' && after.firstApprovedBy !== null);
    note(story, 'a payout approved in part', after.status === 'partially_approved');
    return after;
  },
  rejectPayout: async (story) => {
    const payout = await aPayout(story, 'pending');
    return (
      payout !== undefined && story.office.as('approver').payouts.reject({ id: payout.id, notes: 'No.' })
    );
  },
  pay: async (story) => {
    const payout = await aPayout(story, 'approved', 'partially_approved', 'partially_paid');
    if (payout === undefined) return false;
    const amount = chance(story, 0.5) ? amountOf(story, payout.openAmount) : undefined;
    const after = await story.office.as('finance').payouts.pay({
      id: payout.id,
      paymentDate: today(story),
      referenceNumber: 'SEPA',
      amount,
    });
    const { items } = await story.office.as('auditor').payouts.payments({ id: payout.id });
    note(story, 'a part payment', after.status === 'partially_paid');
    note(story, `a payment in ${payout.currency}`);
    note(
      story,
      'a payout paid again after a payment came back',
      items.some(({ failedOn }) => failedOn !== null),
    );
    return after;
  },
  failPayment: async (story) => {
    const payout = await aPayout(story, 'paid', 'partially_paid');
    if (payout === undefined) return false;
    const { items } = await story.office.as('auditor').payouts.payments({ id: payout.id });
    const payment = pick(story, items);
    if (payment === undefined) return false;
    const after = await story.office.as('finance').payouts.failPayment({
      id: payout.id,
      paymentId: payment.id,
      reason: 'No such account.',
      date: today(story),
    });
    note(story, `a payment came back, and the payout is ${after.status}`);
    const { closedUntil } = await story.office.as('auditor').periods.list({ limit: 1 });
    note(
      story,
      'a payment of a closed period came back',
      closedUntil !== null && payment.paymentDate <= closedUntil,
    );
    return after;
  },
  cancel: async (story) => {
    const payout = await aPayout(story, 'approved', 'partially_approved', 'partially_paid');
    if (payout === undefined) return false;
    const after = await story.office.as('approver').payouts.cancel({ id: payout.id, reason: 'No.' });
    const { items } = await story.office.as('auditor').payouts.payments({ id: payout.id });
    note(story, 'a payout approved in part cancelled', payout.status === 'partially_approved');
    note(story, 'a payout cancelled after its payments came back', items.length > 0);
    return after;
  },
  closePeriod: async (story) => {
    const periodEnd = (chance(story, 0.5) ? pick(story, story.days) : undefined) ?? today(story);
    return story.office.as('finance').periods.close({ periodEnd });
  },
  reopenPeriod: async (story) => {
    const { items } = await story.office.as('auditor').periods.list({ limit: 5 });
    const closed = items.find(({ isClosed }) => isClosed);
    if (closed === undefined) return false;
    const after = await story.office.as('admin').periods.reopen({ id: closed.id, reason: 'Again.' });
    note(story, 'today opened again', closed.periodEnd === today(story));
    return after;
  },
  suspendOrReturn: async (story) => {
    const id = pick(story, story.partnerIds) ?? '';
    const { status } = await story.office.as('auditor').partners.get({ id });
    const { partners } = story.office.as('approver');
    return status === 'active' ? partners.suspend({ id, reason: 'An audit.' }) : partners.reactivate({ id });
  },
  changeTerms: async (story) =>
    story.office.as('finance').balances.setTerms({
      id: pick(story, story.partnerIds) ?? '',
      holdingDays: chance(story, 0.6) ? amountOf(story, 12) : null,
      minimumPayout: chance(story, 0.4) ? amountOf(story, 2000) : null,
    }),
  changeThreshold: async (story) =>
    story.office.as('admin').settings.update({
      secondApprovalThreshold: chance(story, 0.8) ? amountOf(story, 6_000) : null,
    }),
  changeBanking: async (story) => {
    const id = pick(story, story.partnerIds) ?? '';
    const { bankingDetails } = await story.office.as('auditor').partners.get({ id });
    const iban = pick(
      story,
      ibans.filter((each) => !each.endsWith(bankingDetails?.iban?.slice(-4) ?? '')),
    );
    await story.office.as('partner_manager').partners.update({ id, bankingDetails: { iban } });
    // Until somebody verifies them, nothing is paid to them.
    return chance(story, 0.5) ? story.office.as('approver').partners.verifyBanking({ id }) : true;
  },
  verifyBanking: async (story) =>
    story.office.as('approver').partners.verifyBanking({ id: pick(story, story.partnerIds) ?? '' }),
  nextDay: async (story) => {
    story.host.clock.advance(24 * 60 * amountOf(story, 4));
    story.days.push(today(story));
  },
};

const ibans = ['DE89370400440532013000', 'FR1420041010050500013M02606', 'NL91ABNA0417164300'];

/** How often each is tried, by the word of its name; what people do most, most. */
const weights: Record<string, number> = {
  submitAndApprove: 14,
  approveCredit: 10,
  adjust: 6,
  reverse: 6,
  generate: 7,
  approvePayout: 9,
  pay: 8,
  failPayment: 6,
  cancel: 4,
  nextDay: 5,
  convert: 6,
  suspendOrReturn: 1,
  changeThreshold: 1,
  changeTerms: 1,
  changeBanking: 1,
  verifyBanking: 2,
  closePeriod: 2,
  reopenPeriod: 3,
};
const drawn = Object.keys(acts).flatMap((name) => Array<string>(weights[name] ?? 3).fill(name));

/** One command at random, counted by how it ended. */
export async function liveOn(story: Story): Promise<void> {
  const name = pick(story, drawn) ?? 'nextDay';
  const act = acts[name];
  if (act === undefined) throw new Error(`Nobody knows how to ${name}.`);
  const count = (counts: Map<string, number>) => counts.set(name, (counts.get(name) ?? 0) + 1);
  try {
    if ((await act(story)) !== false) count(story.done);
  } catch (error) {
    if (!isRefusal(error)) throw new Error(`What should not have failed: ${name}.`, { cause: error });
    count(story.refused);
  }
}

/** Every command there is; all of them have to take place. */
const commandNames = Object.keys(acts);

/** What has to come about besides. Two at once end differently each time, so a story goes on until all of it has. */
const cases = [
  'a credit of a closed period',
  'a held credit',
  'a free credit taken back',
  'a part of a free credit taken back',
  'an approved credit clawed back',
  'a paid credit clawed back',
  'a carried-over part taken back',
  'a net of zero or less carried over',
  'a net below the minimum carried over',
  'a credit netted off',
  'the first of two approvals',
  'the second of two approvals',
  'a payout approved in part',
  'a part payment',
  'a payment in EUR',
  'a payment in JPY',
  'a payment in KWD',
  'a payout paid again after a payment came back',
  'a payment came back, and the payout is approved',
  'a payment came back, and the payout is partially_approved',
  'a payment came back, and the payout is partially_paid',
  'a payment of a closed period came back',
  'a payout approved in part cancelled',
  'a payout cancelled after its payments came back',
  'today opened again',
];

/** What has not come about yet. */
export function missingIn({ done, seen }: Story): string[] {
  return [...commandNames.filter((name) => !done.has(name)), ...cases.filter((each) => !seen.has(each))];
}
