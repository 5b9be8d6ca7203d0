import { describe, expect, it } from 'vitest';
import { defaultScoreWeights } from '#domain/quality-score.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import {
  activePartner,
  approvedLead,
  convertedLead,
  creditOf,
  creditsOf,
  type Lead,
  type PolicyInput,
  policyInForce,
  submittedLead,
} from './credit-stories.ts';

/**
 * A policy that never changed, simulated over what really happened, credits what was credited: whatever became of the leads, the
 * credits and the payouts in between.
 */

const whole = { from: '2026-01-01', to: '2026-12-31' };

/** 1.00 for the first lead, 2.00 for the second, and so on; or for so many leads each. */
const steps = (count: number, width = 1): Partial<PolicyInput> => ({
  calculationType: 'tiered',
  tierConfig: {
    tiers: Array.from({ length: count }, (_, index) => ({
      tierLevel: index + 1,
      minLeads: index * width + 1,
      maxLeads: index + 1 < count ? (index + 1) * width : null,
      creditAmount: (index + 1) * 100,
    })),
  },
});

/** Only how to reach somebody counts: 100 for every lead of these tests. */
const contactOnly = {
  ...Object.fromEntries(Object.keys(defaultScoreWeights).map((field) => [field, 0])),
  email: 50,
  phone: 50,
};

async function simulated(host: TestHost, id: string, period: { from: string; to: string } = whole) {
  const { creditPolicies } = host.as('policy_manager');
  const told = await creditPolicies.simulate({ policy: { id }, ...period, limit: 1000 });
  return {
    ...told,
    amounts: told.items.map(({ amount }) => amount),
    unlike: told.items.filter(({ difference }) => difference !== 0),
  };
}

const approved = async (host: TestHost, lead: Lead) => {
  for (const credit of await creditsOf(host, lead)) {
    if (credit.status === 'pending_approval') await host.as('approver').credits.approve({ id: credit.id });
  }
};

/** All approved credits of the partner in one payout, of which this much is approved. */
async function paidOut(host: TestHost, partnerId: string, amount?: number): Promise<void> {
  const period = { periodStart: '2026-06-01', periodEnd: '2026-06-30' };
  const { payouts } = await host.as('finance').payouts.generate({ partnerId, ...period });
  await host.as('approver').payouts.approve({ id: payouts[0]!.id, ...(amount !== undefined && { amount }) });
}

