import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { creditsOf, figuresOf } from './credit-stories.ts';
import { refused } from './partners/setup.ts';
import {
  approvedCredits,
  generated,
  getPayout,
  june,
  ledgerDifferences,
  linesOf,
  paid,
  payablePartner,
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
      const { partner, payout } = await pendingPayout(host, [500, 600]);
      const before = await figuresOf(host, partner.id);
      const rejected = await host.as('approver').payouts.reject({ id: payout.id, notes: 'wrong month' });
      expect(rejected).toMatchObject({
        status: 'rejected',
        rejectionNotes: 'wrong month',
        rejectedAmount: 1100,
        approvedAmount: 0,
      });
      expect((await linesOf(host, payout)).map(({ status, notes }) => [status, notes])).toEqual([
        ['rejected', 'wrong month'],
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

  describe('refuses, and writes nothing', () => {
    it('approval by who generated it', async () => {
      const partner = await payablePartner(host);
      await approvedCredits(host, partner.id, [1000]);
      const { payouts } = await host.as('admin').payouts.generate({ partnerId: partner.id, ...june });
      const [line] = await linesOf(host, payouts[0]!);
      const own = await refused(host, () => host.as('admin').payouts.approve({ id: payouts[0]!.id }));
      expect(own.code).toBe('SELF_APPROVAL');
      const ownLine = await refused(host, () => host.as('admin').payouts.approveLine({ id: line!.id }));
      expect(ownLine.code).toBe('SELF_APPROVAL');
      await host.as('admin', 2).payouts.approve({ id: payouts[0]!.id });
    });

    it('approval by who added a line to it', async () => {
      const { partner, payout } = await pendingPayout(host, [1000]);
      const [credit] = await approvedCredits(host, partner.id, [500]);
      await host.as('admin').payouts.addLine({ id: payout.id, creditId: credit!.id });
      const refusal = await refused(host, () => host.as('admin').payouts.approve({ id: payout.id }));
      expect(refusal.code).toBe('SELF_APPROVAL');
      expect(await host.as('approver').payouts.approve({ id: payout.id })).toMatchObject({
        approvedAmount: 1500,
      });
    });

    it('an amount above the lines that are not rejected', async () => {
      const { payout, lines } = await pendingPayout(host, [1000, 500]);
      await host.as('approver').payouts.rejectLine({ id: lines[1]!.id, notes: 'no' });
      const refusal = await refused(host, () =>
        host.as('approver').payouts.approve({ id: payout.id, amount: 1001 }),
      );
      expect(refusal).toMatchObject({
        code: 'AMOUNT_EXCEEDS',
        message: '10.01 EUR is too much: the lines that are not rejected come to 10.00.',
      });
    });

    it('approval when all its lines were rejected', async () => {
      const { payout, lines } = await pendingPayout(host, [1000]);
      await host.as('approver').payouts.rejectLine({ id: lines[0]!.id, notes: 'no' });
      const refusal = await refused(host, () => host.as('approver').payouts.approve({ id: payout.id }));
      expect(refusal).toMatchObject({ code: 'VALIDATION' });
    });

    it('approval and payment for a partner who is suspended', async () => {
      const { partner, payout } = await pendingPayout(host, [1000]);
      await host.as('approver').partners.suspend({ id: partner.id, reason: 'an audit' });
      const unapproved = await refused(host, () => host.as('approver').payouts.approve({ id: payout.id }));
      expect(unapproved).toMatchObject({
        code: 'PARTNER_NOT_ACTIVE',
        message: `${partner.organizationName} is suspended: its payouts can't be approved until it is active again.`,
      });
      await host.as('approver').partners.reactivate({ id: partner.id });
      await host.as('approver').payouts.approve({ id: payout.id });
      await host.as('approver').partners.suspend({ id: partner.id, reason: 'an audit' });
      const unpaid = await refused(host, () => paid(host, payout));
      expect(unpaid.code).toBe('PARTNER_NOT_ACTIVE');
    });

    it('payment to bank details that are not verified', async () => {
      const { partner, payout } = await pendingPayout(host, [1000]);
      await host.as('approver').payouts.approve({ id: payout.id });
      await host
        .as('partner_manager')
        .partners.update({ id: partner.id, bankingDetails: { iban: 'DE75512108001245126199' } });
      const refusal = await refused(host, () => paid(host, payout));
      expect(refusal).toMatchObject({
        code: 'VALIDATION',
        message: `The bank details of ${partner.organizationName} are not verified.`,
      });
    });

    it('payment of more than is open, in the future, on a day that does not exist, or of a payout not approved', async () => {
      const { payout } = await pendingPayout(host, [1000]);
      const pay = (changes: { amount?: number; paymentDate?: string }) => () =>
        host.as('finance').payouts.pay({
          id: payout.id,
          paymentDate: '2026-06-15',
          referenceNumber: 'SEPA-2',
          ...changes,
        });
      expect(await refused(host, pay({}))).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: "A pending payout can't be paid.",
      });
      await host.as('approver').payouts.approve({ id: payout.id });
      expect((await refused(host, pay({ amount: 1001 }))).code).toBe('AMOUNT_EXCEEDS');
      expect((await refused(host, pay({ paymentDate: '2026-06-16' }))).code).toBe('VALIDATION');
      expect((await refused(host, pay({ paymentDate: '2026-02-30' }))).code).toBe('VALIDATION');
      await pay({ amount: 400 })();
      expect((await refused(host, pay({ amount: 601 }))).code).toBe('AMOUNT_EXCEEDS');
      await pay({ amount: 600 })();
      expect((await refused(host, pay({}))).code).toBe('INVALID_TRANSITION');
    });

    it('a second decision, and names who decided first', async () => {
      const { payout } = await pendingPayout(host, [1000]);
      await host.as('approver').payouts.approve({ id: payout.id });
      expect(
        await refused(host, () => host.as('approver', 2).payouts.approve({ id: payout.id })),
      ).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: 'This payout was already approved by approver 1 Tester, for 10.00 EUR.',
      });
      const late = await refused(host, () =>
        host.as('approver', 2).payouts.reject({ id: payout.id, notes: 'no' }),
      );
      expect(late.code).toBe('INVALID_TRANSITION');
      await host.as('approver').payouts.cancel({ id: payout.id, reason: 'x' });
      const again = await refused(host, () =>
        host.as('approver').payouts.cancel({ id: payout.id, reason: 'x' }),
      );
      expect(again.message).toBe('This payout was already cancelled by approver 1 Tester.');
    });

    it('cancelling before the approval and after a payment', async () => {
      const { payout } = await pendingPayout(host, [1000]);
      const cancel = () => host.as('approver').payouts.cancel({ id: payout.id, reason: 'x' });
      expect((await refused(host, cancel)).code).toBe('INVALID_TRANSITION');
      await host.as('approver').payouts.approve({ id: payout.id });
      await paid(host, payout, 1);
      expect(await refused(host, cancel)).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: "A partially paid payout can't be cancelled.",
      });
    });

    it("finance withdrawing someone else's payout; its own it may", async () => {
      const { payout } = await pendingPayout(host, [1000]);
      const other = host.as('finance', 2).payouts;
      expect((await refused(host, () => other.reject({ id: payout.id, notes: 'x' }))).code).toBe('FORBIDDEN');
      await host.as('approver').payouts.approve({ id: payout.id });
      expect((await refused(host, () => other.cancel({ id: payout.id, reason: 'x' }))).code).toBe(
        'FORBIDDEN',
      );
      expect(await host.as('finance').payouts.cancel({ id: payout.id, reason: 'x' })).toMatchObject({
        status: 'cancelled',
      });
    });

    it('a stale version, with the payout as it stands', async () => {
      const { payout, lines } = await pendingPayout(host, [1000, 500]);
      await host.as('approver').payouts.rejectLine({ id: lines[1]!.id, notes: 'no', version: 1 });
      const refusal = await refused(host, () =>
        host.as('approver').payouts.approve({ id: payout.id, version: payout.version }),
      );
      expect(refusal).toMatchObject({
        code: 'CONFLICT',
        data: { current: { id: payout.id, version: payout.version + 1, rejectedAmount: 500 } },
      });
      const line = await refused(host, () =>
        host.as('approver').payouts.approveLine({ id: lines[0]!.id, version: 7 }),
      );
      expect(line).toMatchObject({ code: 'CONFLICT', data: { current: { id: lines[0]!.id, version: 1 } } });
    });

    it('decisions on a line twice, or once the payout is decided', async () => {
      const { payout, lines } = await pendingPayout(host, [1000, 500]);
      const { approveLine, rejectLine } = host.as('approver').payouts;
      await approveLine({ id: lines[0]!.id });
      expect(await refused(host, () => approveLine({ id: lines[0]!.id }))).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: 'This line was already approved by approver 1 Tester.',
      });
      await rejectLine({ id: lines[1]!.id, notes: 'no' });
      expect((await refused(host, () => rejectLine({ id: lines[1]!.id, notes: 'no' }))).code).toBe(
        'INVALID_TRANSITION',
      );
      await host.as('approver').payouts.approve({ id: payout.id });
      expect(await refused(host, () => rejectLine({ id: lines[0]!.id, notes: 'no' }))).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: "A partially approved payout can't be changed line by line.",
      });
    });

    it('what belongs to another organization, or to nobody', async () => {
      const { payout, lines } = await pendingPayout(host, [1000]);
      const other = await host.otherTenant();
      const strangers: ((office: TestTenant) => Promise<unknown>)[] = [
        (office) => office.as('approver').payouts.approve({ id: payout.id }),
        (office) => office.as('approver').payouts.reject({ id: payout.id, notes: 'x' }),
        (office) => office.as('approver').payouts.cancel({ id: payout.id, reason: 'x' }),
        (office) => office.as('approver').payouts.approveLine({ id: lines[0]!.id }),
        (office) => office.as('approver').payouts.rejectLine({ id: lines[0]!.id, notes: 'x' }),
        (office) => paid(office, payout),
        (office) => getPayout(office, payout),
        (office) => linesOf(office, payout),
        (office) => office.as('finance').payouts.payments({ id: payout.id }),
        (office) => office.as('finance').payouts.generate({ partnerId: payout.partnerId, ...june }),
        (office) => office.as('finance').payouts.stats({ partnerId: payout.partnerId }),
      ];
      for (const call of strangers) {
        expect((await refused(host, () => call(other))).code).toBe('NOT_FOUND');
      }
      expect((await other.as('auditor').payouts.list({})).items).toEqual([]);
    });

    it('roles that may not', async () => {
      const { payout, lines } = await pendingPayout(host, [1000]);
      const calls: (() => Promise<unknown>)[] = [
        () => host.as('finance').payouts.approve({ id: payout.id }),
        () => host.as('finance').payouts.approveLine({ id: lines[0]!.id }),
        () => host.as('auditor').payouts.reject({ id: payout.id, notes: 'x' }),
        () => host.as('approver').payouts.generate({ ...june }),
        () =>
          host.as('approver').payouts.pay({ id: payout.id, paymentDate: '2026-06-15', referenceNumber: 'x' }),
        () => host.as('approver').payouts.export({ layout: 'payouts' }),
        () => host.as('approver').ledger.verify(),
      ];
      for (const call of calls) expect((await refused(host, call)).code).toBe('FORBIDDEN');
    });
  });

  describe('adding a line', () => {
    it('takes an approved, free credit of the same partner and recounts the totals', async () => {
      const { partner, payout } = await pendingPayout(host, [1000]);
      const [credit] = await approvedCredits(host, partner.id, [250]);
      const line = await host.as('finance').payouts.addLine({ id: payout.id, creditId: credit!.id });
      expect(line).toMatchObject({ amount: 250, status: 'pending', partnerLeadId: credit!.partnerLeadId });
      expect(await getPayout(host, payout)).toMatchObject({ totalAmount: 1250, totalLeadsCount: 2 });
    });

    it('refuses a credit of another partner, one not approved, one in a payout, and one rejected here before', async () => {
      const { partner, payout, lines } = await pendingPayout(host, [1000, 500]);
      const add = (creditId: string) => () => host.as('finance').payouts.addLine({ id: payout.id, creditId });
      const stranger = await payablePartner(host);
      const [foreign] = await approvedCredits(host, stranger.id, [100]);
      expect(await refused(host, add(foreign!.id))).toMatchObject({
        code: 'VALIDATION',
        message: 'This credit belongs to another partner than the payout.',
      });
      const requested = await host
        .as('partner_manager')
        .credits.request({ id: lines[0]!.partnerLeadId ?? '', creditAmount: 100 });
      expect((await refused(host, add(requested.id))).code).toBe('INVALID_TRANSITION');
      expect(await refused(host, add(lines[0]!.creditId))).toMatchObject({
        code: 'CONFLICT',
        message: `This credit is already in payout ${payout.payoutNumber}.`,
      });
      await host.as('approver').payouts.rejectLine({ id: lines[1]!.id, notes: 'no' });
      expect(await refused(host, add(lines[1]!.creditId))).toMatchObject({
        code: 'CONFLICT',
        message: 'This credit was rejected in this payout before. It can go into another one.',
      });
      await host.as('approver').payouts.approve({ id: payout.id });
      const [late] = await approvedCredits(host, partner.id, [100]);
      expect((await refused(host, add(late!.id))).code).toBe('INVALID_TRANSITION');
    });
  });

  describe('lists', () => {
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
      const ids = async (filter: Parameters<typeof list>[0]) =>
        (await list(filter)).items.map(({ id }) => id);
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
      });
      const one = await pendingPayout(office, [1000]);
      const two = await pendingPayout(office, [2000, 500]);
      await pendingPayout(office, [4000]);
      const four = await pendingPayout(office, [8000]);
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
        totalAmountGenerated: 15500,
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
      expect((await stats({})).currency).toBeNull();
      expect((await stats({ partnerId: yen.id })).currency).toBe('JPY');
    });
  });
});
