import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import {
  activePartner,
  approvedLead,
  boundedTiers,
  convertedLead,
  countedBefore,
  policyInForce,
  scopesNamed,
  submittedLead,
  unique,
} from './credit-stories.ts';

const june = { from: '2026-06-01', to: '2026-06-30' };
const fixed = { policyType: 'time_based', timeUnitType: 'monthly', calculationType: 'fixed_price' } as const;

forEachEngine((engine) => {
  let host: TestHost;

  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  const policies = () => host.as('policy_manager').creditPolicies;

  describe('a changed policy over a period', () => {
    it('takes the place of its own revisions, lead by lead, with the difference', async () => {
      const partner = await activePartner(host);
      const policy = await policyInForce(host, partner.id);
      const leads = [await approvedLead(host, partner.id), await approvedLead(host, partner.id, 85)];
      const changed = { id: policy.id, baseCredit: 1200, bonusPercentage: 10 };
      const told = await policies().simulate({ policy: changed, ...june });
      expect(told).toMatchObject({
        from: june.from,
        to: june.to,
        leads: 2,
        events: 2,
        differing: 2,
        omitted: 0,
        note: null,
        totals: [{ currency: 'EUR', events: 2, amount: 2520, credited: 2000, difference: 520 }],
        byPolicy: [
          { policyId: policy.id, isDraft: true, events: 2, amount: 2520, credited: 2000, difference: 520 },
        ],
      });
      expect(told.world).toBe(
        `The policy ${policy.policyCode} by these terms, instead of its own revisions, together with all other policies as they were in force, all through the period.`,
      );
      expect(told.items).toMatchObject([
        { leadId: leads[0]!.id, amount: 1200, credited: 1000, difference: 200, event: 'approval' },
        {
          leadId: leads[1]!.id,
          amount: 1320,
          difference: 320,
          reason: `${policy.policyCode}: fixed price: 12.00, +10 % for score 85 → 13.20`,
          policies: [{ policyId: policy.id, isDraft: true, applied: true, amount: 1320 }],
        },
      ]);
    });

    it('counts its tiers on from what was counted before the period', async () => {
      const own = await testHost(engine, { now: '2026-06-14T08:00:00.000Z' });
      try {
        const partner = await activePartner(own);
        const policy = await policyInForce(own, partner.id, boundedTiers);
        await countedBefore(own, policy.id, partner.id, 99);
        await approvedLead(own, partner.id, 85);
        own.clock.set('2026-06-15T08:00:00.000Z');
        await approvedLead(own, partner.id, 85);
        await approvedLead(own, partner.id, 70);
        const { items } = await own.as('policy_manager').creditPolicies.simulate({
          policy: { id: policy.id },
          from: '2026-06-15',
          to: '2026-06-15',
        });
        // The 101st and the 102nd: the 100th was the day before.
        expect(items.map(({ amount, difference }) => [amount, difference])).toEqual([
          [1260, 0],
          [1200, 0],
        ]);
        const yearly = await own.as('policy_manager').creditPolicies.simulate({
          policy: { id: policy.id, timeUnitType: 'daily' },
          from: '2026-06-15',
          to: '2026-06-15',
        });
        expect(yearly.items.map(({ amount }) => amount)).toEqual([840, 800]);
      } finally {
        await own.close();
      }
    });

    it('follows conversions on the day they were recorded', async () => {
      const partner = await activePartner(host);
      const policy = await policyInForce(host, partner.id, {
        calculationType: 'revenue_share',
        baseRate: 10,
      });
      const lead = await approvedLead(host, partner.id);
      await convertedLead(host, lead, 50_000);
      const { items, totals } = await policies().simulate({
        policy: { id: policy.id, baseRate: 12 },
        ...june,
      });
      expect(items).toMatchObject([
        { event: 'approval', amount: 0, credited: 0 },
        { event: 'conversion', amount: 6000, credited: 5000, difference: 1000 },
      ]);
      expect(totals).toMatchObject([{ events: 2, difference: 1000 }]);
    });

    it('lists as many as asked for, and says how many more there are', async () => {
      const partner = await activePartner(host);
      const policy = await policyInForce(host, partner.id);
      for (let each = 0; each < 3; each += 1) await approvedLead(host, partner.id);
      const told = await policies().simulate({ policy: { id: policy.id, baseCredit: 1 }, ...june, limit: 2 });
      expect(told).toMatchObject({ events: 3, omitted: 1, totals: [{ amount: 3 }] });
      expect(told.items).toHaveLength(2);
      expect(told.note).toMatch(/^1 more is not listed here, but part of the totals\./);
      const alike = await policies().simulate({ policy: { id: policy.id }, ...june, onlyDifferences: true });
      expect(alike).toMatchObject({ events: 3, items: [], omitted: 0, differing: 0 });
    });
  });

  describe('a new policy', () => {
    it('holds besides all others, and competes with them', async () => {
      const partner = await activePartner(host);
      const policy = await policyInForce(host, partner.id);
      await approvedLead(host, partner.id);
      const draft = { ...fixed, partnerId: partner.id, baseCredit: 1500 };
      const instead = await policies().simulate({ policy: draft, ...june });
      expect(instead.items).toMatchObject([
        {
          amount: 1500,
          difference: 500,
          policies: [
            { policyId: null, policyCode: 'DRAFT', isDraft: true, applied: true },
            {
              policyId: policy.id,
              applied: false,
              reason: 'passed over: policy DRAFT pays more (15.00 over 10.00)',
            },
          ],
        },
      ]);
      expect(instead.byPolicy).toMatchObject([
        { policyId: null, policyCode: 'DRAFT', amount: 1500, credited: 0 },
        { policyId: policy.id, policyCode: policy.policyCode, amount: 0, credited: 1000, difference: -1000 },
      ]);
      const onTop = await policies().simulate({ policy: { ...draft, isStackable: true }, ...june });
      expect(onTop.totals).toMatchObject([{ amount: 2500, credited: 1000, difference: 1500 }]);
    });

    it('keeps the partner’s own terms away where it governs', async () => {
      const partner = await activePartner(host, { leadPrice: 5000, commissionPercentage: 10 });
      const lead = await approvedLead(host, partner.id);
      await convertedLead(host, lead, 10_000);
      const draft = { ...fixed, partnerId: partner.id, baseCredit: 300 };
      const { items } = await policies().simulate({ policy: draft, ...june });
      expect(items.map(({ event, amount, credited }) => [event, amount, credited])).toEqual([
        ['approval', 300, 5000],
        ['conversion', 0, 1000],
      ]);
      const none = await policies().simulate({ policy: { ...draft, minLeadQualityScore: 90 }, ...june });
      expect(none).toMatchObject({
        differing: 0,
        byPolicy: [{ policyCode: null, amount: 6000, credited: 6000 }],
      });
    });

    it('spends its budget in the order the leads came', async () => {
      const partner = await activePartner(host);
      for (let each = 0; each < 3; each += 1) await approvedLead(host, partner.id);
      const { items } = await policies().simulate({
        policy: { ...fixed, partnerId: partner.id, baseCredit: 1000, totalBudget: 1700 },
        ...june,
      });
      expect(items.map(({ amount, reason }) => [amount, reason])).toEqual([
        [1000, 'DRAFT: fixed price: 10.00'],
        [700, 'DRAFT: fixed price: 10.00; only 7.00 is left of its total budget of 17.00 → 7.00'],
        [0, 'DRAFT passed over: nothing is left of its total budget of 17.00, it would have paid 10.00'],
      ]);
    });
  });

  describe('over leads that are given', () => {
    it('tells each: decided, waiting, rejected, or only thought of', async () => {
      const partner = await activePartner(host);
      await scopesNamed(host, { projects: ['GIVEN'] });
      const policy = await policyInForce(host, partner.id);
      const decided = await approvedLead(host, partner.id);
      await convertedLead(host, decided, 20_000);
      const waiting = await submittedLead(host, partner.id, 85);
      const rejected = await submittedLead(host, partner.id);
      await host.as('lead_reviewer').leads.reject({ id: rejected.id, reason: 'no' });
      const other = await approvedLead(host, partner.id);
      const { items, totals, from, world } = await policies().simulate({
        policy: { id: policy.id, baseCredit: 1100 },
        leads: [waiting.id, decided.id, rejected.id, { qualityScore: 85.5, dealValue: 9900 }],
      });
      expect(from).toBeNull();
      expect(world).toMatch(/for the leads given, as if no other lead had come since the first of them\.$/);
      expect(items.map(({ leadId, event, amount, credited }) => [leadId, event, amount, credited])).toEqual([
        [decided.id, 'approval', 1100, 1000],
        [decided.id, 'conversion', 0, 0],
        [waiting.id, 'approval', 1100, 0],
        [rejected.id, 'approval', 0, 0],
        [null, 'approval', 1100, 0],
        [null, 'conversion', 0, 0],
      ]);
      expect(items[3]).toMatchObject({ reason: 'the lead was rejected', policies: [] });
      expect(totals).toMatchObject([{ amount: 3300, credited: 1000 }]);
      expect(items.map(({ leadId }) => leadId)).not.toContain(other.id);
    });

    it('weighs leads only thought of by project, source and day', async () => {
      const partner = await activePartner(host);
      await scopesNamed(host, { projects: ['THOUGHT'] });
      const [source] = (await host.as('auditor').sources.list({ id: partner.id })).items;
      const draft = {
        ...fixed,
        partnerId: partner.id,
        baseCredit: 1000,
        projectId: 'THOUGHT',
        sourceId: source!.id,
        startDate: '2026-07-01',
      };
      const right = {
        qualityScore: 70,
        projectId: 'THOUGHT',
        sourceCode: source!.sourceCode,
        eventDay: '2026-07-05',
      };
      const { items } = await policies().simulate({
        policy: draft,
        leads: [
          right,
          { ...right, eventDay: '2026-06-30' },
          { ...right, projectId: null },
          { ...right, sourceCode: null },
        ],
      });
      expect(items.map(({ amount }) => amount)).toEqual([1000, 0, 0, 0]);
    });

    it('tells a policy for all partners without one', async () => {
      const office = await host.otherTenant({ currency: 'USD' });
      const { items } = await office.as('policy_manager').creditPolicies.simulate({
        policy: {
          policyType: 'time_based',
          timeUnitType: 'monthly',
          calculationType: 'percentage',
          baseRate: 15,
        },
        leads: [{ qualityScore: 50, estimatedValue: 100_000 }],
      });
      expect(items).toMatchObject([{ amount: 15_000, currency: 'USD', partnerId: null, leadId: null }]);
    });
  });

  it('streams leads and progress, and ends with the sums', async () => {
    const partner = await activePartner(host);
    const policy = await policyInForce(host, partner.id);
    for (let each = 0; each < 3; each += 1) await approvedLead(host, partner.id);
    const events = [];
    for await (const event of await policies().simulateStream({
      policy: { id: policy.id, baseCredit: 5 },
      ...june,
    })) {
      events.push(event);
    }
    expect(events).toMatchObject([
      { type: 'leads', items: [{ amount: 5 }, { amount: 5 }, { amount: 5 }] },
      { type: 'progress', done: 3, of: 3 },
      { type: 'result', events: 3, totals: [{ amount: 15, credited: 3000 }] },
    ]);
  });

  describe('is refused', () => {
    it('without leads or a period, with both, and for a period that ends before it starts', async () => {
      const policy = { ...fixed, baseCredit: 100 };
      const leads = [{ qualityScore: 1 }];
      for (const [input, path] of [
        [{ policy }, 'from'],
        [{ policy, from: '2026-06-01' }, 'to'],
        [{ policy, leads, ...june }, 'leads'],
        [{ policy, from: '2026-06-02', to: '2026-06-01' }, 'to'],
      ] as const) {
        expect(await refusalOf(policies().simulate(input))).toMatchObject({
          code: 'VALIDATION',
          data: { fields: [{ path }] },
        });
      }
    });

    it('for terms that may not be saved, at the field', async () => {
      const leads = [{ qualityScore: 50 }];
      for (const [policy, path] of [
        [{ ...fixed }, 'policy.baseCredit'],
        [{ ...fixed, baseCredit: 1, capPerLead: 0 }, 'policy.capPerLead'],
        [{ calculationType: 'conversion', baseCredit: 1 }, 'policy.policyType'],
        [{ policyType: 'time_based', timeUnitType: 'monthly' }, 'policy.calculationType'],
      ] as const) {
        expect(await refusalOf(policies().simulate({ policy, leads }))).toMatchObject({
          code: 'VALIDATION',
          data: { fields: [{ path }] },
        });
      }
      const { projects } = host.as('policy_manager');
      const gone = await projects.create({ code: unique('GONE'), name: 'Gone' });
      await projects.deactivate({ id: gone.id });
      expect(
        await refusalOf(
          policies().simulate({ policy: { ...fixed, baseCredit: 1, projectId: gone.code }, leads }),
        ),
      ).toMatchObject({ code: 'VALIDATION', data: { fields: [{ path: 'policy.projectId' }] } });
    });

    it('to who neither makes nor approves policies', async () => {
      const call = { policy: { ...fixed, baseCredit: 1 }, leads: [{ qualityScore: 50 }] };
      expect(await refusalOf(host.as('lead_reviewer').creditPolicies.simulate(call))).toMatchObject({
        code: 'FORBIDDEN',
      });
    });
  });
});
