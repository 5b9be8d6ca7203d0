import type { Outputs } from '#contract/index.ts';
import type { TestHost, TestTenant } from '#test/support/host.ts';
import { activePartner, policyInForce } from '../host/services/credit-stories.ts';

/** An office whose people do what they do at random: what all its commands share. */

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

export type Credit = Outputs['credits']['get'];
export type Payout = Outputs['payouts']['get'];

/** An office with people at work, and how often each command was let through and refused. */
export interface Story {
  host: TestHost;
  office: TestTenant;
  partnerIds: string[];
  random: () => number;
  done: Map<string, number>;
  refused: Map<string, number>;
  /** What came about, by name: a story in which something never did proves nothing of it. */
  seen: Set<string>;
  /** Days that a statement may begin or end on. */
  days: string[];
}

export const pick = <T>(story: Story, from: readonly T[]): T | undefined =>
  from[Math.floor(story.random() * from.length)];
export const amountOf = (story: Story, most: number): number => 1 + Math.floor(story.random() * most);
export const chance = (story: Story, share: number): boolean => story.random() < share;

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
    seen: new Set(),
    days: [],
  };
  await office.as('admin').settings.update({
    secondApprovalThreshold: 20_000,
    secondApprovalThresholds: { KWD: 30_000 },
    minimumPayouts: { EUR: 300, JPY: 500 },
  });
  await policyInForce(office, null, { baseCredit: 1200, autoApprove: true });
  for (let n = 0; n < options.partners; n += 1) {
    const partner = await activePartner(office, {
      ...(chance(story, 0.5) && { commissionPercentage: 7.5 }),
      // Yen have no decimals and dinars three; the policy names euros and leaves them to their own terms.
      ...(n % 4 === 1 && { currency: 'JPY', leadPrice: 900 }),
      ...(n % 4 === 2 && { currency: 'KWD', leadPrice: 1500 }),
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

export const today = ({ host }: Story): string => host.clock.now().slice(0, 10);

export async function aCredit(
  story: Story,
  status: Credit['status'],
  only: (credit: Credit) => boolean = () => true,
): Promise<Credit | undefined> {
  const partnerId = pick(story, story.partnerIds);
  const { items } = await story.office.as('auditor').credits.list({ partnerId, status, limit: 50 });
  return pick(story, items.filter(only));
}

export async function aPayout(story: Story, ...status: Payout['status'][]): Promise<Payout | undefined> {
  const { items } = await story.office.as('auditor').payouts.list({ status, limit: 20 });
  return pick(story, items);
}

/** Answers false where there was nothing to do it to. Refusals are thrown. */
export type Act = (story: Story) => Promise<unknown>;

/** The refusals of `domain/errors.ts`; anything else is a fault, and ends the story. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    !['INTERNAL_SERVER_ERROR', 'FORBIDDEN', 'UNAUTHENTICATED'].includes(error.code)
  );
}

/** Keeps in mind that something came about, where it did. */
export function note(story: Story, what: string, cameAbout = true): void {
  if (cameAbout) story.seen.add(what);
}
