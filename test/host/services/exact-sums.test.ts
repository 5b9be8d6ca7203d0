import { afterAll, beforeAll, expect, it } from 'vitest';
import { largestAmount } from '#contract/base.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { activePartner, approvedLead, convertedLead, type Partner, policyInForce } from './credit-stories.ts';
import { approvedCredits, generated, ledgerDifferences, paid, payablePartner } from './payout-stories.ts';

/** Several amounts of the largest size: their sums are read as long as they are exact, and none is kept that would not be. */
forEachEngine((engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  const tenth = async (act: () => Promise<unknown>) => {
    for (let number = 1; number < 10; number += 1) await act();
    return refusalOf(act());
  };
  const deal = async (partner: Partner) =>
    convertedLead(host, await approvedLead(host, partner.id), largestAmount);

  it('an approval that would leave a balance beyond what is exact is refused', async () => {
    const partner = await activePartner(host);
    const grant = async (amount: number) => {
      const asked = { id: partner.id, kind: 'adjustment', amount, reason: 'A very good year.' } as const;
      const { id } = await host.as('finance').credits.adjust(asked);
      return host.as('approver').credits.approve({ id });
    };
    expect(await tenth(() => grant(largestAmount))).toMatchObject({
      code: 'VALIDATION',
      message:
        "The partner's balance would be larger than can be kept to the cent. Check whether the amounts are right.",
    });
    expect((await grant(-largestAmount)).status).toBe('approved');
    const { availableBalance } = await host.as('auditor').partners.get({ id: partner.id });
    expect(availableBalance).toBe(8 * largestAmount);
    expect(await ledgerDifferences(host)).toEqual([]);
  });

  it('a payout of more than the largest amount is approved, paid and read like any other', async () => {
    const partner = await payablePartner(host);
    await approvedCredits(host, partner.id, [largestAmount, 1]);
    const { id } = await generated(host, partner.id);
    await host.as('approver').payouts.approve({ id });
    expect(await paid(host, { id })).toMatchObject({ status: 'paid', paidAmount: largestAmount + 1 });
    const { items } = await host.as('auditor').payouts.payments({ id });
    expect(items.map(({ amount }) => amount)).toEqual([largestAmount + 1]);
  });

  it("so is a deal that would take a source's revenue there", async () => {
    const partner = await activePartner(host);
    expect(await tenth(() => deal(partner))).toMatchObject({
      code: 'VALIDATION',
      message: expect.stringContaining("The source's revenue would be larger"),
    });
    const { items } = await host.as('auditor').sources.list({ id: partner.id });
    expect(items[0]).toMatchObject({ leadsConverted: 9, totalRevenue: 9 * largestAmount });
  });

  it('and one that would take there what a policy credited', async () => {
    const office = await host.otherTenant();
    await policyInForce(office, null, { calculationType: 'revenue_share', baseRate: 100 });
    const partners = [await activePartner(office), await activePartner(office)] as const;
    let turn = 0;
    const credit = async () => {
      turn += 1;
      const lead = await approvedLead(office, partners[turn % 2 === 0 ? 0 : 1].id);
      return convertedLead(office, lead, largestAmount);
    };
    expect((await tenth(credit)).message).toContain('What the policy credited would be larger');
    const { items } = await office.as('auditor').creditPolicies.listAll({});
    expect(items[0]).toMatchObject({ creditsMade: 9 * largestAmount });
  });
});
