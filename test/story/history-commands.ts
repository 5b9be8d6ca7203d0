import type { Outputs } from '#contract/index.ts';
import type { TestHost, TestTenant } from '#test/support/host.ts';
import { activePartner, leadData, policyInForce } from '../host/services/credit-stories.ts';

/** What people may do at random, each by the calls their roles make. */

/** A generator of numbers from 0 to 1 that gives the same ones for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Credit = Outputs['credits']['get'];
type Payout = Outputs['payouts']['get'];

/** An office with people at work, and how often each command was let through and refused. */
export interface Story {
  host: TestHost;
  office: TestTenant;
  partnerIds: string[];
  random: () => number;
  done: Map<string, number>;
  refused: Map<string, number>;
  /** Days that a statement may begin or end on. */
  days: string[];
}

const pick = <T>(story: Story, from: readonly T[]): T | undefined =>
  from[Math.floor(story.random() * from.length)];
const amountOf = (story: Story, most: number): number => 1 + Math.floor(story.random() * most);
const chance = (story: Story, share: number): boolean => story.random() < share;

/** Partners with different terms: some paid by a policy, some by their own terms, some with a holding time or a minimum. */
export async function startStory(
  host: TestHost,
  options: { seed: number; partners: number },
): Promise<Story> {
  const office = await host.otherTenant();
  const random = randomOf(options.seed);
  const story: Story = {
    host,
    office,
    partnerIds: [],
    random,
    done: new Map(),
    refused: new Map(),
    days: [],
  };
  await office.as('admin').settings.update({
    secondApprovalThreshold: 20_000,
    minimumPayouts: { EUR: 300 },
  });
  await policyInForce(office, null, { baseCredit: 1200, autoApprove: true });
  for (let n = 0; n < options.partners; n += 1) {
    const partner = await activePartner(office, {
      ...(chance(story, 0.5) && { commissionPercentage: 7.5 }),
    });
    await office.as('approver').partners.verifyBanking({ id: partner.id });
    if (chance(story, 0.3)) {
      await office.as('finance').balances.setTerms({
        id: partner.id,
        holdingDays: amountOf(story, 20),
        minimumPayout: chance(story, 0.5) ? amountOf(story, 2000) : null,
      });
    }
    story.partnerIds.push(partner.id);
  }
  return story;
}

const today = ({ host }: Story): string => host.clock.now().slice(0, 10);

async function aCredit(
  story: Story,
  status: Credit['status'],
  only: (credit: Credit) => boolean = () => true,
): Promise<Credit | undefined> {
  const partnerId = pick(story, story.partnerIds);
  const { items } = await story.office.as('auditor').credits.list({ partnerId, status, limit: 50 });
  return pick(story, items.filter(only));
}

async function aPayout(story: Story, ...status: Payout['status'][]): Promise<Payout | undefined> {
  const { items } = await story.office.as('auditor').payouts.list({ status, limit: 20 });
  return pick(story, items);
}

/** Answers false where there was nothing to do it to. Refusals are thrown. */
type Act = (story: Story) => Promise<unknown>;

async function monthOf(story: Story): Promise<{ periodStart: string; periodEnd: string }> {
  const day = today(story);
  const periodStart = chance(story, 0.5) ? `${day.slice(0, 7)}-01` : '2026-01-01';
  return { periodStart, periodEnd: day };
}

