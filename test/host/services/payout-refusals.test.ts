import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { refused } from './partners/setup.ts';
import {
  approvedCredits,
  getPayout,
  june,
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

    it('takes the lead instead of its credit, where one alone is free and the amount fits', async () => {
      const { partner, payout, lines } = await pendingPayout(host, [1000]);
      const finance = host.as('finance').payouts;
      const [credit] = await approvedCredits(host, partner.id, [250]);
      const partnerLeadId = credit?.partnerLeadId ?? '';
      const add = (input: object) => () => finance.addLine({ id: payout.id, ...input });
      expect((await refused(host, add({}))).code).toBe('VALIDATION');
      expect((await refused(host, add({ partnerLeadId, amount: 249 }))).code).toBe('VALIDATION');
      expect((await refused(host, add({ partnerLeadId: lines[0]?.partnerLeadId ?? '' }))).code).toBe(
        'VALIDATION',
      );
      const others = { creditId: credit?.id ?? '', partnerLeadId: lines[0]?.partnerLeadId ?? '' };
      expect((await refused(host, add(others))).code).toBe('NOT_FOUND');
      expect((await refused(host, add({ creditId: credit?.id ?? '', amount: 251 }))).code).toBe('VALIDATION');
      const line = await finance.addLine({ id: payout.id, partnerLeadId, amount: 250 });
      expect(line).toMatchObject({ creditId: credit?.id, partnerLeadId, amount: 250 });
      expect(await getPayout(host, payout)).toMatchObject({ totalAmount: 1250 });
      // Two credits of one lead: which of them is meant has to be said.
      const manager = host.as('partner_manager').credits;
      await manager.request({ id: partnerLeadId, creditAmount: 5 });
      for (const creditAmount of [70, 30]) {
        const requested = await manager.request({ id: partnerLeadId, creditAmount });
        await host.as('approver').credits.approve({ id: requested.id });
      }
      expect((await refused(host, add({ partnerLeadId }))).code).toBe('VALIDATION');
      expect(await finance.addLine({ id: payout.id, partnerLeadId, amount: 30 })).toMatchObject({
        amount: 30,
      });
      expect(await finance.addLine({ id: payout.id, partnerLeadId })).toMatchObject({ amount: 70 });
    });

    it('refuses what would leave nothing to pay of the lines not rejected', async () => {
      const { partner, payout, lines } = await pendingPayout(host, [1000, 500]);
      await host.as('approver').payouts.rejectLine({ id: lines[1]!.id, notes: 'no' });
      const fee = { kind: 'adjustment', amount: -1000, reason: 'A fee.' } as const;
      const { id: creditId } = await host.as('finance').credits.adjust({ id: partner.id, ...fee });
      await host.as('approver').credits.approve({ id: creditId });
      expect(
        await refused(host, () => host.as('finance').payouts.addLine({ id: payout.id, creditId })),
      ).toMatchObject({
        code: 'VALIDATION',
        message: 'With this credit the payout would come to 0.00 EUR, and nothing could be paid.',
      });
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
});
