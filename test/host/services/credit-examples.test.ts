import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forEachEngine } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import {
  activePartner,
  approvedLead,
  boundedTiers,
  convertedLead,
  countedBefore,
  creditOf,
  creditsOf,
  earned,
  figuresOf,
  leadData,
  mappingsOf,
  type PolicyInput,
  policyInForce,
} from './credit-stories.ts';

forEachEngine((engine) => {
  let host: TestHost;

  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

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
      await countedBefore(host, policy.id, partner.id, 149);
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
      await countedBefore(host, policy.id, partner.id, 249);
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
      await countedBefore(host, policy.id, partner.id, 249, office);
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
});
