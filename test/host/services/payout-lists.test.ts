import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import { refused } from './partners/setup.ts';
import { approvedCredits, generated, paid, payablePartner, pendingPayout } from './payout-stories.ts';

describe.each(engines)('lists of payouts on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(async () => host.close());

  it('are newest first, by partner, status and period, page by page', async () => {
    const office = await host.otherTenant();
    const partner = await payablePartner(office);
    const made: string[] = [];
    for (const amount of [100, 200, 300]) {
      await approvedCredits(office, partner.id, [amount]);
      made.unshift((await generated(office, partner.id)).id);
    }
    await office.as('approver').payouts.approve({ id: made[2]! });
    const { list } = office.as('auditor').payouts;
    const first = await list({ limit: 2, total: true });
    expect(first).toMatchObject({ total: 3 });
    const rest = await list({ limit: 2, cursor: first.nextCursor ?? '' });
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(made);
    expect(rest.nextCursor).toBeNull();
    const ids = async (filter: Parameters<typeof list>[0]) => (await list(filter)).items.map(({ id }) => id);
    expect(await ids({ status: 'approved' })).toEqual([made[2]]);
    expect(await ids({ partnerId: partner.id, status: 'pending' })).toEqual([made[0], made[1]]);
    expect(await ids({ periodStart: '2026-06-01', periodEnd: '2026-06-30' })).toEqual(made);
    expect(await ids({ periodStart: '2026-06-02' })).toEqual([]);
    expect(await ids({ partnerId: '00000000-0000-7000-8000-000000000000' })).toEqual([]);
    const lines = office.as('auditor').payouts.lines;
    expect((await lines({ id: made[0]!, status: 'rejected', total: true })).total).toBe(0);
    for (const cursor of ['nonsense', Buffer.from('["x","y"]').toString('base64url')]) {
      expect((await refused(host, () => list({ cursor }))).code).toBe('VALIDATION');
      expect((await refused(host, () => lines({ id: made[0]!, cursor }))).code).toBe('VALIDATION');
    }
  });

  it('count what the figures are defined as', async () => {
    const office = await host.otherTenant();
    const { stats } = office.as('auditor').payouts;
    expect(await stats({})).toEqual({
      totalPayoutsGenerated: 0,
      approvedPayouts: 0,
      rejectedPayouts: 0,
      totalAmountGenerated: 0,
      totalAmountApproved: 0,
      totalAmountPaid: 0,
      averageApprovalRate: null,
      pendingApprovalAmount: 0,
      averageDaysToApproval: null,
      currency: 'EUR',
      byCurrency: [],
    });
    const one = await pendingPayout(office, [1000]);
    const two = await pendingPayout(office, [2000, 500]);
    const three = await pendingPayout(office, [4000, 70]);
    await office.as('approver').payouts.rejectLine({ id: three.lines[1]!.id, notes: 'no' });
    const four = await pendingPayout(office, [8000]);
    // Of this organization only.
    expect((await office.as('auditor').payouts.list({ limit: 1, total: true })).total).toBe(4);
    await office.as('approver').payouts.reject({ id: four.payout.id, notes: 'no' });
    host.clock.set(new Date(Date.parse(two.payout.generatedAt) + 2 * 86_400_000).toISOString());
    await office.as('approver').payouts.approve({ id: two.payout.id, amount: 2100 });
    await paid(office, two.payout, 600);
    const cancelled = await office.as('approver').payouts.approve({ id: one.payout.id });
    await office.as('approver').payouts.cancel({ id: cancelled.id, reason: 'x' });
    const all = await stats({});
    expect(all).toMatchObject({
      totalPayoutsGenerated: 4,
      approvedPayouts: 1,
      rejectedPayouts: 1,
      totalAmountGenerated: 15570,
      totalAmountApproved: 2100,
      totalAmountPaid: 600,
      averageApprovalRate: 0.5,
      pendingApprovalAmount: 4000,
      currency: 'EUR',
    });
    expect(all.averageDaysToApproval).toBeCloseTo(2, 4);
    expect(await stats({ partnerId: two.partner.id })).toMatchObject({
      totalPayoutsGenerated: 1,
      averageApprovalRate: 1,
      totalAmountGenerated: 2500,
    });
    const yen = await payablePartner(office, { currency: 'JPY' });
    await approvedCredits(office, yen.id, [900]);
    await generated(office, yen.id);
    const mixed = await stats({});
    expect(mixed.currency).toBeNull();
    expect(mixed.byCurrency).toEqual([
      {
        currency: 'EUR',
        totalAmountGenerated: 15570,
        totalAmountApproved: 2100,
        totalAmountPaid: 600,
        pendingApprovalAmount: 4000,
      },
      {
        currency: 'JPY',
        totalAmountGenerated: 900,
        totalAmountApproved: 0,
        totalAmountPaid: 0,
        pendingApprovalAmount: 900,
      },
    ]);
    expect((await stats({ partnerId: yen.id })).currency).toBe('JPY');
  });
});
