import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leadCounts, policiesInForce } from '#host/services/credit-engine/candidates.ts';
import { leadCreditOf } from '#host/services/credit-engine/lead-credit.ts';
import { listPolicyMappings } from '#host/services/credit-engine.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import {
  activePartner,
  approvedLead,
  boundedTiers,
  convertedLead,
  countedBefore,
  earned,
  figuresOf,
  plansOf,
  policyInForce,
  scopesNamed,
  submittedLead,
} from './credit-stories.ts';

forEachEngine((engine) => {
  let host: TestHost;

  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  const policyNow = (office: TestTenant, id: string) => office.as('auditor').creditPolicies.get({ id });

  describe('the count of the tiers', () => {
    const steps = (credits: readonly number[]) => ({
      calculationType: 'tiered' as const,
      tierConfig: {
        tiers: credits.map((creditAmount, index) => ({
          tierLevel: index + 1,
          minLeads: index + 1,
          ...(index + 1 < credits.length && { maxLeads: index + 1 }),
          creditAmount,
        })),
      },
    });

    it('rises with each approved lead of the partner, and of no other', async () => {
      const office = await host.otherTenant();
      const [one, two] = [await activePartner(office), await activePartner(office)];
      await policyInForce(office, null, steps([100, 200, 300]));
      const amounts: (number | null)[] = [];
      for (const partner of [one, one, two, one, one, two]) {
        amounts.push((await approvedLead(office, partner.id)).creditAmount);
      }
      expect(amounts).toEqual([100, 200, 100, 300, 300, 200]);
    });

    it('starts again with the period, and follows a revision to a longer one', async () => {
      const own = await testHost(engine, { now: '2026-05-31T12:00:00.000Z' });
      try {
        const partner = await activePartner(own);
        const policy = await policyInForce(own, partner.id, steps([100, 200, 300, 400, 500]));
        const next = async () => (await approvedLead(own, partner.id)).creditAmount;
        expect([await next(), await next()]).toEqual([100, 200]);
        own.clock.set('2026-05-31T22:00:00.000Z'); // midnight in Berlin: June
        expect([await next(), await next()]).toEqual([100, 200]);
        await own.as('policy_manager').creditPolicies.update({ id: policy.id, timeUnitType: 'quarterly' });
        await own.as('approver').creditPolicies.approve({ id: policy.id });
        // April to June: the four before are in the same quarter.
        expect(await next()).toBe(500);
      } finally {
        await own.close();
      }
    });

    it('starts again with each kind of period, at midnight where the organization is', async () => {
      const own = await testHost(engine, { now: '2026-06-14T12:00:00.000Z' });
      try {
        const units = ['daily', 'weekly', 'monthly', 'quarterly', 'yearly'] as const;
        const counts: Record<string, (number | null)[]> = {};
        const partners: [(typeof units)[number], string][] = [];
        for (const timeUnitType of units) {
          const { id } = await activePartner(own);
          await policyInForce(own, id, { ...steps([1, 2, 3, 4, 5]), timeUnitType });
          partners.push([timeUnitType, id]);
        }
        for (const instant of [
          '2026-06-14T21:59:30.000Z', // Sunday, the last minute in Berlin
          '2026-06-14T22:00:00.000Z', // Monday
          '2026-06-15T22:00:00.000Z', // Tuesday
          '2026-06-30T22:00:00.000Z', // the first of July
          '2026-12-31T23:00:00.000Z', // New Year
        ]) {
          own.clock.set(instant);
          for (const [unit, id] of partners) {
            counts[unit] = [...(counts[unit] ?? []), (await approvedLead(own, id)).creditAmount];
          }
        }
        expect(counts).toEqual({
          daily: [1, 1, 1, 1, 1],
          weekly: [1, 1, 2, 1, 1],
          monthly: [1, 2, 3, 1, 1],
          quarterly: [1, 2, 3, 1, 1],
          yearly: [1, 2, 3, 4, 1],
        });
      } finally {
        await own.close();
      }
    });

    it('goes on for the whole life of a policy that is not based on time', async () => {
      const own = await testHost(engine, { now: '2025-12-31T12:00:00.000Z' });
      try {
        const partner = await activePartner(own);
        await scopesNamed(own, { projects: ['tower'] });
        await policyInForce(own, partner.id, {
          ...steps([100, 200, 300]),
          policyType: 'project_based',
          timeUnitType: null,
          projectId: 'tower',
        });
        const next = async () =>
          (await approvedLead(own, partner.id, 70, { projectId: 'tower' })).creditAmount;
        expect(await next()).toBe(100);
        own.clock.set('2026-01-02T12:00:00.000Z');
        expect([await next(), await next()]).toEqual([200, 300]);
      } finally {
        await own.close();
      }
    });

    it('gives two leads approved at the same moment a place each', async () => {
      const partner = await activePartner(host);
      await policyInForce(host, partner.id, steps([100, 200, 300, 400]));
      const leads = await Promise.all([1, 2, 3, 4].map(() => submittedLead(host, partner.id)));
      const approved = await Promise.all(
        leads.map(({ id }, index) => host.as('lead_reviewer', index).leads.approve({ id })),
      );
      expect(new Set(approved.map((lead) => lead.creditAmount))).toEqual(new Set([100, 200, 300, 400]));
    });

    it('does not deadlock when many partners are paid by the same policies at once', async () => {
      const office = await host.otherTenant();
      const policies = [
        await policyInForce(office, null, { isStackable: true, autoApprove: true }),
        await policyInForce(office, null, { isStackable: true }),
        await policyInForce(office, null, steps([500])),
      ];
      const partners = await Promise.all([1, 2, 3, 4].map(() => activePartner(office)));
      const leads = await Promise.all(
        partners.flatMap((partner) => [1, 2, 3].map(() => submittedLead(office, partner.id))),
      );
      await Promise.all(
        leads.map((lead, index) =>
          office.as('lead_reviewer', 1 + (index % 3)).leads.approve({ id: lead.id }),
        ),
      );
      for (const { id } of policies) {
        expect(await policyNow(office, id)).toMatchObject({ totalLeadsUnderPolicy: 12 });
      }
      for (const partner of partners) expect(await figuresOf(office, partner.id)).toEqual(earned(3000));
    });
  });

  describe('what would apply', () => {
    it('tells each policy in force or waiting, with the amount where it is known', async () => {
      const partner = await activePartner(host);
      const tiered = await policyInForce(host, partner.id, { ...boundedTiers, priority: 1 });
      await countedBefore(host, tiered.id, partner.id, 100);
      const loser = await policyInForce(host, partner.id, { baseCredit: 5000 });
      const share = await policyInForce(host, partner.id, {
        calculationType: 'revenue_share',
        baseRate: 7.5,
      });
      const closing = await policyInForce(host, partner.id, {
        calculationType: 'conversion',
        baseCredit: 900,
      });
      const waiting = await host.as('policy_manager').creditPolicies.create({
        id: partner.id,
        policyCode: `WAITING-${partner.partnerCode}`,
        policyName: 'Waiting',
        policyType: 'time_based',
        timeUnitType: 'monthly',
        calculationType: 'fixed_price',
        baseCredit: 1,
      });
      const lead = await submittedLead(host, partner.id, 85);
      const weigh = async () => {
        const { items } = await host.as('auditor').leads.applicablePolicies({ id: lead.id });
        return new Map(items.map((each) => [each.policyId, each]));
      };
      const before = await weigh();
      expect(before.get(tiered.id)).toMatchObject({
        applies: true,
        amount: 1260,
        event: 'approval',
        reason: 'tier 2 (101–500): 12.00, +5 % for score 85, within 5.00–25.00 → 12.60',
      });
      expect(before.get(loser.id)).toMatchObject({
        applies: false,
        amount: 5000,
        reason: `passed over: policy ${tiered.policyCode} has the higher priority (1 over 0)`,
      });
      expect(before.get(share.id)).toMatchObject({
        applies: true,
        amount: null,
        event: 'conversion',
        reason: '7.5 % of the deal value, which is known on conversion',
      });
      expect(before.get(closing.id)).toMatchObject({ applies: true, amount: 900 });
      expect(before.get(waiting.id)).toMatchObject({
        applies: false,
        amount: null,
        reason: 'revision 1 of the policy is not approved',
      });
      // Looking changes nothing: the count is the same when the lead is approved.
      const approved = await host.as('lead_reviewer').leads.approve({ id: lead.id });
      expect(approved.creditAmount).toBe(1260);
      await convertedLead(host, approved, 10_000);
      const after = await weigh();
      expect(after.get(share.id)).toMatchObject({ applies: false, amount: 750 });
      expect(after.get(closing.id)).toMatchObject({ applies: true, amount: 900 });
    });
  });

  it('reads its policies, counts and mappings by index', async () => {
    if (engine !== 'sqlite') return;
    const session = await host.session('auditor');
    const partner = await activePartner(host);
    const policy = await policyInForce(host, partner.id, boundedTiers);
    const lead = await approvedLead(host, partner.id);
    const plans = await plansOf(host, async (reader) => {
      const candidates = await policiesInForce(reader, host.tenantId, partner.id, '2026-06-15');
      expect(candidates).toMatchObject([{ policyId: policy.id }]);
      await leadCounts(reader, host.tenantId, partner.id, '2026-06-15', candidates);
      await leadCreditOf(reader, host.tenantId, lead.id);
      await listPolicyMappings(reader, session, lead.id);
    });
    expect(plans).toHaveLength(4);
    // By the tenant alone would be all that the tenant has.
    for (const plan of plans) expect(plan).not.toMatch(/SCAN [pmlcdr]\b|\(tenant_id=\?\)/);
  });
});
