import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { activePartner, approvedLead, earned, figuresOf } from './credit-stories.ts';
import {
  approvedCredits,
  generated,
  july,
  june,
  ledgerDifferences,
  linesOf,
  paid,
  payablePartner,
} from './payout-stories.ts';

forEachEngine((engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  const finance = (person = 1) => host.as('finance', person).credits;
  const approver = (person = 1) => host.as('approver', person).credits;
  const bonus = { kind: 'bonus', amount: 5000, reason: 'Best partner of the year.' } as const;
  const fee = { kind: 'adjustment', amount: -700, reason: 'A fee that was not charged.' } as const;

  describe('adjustments and bonuses', () => {
    it('wait for somebody else, and then move the balance, with or without a lead', async () => {
      const partner = await activePartner(host);
      const lead = await approvedLead(host, partner.id);
      const given = await finance().adjust({ id: partner.id, ...bonus, leadId: lead.id, on: '2026-06-15' });
      expect(given).toMatchObject({
        origin: 'bonus',
        status: 'pending_approval',
        creditAmount: 5000,
        partnerLeadId: lead.id,
        sourceId: lead.sourceId,
        eventOn: '2026-06-15',
        reason: bonus.reason,
      });
      expect(await figuresOf(host, partner.id)).toEqual(earned(0));
      expect(await host.as('auditor').leads.get({ id: lead.id })).toMatchObject({ creditStatus: 'pending' });
      const approved = await approver().approve({ id: given.id, approvalNotes: 'Agreed in the meeting.' });
      expect(approved).toMatchObject({ status: 'approved', approvalNotes: 'Agreed in the meeting.' });
      const taken = await finance().adjust({ id: partner.id, ...fee, on: '2026-05-01' });
      expect(taken).toMatchObject({ origin: 'adjustment', partnerLeadId: null, eventOn: '2026-05-01' });
      await approver().approve({ id: taken.id });
      expect(await figuresOf(host, partner.id)).toEqual(earned(4300));
      expect(await host.as('auditor').leads.get({ id: lead.id })).toMatchObject({ creditAmount: 5000 });
      // The payout has both as lines, and what is below zero is netted off.
      const payout = await generated(host, partner.id);
      expect(payout.totalAmount).toBe(4300);
      expect((await linesOf(host, payout)).map(({ amount, description }) => [amount, description])).toEqual([
        [5000, bonus.reason],
        [-700, fee.reason],
      ]);
      const { items } = await host.as('auditor').activities.list({ partnerId: partner.id, limit: 20 });
      expect(items.map(({ action }) => action)).toEqual(
        expect.arrayContaining(['bonus_requested', 'adjustment_requested', 'credit_approved']),
      );
    });

    it('may not be approved by whoever asked for them, and may be rejected with a reason', async () => {
      const partner = await activePartner(host);
      const admin = host.as('admin').credits;
      const { id } = await admin.adjust({ id: partner.id, ...bonus });
      expect(await refusalOf(admin.approve({ id }))).toMatchObject({
        code: 'SELF_APPROVAL',
        message: 'You requested this credit yourself, so someone else must approve it.',
      });
      await approver().reject({ id, reason: 'Not this year.' });
      expect(await figuresOf(host, partner.id)).toEqual(earned(0));
    });

    it('are refused where they make no sense', async () => {
      const partner = await activePartner(host);
      const other = await approvedLead(host, (await activePartner(host)).id);
      const pending = await host.as('partner_manager').partners.create({
        partnerType: 'vendor',
        organizationName: 'Not accepted yet',
        contactEmail: 'p@example.com',
      });
      const rejected = await host.as('partner_manager').partners.create({
        partnerType: 'vendor',
        organizationName: 'Not wanted',
        contactEmail: 'r@example.com',
      });
      await host.as('approver').partners.reject({ id: rejected.id, reason: 'No references' });
      const nowhere = '01890000-0000-7000-8000-000000000000';
      const wrong = [
        [{ ...bonus, amount: -1 }, 'VALIDATION', "A bonus can't be below zero. Make an adjustment instead."],
        [{ ...bonus, amount: 0 }, 'VALIDATION', 'amount: The amount must not be zero.'],
        [{ ...bonus, reason: ' ' }, 'VALIDATION', expect.any(String)],
        [
          { ...bonus, leadId: other.id },
          'VALIDATION',
          `This lead is not one of ${partner.organizationName}.`,
        ],
        [{ ...bonus, leadId: nowhere }, 'NOT_FOUND', 'There is no such lead.'],
        [{ ...bonus, id: nowhere }, 'NOT_FOUND', 'There is no such partner.'],
        [{ ...bonus, currency: 'USD' }, 'CURRENCY_MISMATCH', 'This partner is paid in EUR, not in USD.'],
        [{ ...bonus, on: '2026-06-16' }, 'VALIDATION', 'This day is still to come: today is 2026-06-15.'],
        [
          { ...bonus, id: pending.id },
          'PARTNER_NOT_ACTIVE',
          'Not accepted yet was not accepted as a partner, so nothing can be adjusted for it.',
        ],
        [
          { ...bonus, id: rejected.id },
          'PARTNER_NOT_ACTIVE',
          'Not wanted was not accepted as a partner, so nothing can be adjusted for it.',
        ],
      ] as const;
      for (const [input, code, message] of wrong) {
        expect(await refusalOf(finance().adjust({ id: partner.id, ...input }))).toMatchObject({
          code,
          message,
        });
      }
      expect((await refusalOf(approver().adjust({ id: partner.id, ...bonus }))).code).toBe('FORBIDDEN');
    });

    it('are possible for a suspended partner, whose balance is on hold', async () => {
      const partner = await activePartner(host);
      await host.as('approver').partners.suspend({ id: partner.id, reason: 'An audit' });
      const { id } = await finance().adjust({ id: partner.id, ...fee });
      await approver().approve({ id });
      expect(await figuresOf(host, partner.id)).toEqual(earned(-700));
    });
  });

  describe('taking back a part of a credit', () => {
    it('makes a credit below zero beside it, as often as there is something left', async () => {
      const partner = await activePartner(host);
      const [credit] = await approvedCredits(host, partner.id, [1000]);
      const back = (amount?: number) =>
        approver().reverse({ id: credit!.id, reason: 'Part of the deal fell through.', amount });
      const first = await back(300);
      expect(first).toMatchObject({
        origin: 'reversal',
        creditAmount: -300,
        reversesCreditId: credit!.id,
        reason: 'takes back 3.00 of a credit: Part of the deal fell through.',
      });
      expect(await refusalOf(back(701))).toMatchObject({
        code: 'AMOUNT_EXCEEDS',
        message: '7.01 EUR is too much: 7.00 of this credit can still be taken back.',
      });
      await back(200);
      expect(await figuresOf(host, partner.id)).toEqual(earned(500));
      // All that is left.
      expect(await back()).toMatchObject({ creditAmount: -500 });
      expect(await figuresOf(host, partner.id)).toEqual(earned(0));
      expect(await refusalOf(back())).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: 'This credit was already reversed by approver 1 Tester.',
      });
      expect((await host.as('finance').payouts.generate({ partnerId: partner.id, ...june })).payouts).toEqual(
        [],
      );
      expect(await ledgerDifferences(host)).toEqual([]);
    });

    it('that is all of it takes a free credit back itself', async () => {
      const partner = await activePartner(host);
      const [credit] = await approvedCredits(host, partner.id, [1000]);
      const reversed = await approver().reverse({ id: credit!.id, reason: 'x', amount: 1000 });
      expect(reversed).toMatchObject({ id: credit!.id, status: 'reversed' });
      const { payouts } = await host.as('finance').payouts.generate({ partnerId: partner.id, ...june });
      expect(payouts).toEqual([]);
    });

    it('of a paid one is netted off the next payout', async () => {
      const partner = await payablePartner(host);
      const [credit] = await approvedCredits(host, partner.id, [1000]);
      const payout = await generated(host, partner.id);
      await host.as('approver').payouts.approve({ id: payout.id });
      await paid(host, payout);
      const taken = await approver().reverse({ id: credit!.id, reason: 'A discount.', amount: 250 });
      expect(taken.reason).toBe(
        `takes back 2.50 of a credit that was already in payout ${payout.payoutNumber}: A discount.`,
      );
      await approvedCredits(host, partner.id, [600]);
      expect((await generated(host, partner.id)).totalAmount).toBe(350);
    });

    it('gives back no more than was earned, however a payout carried parts of it over', async () => {
      const partner = await payablePartner(host);
      const [credit] = await approvedCredits(host, partner.id, [1000]);
      const payout = await generated(host, partner.id);
      await host.as('approver').payouts.approve({ id: payout.id, amount: 700 });
      const { items } = await host.as('auditor').credits.list({ partnerId: partner.id });
      const parts = items.filter(({ origin }) => origin === 'carry_over');
      expect(
        parts.map(({ creditAmount, carriesOverCreditId }) => [creditAmount, carriesOverCreditId]),
      ).toEqual([
        [-300, credit!.id],
        [300, credit!.id],
      ]);
      const [gone, rest] = parts;
      expect((await refusalOf(approver().reverse({ id: gone!.id, reason: 'x' }))).message).toBe(
        "A credit below zero can't be taken back. Correct it with an adjustment.",
      );
      expect(await approver().reverse({ id: rest!.id, reason: 'x' })).toMatchObject({ status: 'reversed' });
      // 3.00 of the 10.00 were taken back with the part.
      expect(await approver().reverse({ id: credit!.id, reason: 'x' })).toMatchObject({ creditAmount: -700 });
      expect((await figuresOf(host, partner.id)).totalEarnings).toBe(0);
      expect((await refusalOf(approver().reverse({ id: credit!.id, reason: 'x' }))).code).toBe(
        'INVALID_TRANSITION',
      );
      expect(await ledgerDifferences(host)).toEqual([]);
    });

    it('gives nothing of a carried-over part where the whole was taken back before', async () => {
      const partner = await payablePartner(host);
      const [credit] = await approvedCredits(host, partner.id, [1000]);
      const payout = await generated(host, partner.id);
      await host.as('approver').payouts.approve({ id: payout.id, amount: 700 });
      await approver().reverse({ id: credit!.id, reason: 'The deal fell through.' });
      const { items } = await host.as('auditor').credits.list({ partnerId: partner.id });
      const rest = items.find(({ origin, creditAmount }) => origin === 'carry_over' && creditAmount > 0);
      expect((await refusalOf(approver().reverse({ id: rest!.id, reason: 'x' }))).code).toBe(
        'INVALID_TRANSITION',
      );
      expect((await figuresOf(host, partner.id)).totalEarnings).toBe(0);
    });

    it('gives nothing of a carried-over part where the payout was cancelled and the whole taken back', async () => {
      const partner = await payablePartner(host);
      const [credit] = await approvedCredits(host, partner.id, [1000]);
      const payout = await generated(host, partner.id);
      await host.as('approver').payouts.approve({ id: payout.id, amount: 700 });
      await host.as('approver').payouts.cancel({ id: payout.id, reason: 'The deal fell through.' });
      expect(await approver().reverse({ id: credit!.id, reason: 'x' })).toMatchObject({ status: 'reversed' });
      const { items } = await host.as('auditor').credits.list({ partnerId: partner.id });
      const rest = items.find(({ origin, creditAmount }) => origin === 'carry_over' && creditAmount > 0);
      expect((await refusalOf(approver().reverse({ id: rest!.id, reason: 'x' }))).code).toBe(
        'INVALID_TRANSITION',
      );
      expect(await figuresOf(host, partner.id)).toEqual(earned(0));
    });

    it('keeps the first credit as the origin of what is carried over twice', async () => {
      const partner = await payablePartner(host);
      const [credit] = await approvedCredits(host, partner.id, [1000]);
      const first = await generated(host, partner.id);
      await host.as('approver').payouts.approve({ id: first.id, amount: 400 });
      const second = await generated(host, partner.id);
      await host.as('approver').payouts.approve({ id: second.id, amount: 100 });
      const { items } = await host.as('auditor').credits.list({ partnerId: partner.id });
      const parts = items.filter(({ origin }) => origin === 'carry_over');
      expect(parts).toHaveLength(4);
      expect(new Set(parts.map(({ carriesOverCreditId }) => carriesOverCreditId))).toEqual(
        new Set([credit!.id]),
      );
    });
  });

  describe('the holding time', () => {
    const held = async (office: TestTenant, days: number) => {
      await office.as('admin').settings.update({ holdingDays: days });
      return office;
    };

    it('keeps an approved credit out of payouts until its day, and everybody says so', async () => {
      host.clock.set('2026-06-15T10:00:00.000Z');
      const neighbour = await held(await host.otherTenant(), 20);
      await approvedCredits(neighbour, (await payablePartner(neighbour)).id, [1]);
      const office = await held(await host.otherTenant(), 20);
      const partner = await payablePartner(office);
      const [credit] = await approvedCredits(office, partner.id, [1000]);
      expect(credit).toMatchObject({ approvedOn: '2026-06-15', payableFrom: '2026-07-05' });
      const june15 = await office.as('finance').payouts.generate({ partnerId: partner.id, ...june });
      expect(june15).toMatchObject({ payouts: [], held: [] });
      expect(june15.skipped[0]?.reason).toBe(
        'There are no approved credits in the period. 10.00 EUR is held, the first of it until 2026-07-05.',
      );
      const all = await office.as('finance').payouts.generate(june);
      expect(all.skipped[0]?.reason).toBe(june15.skipped[0]?.reason);
      expect(all.held).toEqual([
        {
          partnerId: partner.id,
          partnerName: partner.organizationName,
          currency: 'EUR',
          credits: 1,
          amount: 1000,
          until: '2026-07-05',
        },
      ]);
      expect(await office.as('auditor').balances.get({ id: partner.id })).toMatchObject({
        available: 1000,
        free: 0,
        held: 1000,
        heldUntil: '2026-07-05',
        carriedOver: null,
      });
      const forced = office.as('finance').payouts.create({
        partnerId: partner.id,
        ...june,
        creditIds: [credit!.id],
      });
      expect(await refusalOf(forced)).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: 'This credit is held until 2026-07-05.',
      });
      // A day before, even a period that contains the day has nothing; on the day it has.
      host.clock.set('2026-07-04T10:00:00.000Z');
      expect(
        (await office.as('finance').payouts.generate({ partnerId: partner.id, ...july })).payouts,
      ).toEqual([]);
      host.clock.set('2026-07-05T10:00:00.000Z');
      expect((await generated(office, partner.id, july)).totalAmount).toBe(1000);
      host.clock.set('2026-06-15T10:00:00.000Z');
    });

    it('is the partner’s own where it has one, and never holds what is below zero', async () => {
      const office = await held(await host.otherTenant(), 20);
      const partner = await payablePartner(office);
      const terms = await office.as('finance').balances.setTerms({ id: partner.id, holdingDays: 0 });
      expect(terms).toMatchObject({ holdingDays: 0, effectiveHoldingDays: 0, minimumPayout: null });
      const [credit] = await approvedCredits(office, partner.id, [1000]);
      expect(credit).toMatchObject({ payableFrom: '2026-06-15' });
      await office.as('finance').balances.setTerms({ id: partner.id, holdingDays: null });
      const { id } = await office.as('finance').credits.adjust({ id: partner.id, ...fee });
      expect(await office.as('approver').credits.approve({ id })).toMatchObject({
        payableFrom: '2026-06-15',
      });
      expect((await generated(office, partner.id)).totalAmount).toBe(300);
      const stale = office.as('finance').balances.setTerms({ id: partner.id, holdingDays: 3, version: 1 });
      expect((await refusalOf(stale)).code).toBe('CONFLICT');
      const { items } = await office.as('auditor').activities.list({ action: 'payout_terms_changed' });
      expect(items).toHaveLength(2);
    });

    it('holds what is taken back of a held credit with it, and takes nothing of what others have earned', async () => {
      const office = await host.otherTenant();
      const partner = await payablePartner(office);
      await approvedCredits(office, partner.id, [500]);
      await held(office, 20);
      const [later] = await approvedCredits(office, partner.id, [1000]);
      const back = await office
        .as('approver')
        .credits.reverse({ id: later!.id, reason: 'A discount.', amount: 600 });
      expect(back).toMatchObject({ approvedOn: '2026-06-15', payableFrom: '2026-07-05' });
      expect(await office.as('auditor').balances.get({ id: partner.id })).toMatchObject({
        available: 900,
        free: 500,
        held: 400,
        heldUntil: '2026-07-05',
        carriedOver: null,
      });
      expect((await generated(office, partner.id)).totalAmount).toBe(500);
      host.clock.set('2026-07-05T10:00:00.000Z');
      expect((await generated(office, partner.id, july)).totalAmount).toBe(400);
      host.clock.set('2026-06-15T10:00:00.000Z');
      expect(await ledgerDifferences(office)).toEqual([]);
    });

    it('does not start again for what a payout carries over', async () => {
      const office = await host.otherTenant();
      const partner = await payablePartner(office);
      await approvedCredits(office, partner.id, [1000]);
      await held(office, 20);
      const payout = await generated(office, partner.id);
      await office.as('approver').payouts.approve({ id: payout.id, amount: 400 });
      expect((await generated(office, partner.id)).totalAmount).toBe(600);
    });
  });

  describe('many at once', () => {
    it('are approved with the same notes, one outcome each', async () => {
      const partner = await activePartner(host);
      const ids: string[] = [];
      for (const amount of [100, 200]) {
        ids.push((await finance().adjust({ id: partner.id, kind: 'bonus', amount, reason: 'x' })).id);
      }
      await approver().reject({ id: ids[1]!, reason: 'No' });
      const nowhere = '01890000-0000-7000-8000-000000000000';
      const { outcomes } = await approver(2).bulk({
        action: 'approve',
        ids: [...ids, nowhere],
        approvalNotes: 'Seen one by one.',
      });
      expect(outcomes).toEqual([
        { id: ids[0], ok: true },
        {
          id: ids[1],
          ok: false,
          code: 'INVALID_TRANSITION',
          message: 'This credit was already rejected by approver 1 Tester.',
        },
        { id: nowhere, ok: false, code: 'NOT_FOUND', message: 'There is no such credit.' },
      ]);
      expect(await approver().get({ id: ids[0]! })).toMatchObject({ approvalNotes: 'Seen one by one.' });
    });

    it('are requested by a partner’s own people, for their own leads only', async () => {
      const partner = await activePartner(host);
      const lead = await approvedLead(host, partner.id);
      const other = await approvedLead(host, (await activePartner(host)).id);
      const manager = host.asPartner(partner.id, 'lead_manager').credits;
      const credit = await manager.request({ id: lead.id, creditAmount: 900, reason: 'As agreed.' });
      expect(credit).toMatchObject({ status: 'pending_approval', partnerId: partner.id });
      expect((await refusalOf(manager.request({ id: other.id, creditAmount: 900 }))).code).toBe('NOT_FOUND');
      const viewer = host.asPartner(partner.id, 'viewer').credits;
      expect((await refusalOf(viewer.request({ id: lead.id, creditAmount: 900 }))).code).toBe('FORBIDDEN');
      expect((await refusalOf(manager.approve({ id: credit.id }))).code).toBe('FORBIDDEN');
      expect((await viewer.list({})).items.map(({ id }) => id)).toEqual([credit.id]);
      await approver().approve({ id: credit.id });
      expect(await figuresOf(host, partner.id)).toEqual(earned(900));
    });
  });

  it('leaves a ledger that verifies, and a whole trail', async () => {
    expect(await host.as('auditor').ledger.verify({})).toMatchObject({ ok: true, differences: [] });
    expect(await host.as('auditor').activities.verify({})).toMatchObject({ ok: true });
  });
});
