import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { activePartner, type Partner } from './credit-stories.ts';
import { approvedCredits, generated, paid, payablePartner } from './payout-stories.ts';

forEachEngine((engine) => {
  let host: TestHost;
  let office: TestTenant;
  let partner: Partner;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());
  beforeEach(async () => {
    host.clock.set('2026-06-10T10:00:00.000Z');
    office = await host.otherTenant();
    partner = await payablePartner(office);
  });

  const on = (day: string) => host.clock.set(`${day}T10:00:00.000Z`);
  const statement = (from: string, to: string, change: object = {}) =>
    office.as('auditor').balances.statement({ id: partner.id, from, to, ...change });

  /** Two credits, one paid and clawed back in part, the payment returned; and a bonus. */
  async function aMonth() {
    const [first, second] = await approvedCredits(office, partner.id, [1000, 500]);
    on('2026-06-11');
    const payout = await generated(office, partner.id);
    await office.as('approver').payouts.approve({ id: payout.id, amount: 1200 });
    on('2026-06-12');
    await office
      .as('finance')
      .payouts.pay({ id: payout.id, paymentDate: '2026-06-12', referenceNumber: 'SEPA-7' });
    on('2026-06-20');
    const [payment] = (await office.as('auditor').payouts.payments({ id: payout.id })).items;
    await office.as('finance').payouts.failPayment({
      id: payout.id,
      paymentId: payment!.id,
      reason: 'No such account.',
      date: '2026-06-20',
    });
    await office.as('approver').credits.reverse({ id: first!.id, reason: 'A discount.', amount: 250 });
    on('2026-07-01');
    const bonus = await office.as('finance').credits.adjust({
      id: partner.id,
      kind: 'bonus',
      amount: 800,
      reason: 'A good year.',
    });
    await office.as('approver').credits.approve({ id: bonus.id });
    return { payout, second };
  }

  describe('a statement', () => {
    it('opens with what was owed, explains every movement, and closes with what the ledger says', async () => {
      const { payout } = await aMonth();
      const june = await statement('2026-06-01', '2026-06-30', { total: true });
      expect(june.opening).toEqual({ available: 0, payable: 0, balance: 0 });
      expect(
        june.items.map(({ bookedOn, kind, amount, available, payable, balance, description }) => [
          `${bookedOn} ${kind}`,
          amount,
          [available, payable, balance],
          description,
        ]),
      ).toEqual([
        ['2026-06-10 credit', 1000, [1000, 0, 1000], 'worth 1000'],
        ['2026-06-10 credit', 500, [1500, 0, 1500], 'worth 500'],
        [
          '2026-06-11 carry_over',
          -300,
          [1200, 0, 1200],
          'carried over: 3.00 of 5.00 EUR was not approved with this payout',
        ],
        [
          '2026-06-11 carry_over',
          300,
          [1500, 0, 1500],
          `carried over from payout ${payout.payoutNumber}: 3.00 of 5.00 EUR`,
        ],
        ['2026-06-11 payout_approved', 0, [300, 1200, 1500], `payout ${payout.payoutNumber} approved`],
        ['2026-06-12 payment', -1200, [300, 0, 300], `payout ${payout.payoutNumber} paid, SEPA-7`],
        [
          '2026-06-20 payment_failed',
          1200,
          [300, 1200, 1500],
          `payment SEPA-7 of payout ${payout.payoutNumber} came back: No such account.`,
        ],
        [
          '2026-06-20 claw_back',
          -250,
          [50, 1200, 1250],
          `takes back 2.50 of a credit that was already in payout ${payout.payoutNumber}: A discount.`,
        ],
      ]);
      expect(june).toMatchObject({
        currency: 'EUR',
        partnerName: partner.organizationName,
        total: 8,
        closing: { available: 50, payable: 1200, balance: 1250 },
        totals: {
          credits: 1500,
          reversals: -250,
          adjustments: 0,
          payments: -1200,
          failedPayments: 1200,
          payouts: 1200,
        },
        held: 0,
      });
      expect(june.items[0]).toMatchObject({ leadName: expect.any(String), payoutId: null });
      const july = await statement('2026-07-01', '2026-07-31');
      expect(july.opening).toEqual(june.closing);
      expect(july.items).toMatchObject([{ kind: 'bonus', amount: 800, leadId: null }]);
      expect(july.closing.balance).toBe(2050);
      const figures = await office.as('auditor').partners.get({ id: partner.id });
      expect(july.closing.available).toBe(figures.availableBalance);
    });

    it('shows what is held at its end', async () => {
      await office.as('finance').balances.setTerms({ id: partner.id, holdingDays: 30 });
      const [credit] = await approvedCredits(office, partner.id, [1000]);
      const june = await statement('2026-06-01', '2026-06-30');
      expect(june).toMatchObject({ held: 1000, items: [{ heldUntil: '2026-07-10' }] });
      expect(await statement('2026-06-01', '2026-07-10')).toMatchObject({
        held: 0,
        items: [{ heldUntil: null }],
      });
      on('2026-07-02');
      await office.as('approver').credits.reverse({ id: credit!.id, reason: 'The deal fell through.' });
      // It was held then, whatever became of it.
      expect((await statement('2026-06-01', '2026-06-30')).held).toBe(1000);
      const after = await statement('2026-06-01', '2026-07-05');
      expect(after).toMatchObject({ held: 0, closing: { balance: 0 } });
      expect(after.items[1]).toMatchObject({
        kind: 'reversal',
        description: 'taken back: The deal fell through.',
      });
    });

    it('pages without a gap', async () => {
      await aMonth();
      const whole = await statement('2026-06-01', '2026-07-31');
      const pieces = [];
      let cursor: string | null | undefined;
      do {
        const page = await statement('2026-06-01', '2026-07-31', {
          limit: 2,
          ...(typeof cursor === 'string' && { cursor }),
        });
        expect(page.closing).toEqual(whole.closing);
        pieces.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(pieces).toEqual(whole.items);
    });

    it('is read by the partner’s own people, of their own partner', async () => {
      const other = await activePartner(office);
      const viewer = office.asPartner(partner.id, 'viewer').balances;
      const days = { from: '2026-06-01', to: '2026-06-30' };
      expect((await viewer.statement({ id: partner.id, ...days })).partnerName).toBe(
        partner.organizationName,
      );
      expect(await refusalOf(viewer.statement({ id: other.id, ...days }))).toMatchObject({
        code: 'NOT_FOUND',
        message: 'There is no such partner.',
      });
      expect((await viewer.get({ id: partner.id })).balance).toBe(0);
      expect((await refusalOf(viewer.get({ id: other.id }))).code).toBe('NOT_FOUND');
      const terms = viewer.setTerms({ id: partner.id, holdingDays: 0 });
      expect((await refusalOf(terms)).code).toBe('FORBIDDEN');
    });

    it('is refused for days that make no period, and a marker of another list', async () => {
      expect(await refusalOf(statement('2026-06-30', '2026-06-01'))).toMatchObject({
        code: 'VALIDATION',
        message: "A period can't end before it starts.",
      });
      const cursor = Buffer.from(JSON.stringify(['yesterday', partner.id])).toString('base64url');
      expect((await refusalOf(statement('2026-06-01', '2026-06-30', { cursor }))).code).toBe('VALIDATION');
    });
  });

  it('of its payout terms only what is given changes', async () => {
    const { setTerms } = office.as('finance').balances;
    await setTerms({ id: partner.id, holdingDays: 5 });
    expect(await setTerms({ id: partner.id, minimumPayout: 600 })).toMatchObject({ holdingDays: 5 });
    expect(await setTerms({ id: partner.id, holdingDays: null })).toMatchObject({
      holdingDays: null,
      minimumPayout: 600,
    });
  });

  it('a balance says what is free, held, waiting and to be paid, and whether it is on hold', async () => {
    await approvedCredits(office, partner.id, [1000]);
    const { balances } = office.as('auditor');
    // What a rejected payout held is free again.
    const { id: rejectedId } = await generated(office, partner.id);
    await office.as('approver').payouts.reject({ id: rejectedId, notes: 'later' });
    expect(await balances.get({ id: partner.id })).toMatchObject({ free: 1000, inPendingPayouts: 0 });
    const pending = await generated(office, partner.id);
    await approvedCredits(office, partner.id, [400]);
    expect(await balances.get({ id: partner.id })).toMatchObject({
      available: 1400,
      payable: 0,
      balance: 1400,
      free: 400,
      held: 0,
      heldUntil: null,
      inPendingPayouts: 1000,
      carriedOver: null,
      onHold: false,
    });
    await office.as('approver').payouts.approve({ id: pending.id });
    const { id } = await office.as('finance').credits.adjust({
      id: partner.id,
      kind: 'adjustment',
      amount: -500,
      reason: 'A fee.',
    });
    await office.as('approver').credits.approve({ id });
    await office.as('approver').partners.suspend({ id: partner.id, reason: 'An audit' });
    expect(await balances.get({ id: partner.id })).toMatchObject({
      available: -100,
      payable: 1000,
      balance: 900,
      free: -100,
      carriedOver: {
        amount: -100,
        reason: 'The credits net to -1.00 EUR, which is carried over to the next payout.',
      },
      onHold: true,
    });
    expect((await refusalOf(paid(office, pending))).code).toBe('PARTNER_NOT_ACTIVE');
  });
});
