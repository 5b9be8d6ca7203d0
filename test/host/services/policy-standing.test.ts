import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import {
  activePartner,
  approvedLead,
  convertedLead,
  creditOf,
  newPolicy,
  policyInForce,
  submittedLead,
} from './credit-stories.ts';

forEachEngine((engine) => {
  let host: TestHost;

  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  const manager = () => host.as('policy_manager').creditPolicies;

  describe('a policy that is deactivated from a day to come', () => {
    it('pays until then, and for what happened before also afterwards', async () => {
      const own = await testHost(engine, { now: '2026-06-15T12:00:00.000Z' });
      try {
        const partner = await activePartner(own);
        await policyInForce(own, partner.id, {
          calculationType: 'conversion',
          baseCredit: 5000,
          priority: 1,
        });
        const price = await policyInForce(own, partner.id);
        const [closing] = (await own.as('auditor').creditPolicies.list({ id: partner.id })).items;
        const policies = own.as('policy_manager').creditPolicies;
        for (const id of [price.id, closing!.id]) {
          expect(
            await policies.deactivate({ id, deactivatedFrom: '2026-06-18', reason: 'New terms' }),
          ).toMatchObject({
            isActive: true,
            deactivatedFrom: '2026-06-18',
          });
        }
        const isListed = async (active: boolean) =>
          (await policies.list({ id: partner.id, active })).items.some(({ id }) => id === price.id);
        const [one, two] = [await approvedLead(own, partner.id), await approvedLead(own, partner.id)];
        expect(one.creditAmount).toBe(1000);
        // As long as it pays, and no longer, the partner's own people see it.
        const people = own.asPartner(partner.id, 'viewer').creditPolicies;
        expect(await people.get({ id: price.id })).toMatchObject({ deactivatedFrom: '2026-06-18' });
        own.clock.set('2026-06-17T21:59:59.000Z'); // the last second of the 17th in Berlin
        expect((await approvedLead(own, partner.id)).creditAmount).toBe(1000);
        expect([await isListed(true), await isListed(false)]).toEqual([true, false]);
        own.clock.set('2026-06-17T22:00:00.000Z');
        expect(await policies.get({ id: price.id })).toMatchObject({ isActive: false });
        expect((await refusalOf(people.get({ id: price.id }))).code).toBe('NOT_FOUND');
        expect([await isListed(true), await isListed(false)]).toEqual([false, true]);
        expect((await approvedLead(own, partner.id)).creditAmount).toBeNull();
        // The deal was closed while the policy held; it is recorded only now.
        expect((await convertedLead(own, one, 100_000, '2026-06-17')).creditAmount).toBe(6000);
        expect((await convertedLead(own, two, 100_000, '2026-06-18')).creditAmount).toBe(1000);
        expect(await refusalOf(policies.deactivate({ id: price.id }))).toMatchObject({
          code: 'INVALID_TRANSITION',
        });
      } finally {
        await own.close();
      }
    });

    it('can have its day moved, but nothing else about it changes', async () => {
      const partner = await activePartner(host);
      const { id } = await policyInForce(host, partner.id);
      await manager().update({ id, baseCredit: 1500 });
      const ending = await manager().deactivate({ id, deactivatedFrom: '2026-07-01' });
      // The revision that waited goes with it.
      expect(ending).toMatchObject({ approvalRequired: false, isActive: true });
      expect(await refusalOf(manager().update({ id, baseCredit: 5 }))).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: "This policy is deactivated from 2026-07-01 on, so it can't be changed.",
      });
      expect(await refusalOf(host.as('approver').creditPolicies.approve({ id }))).toMatchObject({
        code: 'INVALID_TRANSITION',
      });
      expect(await refusalOf(manager().deactivate({ id, deactivatedFrom: '2026-07-01' }))).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: 'This policy is deactivated from 2026-07-01 on already.',
      });
      expect(await manager().deactivate({ id, deactivatedFrom: '2026-08-01' })).toMatchObject({
        deactivatedFrom: '2026-08-01',
      });
      expect(await manager().deactivate({ id })).toMatchObject({
        isActive: false,
        deactivatedFrom: '2026-06-15',
      });
      expect((await approvedLead(host, partner.id)).creditAmount).toBeNull();
    });

    it('is not deactivated from a day that is past', async () => {
      const partner = await activePartner(host);
      const { id } = await policyInForce(host, partner.id);
      expect(await refusalOf(manager().deactivate({ id, deactivatedFrom: '2026-06-14' }))).toMatchObject({
        code: 'VALIDATION',
        data: { fields: [{ path: 'deactivatedFrom' }] },
      });
    });
  });

  it('lists the policies of one partner, of those of all', async () => {
    const office = await host.otherTenant();
    const [one, two] = [await activePartner(office), await activePartner(office)];
    const mine = await policyInForce(office, one.id);
    const draft = await newPolicy(office, one.id);
    await policyInForce(office, two.id);
    await policyInForce(office, null);
    const { creditPolicies } = office.as('auditor');
    const codes = async (filter: { active?: boolean }) =>
      (await creditPolicies.listAll({ partnerId: one.id, ...filter })).items.map(
        ({ policyCode }) => policyCode,
      );
    expect(await codes({})).toEqual([mine.policyCode, draft.policyCode].sort());
    expect(await codes({ active: true })).toEqual([mine.policyCode]);
    expect(await codes({ active: false })).toEqual([draft.policyCode]);
  });

  it('shows a partner which policies are active, by the terms that hold', async () => {
    const office = await host.otherTenant();
    const [one, two] = [await activePartner(office), await activePartner(office)];
    const mine = await policyInForce(office, one.id);
    const forAll = await policyInForce(office, null);
    await newPolicy(office, one.id);
    await policyInForce(office, two.id);
    await office.as('policy_manager').creditPolicies.update({ id: mine.id, baseCredit: 1 });
    const user = office.asPartner(one.id, 'viewer').creditPolicies;
    const { items } = await user.list({ id: one.id, active: true });
    expect(Object.fromEntries(items.map(({ id, baseCredit }) => [id, baseCredit]))).toEqual({
      [mine.id]: 1000,
      [forAll.id]: 1000,
    });
    expect(await refusalOf(user.list({ id: two.id, active: true }))).toMatchObject({ code: 'NOT_FOUND' });
  });

  describe('why', () => {
    it('of each policy is told for a lead that waits, whichever policy', async () => {
      const partner = await activePartner(host);
      const office = host;
      await office.as('policy_manager').projects.create({ code: 'WHY', name: 'Why' });
      const pays = await policyInForce(office, partner.id, { priority: 1 });
      const later = await policyInForce(office, partner.id, { startDate: '2026-07-01' });
      const project = await policyInForce(office, partner.id, {
        policyType: 'project_based',
        timeUnitType: null,
        projectId: 'WHY',
      });
      const picky = await policyInForce(office, partner.id, { minLeadQualityScore: 90 });
      const draft = await newPolicy(office, partner.id);
      const gone = await policyInForce(office, partner.id);
      await manager().deactivate({ id: gone.id });
      await manager().update({ id: later.id, startDate: '2026-06-01' });
      const spent = await policyInForce(office, partner.id, { totalBudget: 100, priority: 9 });
      await approvedLead(office, partner.id);
      const lead = await submittedLead(office, partner.id);
      const { items } = await office.as('auditor').leads.applicablePolicies({ id: lead.id });
      const reasons = Object.fromEntries(items.map((each) => [each.policyId, [each.applies, each.reason]]));
      expect(reasons).toMatchObject({
        [pays.id]: [true, 'fixed price: 10.00'],
        [later.id]: [false, 'starts on 2026-07-01 (revision 2 waits for approval)'],
        [project.id]: [false, 'it is for one project, and the lead has none'],
        [picky.id]: [false, "score 70 is below the policy's 90"],
        [draft.id]: [false, 'revision 1 of the policy is not approved'],
        [gone.id]: [false, 'deactivated from 2026-06-15 on'],
        [spent.id]: [
          false,
          'passed over: nothing is left of its total budget of 1.00, it would have paid 10.00',
        ],
      });
      const calculate = () => office.as('auditor').creditPolicies.calculateLeadCredit({ id: lead.id });
      expect(await calculate()).toEqual({
        leadId: lead.id,
        basis: 'next',
        event: 'approval',
        amount: 1000,
        currency: 'EUR',
        policyIds: [pays.id],
        reasons: ['fixed price: 10.00'],
      });
      const approved = await office.as('lead_reviewer').leads.approve({ id: lead.id });
      expect(approved.creditAmount).toBe(1000);
      expect(await calculate()).toMatchObject({ basis: 'credited', amount: 1000, policyIds: [pays.id] });
      const { items: mappings, others } = await office.as('auditor').leads.policyMappings({ id: lead.id });
      expect(mappings.map(({ policyId }) => policyId).sort()).toEqual([pays.id, spent.id].sort());
      // As it was at the approval, whatever comes of them later.
      await office.as('approver').creditPolicies.approve({ id: later.id });
      expect(
        Object.fromEntries(
          (await office.as('auditor').leads.policyMappings({ id: lead.id })).others.map((each) => [
            each.policyId,
            each.reason,
          ]),
        ),
      ).toMatchObject({
        [later.id]: 'starts on 2026-07-01',
        [project.id]: 'it is for one project, and the lead has none',
        [picky.id]: "score 70 is below the policy's 90",
        [draft.id]: 'revision 1 of the policy is not approved',
        [gone.id]: 'deactivated from 2026-06-15 on',
      });
      expect(others.map(({ policyId }) => policyId)).not.toContain(pays.id);
    });

    it('is told by the currency, and of a policy that pays at the conversion', async () => {
      const partner = await activePartner(host, { currency: 'USD' });
      const euros = await policyInForce(host, null);
      const closing = await policyInForce(host, partner.id, {
        calculationType: 'conversion',
        baseCredit: 100,
      });
      const lead = await approvedLead(host, partner.id);
      const { others } = await host.as('auditor').leads.policyMappings({ id: lead.id });
      const reasons = Object.fromEntries(others.map(({ policyId, reason }) => [policyId, reason]));
      expect(reasons).toMatchObject({
        [euros.id]: 'its amounts are in EUR, and the partner is paid in USD',
        [closing.id]: 'pays on conversion, and the lead has not converted',
      });
    });

    it('calculates the partner’s own terms where no policy governs, and nothing for a rejected lead', async () => {
      const office = await host.otherTenant();
      const partner = await activePartner(office, { leadPrice: 5000 });
      const lead = await submittedLead(office, partner.id);
      const calculate = () => office.as('auditor').creditPolicies.calculateLeadCredit({ id: lead.id });
      expect(await calculate()).toMatchObject({
        amount: 5000,
        policyIds: [],
        reasons: ["the partner's lead price: 50.00"],
      });
      await office.as('lead_reviewer').leads.reject({ id: lead.id, reason: 'no' });
      expect(await calculate()).toMatchObject({ amount: 0, event: null, policyIds: [] });
    });
  });

  describe('why a partner got no payout', () => {
    const june = { periodStart: '2026-06-01', periodEnd: '2026-06-30' };

    it('is told step by step, until there is one', async () => {
      const office = await host.otherTenant();
      const partner = await activePartner(office, { leadPrice: 5000 });
      const why = async () => {
        const { reasons } = await office.as('finance').payouts.why({ partnerId: partner.id, ...june });
        return reasons.map(({ code }) => code);
      };
      expect(await why()).toEqual(['nothing_approved']);
      await approvedLead(office, partner.id);
      expect(await why()).toEqual(['nothing_approved', 'waiting_for_approval']);
      const [credit] = (await office.as('auditor').credits.list({ partnerId: partner.id })).items;
      await office.as('approver').credits.approve({ id: credit!.id });
      expect(await why()).toEqual(['not_generated']);
      await office.as('approver').partners.suspend({ id: partner.id, reason: 'Under review' });
      expect(await why()).toEqual(['not_active']);
      await office.as('approver').partners.reactivate({ id: partner.id });
      const { payouts } = await office.as('finance').payouts.generate({ partnerId: partner.id, ...june });
      expect(await why()).toEqual(['has_payout', 'in_payouts']);
      await office.as('approver').payouts.reject({ id: payouts[0]!.id, notes: 'again' });
      expect(await why()).toEqual(['payout_ended', 'not_generated']);
      // What generating says is what was told before.
      const user = office.asPartner(partner.id, 'viewer');
      expect(await user.payouts.why({ partnerId: partner.id, ...june })).toMatchObject({
        partnerId: partner.id,
      });
      const other = await activePartner(office);
      expect(await refusalOf(user.payouts.why({ partnerId: other.id, ...june }))).toMatchObject({
        code: 'NOT_FOUND',
      });
    });

    it('names what is held, what is below the minimum, and what an earlier period left', async () => {
      const office = await host.otherTenant();
      const partner = await activePartner(office, { leadPrice: 5000 });
      const approveNext = async () => {
        const lead = await approvedLead(office, partner.id);
        await office.as('approver').credits.approve({ id: (await creditOf(office, lead)).id });
      };
      const why = async (period = june) => {
        const { reasons } = await office.as('finance').payouts.why({ partnerId: partner.id, ...period });
        return reasons.map(({ code, amount }) => [code, amount]);
      };
      const { balances } = office.as('finance');
      await approveNext();
      await balances.setTerms({ id: partner.id, minimumPayout: 6000 });
      expect(await why()).toEqual([['below_minimum', 5000]]);
      await balances.setTerms({ id: partner.id, holdingDays: 10 });
      await approveNext();
      expect(await why()).toEqual([
        ['held', 5000],
        ['below_minimum', 5000],
      ]);
      await balances.setTerms({ id: partner.id, minimumPayout: 0 });
      expect(await why({ periodStart: '2026-07-01', periodEnd: '2026-07-31' })).toEqual([
        ['period_to_come', null],
        ['nothing_approved', null],
        ['held', 5000],
        ['earlier_period', 5000],
      ]);
    });

    it('is refused for a period that ends before it starts', async () => {
      const partner = await activePartner(host);
      const wrong = { periodStart: '2026-06-30', periodEnd: '2026-06-01' };
      expect(
        await refusalOf(host.as('finance').payouts.why({ partnerId: partner.id, ...wrong })),
      ).toMatchObject({
        code: 'VALIDATION',
      });
    });
  });

  it('shows a source by its id', async () => {
    const partner = await activePartner(host);
    const [source] = (await host.as('auditor').sources.list({ id: partner.id })).items;
    expect(await host.as('auditor').sources.get({ id: source!.id })).toEqual(source);
    const other = await activePartner(host);
    const user = host.asPartner(other.id, 'viewer');
    expect(await refusalOf(user.sources.get({ id: source!.id }))).toMatchObject({ code: 'NOT_FOUND' });
  });
});
