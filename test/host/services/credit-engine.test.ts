import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policyPeriodCounts } from '#host/database/index.ts';
import { leadCounts, policiesInForce } from '#host/services/credit-engine/candidates.ts';
import { leadCreditOf } from '#host/services/credit-engine/lead-credit.ts';
import { listPolicyMappings } from '#host/services/credit-engine.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import {
  activePartner,
  approvedLead,
  convertedLead,
  creditOf,
  creditsOf,
  earned,
  figuresOf,
  leadData,
  mappingsOf,
  type PolicyInput,
  plansOf,
  policyInForce,
  submittedLead,
} from './credit-stories.ts';

forEachEngine((engine) => {
  let host: TestHost;

  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  /** As if this many leads of the partner had been approved under the policy on a day. */
  async function countedBefore(policyId: string, partnerId: string, leadCount: number, on = '2026-06-01') {
    await host.database.write({ tenantId: host.tenantId }, (tx) =>
      tx.insert(policyPeriodCounts, { policyId, partnerId, periodStart: on, leadCount }),
    );
  }

  const policyNow = (office: TestTenant, id: string) => office.as('auditor').creditPolicies.get({ id });
  const boundedTiers: Partial<PolicyInput> = {
    calculationType: 'tiered',
    bonusPercentage: 5,
    minimumCredit: 500,
    maximumCredit: 2500,
    tierConfig: {
      tiers: [
        { tierLevel: 1, minLeads: 1, maxLeads: 100, creditAmount: 800 },
        { tierLevel: 2, minLeads: 101, maxLeads: 500, creditAmount: 1200 },
        { tierLevel: 3, minLeads: 501, creditAmount: 1500 },
      ],
    },
  };
  const bonusTiers: Partial<PolicyInput> = {
    calculationType: 'tiered',
    tierConfig: {
      tiers: [
        { tierLevel: 1, minLeads: 0, maxLeads: 100, creditAmount: 800, bonusPercent: 0 },
        { tierLevel: 2, minLeads: 101, maxLeads: 500, creditAmount: 1200, bonusPercent: 5 },
        { tierLevel: 3, minLeads: 501, maxLeads: 999_999, creditAmount: 1500, bonusPercent: 10 },
      ],
    },
  };

  describe('the worked examples hold to the cent', () => {
    it('the 150th lead in tiers 1–100, 101–500 and 501+, score 85, bonus 5 %, bounds 5–25: 12.60', async () => {
      const partner = await activePartner(host);
      const policy = await policyInForce(host, partner.id, boundedTiers);
      await countedBefore(policy.id, partner.id, 149);
      const lead = await approvedLead(host, partner.id, 85);
      const reason = 'tier 2 (101–500): 12.00, +5 % for score 85, within 5.00–25.00 → 12.60';
      expect(await creditOf(host, lead)).toMatchObject({
        creditAmount: 1260,
        currency: 'EUR',
        reason,
        status: 'pending_approval',
        origin: 'policy',
        triggerEvent: 'approval',
        calculationType: 'tiered',
        policyId: policy.id,
        policyRevision: 1,
        policyName: policy.policyName,
        partnerId: partner.id,
        partnerLeadId: lead.id,
        requestedBy: (await host.session('lead_reviewer')).userId,
      });
      expect(await mappingsOf(host, lead)).toMatchObject([
        {
          policyId: policy.id,
          applied: true,
          calculatedCredit: 1260,
          reason,
          event: 'approval',
          currency: 'EUR',
        },
      ]);
      expect(lead).toMatchObject({ creditAmount: 1260, creditStatus: 'pending' });
      // Nothing is on the balance before a person approves it.
      expect(await figuresOf(host, partner.id)).toEqual(earned(0));
    });

    it('count 250 with a bonus of the tier, score 85: 12.60', async () => {
      const partner = await activePartner(host);
      const policy = await policyInForce(host, partner.id, bonusTiers);
      await countedBefore(policy.id, partner.id, 249);
      const lead = await approvedLead(host, partner.id, 85);
      expect(await creditOf(host, lead)).toMatchObject({
        creditAmount: 1260,
        reason: 'tier 2 (101–500): 12.00, +5 % for score 85 → 12.60',
      });
    });

    it('count 250 with a score of 79.99: 12.00', async () => {
      const office = await host.otherTenant();
      const { scoreWeights } = await office.as('admin').settings.get({});
      await office.as('admin').settings.update({
        scoreWeights: { ...scoreWeights, firstName: 20.01, lastName: 2.49, email: 0, phone: 7.5 },
      });
      const partner = await activePartner(office);
      const policy = await policyInForce(office, partner.id, bonusTiers);
      await host.database.write({ tenantId: office.tenantId }, (tx) =>
        tx.insert(policyPeriodCounts, {
          policyId: policy.id,
          partnerId: partner.id,
          periodStart: '2026-06-01',
          leadCount: 249,
        }),
      );
      const { firstName: _, ...rest } = leadData[100]();
      const submitted = await office.as('partner_manager').leads.submit({ id: partner.id, leadData: rest });
      expect(submitted.qualityScore).toBe(79.99);
      const lead = await office.as('lead_reviewer').leads.approve({ id: submitted.id });
      expect(await creditOf(office, lead)).toMatchObject({
        creditAmount: 1200,
        reason: 'tier 2 (101–500): 12.00, no bonus for score 79.99 → 12.00',
      });
    });

    it('15 % of a 1,000.00 sale, as a percentage policy: 150.00', async () => {
      const partner = await activePartner(host);
      await policyInForce(host, partner.id, { calculationType: 'percentage', baseRate: 15 });
      const approved = await approvedLead(host, partner.id);
      expect(await creditsOf(host, approved)).toEqual([]);
      expect(approved).toMatchObject({ creditAmount: null, creditStatus: null });
      const lead = await convertedLead(host, approved, 100_000);
      expect(await creditOf(host, lead)).toMatchObject({
        creditAmount: 15_000,
        triggerEvent: 'conversion',
        reason: '15 % of the deal value 1000.00 → 150.00',
      });
      expect(lead).toMatchObject({ creditAmount: 15_000, creditStatus: 'pending' });
    });

    it("lead price 50.00, on the partner's own terms: 50.00 on approval", async () => {
      const partner = await activePartner(host, { leadPrice: 5000 });
      const lead = await approvedLead(host, partner.id);
      expect(await creditOf(host, lead)).toMatchObject({
        creditAmount: 5000,
        origin: 'partner_terms',
        policyId: null,
        calculationType: 'fixed_price',
        reason: "the partner's lead price: 50.00",
      });
      expect(await mappingsOf(host, lead)).toEqual([]);
    });

    it('hybrid: 25.00 on approval and 15 % of the deal on conversion', async () => {
      const partner = await activePartner(host, { leadPrice: 2500, commissionPercentage: 15 });
      const approved = await approvedLead(host, partner.id);
      expect(approved).toMatchObject({ creditAmount: 2500, creditStatus: 'pending' });
      const lead = await convertedLead(host, approved, 100_000);
      expect(await creditsOf(host, lead)).toMatchObject([
        { creditAmount: 2500, triggerEvent: 'approval', origin: 'partner_terms' },
        {
          creditAmount: 15_000,
          triggerEvent: 'conversion',
          origin: 'partner_terms',
          calculationType: 'percentage',
          reason: "the partner's commission: 15 % of the deal value 1000.00 → 150.00",
        },
      ]);
      expect(lead).toMatchObject({ creditAmount: 17_500, creditStatus: 'pending' });
    });

    it('revenue share 10 % of 500.00: 50.00', async () => {
      const partner = await activePartner(host);
      await policyInForce(host, partner.id, { calculationType: 'revenue_share', baseRate: 10 });
      const lead = await convertedLead(host, await approvedLead(host, partner.id), 50_000);
      expect(await creditOf(host, lead)).toMatchObject({
        creditAmount: 5000,
        calculationType: 'revenue_share',
      });
    });

    it('conversion: 100.00 per closed deal', async () => {
      const partner = await activePartner(host);
      await policyInForce(host, partner.id, { calculationType: 'conversion', baseCredit: 10_000 });
      const lead = await convertedLead(host, await approvedLead(host, partner.id), 1);
      expect(await creditOf(host, lead)).toMatchObject({
        creditAmount: 10_000,
        reason: 'per closed deal: 100.00',
      });
    });
  });

  describe('several policies', () => {
    it('compete by priority, then by the credit, and each that loses says why', async () => {
      const partner = await activePartner(host);
      const low = await policyInForce(host, partner.id, { baseCredit: 9000, priority: 1 });
      const small = await policyInForce(host, partner.id, { baseCredit: 1000, priority: 5 });
      const winner = await policyInForce(host, partner.id, { baseCredit: 1100, priority: 5 });
      const lead = await approvedLead(host, partner.id);
      expect(await creditOf(host, lead)).toMatchObject({ creditAmount: 1100, policyId: winner.id });
      const mappings = await mappingsOf(host, lead);
      expect(
        Object.fromEntries(mappings.map((each) => [each.policyId, [each.applied, each.reason]])),
      ).toEqual({
        [winner.id]: [true, 'fixed price: 11.00'],
        [small.id]: [false, `passed over: policy ${winner.policyCode} pays more (11.00 over 10.00)`],
        [low.id]: [false, `passed over: policy ${winner.policyCode} has the higher priority (5 over 1)`],
      });
    });

    it('that stack are added on top of the one that wins', async () => {
      const partner = await activePartner(host);
      const base = await policyInForce(host, partner.id, { baseCredit: 1000 });
      const onTop = await policyInForce(host, partner.id, { baseCredit: 150, isStackable: true });
      const lead = await approvedLead(host, partner.id);
      const credits = await creditsOf(host, lead);
      expect(new Map(credits.map((credit) => [credit.policyId, credit.creditAmount]))).toEqual(
        new Map([
          [base.id, 1000],
          [onTop.id, 150],
        ]),
      );
      expect(lead.creditAmount).toBe(1150);
    });

    it('for all partners and of the partner compete too', async () => {
      const office = await host.otherTenant();
      const partner = await activePartner(office);
      const forAll = await policyInForce(office, null, { baseCredit: 700, priority: 1 });
      await policyInForce(office, partner.id, { baseCredit: 900 });
      expect(await creditOf(office, await approvedLead(office, partner.id))).toMatchObject({
        policyId: forAll.id,
        creditAmount: 700,
      });
      // A partner of the first organization sees nothing of this one's policies.
      const stranger = await activePartner(host);
      expect(await creditsOf(host, await approvedLead(host, stranger.id))).toEqual([]);
    });

    it("for all partners pay only in the organization's currency, and say so", async () => {
      const office = await host.otherTenant();
      const swiss = await activePartner(office, { currency: 'CHF' });
      const policy = await policyInForce(office, null, { baseCredit: 700 });
      const lead = await submittedLead(office, swiss.id);
      const { items } = await office.as('auditor').leads.applicablePolicies({ id: lead.id });
      expect(items).toMatchObject([
        {
          policyId: policy.id,
          applies: false,
          amount: null,
          reason: 'its amounts are in EUR, and the partner is paid in CHF',
        },
      ]);
      await office.as('lead_reviewer').leads.approve({ id: lead.id });
      expect(await creditsOf(office, lead)).toEqual([]);
    });
  });

  describe('a policy applies', () => {
    it('only to its project, campaign and source, from its score on and within its dates', async () => {
      const partner = await activePartner(host);
      const { items: sources } = await host.as('auditor').sources.list({ id: partner.id });
      const sourceId = sources[0]?.id;
      const other = await host.as('partner_manager').sources.create({
        id: partner.id,
        sourceType: 'channel_partner',
        sourceCode: `SRC-${partner.partnerCode}`,
        sourceName: 'Another channel',
      });
      const stacked = { isStackable: true };
      const project = await policyInForce(host, partner.id, {
        ...stacked,
        policyType: 'project_based',
        timeUnitType: null,
        projectId: 'tower',
      });
      const campaign = await policyInForce(host, partner.id, {
        ...stacked,
        policyType: 'campaign_based',
        timeUnitType: null,
        campaignId: 'summer',
      });
      const ofSource = await policyInForce(host, partner.id, { ...stacked, sourceId });
      const good = await policyInForce(host, partner.id, { ...stacked, minLeadQualityScore: 80 });
      const today = await policyInForce(host, partner.id, {
        ...stacked,
        startDate: '2026-06-15',
        endDate: '2026-06-15',
      });
      const past = await policyInForce(host, partner.id, { ...stacked, endDate: '2026-06-14' });
      const future = await policyInForce(host, partner.id, { ...stacked, startDate: '2026-06-16' });

      const paidBy = async (score: 70 | 85, fields: object) => {
        const lead = await approvedLead(host, partner.id, score, fields);
        return new Set((await creditsOf(host, lead)).map(({ policyId }) => policyId));
      };
      expect(await paidBy(70, { sourceId: other.id })).toEqual(new Set([today.id]));
      expect(await paidBy(85, { sourceId, projectId: 'tower', campaignId: 'summer' })).toEqual(
        new Set([project.id, campaign.id, ofSource.id, good.id, today.id]),
      );

      const lead = await submittedLead(host, partner.id, 70, { sourceId: other.id, campaignId: 'winter' });
      const { items } = await host.as('auditor').leads.applicablePolicies({ id: lead.id });
      expect(new Map(items.map((each) => [each.policyId, each.applies ? each.amount : each.reason]))).toEqual(
        new Map<string, unknown>([
          [project.id, 'it is for one project, and the lead has none'],
          [campaign.id, 'it is for another campaign'],
          [ofSource.id, 'it is for another source'],
          [good.id, "score 70 is below the policy's 80"],
          [today.id, 1000],
          [past.id, 'ended on 2026-06-14'],
          [future.id, 'starts on 2026-06-16'],
        ]),
      );
    });

    it('on the day of the tenant, not of the clock in UTC', async () => {
      const own = await testHost(engine, { now: '2026-06-15T22:30:00.000Z' });
      try {
        // In Berlin it is half past midnight on the 16th.
        const partner = await activePartner(own);
        const policy = await policyInForce(own, partner.id, { startDate: '2026-06-16' });
        expect(await creditOf(own, await approvedLead(own, partner.id))).toMatchObject({
          policyId: policy.id,
        });
      } finally {
        await own.close();
      }
    });

    it('in the revision in force, and its credits keep the one that made them', async () => {
      const partner = await activePartner(host);
      const policy = await policyInForce(host, partner.id, { baseCredit: 1000 });
      const first = await approvedLead(host, partner.id);
      await host.as('policy_manager').creditPolicies.update({ id: policy.id, baseCredit: 2000 });
      const second = await approvedLead(host, partner.id);
      await host.as('approver').creditPolicies.approve({ id: policy.id });
      const third = await approvedLead(host, partner.id);
      expect(await creditOf(host, first)).toMatchObject({ creditAmount: 1000, policyRevision: 1 });
      expect(await creditOf(host, second)).toMatchObject({ creditAmount: 1000, policyRevision: 1 });
      expect(await creditOf(host, third)).toMatchObject({ creditAmount: 2000, policyRevision: 2 });
      expect(await mappingsOf(host, third)).toMatchObject([{ policyRevision: 2 }]);
      expect(await policyNow(host, policy.id)).toMatchObject({ totalLeadsUnderPolicy: 3 });
    });

    it('no longer after it was deactivated', async () => {
      const partner = await activePartner(host);
      const policy = await policyInForce(host, partner.id);
      await host.as('policy_manager').creditPolicies.deactivate({ id: policy.id });
      expect(await creditsOf(host, await approvedLead(host, partner.id))).toEqual([]);
    });

    it('with nothing to pay and makes no credit, but says so', async () => {
      const partner = await activePartner(host, { leadPrice: 5000 });
      const policy = await policyInForce(host, partner.id, { baseCredit: 0 });
      const lead = await approvedLead(host, partner.id);
      // The policy governs the lead all the same: the partner's own price adds nothing.
      expect(await creditsOf(host, lead)).toEqual([]);
      expect(lead).toMatchObject({ creditAmount: null, creditStatus: null });
      expect(await mappingsOf(host, lead)).toMatchObject([
        { policyId: policy.id, applied: true, calculatedCredit: 0 },
      ]);
    });
  });

  describe("the partner's own terms", () => {
    it('add nothing where a policy pays on approval, then or on conversion', async () => {
      const partner = await activePartner(host, { leadPrice: 2500, commissionPercentage: 15 });
      const policy = await policyInForce(host, partner.id, { baseCredit: 1000 });
      const lead = await convertedLead(host, await approvedLead(host, partner.id), 100_000);
      expect(await creditOf(host, lead)).toMatchObject({ policyId: policy.id, creditAmount: 1000 });
    });

    it('add nothing on approval where a policy will pay on conversion', async () => {
      const partner = await activePartner(host, { leadPrice: 2500, commissionPercentage: 15 });
      const policy = await policyInForce(host, partner.id, {
        calculationType: 'revenue_share',
        baseRate: 10,
      });
      const approved = await approvedLead(host, partner.id);
      expect(await creditsOf(host, approved)).toEqual([]);
      const lead = await convertedLead(host, approved, 100_000);
      expect(await creditOf(host, lead)).toMatchObject({ policyId: policy.id, creditAmount: 10_000 });
    });

    it('hold for a lead that no policy applies to', async () => {
      const partner = await activePartner(host, { leadPrice: 2500 });
      await policyInForce(host, partner.id, { minLeadQualityScore: 90 });
      expect(await creditOf(host, await approvedLead(host, partner.id, 70))).toMatchObject({
        origin: 'partner_terms',
        creditAmount: 2500,
      });
    });
  });

  describe('a percentage', () => {
    it('of the estimated value is paid on approval, and not again on conversion', async () => {
      const partner = await activePartner(host, { commissionPercentage: 15 });
      await policyInForce(host, partner.id, { calculationType: 'percentage', baseRate: 2.5 });
      const approved = await approvedLead(host, partner.id, 70, { estimatedValue: 123_45 });
      expect(await creditOf(host, approved)).toMatchObject({
        creditAmount: 309,
        triggerEvent: 'approval',
        reason: '2.5 % of the estimated value 123.45 → 3.09',
      });
      const lead = await convertedLead(host, approved, 100_000);
      expect(await creditOf(host, lead)).toMatchObject({ creditAmount: 309 });
    });
  });

  it('a policy that paid on approval does not pay again when it has become one for conversions', async () => {
    const partner = await activePartner(host);
    const policy = await policyInForce(host, partner.id, { baseCredit: 1000 });
    const approved = await approvedLead(host, partner.id);
    await host.as('policy_manager').creditPolicies.update({ id: policy.id, calculationType: 'conversion' });
    await host.as('approver').creditPolicies.approve({ id: policy.id });
    const lead = await convertedLead(host, approved, 100_000);
    expect(await creditOf(host, lead)).toMatchObject({ triggerEvent: 'approval', policyRevision: 1 });
    expect(await mappingsOf(host, lead)).toMatchObject([
      { event: 'approval', applied: true, policyRevision: 1 },
      {
        event: 'conversion',
        applied: false,
        policyRevision: 2,
        reason: 'passed over: it was already applied to this lead on approval',
      },
    ]);
    expect(await policyNow(host, policy.id)).toMatchObject({ totalLeadsUnderPolicy: 1 });
  });

  describe('a credit of a policy that approves by itself', () => {
    it('is approved at once in the name of whoever approved the policy, and on the balance', async () => {
      const partner = await activePartner(host);
      const policy = await policyInForce(host, partner.id, { autoApprove: true, baseCredit: 1000 });
      const lead = await approvedLead(host, partner.id);
      expect(await creditOf(host, lead)).toMatchObject({
        status: 'approved',
        approvedBy: policy.approvedBy,
        delegatedPolicyId: policy.id,
        approvalNotes: `delegated by policy ${policy.policyCode}`,
        requestedBy: (await host.session('lead_reviewer')).userId,
        fourEyesWaived: false,
      });
      expect(lead).toMatchObject({ creditAmount: 1000, creditStatus: 'approved' });
      expect(await figuresOf(host, partner.id)).toEqual(earned(1000));
      expect(await policyNow(host, policy.id)).toMatchObject({
        totalLeadsUnderPolicy: 1,
        totalCreditsAllocated: 1000,
        // Figures move without making an open form stale.
        version: policy.version,
      });
      const stats = await host.as('auditor').sources.statsOfPartner({ id: partner.id });
      expect(stats.items).toMatchObject([{ sourceId: lead.sourceId, totalCredits: 1000 }]);
    });

    it('stands beside one that waits, and the lead shows what is furthest behind', async () => {
      const partner = await activePartner(host);
      await policyInForce(host, partner.id, { autoApprove: true, baseCredit: 1000 });
      await policyInForce(host, partner.id, { baseCredit: 200, isStackable: true });
      const lead = await approvedLead(host, partner.id);
      expect(lead).toMatchObject({ creditAmount: 1200, creditStatus: 'pending' });
      expect(await figuresOf(host, partner.id)).toEqual(earned(1000));
    });
  });

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

    it('goes on for the whole life of a policy that is not based on time', async () => {
      const own = await testHost(engine, { now: '2025-12-31T12:00:00.000Z' });
      try {
        const partner = await activePartner(own);
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
      await countedBefore(tiered.id, partner.id, 100);
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
      const candidates = await policiesInForce(reader, host.tenantId, partner.id);
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
