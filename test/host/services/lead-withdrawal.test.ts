import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import {
  approvedLead,
  convertedLead,
  creditsOf,
  earned,
  figuresOf,
  type Lead,
  mappingsOf,
  type Partner,
  policyInForce,
} from './credit-stories.ts';
import { countersOf, getLead, outcomesOf, recountOf } from './lead-stories.ts';
import { actionsOf, lastDetails, refused } from './partners/setup.ts';
import {
  generated,
  getPayout,
  june,
  ledgerDifferences,
  linesOf,
  paid,
  payablePartner,
} from './payout-stories.ts';

describe.each(engines)('a conversion that is withdrawn, on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  const reviewer = () => host.as('lead_reviewer').leads;
  const withdrawn = (lead: Lead, more: { entryStatus?: 'lost' | 'open' } = {}) =>
    reviewer().withdrawConversion({ id: lead.id, reason: 'The buyer backed out', ...more });
  const entryOf = (lead: Lead) => host.as('auditor').leadEntries.get({ id: lead.leadId! });
  const approveAll = async (lead: Lead) => {
    for (const credit of await creditsOf(host, lead)) {
      if (credit.status === 'pending_approval') await host.as('approver').credits.approve({ id: credit.id });
    }
  };
  const sound = async (partner: Partner) => {
    expect(await ledgerDifferences(host)).toEqual([]);
    expect((await host.as('auditor').activities.verify()).ok).toBe(true);
    expect(await countersOf(host, partner.id)).toEqual(await recountOf(host, partner.id));
  };

  /** 25.00 on approval and 15 % of the deal: 1,000.00 make 150.00 on conversion. */
  async function hybrid(): Promise<{ partner: Partner; lead: Lead }> {
    const partner = await payablePartner(host, { leadPrice: 2500, commissionPercentage: 15 });
    const lead = await convertedLead(host, await approvedLead(host, partner.id), 100_000);
    return { partner, lead };
  }

  it('makes the lead approved again, with its entry, the counters and the reason', async () => {
    const { partner, lead } = await hybrid();
    expect(await entryOf(lead)).toMatchObject({
      status: 'converted',
      dealValue: 100_000,
      partnerLeadId: lead.id,
    });
    const after = await withdrawn(lead);
    expect(after).toMatchObject({
      status: 'approved',
      version: lead.version + 1,
      dealValue: null,
      conversionDate: null,
      conversionWithdrawalReason: 'The buyer backed out',
    });
    expect(after.conversionWithdrawnAt).not.toBeNull();
    expect(await getLead(host, lead)).toEqual(after);
    expect(await entryOf(lead)).toMatchObject({ status: 'lost', dealValue: null, convertedOn: null });
    const shown = await host.as('auditor').partners.get({ id: partner.id });
    expect(shown).toMatchObject({ approvedLeads: 1, convertedLeads: 0 });
    const stats = await host.as('auditor').sources.statsOfPartner({ id: partner.id });
    expect(stats.items).toMatchObject([{ leadsConverted: 0, totalRevenue: 0 }]);
    expect(await actionsOf(host, lead.id)).toEqual([
      'lead_submitted',
      'lead_approved',
      'lead_converted',
      'lead_conversion_withdrawn',
    ]);
    expect(await lastDetails(host, lead.id)).toMatchObject({
      reason: 'The buyer backed out',
      before: { status: 'converted', dealValue: 100_000, conversionDate: '2026-06-15' },
      after: { status: 'approved', entryStatus: 'lost' },
      path: ['approved'],
    });
    await sound(partner);
  });

  it('rejects a credit that waits: 25.00 of the approval stay, 150.00 of the deal were never paid', async () => {
    const { partner, lead } = await hybrid();
    const after = await withdrawn(lead, { entryStatus: 'open' });
    expect(after).toMatchObject({ creditAmount: 2500, creditStatus: 'pending' });
    const credits = await creditsOf(host, lead);
    expect(
      credits.map(({ triggerEvent, creditAmount, status }) => [triggerEvent, creditAmount, status]),
    ).toEqual(
      expect.arrayContaining([
        ['approval', 2500, 'pending_approval'],
        ['conversion', 15_000, 'rejected'],
      ]),
    );
    expect(credits.find(({ status }) => status === 'rejected')).toMatchObject({
      rejectionReason: 'The conversion was withdrawn: The buyer backed out',
    });
    expect(await figuresOf(host, partner.id)).toEqual(earned(0));
    expect((await entryOf(lead)).status).toBe('open');
    await sound(partner);
  });

  it('reverses an approved credit: of 175.00 earned 25.00 are left', async () => {
    const { partner, lead } = await hybrid();
    await approveAll(lead);
    expect(await figuresOf(host, partner.id)).toEqual(earned(17_500));
    expect(await withdrawn(lead)).toMatchObject({ creditAmount: 2500, creditStatus: 'approved' });
    expect(await figuresOf(host, partner.id)).toEqual(earned(2500));
    expect(await lastDetails(host, lead.id)).toMatchObject({
      credits: [{ creditAmount: 15_000, outcome: 'reversed', amount: 15_000 }],
    });
    await sound(partner);
  });

  it('claws back a paid credit: −150.00, which the next payout nets off to the cent', async () => {
    const { partner, lead } = await hybrid();
    await approveAll(lead);
    const payout = await generated(host, partner.id);
    await host.as('approver').payouts.approve({ id: payout.id });
    await paid(host, payout);
    expect(await figuresOf(host, partner.id)).toMatchObject({ availableBalance: 0, withdrawnAmount: 17_500 });
    await withdrawn(lead);
    expect(await figuresOf(host, partner.id)).toMatchObject({
      totalEarnings: 2500,
      availableBalance: -15_000,
      withdrawnAmount: 17_500,
    });
    expect(await lastDetails(host, lead.id)).toMatchObject({
      credits: [{ outcome: 'clawed_back', amount: 15_000, payoutNumber: payout.payoutNumber }],
    });
    expect(await getPayout(host, payout)).toMatchObject({ status: 'paid', approvedAmount: 17_500 });
    await sound(partner);
    // Another deal of 2,000.00 earns 25.00 + 300.00; 325.00 − 150.00 = 175.00 are paid out.
    const next = await convertedLead(host, await approvedLead(host, partner.id), 200_000);
    await approveAll(next);
    const netted = await generated(host, partner.id);
    expect(netted.totalAmount).toBe(17_500);
    expect((await linesOf(host, netted)).map(({ amount }) => amount).toSorted((a, b) => a - b)).toEqual([
      -15_000, 2500, 30_000,
    ]);
    await sound(partner);
  });

  it('takes back what a payout carried over, too: of 150.00 with 100.00 paid, −100.00 are left', async () => {
    const partner = await payablePartner(host, { commissionPercentage: 15 });
    const lead = await convertedLead(host, await approvedLead(host, partner.id), 100_000);
    await approveAll(lead);
    const payout = await generated(host, partner.id);
    await host.as('approver').payouts.approve({ id: payout.id, amount: 10_000 });
    await paid(host, await getPayout(host, payout));
    expect(await figuresOf(host, partner.id)).toMatchObject({ availableBalance: 5000 });
    await withdrawn(lead);
    expect(await figuresOf(host, partner.id)).toMatchObject({ totalEarnings: 0, availableBalance: -10_000 });
    await sound(partner);
  });

  it('is refused as a whole while a payout that waits for approval holds a credit of it', async () => {
    const { partner, lead } = await hybrid();
    await approveAll(lead);
    const payout = await generated(host, partner.id);
    const refusal = await refused(host, () => withdrawn(lead));
    expect(refusal).toMatchObject({
      code: 'INVALID_TRANSITION',
      message: `This credit is in payout ${payout.payoutNumber}, which waits for approval. Reject its line there first.`,
    });
    for (const line of await linesOf(host, payout)) {
      if (line.amount === 15_000)
        await host.as('approver').payouts.rejectLine({ id: line.id, notes: 'No deal' });
    }
    expect((await withdrawn(lead)).status).toBe('approved');
    await sound(partner);
  });

  it('may be followed by another conversion, with credits of its own, by terms and by policies', async () => {
    const partner = await payablePartner(host);
    const policy = await policyInForce(host, partner.id, { calculationType: 'revenue_share', baseRate: 10 });
    const approved = await approvedLead(host, partner.id);
    const first = await convertedLead(host, approved, 50_000);
    await approveAll(first);
    await withdrawn(first);
    expect(await host.as('auditor').creditPolicies.get({ id: policy.id })).toMatchObject({
      totalLeadsUnderPolicy: 0,
      totalCreditsAllocated: 0,
    });
    const second = await convertedLead(host, first, 80_000);
    expect(second).toMatchObject({
      status: 'converted',
      dealValue: 80_000,
      conversionWithdrawnAt: null,
      conversionWithdrawalReason: null,
      creditAmount: 8000,
      creditStatus: 'pending',
    });
    expect((await entryOf(second)).status).toBe('converted');
    const amounts = (await creditsOf(host, second)).map(({ creditAmount, status }) => [creditAmount, status]);
    expect(amounts).toHaveLength(2);
    expect(amounts).toEqual(
      expect.arrayContaining([
        [5000, 'reversed'],
        [8000, 'pending_approval'],
      ]),
    );
    expect((await mappingsOf(host, second)).map(({ reason }) => reason.includes('withdrawn'))).toEqual([
      true,
      false,
    ]);
    expect(await host.as('auditor').creditPolicies.get({ id: policy.id })).toMatchObject({
      totalLeadsUnderPolicy: 1,
    });
    await sound(partner);

    const { partner: other, lead } = await hybrid();
    await withdrawn(lead);
    expect(await convertedLead(host, lead, 10_000)).toMatchObject({ creditAmount: 2500 + 1500 });
    await sound(other);
  });

  it('takes back what is left of a credit that was reversed in part before', async () => {
    const { partner, lead } = await hybrid();
    await approveAll(lead);
    const commission = (await creditsOf(host, lead)).find(
      ({ triggerEvent }) => triggerEvent === 'conversion',
    )!;
    await host.as('approver').credits.reverse({ id: commission.id, reason: 'A discount', amount: 5000 });
    expect(await figuresOf(host, partner.id)).toEqual(earned(12_500));
    await withdrawn(lead);
    expect(await figuresOf(host, partner.id)).toEqual(earned(2500));
    await sound(partner);
  });

  it('is refused, and nothing is written, where there is none, for a stale version, or without a reason', async () => {
    const partner = await payablePartner(host);
    const approved = await approvedLead(host, partner.id);
    expect(await refused(host, () => withdrawn(approved))).toMatchObject({
      code: 'INVALID_TRANSITION',
      message: 'This lead has no conversion that could be withdrawn.',
    });
    const lead = await convertedLead(host, approved, 1000);
    const { withdrawConversion } = reviewer();
    const stale = await refused(host, () =>
      withdrawConversion({ id: lead.id, reason: 'x', version: lead.version - 1 }),
    );
    expect(stale.code).toBe('CONFLICT');
    expect((await refused(host, () => withdrawConversion({ id: lead.id, reason: ' ' }))).code).toBe(
      'VALIDATION',
    );
    const nowhere = '01920000-0000-7000-8000-000000000000';
    expect((await refused(host, () => withdrawConversion({ id: nowhere, reason: 'x' }))).code).toBe(
      'NOT_FOUND',
    );
    const manager = host.as('partner_manager').leads;
    expect((await refused(host, () => manager.withdrawConversion({ id: lead.id, reason: 'x' }))).code).toBe(
      'FORBIDDEN',
    );
  });

  it('happens once when two withdraw it at the same moment, and once for one command id', async () => {
    const { partner, lead } = await hybrid();
    await approveAll(lead);
    const { done, codes } = await outcomesOf(
      [1, 2].map((person) =>
        host.as('lead_reviewer', person).leads.withdrawConversion({ id: lead.id, reason: 'No deal' }),
      ),
    );
    expect(done).toHaveLength(1);
    expect(codes).toEqual(['INVALID_TRANSITION']);
    const again = await convertedLead(host, done[0]!, 1000);
    const input = { id: again.id, reason: 'No deal', commandId: `withdraw-${again.id}` };
    const first = await reviewer().withdrawConversion(input);
    expect(await reviewer().withdrawConversion(input)).toEqual(first);
    await sound(partner);
  });

  it('leaves everything sound, whatever is converted, approved, paid and withdrawn in whatever order', async () => {
    const partner = await payablePartner(host, { leadPrice: 1000, commissionPercentage: 12.5 });
    await policyInForce(host, partner.id, {
      calculationType: 'conversion',
      baseCredit: 700,
      minLeadQualityScore: 80,
    });
    const leads = [await approvedLead(host, partner.id), await approvedLead(host, partner.id, 85)];
    const step = fc.record({
      which: fc.nat(1),
      what: fc.constantFrom('convert', 'withdraw', 'approve', 'generate', 'decide'),
      dealValue: fc.integer({ min: 0, max: 1_000_000 }),
    });
    const tried = async (call: Promise<unknown>) => {
      try {
        await call;
      } catch (error) {
        // A refusal is as good an answer as any; a fault is none.
        if (!(error instanceof Error && 'code' in error && error.code !== 'INTERNAL_SERVER_ERROR'))
          throw error;
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
        for (const { which, what, dealValue } of steps) {
          const lead = leads[which]!;
          if (what === 'convert') await tried(convertedLead(host, lead, dealValue));
          if (what === 'withdraw') await tried(withdrawn(lead));
          if (what === 'approve') await approveAll(lead);
          if (what === 'generate')
            await host.as('finance').payouts.generate({ partnerId: partner.id, ...june });
          if (what !== 'decide') continue;
          for (const payout of (await host.as('auditor').payouts.list({ partnerId: partner.id })).items) {
            if (payout.status === 'pending')
              await tried(host.as('approver').payouts.approve({ id: payout.id }));
            else await tried(paid(host, payout));
          }
        }
        await sound(partner);
      }),
      { numRuns: engine === 'sqlite' ? 12 : 6 },
    );
    expect((await host.as('auditor').ledger.verify()).ok).toBe(true);
  });
});
