import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { activePartner, figuresOf } from './credit-stories.ts';
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

forEachEngine((engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  const finance = (office: TestTenant = host) => office.as('finance').payouts;
  const approver = (person = 1) => host.as('approver', person).payouts;
  const paymentsOf = async (id: string) => (await host.as('auditor').payouts.payments({ id })).items;
  const nowhere = '01890000-0000-7000-8000-000000000000';

  async function approvedPayout(amounts: readonly number[], amount?: number) {
    const made = await pendingPayout(host, amounts);
    const payout = await approver().approve({
      id: made.payout.id,
      ...(amount !== undefined && { amount }),
    });
    return { ...made, payout };
  }

  describe('a payment that came back', () => {
    const fail = (id: string, paymentId: string, change: object = {}) =>
      finance().failPayment({
        id,
        paymentId,
        reason: 'The account was closed.',
        date: '2026-06-15',
        ...change,
      });

    it('makes its amount payable again, and the payout can be paid once more', async () => {
      const { payout, partner, lines } = await approvedPayout([1000, 500]);
      await paid(host, payout);
      const [payment] = await paymentsOf(payout.id);
      const leadId = lines[0]!.partnerLeadId!;
      expect((await host.as('auditor').leads.get({ id: leadId })).creditStatus).toBe('paid');
      const back = await fail(payout.id, payment!.id);
      expect(back).toMatchObject({
        status: 'approved',
        paidAmount: 0,
        openAmount: 1500,
        paymentDate: null,
        referenceNumber: null,
      });
      expect(await paymentsOf(payout.id)).toMatchObject([
        { amount: 1500, failedOn: '2026-06-15', failureReason: 'The account was closed.' },
      ]);
      expect((await host.as('auditor').leads.get({ id: leadId })).creditStatus).toBe('approved');
      expect(await figuresOf(host, partner.id)).toMatchObject({ withdrawnAmount: 1500, availableBalance: 0 });
      const { items } = await finance_ledger(partner.id);
      expect(items[0]).toMatchObject({
        kind: 'payment_failed',
        amount: 1500,
        postings: expect.arrayContaining([
          { account: 'paid', amount: -1500 },
          { account: 'payable', amount: 1500 },
        ]),
      });
      expect(await paid(host, payout)).toMatchObject({ status: 'paid', paidAmount: 1500 });
      const [activity] = (await host.as('auditor').activities.list({ action: 'payment_failed' })).items;
      expect(activity?.details).toMatchObject({ reason: 'The account was closed.', amount: 1500 });
      expect(await ledgerDifferences(host)).toEqual([]);
    });

    const finance_ledger = (id: string) => host.as('finance').partners.ledger({ id });

    it('leaves what other payments paid, and shows the last that arrived', async () => {
      const { payout } = await approvedPayout([1000]);
      await paid(host, payout, 200);
      const pay = { id: payout.id, paymentDate: '2026-06-14' };
      await finance().pay({ ...pay, referenceNumber: 'SEPA-2', amount: 100 });
      await finance().pay({ ...pay, referenceNumber: 'SEPA-3' });
      const third = (await paymentsOf(payout.id))[2];
      expect(await fail(payout.id, third!.id)).toMatchObject({
        status: 'partially_paid',
        paidAmount: 300,
        openAmount: 700,
        referenceNumber: 'SEPA-2',
      });
      expect(await ledgerDifferences(host)).toEqual([]);
    });

    it('leaves a payout that was approved in part as that, and then it can be cancelled', async () => {
      const { payout, partner } = await approvedPayout([1000], 600);
      await paid(host, payout);
      expect((await refusalOf(finance().cancel({ id: payout.id, reason: 'x' }))).code).toBe(
        'INVALID_TRANSITION',
      );
      const [payment] = await paymentsOf(payout.id);
      expect(await fail(payout.id, payment!.id)).toMatchObject({ status: 'partially_approved' });
      await finance().cancel({ id: payout.id, reason: 'The partner has no account.' });
      expect(await figuresOf(host, partner.id)).toMatchObject({
        availableBalance: 1000,
        withdrawnAmount: 0,
      });
      // What was in it can be paid by another payout.
      expect((await generated(host, partner.id)).totalAmount).toBe(1000);
      expect(await ledgerDifferences(host)).toEqual([]);
    });

    it('comes back once, as a whole, not before it was made, and for a suspended partner too', async () => {
      const { payout, partner } = await approvedPayout([1000]);
      await finance().pay({ id: payout.id, paymentDate: '2026-06-14', referenceNumber: 'SEPA-1' });
      const [payment] = await paymentsOf(payout.id);
      const other = await approvedPayout([1000]);
      const wrong = [
        [() => fail(payout.id, payment!.id, { date: '2026-06-16' }), 'VALIDATION', /today is 2026-06-15/],
        [
          () => fail(payout.id, payment!.id, { date: '2026-06-13' }),
          'VALIDATION',
          /made on 2026-06-14; it can't have failed before/,
        ],
        [() => fail(payout.id, nowhere), 'NOT_FOUND', /no such payment of this payout/],
        [() => fail(other.payout.id, payment!.id), 'NOT_FOUND', /no such payment of this payout/],
        [() => fail(payout.id, payment!.id, { version: 1 }), 'CONFLICT', /changed by someone else/],
      ] as const;
      for (const [call, code, message] of wrong) {
        const refusal = await refusalOf(call());
        expect([refusal.code, refusal.message]).toEqual([code, expect.stringMatching(message)]);
      }
      const byApprover = approver().failPayment({
        id: payout.id,
        paymentId: payment!.id,
        reason: 'x',
        date: '2026-06-15',
      });
      expect((await refusalOf(byApprover)).code).toBe('FORBIDDEN');
      await host.as('approver').partners.suspend({ id: partner.id, reason: 'An audit' });
      expect(await fail(payout.id, payment!.id)).toMatchObject({ status: 'approved' });
      expect(await refusalOf(fail(payout.id, payment!.id))).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: 'finance 1 Tester already recorded that this payment failed.',
      });
    });
  });

  describe('several lines at once', () => {
    it('are decided in one transaction with one activity, one outcome each', async () => {
      const { payout, lines } = await pendingPayout(host, [1000, 500, 250, 125]);
      const [first, second, third, fourth] = lines.map(({ id }) => id);
      await approver().rejectLine({ id: second!, notes: 'Twice the same deal.' });
      // One that was approved may still be rejected, and a line of another payout is none of this one.
      await approver().approveLine({ id: third! });
      const [elsewhere] = (await pendingPayout(host, [60])).lines.map(({ id }) => id);
      const before = (await host.as('auditor').activities.list({ limit: 1 })).items[0]!.seq;
      const { outcomes } = await approver(2).decideLines({
        id: payout.id,
        action: 'reject',
        lineIds: [first!, second!, nowhere, elsewhere!, third!, first!],
        notes: 'Not this month.',
      });
      expect(outcomes).toEqual([
        { id: first, ok: true },
        {
          id: second,
          ok: false,
          code: 'INVALID_TRANSITION',
          message: 'This line was already rejected by approver 1 Tester.',
        },
        { id: nowhere, ok: false, code: 'NOT_FOUND', message: 'There is no such line in this payout.' },
        { id: elsewhere, ok: false, code: 'NOT_FOUND', message: 'There is no such line in this payout.' },
        { id: third, ok: true },
      ]);
      expect(await getPayout(host, payout)).toMatchObject({ totalAmount: 1875, rejectedAmount: 1750 });
      const [activity] = (await host.as('auditor').activities.list({ limit: 1 })).items;
      expect(activity).toMatchObject({
        seq: before + 1,
        action: 'payout_lines_rejected',
        resourceId: payout.id,
        details: { lineIds: [first, third], amount: 1250, notes: 'Not this month.' },
      });
      const approvedNow = await approver().decideLines({
        id: payout.id,
        action: 'approve',
        lineIds: [fourth!],
      });
      expect(approvedNow.outcomes).toEqual([{ id: fourth, ok: true }]);
      expect((await linesOf(host, payout)).map(({ status }) => status)).toEqual([
        'rejected',
        'rejected',
        'rejected',
        'approved',
      ]);
      expect(await approver().approve({ id: payout.id })).toMatchObject({ approvedAmount: 125 });
      expect(await ledgerDifferences(host)).toEqual([]);
    });

    it('write nothing where none can be decided, or the payout or the person is wrong', async () => {
      const partner = await payablePartner(host);
      await approvedCredits(host, partner.id, [1000]);
      const { id } = await host.as('finance').credits.adjust({
        id: partner.id,
        kind: 'adjustment',
        amount: -100,
        reason: 'A fee.',
      });
      await host.as('approver').credits.approve({ id });
      const payout = await host.as('admin').payouts.generate({ partnerId: partner.id, ...june });
      const { id: payoutId } = payout.payouts[0]!;
      const lines = await linesOf(host, { id: payoutId });
      const negative = lines.find(({ amount }) => amount < 0)!;
      const before = (await host.as('auditor').activities.list({ limit: 1 })).items[0]!.seq;
      const { outcomes } = await approver().decideLines({
        id: payoutId,
        action: 'reject',
        lineIds: [negative.id],
        notes: 'No fee.',
      });
      expect(outcomes).toMatchObject([{ ok: false, code: 'VALIDATION' }]);
      const lineIds = lines.map((line) => line.id);
      const decide = (change: object) =>
        approver().decideLines({ id: payoutId, action: 'approve', lineIds, ...change });
      expect(await refusalOf(decide({ action: 'reject' }))).toMatchObject({
        code: 'VALIDATION',
        message: 'Say why these lines are rejected.',
      });
      expect((await refusalOf(decide({ version: 7 }))).code).toBe('CONFLICT');
      const own = host.as('admin').payouts.decideLines({ id: payoutId, action: 'approve', lineIds });
      expect((await refusalOf(own)).code).toBe('SELF_APPROVAL');
      expect((await host.as('auditor').activities.list({ limit: 1 })).items[0]!.seq).toBe(before);
      await approver().approve({ id: payoutId });
      expect((await refusalOf(decide({}))).code).toBe('INVALID_TRANSITION');
    });
  });

  describe('a payout made by hand', () => {
    it('holds the chosen credits, below the minimum too', async () => {
      const office = await host.otherTenant();
      await office.as('admin').settings.update({ minimumPayouts: { EUR: 5000 } });
      const partner = await payablePartner(office);
      const [first, second] = await approvedCredits(office, partner.id, [1000, 500]);
      const payout = await finance(office).create({
        partnerId: partner.id,
        periodStart: '2026-01-01',
        periodEnd: '2026-06-30',
        creditIds: [second!.id],
      });
      expect(payout).toMatchObject({ status: 'pending', totalAmount: 500, totalLeadsCount: 1 });
      expect((await linesOf(office, payout)).map(({ creditId }) => creditId)).toEqual([second!.id]);
      const again = { partnerId: partner.id, ...june };
      expect(
        await refusalOf(finance(office).create({ ...again, creditIds: [first!.id, second!.id] })),
      ).toMatchObject({
        code: 'CONFLICT',
        message: `This credit is already in payout ${payout.payoutNumber}.`,
      });
      expect((await refusalOf(finance(office).create({ ...again, creditIds: [nowhere] }))).code).toBe(
        'NOT_FOUND',
      );
      await office.as('approver').partners.suspend({ id: partner.id, reason: 'An audit' });
      expect((await refusalOf(finance(office).create({ ...again, creditIds: [first!.id] }))).code).toBe(
        'PARTNER_NOT_ACTIVE',
      );
      expect(await ledgerDifferences(office)).toEqual([]);
    });

    it('nets off what takes a paid credit back, like any next payout', async () => {
      const { partner, lines, payout } = await approvedPayout([1000]);
      await paid(host, payout);
      const back = await host
        .as('approver')
        .credits.reverse({ id: lines[0]!.creditId, reason: 'x', amount: 300 });
      const [credit] = await approvedCredits(host, partner.id, [800]);
      const made = (creditIds: string[]) => finance().create({ partnerId: partner.id, ...june, creditIds });
      expect(await refusalOf(made([credit!.id]))).toMatchObject({
        code: 'VALIDATION',
        message: 'A credit of -3.00 EUR is to be netted off in the next payout. Choose it as well.',
      });
      expect(await made([credit!.id, back.id])).toMatchObject({ totalAmount: 500 });
    });

    it('is refused where nothing would be left to pay', async () => {
      const partner = await activePartner(host);
      const { id } = await host.as('finance').credits.adjust({
        id: partner.id,
        kind: 'adjustment',
        amount: -100,
        reason: 'A fee.',
      });
      await host.as('approver').credits.approve({ id });
      expect(
        await refusalOf(finance().create({ partnerId: partner.id, ...june, creditIds: [id] })),
      ).toMatchObject({
        code: 'VALIDATION',
        message: 'These credits net to -1.00 EUR, and nothing could be paid.',
      });
      const [even] = await approvedCredits(host, partner.id, [100]);
      expect(
        await refusalOf(finance().create({ partnerId: partner.id, ...june, creditIds: [id, even!.id] })),
      ).toMatchObject({
        code: 'VALIDATION',
        message: 'These credits net to 0.00 EUR, and nothing could be paid.',
      });
    });
  });

  describe('the minimum payout', () => {
    it('carries a smaller one over with the reason, until there is enough', async () => {
      const office = await host.otherTenant();
      await office.as('admin').settings.update({ minimumPayouts: { EUR: 1000, JPY: 5 } });
      const partner = await payablePartner(office);
      await approvedCredits(office, partner.id, [600]);
      const reason =
        'The credits come to 6.00 EUR, below the minimum payout of 10.00, and are carried over to the next payout.';
      const may = { periodStart: '2026-05-01', periodEnd: '2026-05-31' };
      const { skipped } = await finance(office).generate({ partnerId: partner.id, ...june });
      expect(skipped[0]?.reason).toBe(reason);
      expect(await office.as('auditor').balances.get({ id: partner.id })).toMatchObject({
        free: 600,
        carriedOver: { amount: 600, reason },
        terms: { minimumPayout: null, effectiveMinimumPayout: 1000 },
      });
      host.clock.set('2026-07-10T10:00:00.000Z');
      await approvedCredits(office, partner.id, [400]);
      const july = { periodStart: '2026-07-01', periodEnd: '2026-07-31' };
      // June was never paid: what it carried over comes with July, by itself.
      expect((await generated(office, partner.id, july)).totalAmount).toBe(1000);
      expect((await finance(office).generate({ partnerId: partner.id, ...may })).payouts).toEqual([]);
      host.clock.set('2026-06-15T10:00:00.000Z');
    });

    it('is the partner’s own where it has one', async () => {
      const office = await host.otherTenant();
      await office.as('admin').settings.update({ minimumPayouts: { EUR: 1000 } });
      const partner = await payablePartner(office);
      await approvedCredits(office, partner.id, [600]);
      await office.as('finance').balances.setTerms({ id: partner.id, minimumPayout: 600 });
      expect((await generated(office, partner.id)).totalAmount).toBe(600);
    });
  });

  describe('the second approval', () => {
    it('is asked for above the threshold of the payout’s own currency', async () => {
      const office = await host.otherTenant();
      await office.as('admin').settings.update({
        secondApprovalThreshold: 10_000,
        secondApprovalThresholds: { JPY: 1_000_000 },
      });
      const approvedIn = async (currency: string, amount: number) => {
        const partner = await payablePartner(office, { currency });
        await approvedCredits(office, partner.id, [amount]);
        const { id } = await generated(office, partner.id);
        return (await office.as('approver').payouts.approve({ id })).status;
      };
      expect(await approvedIn('EUR', 10_000)).toBe('approved');
      expect(await approvedIn('EUR', 10_001)).toBe('pending');
      // 9,000 yen are not 90.00 euros.
      expect(await approvedIn('JPY', 1_000_000)).toBe('approved');
      expect(await approvedIn('JPY', 1_000_001)).toBe('pending');
      // Nobody thought of dollars: two people look at any payout in them.
      expect(await approvedIn('USD', 1)).toBe('pending');
    });
  });

  it('the settings take amounts of real currencies, and the own threshold where it belongs', async () => {
    const { settings } = (await host.otherTenant()).as('admin');
    expect(await refusalOf(settings.update({ minimumPayouts: { ABC: 1 } }))).toMatchObject({
      code: 'VALIDATION',
      message: 'ABC is not the code of a currency.',
    });
    expect(await refusalOf(settings.update({ secondApprovalThresholds: { EUR: 1 } }))).toMatchObject({
      code: 'VALIDATION',
      message: 'For EUR, set secondApprovalThreshold: it is your own currency.',
    });
    expect((await refusalOf(settings.update({ holdingDays: -1 }))).code).toBe('VALIDATION');
    const changes = { holdingDays: 14, minimumPayouts: { EUR: 1000, JPY: 0 } };
    expect(await settings.update(changes)).toMatchObject(changes);
  });

  it('the list takes several statuses, as a list or as text, and they page like one', async () => {
    const office = await host.otherTenant();
    const made = [];
    for (let n = 0; n < 3; n += 1) made.push((await pendingPayout(office, [100])).payout);
    await office.as('approver').payouts.approve({ id: made[0]!.id });
    await office.as('approver').payouts.reject({ id: made[1]!.id, notes: 'No' });
    const ids = async (status: 'pending' | 'pending,approved' | ('pending' | 'approved')[], limit = 50) => {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await office.as('auditor').payouts.list({ status, limit, cursor, total: true });
        expect(page.total).toBe(status === 'pending' ? 1 : 2);
        found.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      return found;
    };
    expect(await ids('pending')).toEqual([made[2]!.id]);
    expect(await ids(['pending', 'approved'])).toEqual([made[2]!.id, made[0]!.id]);
    expect(await ids('pending,approved', 1)).toEqual([made[2]!.id, made[0]!.id]);
    const wrong = office.as('auditor').payouts.list({ status: 'pending,lost' });
    expect((await refusalOf(wrong)).code).toBe('VALIDATION');
  });

  it('leaves a ledger that verifies, and a whole trail', async () => {
    expect(await host.as('auditor').ledger.verify({})).toMatchObject({ ok: true, differences: [] });
    expect(await host.as('auditor').activities.verify({})).toMatchObject({ ok: true });
  });
});
