import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import { creditsOf, figuresOf } from './credit-stories.ts';
import {
  generated,
  getPayout,
  june,
  ledgerDifferences,
  linesOf,
  paid,
  pendingPayout,
} from './payout-stories.ts';

describe.each(engines)('a payout on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(async () => host.close());

  const leadStatus = async (leadId: string | null) =>
    (await host.as('auditor').leads.get({ id: leadId ?? '' })).creditStatus;

  /** What the activities say was done to a resource, oldest first. */
  const trail = async (resourceId: string) =>
    (await host.as('auditor').activities.list({ resourceId })).items.map(({ action }) => action).toReversed();

  describe('the whole story', () => {
    it('is generated, reviewed line by line, approved and paid, and every figure follows', async () => {
      const { partner, payout, lines } = await pendingPayout(host, [1000, 2550, 400]);
      expect(payout).toMatchObject({
        payoutNumber: expect.stringMatching(/^PO-2026-\d{6}$/),
        partnerCode: partner.partnerCode,
        partnerName: partner.organizationName,
        status: 'pending',
        currency: 'EUR',
        ...june,
        totalLeadsCount: 3,
        approvedLeads: 3,
        convertedLeads: 0,
        totalAmount: 3950,
        approvedAmount: 0,
        openAmount: 0,
      });
      expect(lines.map(({ amount, description, status }) => ({ amount, description, status }))).toEqual([
        { amount: 1000, description: 'worth 1000', status: 'pending' },
        { amount: 2550, description: 'worth 2550', status: 'pending' },
        { amount: 400, description: 'worth 400', status: 'pending' },
      ]);
      expect(lines.every(({ leadName, sourceName }) => leadName !== null && sourceName !== null)).toBe(true);

      const approver = host.as('approver');
      const [first, , third] = lines;
      await approver.payouts.approveLine({ id: first!.id, notes: 'checked' });
      await approver.payouts.rejectLine({ id: third!.id, notes: 'no contract' });
      expect(await getPayout(host, payout)).toMatchObject({ totalAmount: 3950, rejectedAmount: 400 });
      const approved = await approver.payouts.approve({ id: payout.id });
      expect(approved).toMatchObject({
        status: 'partially_approved',
        approvedAmount: 3550,
        rejectedAmount: 400,
        openAmount: 3550,
        approvedBy: (await host.session('approver')).userId,
        fourEyesWaived: false,
      });
      expect((await linesOf(host, payout)).map(({ status }) => status)).toEqual([
        'approved',
        'approved',
        'rejected',
      ]);
      expect(await figuresOf(host, partner.id)).toEqual({
        totalEarnings: 3950,
        availableBalance: 400,
        pendingPayoutAmount: 400,
        withdrawnAmount: 3550,
      });
      expect(await leadStatus(first!.partnerLeadId)).toBe('approved');

      expect(await paid(host, payout, 1000)).toMatchObject({
        status: 'partially_paid',
        paidAmount: 1000,
        openAmount: 2550,
        paymentMethod: 'bank_transfer',
      });
      expect(await leadStatus(first!.partnerLeadId)).toBe('approved');
      expect(await paid(host, payout)).toMatchObject({ status: 'paid', paidAmount: 3550, openAmount: 0 });
      expect(await leadStatus(first!.partnerLeadId)).toBe('paid');
      expect(await leadStatus(third!.partnerLeadId)).toBe('approved');
      const payments = await host.as('auditor').payouts.payments({ id: payout.id });
      expect(payments.items.map(({ amount, referenceNumber }) => [amount, referenceNumber])).toEqual([
        [1000, 'SEPA-1'],
        [2550, 'SEPA-1'],
      ]);
      expect(await figuresOf(host, partner.id)).toMatchObject({
        availableBalance: 400,
        withdrawnAmount: 3550,
      });
      expect(await trail(payout.id)).toEqual([
        'payout_generated',
        'payout_approved',
        'payment_recorded',
        'payment_recorded',
      ]);
      expect(await ledgerDifferences(host)).toEqual([]);
    });

    it("frees a rejected line's credit for the next payout", async () => {
      const { partner, payout, lines } = await pendingPayout(host, [700, 300]);
      await host.as('approver').payouts.rejectLine({ id: lines[1]!.id, notes: 'later' });
      const next = await generated(host, partner.id);
      expect(next.totalAmount).toBe(300);
      expect((await linesOf(host, next))[0]?.creditId).toBe(lines[1]?.creditId);
      expect(await host.as('approver').payouts.approve({ id: payout.id })).toMatchObject({
        approvedAmount: 700,
      });
      expect(await host.as('approver').payouts.approve({ id: next.id })).toMatchObject({
        status: 'approved',
        approvedAmount: 300,
      });
      expect(await figuresOf(host, partner.id)).toMatchObject({ availableBalance: 0, withdrawnAmount: 1000 });
    });

    it('frees every credit of a rejected payout, and moves no money', async () => {
      const { partner, payout, lines } = await pendingPayout(host, [500, 600]);
      const before = await figuresOf(host, partner.id);
      await host.as('approver').payouts.approveLine({ id: lines[0]!.id, notes: 'checked' });
      const rejected = await host.as('approver').payouts.reject({ id: payout.id, notes: 'wrong month' });
      expect(rejected).toMatchObject({
        status: 'rejected',
        rejectionNotes: 'wrong month',
        rejectedAmount: 1100,
        approvedAmount: 0,
      });
      expect((await linesOf(host, payout)).map(({ status, notes }) => [status, notes])).toEqual([
        ['rejected', 'checked'],
        ['rejected', 'wrong month'],
      ]);
      expect(await figuresOf(host, partner.id)).toEqual(before);
      expect((await generated(host, partner.id)).totalAmount).toBe(1100);
    });

    it('gives the balance and the credits back when it is cancelled before a payment', async () => {
      const { partner, payout } = await pendingPayout(host, [500, 600]);
      const before = await figuresOf(host, partner.id);
      await host.as('approver').payouts.approve({ id: payout.id });
      const cancelled = await host.as('approver').payouts.cancel({ id: payout.id, reason: 'bank closed' });
      expect(cancelled).toMatchObject({ status: 'cancelled', cancelReason: 'bank closed', openAmount: 0 });
      expect(await figuresOf(host, partner.id)).toEqual(before);
      const { items } = await host.as('auditor').partners.ledger({ id: partner.id });
      expect(items.slice(0, 2).map(({ kind, amount }) => [kind, amount])).toEqual([
        ['payout_cancelled', 1100],
        ['payout_approved', 1100],
      ]);
      expect((await generated(host, partner.id)).totalAmount).toBe(1100);
      expect(await ledgerDifferences(host)).toEqual([]);
    });
  });

  describe('approved for less than its lines', () => {
    it('covers lines in order, leaves the rest free, and carries over what one line is short of', async () => {
      const { partner, payout, lines } = await pendingPayout(host, [1000, 1260, 300]);
      const approved = await host.as('approver').payouts.approve({ id: payout.id, amount: 2000 });
      expect(approved).toMatchObject({
        status: 'partially_approved',
        totalAmount: 2560,
        approvedAmount: 2000,
        rejectedAmount: 560,
      });
      const decided = await linesOf(host, payout);
      expect(decided.map(({ amount, status }) => [amount, status])).toEqual([
        [1000, 'approved'],
        [1260, 'approved'],
        [300, 'rejected'],
        [-260, 'approved'],
      ]);
      expect(decided[1]?.notes).toBe('10.00 EUR of it is covered; the rest is carried over.');
      expect(decided[2]?.notes).toBe('Not covered by the approved amount of 20.00 EUR.');
      expect(decided[3]).toMatchObject({
        partnerLeadId: lines[1]?.partnerLeadId,
        description: 'carried over: 2.60 of 12.60 EUR was not approved with this payout',
      });
      expect(await figuresOf(host, partner.id)).toEqual({
        totalEarnings: 2560,
        availableBalance: 560,
        pendingPayoutAmount: 560,
        withdrawnAmount: 2000,
      });
      await paid(host, payout);
      expect(await leadStatus(lines[0]!.partnerLeadId)).toBe('paid');
      // Part of it is still to come.
      expect(await leadStatus(lines[1]!.partnerLeadId)).toBe('approved');

      const next = await generated(host, partner.id);
      expect((await linesOf(host, next)).map(({ amount, description }) => [amount, description])).toEqual([
        [300, 'worth 300'],
        [260, `carried over from payout ${payout.payoutNumber}: 2.60 of 12.60 EUR`],
      ]);
      await host.as('approver').payouts.approve({ id: next.id });
      await paid(host, next);
      expect(await figuresOf(host, partner.id)).toMatchObject({ availableBalance: 0, withdrawnAmount: 2560 });
      expect(await leadStatus(lines[1]!.partnerLeadId)).toBe('paid');
      const [lead] = await creditsOf(host, { id: lines[1]!.partnerLeadId ?? '' });
      expect(lead?.creditAmount).toBe(1260);
      expect(await ledgerDifferences(host)).toEqual([]);
    });

    it('splits nothing where the amount ends between two lines', async () => {
      const { partner, payout } = await pendingPayout(host, [1000, 1260, 300]);
      await host.as('approver').payouts.approve({ id: payout.id, amount: 2260 });
      expect((await linesOf(host, payout)).map(({ amount, status }) => [amount, status])).toEqual([
        [1000, 'approved'],
        [1260, 'approved'],
        [300, 'rejected'],
      ]);
      expect((await generated(host, partner.id)).totalAmount).toBe(300);
    });

    it('covers lines approved one by one before the others', async () => {
      const { payout, lines } = await pendingPayout(host, [1000, 800]);
      await host.as('approver').payouts.approveLine({ id: lines[1]!.id });
      await host.as('approver').payouts.approve({ id: payout.id, amount: 800 });
      expect((await linesOf(host, payout)).map(({ amount, status }) => [amount, status])).toEqual([
        [1000, 'rejected'],
        [800, 'approved'],
      ]);
    });

    it('comes back whole when it is cancelled', async () => {
      const { partner, payout } = await pendingPayout(host, [1260]);
      await host.as('approver').payouts.approve({ id: payout.id, amount: 1000 });
      await host.as('approver').payouts.cancel({ id: payout.id, reason: 'not this month' });
      const next = await generated(host, partner.id);
      expect(next.totalAmount).toBe(1260);
      expect((await linesOf(host, next)).map(({ amount }) => amount).sort((a, b) => b - a)).toEqual([
        1260, 260, -260,
      ]);
      expect(await ledgerDifferences(host)).toEqual([]);
    });
  });
});
