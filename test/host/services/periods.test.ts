import sql from 'sql-template-tag';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ledgerEntries, partnerLeadCredits } from '#host/database/index.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { refusalOf, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { refusalOf as refusedRow } from '../database/rows.ts';
import { activePartner, approvedLead, convertedLead, creditOf, type Partner } from './credit-stories.ts';
import {
  approvedCredits,
  generated,
  june,
  ledgerDifferences,
  paid,
  payablePartner,
} from './payout-stories.ts';

forEachEngine((engine) => {
  let host: TestHost;
  let office: TestTenant;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());
  beforeEach(async () => {
    host.clock.set('2026-06-15T10:00:00.000Z');
    office = await host.otherTenant();
  });

  const close = (periodEnd: string) => office.as('finance').periods.close({ periodEnd });
  const bookedDays = async (partner: Partner): Promise<string[]> => {
    const rows = await host.database.read({ tenantId: office.tenantId }, (reader) =>
      reader.list(ledgerEntries, sql`partner_id = ${partner.id} order by id`),
    );
    return rows.map((row) => row.bookedOn);
  };

  describe('closing a period', () => {
    it('closes everything before the first one, then from the end of the one before', async () => {
      const may = await close('2026-05-31');
      expect(may).toMatchObject({ periodStart: null, periodEnd: '2026-05-31', isClosed: true });
      expect(await close('2026-06-14')).toMatchObject({ periodStart: '2026-06-01', periodEnd: '2026-06-14' });
      const list = await office.as('auditor').periods.list({ total: true });
      expect(list).toMatchObject({ closedUntil: '2026-06-14', total: 2 });
      expect(list.items.map(({ periodEnd }) => periodEnd)).toEqual(['2026-06-14', '2026-05-31']);
      const { items } = await office.as('auditor').activities.list({ resource: 'period' });
      expect(items[0]).toMatchObject({
        action: 'period_closed',
        details: { before: { closedUntil: '2026-05-31' }, after: { closedUntil: '2026-06-14' } },
      });
    });

    it('is refused for a day to come, for one that is closed, and for what is no day', async () => {
      expect(await refusalOf(close('2026-06-16'))).toMatchObject({
        code: 'VALIDATION',
        message: "A period can't be closed before it is over: today is 2026-06-15.",
      });
      await close('2026-05-31');
      for (const day of ['2026-05-31', '2026-04-30']) {
        expect(await refusalOf(close(day))).toMatchObject({
          code: 'INVALID_TRANSITION',
          message: 'Everything until 2026-05-31 is closed already.',
        });
      }
    });

    it('by two people at the same moment happens once', async () => {
      const outcomes = await Promise.allSettled([
        office.as('finance').periods.close({ periodEnd: '2026-05-31' }),
        office.as('finance', 2).periods.close({ periodEnd: '2026-05-31' }),
      ]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect((await office.as('auditor').periods.list({})).items).toHaveLength(1);
    });

    it('is undone by an administrator who did not close it, newest first, with a reason that stays', async () => {
      const may = await office.as('admin').periods.close({ periodEnd: '2026-05-31' });
      const half = await close('2026-06-10');
      const reopen = (id: string, person = 1) =>
        office.as('admin', person).periods.reopen({ id, reason: 'A credit was forgotten.' });
      expect(await refusalOf(reopen(may.id, 2))).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: 'A later period is closed until 2026-06-10. Open that one first.',
      });
      expect(await reopen(half.id)).toMatchObject({
        isClosed: false,
        reopenReason: 'A credit was forgotten.',
      });
      expect(await refusalOf(reopen(half.id))).toMatchObject({ code: 'INVALID_TRANSITION' });
      expect((await office.as('auditor').periods.list({})).closedUntil).toBe('2026-05-31');
      expect(await refusalOf(reopen(may.id))).toMatchObject({
        code: 'SELF_APPROVAL',
        message: 'You closed this period yourself, so someone else must open it again.',
      });
      const stale = office.as('admin', 2).periods.reopen({ id: may.id, reason: 'x', version: 7 });
      expect((await refusalOf(stale)).code).toBe('CONFLICT');
      await reopen(may.id, 2);
      expect((await office.as('auditor').periods.list({})).closedUntil).toBeNull();
      // The same days can be closed again.
      const closed = await close('2026-05-31');
      expect(closed).toMatchObject({ periodStart: null });
      // What was opened again is over, though it names the same days.
      expect(await refusalOf(reopen(may.id, 2))).toMatchObject({
        code: 'INVALID_TRANSITION',
        message: 'This period was already opened again by admin 2 Tester.',
      });
      const { list } = office.as('auditor').periods;
      const first = await list({ limit: 2, total: true });
      expect(first).toMatchObject({ closedUntil: '2026-05-31', total: 3 });
      const rest = await list({ limit: 2, cursor: first.nextCursor ?? '' });
      expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual([closed.id, half.id, may.id]);
      const { items } = await office.as('auditor').activities.list({ action: 'period_reopened' });
      expect(items).toHaveLength(2);
    });

    it('is undone by who closed it only where four eyes are switched off, and says so', async () => {
      await office.as('admin').settings.update({ fourEyes: false });
      const may = await office.as('admin').periods.close({ periodEnd: '2026-05-31' });
      expect(await office.as('admin').periods.reopen({ id: may.id, reason: 'x' })).toMatchObject({
        isClosed: false,
        fourEyesWaived: true,
      });
    });

    it('alone may not be opened again by finance', async () => {
      const may = await close('2026-05-31');
      const reopening = office.as('finance').periods.reopen({ id: may.id, reason: 'x' });
      expect((await refusalOf(reopening)).code).toBe('FORBIDDEN');
    });
  });

  describe('what comes after the close', () => {
    it('is booked on its own day where only its event lies in the closed period, and says so', async () => {
      host.clock.set('2026-06-10T10:00:00.000Z');
      const partner = await activePartner(office, { commissionPercentage: 10 });
      const lead = await approvedLead(office, partner.id);
      host.clock.set('2026-06-15T10:00:00.000Z');
      await close('2026-06-14');
      await convertedLead(office, lead, 100_000, '2026-06-12');
      const { id } = await creditOf(office, lead);
      const credit = await office.as('approver').credits.approve({ id });
      expect(credit).toMatchObject({
        eventOn: '2026-06-12',
        approvedOn: '2026-06-15',
        payableFrom: '2026-06-15',
        bookingNote: '2026-06-12 is in a period closed until 2026-06-14, so it is booked on 2026-06-15.',
      });
      const { items } = await office.as('auditor').activities.list({ action: 'credit_approved' });
      expect(items[0]?.details).toMatchObject({ bookingNote: credit.bookingNote });
    });

    it('of an approval dated in it is booked on the first open day, and belongs to the next period', async () => {
      host.clock.set('2026-06-30T10:00:00.000Z');
      const partner = await payablePartner(office);
      await approvedCredits(office, partner.id, [1000]);
      await close('2026-06-30');
      const [late] = await approvedCredits(office, partner.id, [250]);
      expect(late).toMatchObject({
        approvedOn: '2026-07-01',
        payableFrom: '2026-07-01',
        bookingNote: '2026-06-30 is in a period closed until 2026-06-30, so it is booked on 2026-07-01.',
      });
      // The closed period is generated with what was booked in it, however late.
      const payout = await generated(office, partner.id, june);
      expect(payout.totalAmount).toBe(1000);
      await office.as('approver').payouts.approve({ id: payout.id });
      expect(await bookedDays(partner)).toEqual(['2026-06-30', '2026-07-01', '2026-07-01']);
      host.clock.set('2026-07-02T10:00:00.000Z');
      const july = { periodStart: '2026-07-01', periodEnd: '2026-07-31' };
      expect((await generated(office, partner.id, july)).totalAmount).toBe(250);
      expect(await ledgerDifferences(office)).toEqual([]);
    });

    it('of payments, cancellations, reversals and adjustments is booked on the first open day too', async () => {
      const partner = await payablePartner(office);
      const [first] = await approvedCredits(office, partner.id, [1000, 500]);
      const payout = await generated(office, partner.id);
      await office.as('approver').payouts.approve({ id: payout.id });
      await close('2026-06-15');
      await paid(office, payout, 400);
      await office.as('approver').credits.reverse({ id: first!.id, reason: 'The deal fell through.' });
      const { id } = await office.as('finance').credits.adjust({
        id: partner.id,
        kind: 'adjustment',
        amount: 100,
        on: '2026-06-01',
        reason: 'A fee that was charged twice.',
      });
      expect(await office.as('approver').credits.approve({ id })).toMatchObject({
        eventOn: '2026-06-01',
        approvedOn: '2026-06-16',
        bookingNote: expect.stringContaining('2026-06-01 is in a period closed until 2026-06-15'),
      });
      expect((await bookedDays(partner)).slice(3)).toEqual(['2026-06-16', '2026-06-16', '2026-06-16']);
      expect(await ledgerDifferences(office)).toEqual([]);
    });

    it('never gets into it, however close the two are', async () => {
      const credits = [];
      for (let n = 0; n < 6; n += 1) {
        const { id: partnerId } = await activePartner(office);
        const input = { id: partnerId, kind: 'bonus', amount: 100, reason: 'x' } as const;
        credits.push(await office.as('finance').credits.adjust(input));
      }
      const approving = credits.map(({ id }, n) =>
        office.as('approver', 1 + (n % 3)).credits.approve({ id }),
      );
      const [closed, ...approved] = await Promise.all([close('2026-06-15'), ...approving]);
      expect(closed.isClosed).toBe(true);
      // The database refuses what would be booked on a closed day; each had the day that was open at its moment.
      for (const { approvedOn } of approved) expect(['2026-06-15', '2026-06-16']).toContain(approvedOn);
      expect(await ledgerDifferences(office)).toEqual([]);
    });

    it('is let into the period again once that is open', async () => {
      const partner = await payablePartner(office);
      const closed = await close('2026-06-15');
      await office.as('admin').periods.reopen({ id: closed.id, reason: 'A mistake.' });
      const [credit] = await approvedCredits(office, partner.id, [1000]);
      expect(credit).toMatchObject({ approvedOn: '2026-06-15', bookingNote: null });
    });
  });

  describe('a period opened again after something was booked behind it', () => {
    /** What happened on a day, and what was owed at its end. */
    const dayOf = async (partner: Partner, day: string) => {
      const { items, closing } = await office
        .as('auditor')
        .balances.statement({ id: partner.id, from: day, to: day });
      return { kinds: items.map(({ kind }) => kind), closing };
    };
    const closedAndOpened = async (between: () => Promise<void>) => {
      const closed = await close('2026-06-15');
      await between();
      await office.as('admin').periods.reopen({ id: closed.id, reason: 'A mistake.' });
    };

    it('takes a credit back no earlier than it was booked', async () => {
      const partner = await payablePartner(office);
      const ids: string[] = [];
      await closedAndOpened(async () => {
        for (const { id } of await approvedCredits(office, partner.id, [1000, 500])) ids.push(id);
      });
      await office.as('approver').credits.reverse({ id: ids[0]!, reason: 'x' });
      const part = await office.as('approver').credits.reverse({ id: ids[1]!, reason: 'x', amount: 200 });
      expect(part).toMatchObject({ approvedOn: '2026-06-16', payableFrom: '2026-06-16' });
      expect(await dayOf(partner, '2026-06-15')).toEqual({
        kinds: [],
        closing: { available: 0, payable: 0, balance: 0 },
      });
      expect(await dayOf(partner, '2026-06-16')).toMatchObject({
        kinds: ['credit', 'credit', 'reversal', 'claw_back'],
        closing: { available: 300 },
      });
      expect(await ledgerDifferences(office)).toEqual([]);
    });

    it('pays, takes back and cancels a payout no earlier than its approval was booked', async () => {
      const partner = await payablePartner(office);
      await approvedCredits(office, partner.id, [1000]);
      const payout = await generated(office, partner.id);
      await closedAndOpened(async () => {
        await office.as('approver').payouts.approve({ id: payout.id });
      });
      await paid(office, payout, 400);
      const { items } = await office.as('auditor').payouts.payments({ id: payout.id });
      await office.as('finance').payouts.failPayment({
        id: payout.id,
        paymentId: items[0]!.id,
        reason: 'No such account.',
        date: '2026-06-15',
      });
      await office.as('approver').payouts.cancel({ id: payout.id, reason: 'x' });
      expect(await dayOf(partner, '2026-06-15')).toEqual({
        kinds: ['credit'],
        closing: { available: 1000, payable: 0, balance: 1000 },
      });
      expect((await dayOf(partner, '2026-06-16')).kinds).toEqual([
        'payout_approved',
        'payment',
        'payment_failed',
        'payout_cancelled',
      ]);
      const ledger = await office.as('finance').partners.ledger({ id: partner.id });
      expect(ledger.items.map(({ kind, bookedOn }) => [kind, bookedOn])).toEqual([
        ['payout_cancelled', '2026-06-16'],
        ['payment_failed', '2026-06-16'],
        ['payment_recorded', '2026-06-16'],
        ['payout_approved', '2026-06-16'],
        ['credit_approved', '2026-06-15'],
      ]);
      expect(await ledgerDifferences(office)).toEqual([]);
    });
  });

  describe('the database', () => {
    it('takes neither an entry nor a credit of a closed day, whoever writes it', async () => {
      const partner = await payablePartner(office);
      const [credit] = await approvedCredits(office, partner.id, [1000]);
      const pending = await office.as('finance').credits.adjust({
        id: partner.id,
        kind: 'bonus',
        amount: 100,
        reason: 'A good year.',
      });
      await close('2026-06-14');
      const within = <T>(fn: Parameters<typeof host.database.write<T>>[1]) =>
        refusedRow(host.database.write({ tenantId: office.tenantId }, fn));
      const closed = (table: string) => expect.objectContaining({ kind: 'closed', table });
      expect(
        await within(async (tx) => {
          const row = await tx.find(partnerLeadCredits, { id: credit!.id });
          const id = '01890000-0000-7000-8000-00000000000a';
          await tx.insert(partnerLeadCredits, {
            ...row!,
            id,
            approvedOn: '2026-06-14',
            payableFrom: '2026-06-14',
          });
        }),
      ).toEqual(closed('partner_lead_credits'));
      expect(
        await within((tx) =>
          tx.run(sql`update partner_lead_credits set approved_on = '2026-06-14', payable_from = '2026-06-14'
            where id = ${pending.id}`),
        ),
      ).toEqual(closed('partner_lead_credits'));
      expect(
        await within(async (tx) => {
          const [entry] = await tx.list(ledgerEntries, sql`partner_id = ${partner.id} limit 1`);
          const id = '01890000-0000-7000-8000-00000000000b';
          await tx.run(sql`insert into ledger_postings (tenant_id, entry_id, account, partner_id, amount) values
            (${office.tenantId}, ${id}, 'commission_expense', ${partner.id}, -5),
            (${office.tenantId}, ${id}, 'available', ${partner.id}, 5)`);
          await tx.insert(ledgerEntries, { ...entry!, id, discriminator: 'again', bookedOn: '2026-06-14' });
        }),
      ).toEqual(closed('ledger_entries'));
    });
  });
});