const acts: Record<string, Act> = {
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
  request: async (story) => {
    const partnerId = pick(story, story.partnerIds);
    const { items } = await story.office.as('auditor').leads.list({ partnerId, limit: 20 });
    const lead = pick(story, items);
    return (
      lead !== undefined &&
      story.office.as('partner_manager').credits.request({ id: lead.id, creditAmount: amountOf(story, 5000) })
    );
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
    return credit !== undefined && story.office.as('approver').credits.approve({ id: credit.id });
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
    return story.office.as('approver').credits.reverse({ id: credit.id, reason: 'Fell through.', amount });
  },
  generate: async (story) => {
    const partnerId = chance(story, 0.5) ? pick(story, story.partnerIds) : undefined;
    return story.office.as('finance').payouts.generate({ partnerId, ...(await monthOf(story)) });
  },
  createByHand: async (story) => {
    const credit = await aCredit(story, 'approved', ({ payoutId }) => payoutId === null);
    return (
      credit !== undefined &&
      story.office.as('finance').payouts.create({
        partnerId: credit.partnerId,
        ...(await monthOf(story)),
        creditIds: [credit.id],
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
  approvePayout: async (story) => {
    const payout = await aPayout(story, 'pending');
    if (payout === undefined) return false;
    const limit = payout.totalAmount - payout.rejectedAmount;
    const amount = chance(story, 0.4) && limit > 0 ? amountOf(story, limit) : undefined;
    const person = payout.firstApprovedBy === null ? 1 : 2;
    return story.office.as('approver', person).payouts.approve({ id: payout.id, amount });
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
    return story.office.as('finance').payouts.pay({
      id: payout.id,
      paymentDate: today(story),
      referenceNumber: 'SEPA',
      amount,
    });
  },
  failPayment: async (story) => {
    const payout = await aPayout(story, 'paid', 'partially_paid');
    if (payout === undefined) return false;
    const { items } = await story.office.as('auditor').payouts.payments({ id: payout.id });
    const payment = pick(story, items);
    return (
      payment !== undefined &&
      story.office.as('finance').payouts.failPayment({
        id: payout.id,
        paymentId: payment.id,
        reason: 'No such account.',
        date: today(story),
      })
    );
  },
  cancel: async (story) => {
    const payout = await aPayout(story, 'approved', 'partially_approved', 'partially_paid');
    return (
      payout !== undefined && story.office.as('approver').payouts.cancel({ id: payout.id, reason: 'No.' })
    );
  },
  closePeriod: async (story) =>
    story.office.as('finance').periods.close({ periodEnd: pick(story, story.days) ?? today(story) }),
  reopenPeriod: async (story) => {
    const { items } = await story.office.as('auditor').periods.list({ limit: 5 });
    const closed = items.find(({ isClosed }) => isClosed);
    return (
      closed !== undefined && story.office.as('admin').periods.reopen({ id: closed.id, reason: 'Again.' })
    );
  },
  suspendOrReturn: async (story) => {
    const id = pick(story, story.partnerIds) ?? '';
    const { status } = await story.office.as('auditor').partners.get({ id });
    const { partners } = story.office.as('approver');
    return status === 'active' ? partners.suspend({ id, reason: 'An audit.' }) : partners.reactivate({ id });
  },
  nextDay: async (story) => {
    story.host.clock.advance(24 * 60 * amountOf(story, 4));
    story.days.push(today(story));
  },
};

/** How often each is tried, by the word of its name; what people do most, most. */
const weights: Record<string, number> = {
  submitAndApprove: 14,
  approveCredit: 10,
  adjust: 6,
  reverse: 6,
  generate: 7,
  approvePayout: 9,
  pay: 8,
  failPayment: 4,
  nextDay: 5,
  suspendOrReturn: 1,
  closePeriod: 2,
  reopenPeriod: 1,
};
const drawn = Object.keys(acts).flatMap((name) => Array<string>(weights[name] ?? 3).fill(name));

/** The refusals of `domain/errors.ts`; anything else is a fault, and ends the story. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    !['INTERNAL_SERVER_ERROR', 'FORBIDDEN', 'UNAUTHENTICATED'].includes(error.code)
  );
}

/** One command at random, counted by how it ended. */
export async function liveOn(story: Story): Promise<void> {
  const name = pick(story, drawn) ?? 'nextDay';
  const act = acts[name];
  if (act === undefined) throw new Error(`Nobody knows how to ${name}.`);
  const count = (counts: Map<string, number>) => counts.set(name, (counts.get(name) ?? 0) + 1);
  try {
    if ((await act(story)) !== false) count(story.done);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    count(story.refused);
  }
}

/** Every command there is, so that a story can tell that all of them took place. */
export const commandNames = Object.keys(acts);
