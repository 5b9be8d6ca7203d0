import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policiesInForce } from '#host/services/credit-engine/candidates.ts';
import { creditedBefore } from '#host/services/credit-engine/caps.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import {
  activePartner,
  approvedLead,
  convertedLead,
  creditOf,
  mappingsOf,
  newPolicy,
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

  const policyNow = (office: TestTenant, id: string) => office.as('auditor').creditPolicies.get({ id });
  const verified = async (office: TestTenant) =>
    expect(await office.as('auditor').ledger.verify()).toMatchObject({ ok: true, differences: [] });

  describe('a total budget', () => {
    it('gives the lead that reaches it what is left, and passes over the ones after', async () => {
      const office = await host.otherTenant();
      const partner = await activePartner(office, { leadPrice: 5000 });
      const policy = await policyInForce(office, partner.id, { totalBudget: 2500 });
      const leads = [
        await approvedLead(office, partner.id),
        await approvedLead(office, partner.id),
        await approvedLead(office, partner.id),
        await approvedLead(office, partner.id),
      ];
      // Nor do the partner's own terms step in: the lead is governed by a policy, whose money is spent.
      expect(leads.map(({ creditAmount }) => creditAmount)).toEqual([1000, 1000, 500, null]);
      expect(await creditOf(office, leads[2]!)).toMatchObject({
        reason: 'fixed price: 10.00; only 5.00 is left of its total budget of 25.00 → 5.00',
      });
      expect(await mappingsOf(office, leads[3]!)).toMatchObject([
        {
          policyId: policy.id,
          applied: false,
          calculatedCredit: 0,
          reason: 'passed over: nothing is left of its total budget of 25.00, it would have paid 10.00',
        },
      ]);
      expect(await policyNow(office, policy.id)).toMatchObject({
        creditsMade: 2500,
        totalLeadsUnderPolicy: 3,
      });
      // Its commission does not come in at the conversion either.
      expect(await convertedLead(office, leads[3]!, 100_000)).toMatchObject({ creditAmount: null });
      await verified(office);
    });

    it('is shared by all partners, and comes back with what is rejected or reversed', async () => {
      const office = await host.otherTenant();
      const [one, two] = [await activePartner(office), await activePartner(office)];
      const policy = await policyInForce(office, null, { totalBudget: 1500 });
      const first = await approvedLead(office, one.id);
      const second = await approvedLead(office, two.id);
      expect([first.creditAmount, second.creditAmount]).toEqual([1000, 500]);
      const { credits } = office.as('approver');
      await credits.reject({ id: (await creditOf(office, first)).id, reason: 'not ours' });
      const third = await approvedLead(office, two.id);
      expect(third.creditAmount).toBe(1000);
      const taken = await creditOf(office, third);
      await credits.approve({ id: taken.id });
      await credits.reverse({ id: taken.id, reason: 'The deal is off' });
      expect(await policyNow(office, policy.id)).toMatchObject({ creditsMade: 500 });
      expect((await approvedLead(office, one.id)).creditAmount).toBe(1000);
      await verified(office);
    });

    it('holds when many leads of many partners are approved at the same moment', async () => {
      const office = await host.otherTenant();
      const partners = await Promise.all([1, 2, 3, 4].map(() => activePartner(office)));
      const policy = await policyInForce(office, null, {
        totalBudget: 7250,
        capPerPeriod: 6500,
        autoApprove: true,
      });
      await policyInForce(office, null, { isStackable: true, baseCredit: 10 });
      const leads = await Promise.all(
        partners.flatMap(({ id }) => [1, 2, 3].map(() => submittedLead(office, id))),
      );
      await Promise.all(
        leads.map(({ id }, index) => office.as('lead_reviewer', 1 + (index % 4)).leads.approve({ id })),
      );
      expect(await policyNow(office, policy.id)).toMatchObject({
        creditsMade: 6500,
        totalCreditsAllocated: 6500,
        totalLeadsUnderPolicy: 7,
      });
      await verified(office);
    });
  });

  describe('a cap per period', () => {
    it('begins afresh with the period, in the zone of the organization', async () => {
      const own = await testHost(engine, { now: '2026-06-30T12:00:00.000Z' });
      try {
        const partner = await activePartner(own);
        const policy = await policyInForce(own, partner.id, { capPerPeriod: 1500 });
        const next = async () => (await approvedLead(own, partner.id)).creditAmount;
        expect([await next(), await next(), await next()]).toEqual([1000, 500, null]);
        own.clock.set('2026-06-30T22:00:00.000Z'); // midnight in Berlin: July
        expect([await next(), await next()]).toEqual([1000, 500]);
        expect(await policyNow(own, policy.id)).toMatchObject({ creditsMade: 3000 });
        await verified(own);
      } finally {
        await own.close();
      }
    });

    it('counts what was credited before it was agreed', async () => {
      const office = await host.otherTenant();
      const partner = await activePartner(office);
      const policy = await policyInForce(office, partner.id);
      await approvedLead(office, partner.id);
      const rejected = await approvedLead(office, partner.id);
      await office.as('approver').credits.reject({ id: (await creditOf(office, rejected)).id, reason: 'no' });
      await office.as('policy_manager').creditPolicies.update({ id: policy.id, capPerPeriod: 1800 });
      expect((await approvedLead(office, partner.id)).creditAmount).toBe(1000);
      await office.as('approver').creditPolicies.approve({ id: policy.id });
      // 20.00 stand already.
      expect((await approvedLead(office, partner.id)).creditAmount).toBeNull();
      await office.as('policy_manager').creditPolicies.update({ id: policy.id, capPerPeriod: 2300 });
      await office.as('approver').creditPolicies.approve({ id: policy.id });
      expect((await approvedLead(office, partner.id)).creditAmount).toBe(300);
      await verified(office);
    });

    it('counts a conversion on the day of the deal', async () => {
      const own = await testHost(engine, { now: '2026-06-30T08:00:00.000Z' });
      try {
        const partner = await activePartner(own);
        await policyInForce(own, partner.id, {
          calculationType: 'conversion',
          baseCredit: 1000,
          capPerPeriod: 1500,
        });
        const leads = [
          await approvedLead(own, partner.id),
          await approvedLead(own, partner.id),
          await approvedLead(own, partner.id),
        ];
        own.clock.set('2026-07-01T08:00:00.000Z');
        const amounts = [];
        for (const [index, day] of ['2026-06-30', '2026-06-30', '2026-07-01'].entries()) {
          amounts.push((await convertedLead(own, leads[index]!, 100_000, day)).creditAmount);
        }
        expect(amounts).toEqual([1000, 500, 1000]);
        await verified(own);
      } finally {
        await own.close();
      }
    });
  });

  describe('a cap per lead', () => {
    it('holds what policies credit at both events together', async () => {
      const partner = await activePartner(host);
      await policyInForce(host, partner.id, { baseCredit: 1000 });
      const closing = await policyInForce(host, partner.id, {
        calculationType: 'conversion',
        baseCredit: 5000,
        capPerLead: 3000,
      });
      const lead = await approvedLead(host, partner.id);
      expect(await convertedLead(host, lead, 100_000)).toMatchObject({ creditAmount: 3000 });
      const [mapping] = (await mappingsOf(host, lead)).filter(({ policyId }) => policyId === closing.id);
      expect(mapping).toMatchObject({
        applied: true,
        calculatedCredit: 2000,
        reason: 'per closed deal: 50.00; only 20.00 is left of its cap per lead of 30.00 → 20.00',
      });
      const rejected = await approvedLead(host, partner.id);
      await host.as('approver').credits.reject({ id: (await creditOf(host, rejected)).id, reason: 'no' });
      const [, conversion] = (await convertedLead(host, rejected, 100_000), await mappingsOf(host, rejected));
      expect(conversion).toMatchObject({ policyId: closing.id, calculatedCredit: 3000 });
    });
  });

  it('is refused of zero, and per period without a period', async () => {
    const partner = await activePartner(host);
    expect(await refusalOf(newPolicy(host, partner.id, { totalBudget: 0 }))).toMatchObject({
      code: 'VALIDATION',
      message: 'The total budget must be above zero, or left out.',
      data: { fields: [{ path: 'totalBudget' }] },
    });
    await host.as('policy_manager').projects.create({ code: 'CAPPED', name: 'Capped' });
    const project = { policyType: 'project_based', timeUnitType: null, projectId: 'CAPPED' } as const;
    expect(await refusalOf(newPolicy(host, partner.id, { ...project, capPerPeriod: 100 }))).toMatchObject({
      code: 'VALIDATION',
      data: { fields: [{ path: 'capPerPeriod' }] },
    });
  });

  it('reads nothing for an approval whose policies have none, and by index where they have', async () => {
    if (engine !== 'sqlite') return;
    const partner = await activePartner(host);
    await policyInForce(host, partner.id, { autoApprove: true });
    const about = {
      tenantId: host.tenantId,
      leadId: partner.id,
      event: 'conversion',
      eventDay: '2026-06-15',
    } as const;
    const read = () =>
      plansOf(host, async (reader) => {
        const policies = await policiesInForce(reader, host.tenantId, partner.id, '2026-06-15');
        await creditedBefore(reader, about, policies, false);
      });
    // The policies themselves, which every approval reads.
    expect(await read()).toHaveLength(1);
    await policyInForce(host, partner.id, {
      capPerLead: 1,
      capPerPeriod: 1,
      totalBudget: 1,
      isStackable: true,
    });
    const plans = await read();
    expect(plans).toHaveLength(4);
    for (const plan of plans) expect(plan).not.toMatch(/SCAN (partner|policy)_|\(tenant_id=\?\)/);
  });

  describe('verification', () => {
    it('names each counter that is off', async () => {
      const office = await host.otherTenant();
      const partner = await activePartner(office);
      const policy = await policyInForce(office, partner.id, { capPerPeriod: 5000, autoApprove: true });
      await approvedLead(office, partner.id);
      await verified(office);
      await host.database.write({ tenantId: office.tenantId }, async (tx) => {
        const ofTenant = sql`where tenant_id = ${office.tenantId}`;
        await tx.run(sql`update partner_months set leads_submitted = 3 ${ofTenant}`);
        await tx.run(sql`update policy_period_counts set lead_count = 5 ${ofTenant}`);
        await tx.run(sql`update policy_day_credits set amount = 700 ${ofTenant}`);
        await tx.run(sql`update partner_credit_policies
          set credits_made = 900, total_credits_allocated = 0, total_leads_under_policy = 8 ${ofTenant}`);
        await tx.run(sql`update partner_sources set leads_generated = 4, leads_approved = 3, leads_converted = 2,
          total_revenue = 9, total_quality_score = 50, total_credits = 1 ${ofTenant}`);
      });
      const { ok, differences } = await office.as('auditor').ledger.verify();
      expect(ok).toBe(false);
      const [source] = (await office.as('auditor').sources.list({ id: partner.id })).items;
      const of = (figure: string, stored: number, computed: number) => ({
        partnerId: partner.id,
        figure,
        stored,
        computed,
      });
      expect(differences).toHaveLength(12);
      expect(differences).toEqual(
        expect.arrayContaining([
          of('leads submitted in 2026-06', 3, 1),
          of(`leads counted on 2026-06-15 under policy ${policy.policyCode}`, 5, 1),
          of(`credits of 2026-06-15 under policy ${policy.policyCode}`, 700, 1000),
          of(`creditsMade of policy ${policy.policyCode}`, 900, 1000),
          of(`totalCreditsAllocated of policy ${policy.policyCode}`, 0, 1000),
          of(`totalLeadsUnderPolicy of policy ${policy.policyCode}`, 8, 1),
          of(`leadsGenerated of source ${source!.sourceCode}`, 4, 1),
          of(`leadsApproved of source ${source!.sourceCode}`, 3, 1),
          of(`leadsConverted of source ${source!.sourceCode}`, 2, 0),
          of(`totalRevenue of source ${source!.sourceCode}`, 9, 0),
          of(`totalQualityScore of source ${source!.sourceCode}`, 50, 7000),
          of(`totalCredits of source ${source!.sourceCode}`, 1, 1000),
        ]),
      );
    });
  });
});
