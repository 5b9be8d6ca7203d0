import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { refusalOf, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { figuresOf } from './credit-stories.ts';
import { refused } from './partners/setup.ts';
import {
  approvedCredits,
  getPayout,
  june,
  ledgerDifferences,
  linesOf,
  paid,
  payablePartner,
  pendingPayout,
} from './payout-stories.ts';

describe.each(engines)('approving a payout on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(async () => host.close());

  describe('above the threshold', () => {
    let office: TestTenant;
    beforeAll(async () => {
      office = await host.otherTenant();
      await office.as('admin').settings.update({ secondApprovalThreshold: 1000 });
    });

    it('takes two people, and moves no money before the second', async () => {
      const { partner, payout } = await pendingPayout(office, [600, 500]);
      const before = await figuresOf(office, partner.id);
      const first = await office.as('approver').payouts.approve({ id: payout.id });
      expect(first).toMatchObject({
        status: 'pending',
        needsSecondApproval: true,
        firstApprovedBy: (await office.session('approver')).userId,
        firstApprovedAmount: 1100,
        approvedAmount: 0,
        approvedBy: null,
      });
      expect(await figuresOf(office, partner.id)).toEqual(before);
      const again = await refused(host, () => office.as('approver').payouts.approve({ id: payout.id }));
      expect(again.code).toBe('SELF_APPROVAL');
      const unpaid = await refused(host, () => paid(office, payout));
      expect(unpaid.code).toBe('INVALID_TRANSITION');
      const second = await office.as('approver', 2).payouts.approve({ id: payout.id });
      expect(second).toMatchObject({
        status: 'approved',
        needsSecondApproval: false,
        approvedAmount: 1100,
        approvedBy: (await office.session('approver', 2)).userId,
      });
      expect(await figuresOf(office, partner.id)).toMatchObject({
        availableBalance: 0,
        withdrawnAmount: 1100,
      });
      expect(await ledgerDifferences(office)).toEqual([]);
    });

    it('is approved for what the first approval was for, never for more', async () => {
      const { payout } = await pendingPayout(office, [600, 500]);
      await office.as('approver').payouts.approve({ id: payout.id, amount: 900 });
      const second = office.as('approver', 2).payouts;
      const more = await refused(host, () => second.approve({ id: payout.id, amount: 1100 }));
      expect(more).toMatchObject({
        code: 'AMOUNT_EXCEEDS',
        message: '11.00 EUR is too much: the first approval is for 9.00.',
      });
      expect(await second.approve({ id: payout.id })).toMatchObject({
        status: 'partially_approved',
        approvedAmount: 900,
      });
    });

    it('is not passed by with a smaller amount', async () => {
      const { payout } = await pendingPayout(office, [1100]);
      expect(await office.as('approver').payouts.approve({ id: payout.id, amount: 1 })).toMatchObject({
        status: 'pending',
        needsSecondApproval: true,
      });
    });

    it('starts anew when the lines change in between', async () => {
      const { partner, payout, lines } = await pendingPayout(office, [1000, 200, 300]);
      await office.as('approver').payouts.approve({ id: payout.id });
      await office.as('approver').payouts.rejectLine({ id: lines[1]!.id, notes: 'no' });
      expect(await getPayout(office, payout)).toMatchObject({
        firstApprovedBy: null,
        firstApprovedAmount: null,
        needsSecondApproval: false,
      });
      await office.as('approver').payouts.approve({ id: payout.id });
      const [credit] = await approvedCredits(office, partner.id, [50]);
      await office.as('finance').payouts.addLine({ id: payout.id, creditId: credit!.id });
      await office.as('approver').payouts.approve({ id: payout.id });
      await office.as('approver').payouts.decideLines({
        id: payout.id,
        action: 'reject',
        lineIds: [lines[2]!.id],
        notes: 'no',
      });
      await office.as('approver').payouts.approve({ id: payout.id });
      expect(await office.as('approver', 2).payouts.approve({ id: payout.id })).toMatchObject({
        approvedAmount: 1050,
      });
    });

    it('takes one approval where the threshold is not passed', async () => {
      const { payout } = await pendingPayout(office, [1000]);
      expect(await office.as('approver').payouts.approve({ id: payout.id })).toMatchObject({
        status: 'approved',
        firstApprovedBy: null,
      });
    });

    it('takes one approval more once the threshold is lifted, even from the same person', async () => {
      const lifted = await host.otherTenant();
      await lifted.as('admin').settings.update({ secondApprovalThreshold: 1000 });
      const { payout } = await pendingPayout(lifted, [1100]);
      await lifted.as('approver').payouts.approve({ id: payout.id });
      await lifted.as('admin').settings.update({ secondApprovalThreshold: null });
      expect(await lifted.as('approver').payouts.approve({ id: payout.id })).toMatchObject({
        status: 'approved',
        approvedAmount: 1100,
      });
    });
  });

  it('lets one person do it all where the organization has switched four eyes off, and says so', async () => {
    const office = await host.otherTenant();
    await office.as('admin').settings.update({ fourEyes: false });
    const partner = await payablePartner(office);
    await approvedCredits(office, partner.id, [1000]);
    const { payouts } = await office.as('admin').payouts.generate({ partnerId: partner.id, ...june });
    const [line] = await linesOf(office, payouts[0]!);
    await office.as('admin').payouts.approveLine({ id: line!.id });
    const approved = await office.as('admin').payouts.approve({ id: payouts[0]!.id, amount: 600 });
    expect(approved).toMatchObject({ status: 'partially_approved', fourEyesWaived: true });
    // What is carried over was approved by the same person, too.
    const { items: credits } = await office.as('auditor').credits.list({ partnerId: partner.id });
    const carried = credits.filter(({ origin }) => origin === 'carry_over');
    expect(carried.map(({ fourEyesWaived }) => fourEyesWaived)).toEqual([true, true]);
    const { items } = await office
      .as('auditor')
      .activities.list({ resourceId: approved.id, action: 'payout_approved' });
    expect(items[0]?.details).toMatchObject({ fourEyesWaived: true });
  });

  it('says of a payout that four eyes were waived at the first of two approvals', async () => {
    const office = await host.otherTenant();
    await office.as('admin').settings.update({ fourEyes: false, secondApprovalThreshold: 1000 });
    const partner = await payablePartner(office);
    await approvedCredits(office, partner.id, [1100]);
    const { payouts } = await office.as('admin').payouts.generate({ partnerId: partner.id, ...june });
    await office.as('admin').payouts.approve({ id: payouts[0]!.id });
    expect(await office.as('approver').payouts.approve({ id: payouts[0]!.id })).toMatchObject({
      status: 'approved',
      fourEyesWaived: true,
    });
  });

  describe('by several people at once', () => {
    it('lets one of two approvers win and tells the other', async () => {
      const { partner, payout } = await pendingPayout(host, [1000]);
      const outcomes = await Promise.allSettled([
        host.as('approver').payouts.approve({ id: payout.id }),
        host.as('approver', 2).payouts.approve({ id: payout.id }),
      ]);
      const lost = outcomes.find((outcome) => outcome.status === 'rejected');
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(lost?.reason).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: expect.stringMatching(/^This payout was already approved by approver [12] Tester/),
      });
      expect(await figuresOf(host, partner.id)).toMatchObject({ withdrawnAmount: 1000 });
    });

    it('lets an approval or a rejection win, never both', async () => {
      const { partner, payout } = await pendingPayout(host, [1000]);
      const outcomes = await Promise.allSettled([
        host.as('approver').payouts.approve({ id: payout.id }),
        host.as('approver', 2).payouts.reject({ id: payout.id, notes: 'no' }),
      ]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const { status } = await getPayout(host, payout);
      const { withdrawnAmount } = await figuresOf(host, partner.id);
      expect([status, withdrawnAmount]).toEqual(status === 'approved' ? ['approved', 1000] : ['rejected', 0]);
    });

    it('never pays more than is open', async () => {
      const { payout } = await pendingPayout(host, [1000]);
      await host.as('approver').payouts.approve({ id: payout.id });
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => paid(host, payout, 400)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
      expect(await getPayout(host, payout)).toMatchObject({ paidAmount: 800, status: 'partially_paid' });
    });

    it('lets a line be decided once', async () => {
      const { lines } = await pendingPayout(host, [1000, 1]);
      const outcomes = await Promise.allSettled([
        host.as('approver').payouts.approveLine({ id: lines[0]!.id }),
        host.as('approver', 2).payouts.approveLine({ id: lines[0]!.id }),
      ]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });
  });

  describe('again under the same command id', () => {
    it('answers with the first result and does nothing, for every command', async () => {
      const { partner, payout, lines } = await pendingPayout(host, [1000, 500, 300]);
      const [credit] = await approvedCredits(host, partner.id, [70]);
      const { approver, finance } = {
        approver: host.as('approver').payouts,
        finance: host.as('finance').payouts,
      };
      const commands: ((commandId: string) => Promise<unknown>)[] = [
        (commandId) => finance.addLine({ id: payout.id, creditId: credit!.id, commandId }),
        (commandId) => approver.approveLine({ id: lines[0]!.id, commandId }),
        (commandId) => approver.rejectLine({ id: lines[1]!.id, notes: 'no', commandId }),
        (commandId) => approver.approve({ id: payout.id, commandId }),
        (commandId) =>
          finance.pay({
            id: payout.id,
            paymentDate: '2026-06-15',
            referenceNumber: 'R',
            amount: 100,
            commandId,
          }),
      ];
      for (const [index, run] of commands.entries()) {
        const id = `${engine}-replay-${index}`;
        const first = await run(id);
        const figures = await figuresOf(host, partner.id);
        const { entries } = await host.as('auditor').ledger.verify();
        expect(await run(id)).toEqual(first);
        expect(await figuresOf(host, partner.id)).toEqual(figures);
        expect((await host.as('auditor').ledger.verify()).entries).toBe(entries);
      }
      expect(await getPayout(host, payout)).toMatchObject({ approvedAmount: 1370, paidAmount: 100 });

      const other = await pendingPayout(host, [1000]);
      const borrowed = await refusalOf(
        approver.approve({ id: other.payout.id, commandId: `${engine}-replay-3` }),
      );
      expect(borrowed.code).toBe('CONFLICT');
    });

    it('cancels and rejects once', async () => {
      const { payout } = await pendingPayout(host, [1000]);
      const { approve, cancel } = host.as('approver').payouts;
      await approve({ id: payout.id });
      const input = { id: payout.id, reason: 'x', commandId: `${engine}-cancel` };
      expect(await cancel(input)).toEqual(await cancel(input));
      const other = await pendingPayout(host, [1000]);
      const rejection = { id: other.payout.id, notes: 'x', commandId: `${engine}-reject` };
      const { reject } = host.as('approver').payouts;
      expect(await reject(rejection)).toEqual(await reject(rejection));
      expect(await ledgerDifferences(host)).toEqual([]);
    });
  });
});