forEachEngine((engine) => {
  /** A host of its own, on the 10th of June; `then` is the 15th. */
  async function inside(
    story: (host: TestHost) => Promise<void>,
    options: { now?: string; timeZone?: string } = {},
  ) {
    const host = await testHost(engine, { now: '2026-06-10T08:00:00.000Z', ...options });
    try {
      await story(host);
      expect(await host.as('auditor').ledger.verify()).toMatchObject({ ok: true, differences: [] });
    } finally {
      await host.close();
    }
  }
  const then = { from: '2026-06-15', to: '2026-06-30' };
  const later = (host: TestHost) => host.clock.set('2026-06-15T08:00:00.000Z');

  describe('a policy that never changed, over the past', () => {
    it('weighs a decided lead by the score it had then, and so does the answer to why', () =>
      inside(async (host) => {
        const partner = await activePartner(host);
        const picky = await policyInForce(host, partner.id, { minLeadQualityScore: 80, priority: 1 });
        const plain = await policyInForce(host, partner.id, { baseCredit: 300, bonusPercentage: 50 });
        const lead = await approvedLead(host, partner.id, 70);
        expect(lead.creditAmount).toBe(300);
        await host
          .as('partner_manager')
          .leadScoring.setWeights({ id: partner.id, scoreWeights: contactOnly });
        for await (const _ of await host.as('lead_reviewer').leadScoring.rescore({ all: true }));
        expect(await host.as('auditor').leads.get({ id: lead.id })).toMatchObject({ qualityScore: 100 });
        for (const { id } of [picky, plain]) {
          expect(await simulated(host, id)).toMatchObject({ amounts: [300], unlike: [] });
        }
        const { others } = await host.as('auditor').leads.policyMappings({ id: lead.id });
        expect(others).toMatchObject([{ policyId: picky.id, reason: "score 70 is below the policy's 80" }]);
        // A lead decided after it is weighed by the new score.
        expect((await approvedLead(host, partner.id, 70)).creditAmount).toBe(1000);
        expect(await simulated(host, picky.id)).toMatchObject({ amounts: [300, 1000], unlike: [] });
      }));

    it('holds its caps where a conversion was withdrawn out of a payout and came again', () =>
      inside(async (host) => {
        const partner = await activePartner(host);
        await policyInForce(host, partner.id, { baseCredit: 1000, isStackable: true });
        const closing = await policyInForce(host, partner.id, {
          calculationType: 'conversion',
          baseCredit: 5000,
          capPerLead: 5500,
          totalBudget: 9000,
        });
        const leads = [
          await approvedLead(host, partner.id),
          await approvedLead(host, partner.id),
          await approvedLead(host, partner.id),
        ];
        const convert = (lead: Lead) => convertedLead(host, lead, 100_000, '2026-06-10');
        await approved(host, await convert(leads[0]!));
        await paidOut(host, partner.id);
        later(host);
        const off = { id: leads[0]!.id, reason: 'The deal fell through' };
        await host.as('lead_reviewer').leads.withdrawConversion(off);
        for (const lead of leads) await convert(lead);
        for (const period of [whole, then]) {
          const { items, unlike } = await simulated(host, closing.id, period);
          expect(items.filter(({ event }) => event === 'conversion').map(({ amount }) => amount)).toEqual([
            4500, 4500, 0,
          ]);
          expect(unlike).toEqual([]);
        }
      }));

    it('has left what was taken back of credits that are older than the period', () =>
      inside(async (host) => {
        const partner = await activePartner(host);
        const policy = await policyInForce(host, partner.id, { totalBudget: 2500, autoApprove: true });
        const first = await approvedLead(host, partner.id);
        later(host);
        const { credits } = host.as('approver');
        await credits.reverse({ id: (await creditOf(host, first)).id, amount: 400, reason: 'A discount' });
        await approvedLead(host, partner.id);
        await approvedLead(host, partner.id);
        expect(await simulated(host, policy.id, then)).toMatchObject({ amounts: [1000, 900], unlike: [] });
        expect(await simulated(host, policy.id)).toMatchObject({ amounts: [1000, 1000, 900], unlike: [] });
      }));

    it('has left what was taken back of the part that a payout carried over', () =>
      inside(async (host) => {
        const partner = await activePartner(host);
        const policy = await policyInForce(host, partner.id, { totalBudget: 2500, autoApprove: true });
        const first = await approvedLead(host, partner.id);
        await paidOut(host, partner.id, 600);
        later(host);
        const rest = (await creditsOf(host, first)).find(
          ({ origin, creditAmount }) => origin === 'carry_over' && creditAmount > 0,
        );
        await host.as('approver').credits.reverse({ id: rest!.id, reason: 'The deal is off' });
        await approvedLead(host, partner.id);
        await approvedLead(host, partner.id);
        expect(await simulated(host, policy.id)).toMatchObject({ amounts: [1000, 1000, 900], unlike: [] });
        expect(await simulated(host, policy.id, then)).toMatchObject({ amounts: [1000, 900], unlike: [] });
      }));

    it('stands beside others that ended on the day they still paid, or became of another kind', () =>
      inside(async (host) => {
        const partner = await activePartner(host);
        const steady = await policyInForce(host, partner.id, { baseCredit: 50, isStackable: true });
        const ending = await policyInForce(host, partner.id, { priority: 1 });
        const closing = await policyInForce(host, partner.id, {
          calculationType: 'conversion',
          baseCredit: 700,
          isStackable: true,
        });
        for (let each = 0; each < 2; each += 1) {
          await convertedLead(host, await approvedLead(host, partner.id), 100_000, '2026-06-10');
        }
        const { creditPolicies } = host.as('policy_manager');
        await creditPolicies.deactivate({ id: ending.id });
        await creditPolicies.update({ id: closing.id, baseCredit: null, ...steps(4) });
        await host.as('approver').creditPolicies.approve({ id: closing.id });
        // Conversions counted for no tier: the first and the second.
        await approvedLead(host, partner.id);
        await approvedLead(host, partner.id);
        expect(await simulated(host, steady.id)).toMatchObject({
          amounts: [1050, 700, 1050, 700, 150, 250],
          unlike: [],
        });
      }));

    it('gives each lead the place it had, where many were approved at the same moment', () =>
      inside(async (host) => {
        const [one, two] = [await activePartner(host), await activePartner(host)];
        const tiers = await policyInForce(host, one.id, steps(8));
        const budget = await policyInForce(host, null, { isStackable: true, totalBudget: 9500 });
        const leads: Lead[] = [];
        for (let each = 0; each < 16; each += 1) {
          leads.push(await submittedLead(host, each % 3 === 0 ? two.id : one.id));
        }
        await Promise.all(
          leads.map(({ id }, index) => host.as('lead_reviewer', 1 + (index % 5)).leads.approve({ id })),
        );
        for (const { id } of [tiers, budget]) expect(await simulated(host, id)).toMatchObject({ unlike: [] });
        expect((await simulated(host, budget.id)).totals).toMatchObject([{ events: 16 }]);
      }));

    it(
      'goes on from slice to slice, each lead once',
      () =>
        inside(async (host) => {
          const partner = await activePartner(host);
          const policy = await policyInForce(host, partner.id, { ...steps(80, 3), totalBudget: 1_000_000 });
          const ids: string[] = [];
          for (let each = 0; each < 260; each += 1) ids.push((await submittedLead(host, partner.id)).id);
          await host.as('lead_reviewer').leads.bulk({ action: 'approve', ids });
          const seen: string[] = [];
          const progress: number[] = [];
          const results: unknown[] = [];
          const { creditPolicies } = host.as('policy_manager');
          for await (const event of await creditPolicies.simulateStream({
            policy: { id: policy.id },
            ...whole,
          })) {
            if (event.type === 'progress') progress.push(event.done);
            if (event.type === 'leads') seen.push(...event.items.map(({ leadId }) => leadId ?? ''));
            if (event.type === 'result') results.push(event);
          }
          expect(seen).toEqual(ids);
          expect(results).toMatchObject([{ leads: 260, events: 260, differing: 0 }]);
          expect(progress.length).toBeGreaterThan(1);
          expect(progress.at(-1)).toBe(260);
        }),
      60_000,
    );
  });

  it('of one lead counts what came before it, on its own day too', () =>
    inside(async (host) => {
      const partner = await activePartner(host);
      const policy = await policyInForce(host, partner.id, steps(4));
      await approvedLead(host, partner.id);
      later(host);
      await approvedLead(host, partner.id);
      const third = await approvedLead(host, partner.id);
      await approvedLead(host, partner.id);
      const { items } = await host
        .as('policy_manager')
        .creditPolicies.simulate({ policy: { id: policy.id }, leads: [third.id] });
      expect(items).toMatchObject([{ leadId: third.id, amount: 300, credited: 300, difference: 0 }]);
    }));

  it('counts for a lead only thought of on a day of last year what came in that period', () =>
    inside(
      async (host) => {
        const partner = await activePartner(host);
        const policy = await policyInForce(host, partner.id, steps(4));
        await approvedLead(host, partner.id);
        await approvedLead(host, partner.id);
        host.clock.set('2026-01-10T08:00:00.000Z');
        const { items } = await host.as('policy_manager').creditPolicies.simulate({
          policy: { id: policy.id },
          leads: [{ qualityScore: 70, eventDay: '2025-12-28' }, { qualityScore: 70 }],
        });
        expect(items.map(({ amount }) => amount)).toEqual([300, 100]);
      },
      { now: '2025-12-20T08:00:00.000Z' },
    ));

  it('begins and ends its days where the clocks change, as the engine does', () =>
    inside(
      async (host) => {
        const partner = await activePartner(host);
        const policy = await policyInForce(host, partner.id, { ...steps(3), timeUnitType: 'daily' });
        const amounts = async (instants: readonly string[]) => {
          const made = [];
          for (const instant of instants) {
            host.clock.set(instant);
            made.push((await approvedLead(host, partner.id)).creditAmount);
          }
          return made;
        };
        // The hour before midnight comes twice on the 4th of April, and the 6th of September has no midnight.
        expect(
          await amounts(['2026-04-05T02:30:00.000Z', '2026-04-05T03:30:00.000Z', '2026-04-05T04:00:00.000Z']),
        ).toEqual([100, 200, 100]);
        expect(await amounts(['2026-09-06T03:59:58.000Z', '2026-09-06T04:00:00.000Z'])).toEqual([100, 100]);
        for (const [day, expected] of [
          ['2026-04-04', [100, 200]],
          ['2026-04-05', [100]],
          ['2026-09-05', [100]],
          ['2026-09-06', [100]],
        ] as const) {
          expect(await simulated(host, policy.id, { from: day, to: day })).toMatchObject({
            amounts: expected,
            unlike: [],
          });
        }
      },
      { now: '2026-04-04T12:00:00.000Z', timeZone: 'America/Santiago' },
    ));
});
