import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
  mappingsOf,
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
      await scopesNamed(host, { projects: ['tower'], campaigns: ['summer', 'winter'] });
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
      const trail = await host
        .as('auditor')
        .activities.list({ resourceId: lead.id, action: 'lead_approved' });
      expect(trail.items[0]?.details).toMatchObject({
        credits: [{ approvalNotes: `delegated by policy ${policy.policyCode}` }],
      });
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
});
