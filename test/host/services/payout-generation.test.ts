import sql from 'sql-template-tag';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { activePartner, figuresOf } from './credit-stories.ts';
import { refused } from './partners/setup.ts';
import {
  approvedCredits,
  generated,
  july,
  june,
  ledgerDifferences,
  linesOf,
  paid,
  payablePartner,
  pendingPayout,
} from './payout-stories.ts';

const month = (number: number) => {
  const prefix = `2026-${String(number).padStart(2, '0')}`;
  return { periodStart: `${prefix}-01`, periodEnd: `${prefix}-${number === 2 ? '28' : '30'}` };
};

describe.each(engines)('generating payouts on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(async () => host.close());

  const noonOn = (day: string) => host.clock.set(`${day}T10:00:00.000Z`);
  const generate = (
    office: TestTenant,
    partnerId: string,
    period: { periodStart: string; periodEnd: string },
  ) => office.as('finance').payouts.generate({ partnerId, ...period });
  const skipReason = async (
    office: TestTenant,
    partnerId: string,
    period: { periodStart: string; periodEnd: string },
  ) => {
    const { payouts, skipped } = await generate(office, partnerId, period);
    expect(payouts).toEqual([]);
    expect(skipped).toHaveLength(1);
    return skipped[0]?.reason;
  };

  it("takes what was approved on the period's days in the organization's zone, both ends included", async () => {
    const partner = await activePartner(host);
    const approvedAt: [string, number][] = [
      ['2026-05-31T21:59:00.000Z', 1], // 31 May in Berlin
      ['2026-05-31T22:00:00.000Z', 20], // 1 June
      ['2026-06-30T21:59:00.000Z', 300], // 30 June
      ['2026-06-30T22:00:00.000Z', 4000], // 1 July
    ];
    for (const [instant, amount] of approvedAt) {
      host.clock.set(instant);
      await approvedCredits(host, partner.id, [amount]);
    }
    expect((await generated(host, partner.id, june)).totalAmount).toBe(320);
  });

  it('numbers payouts through the year, without a gap', async () => {
    const office = await host.otherTenant();
    const numbers: string[] = [];
    for (const day of ['2026-12-30', '2026-12-31', '2027-01-01']) {
      // The new year begins in Berlin an hour before it does in UTC.
      if (day === '2027-01-01') host.clock.set('2026-12-31T23:30:00.000Z');
      else noonOn(day);
      const partner = await activePartner(office);
      await approvedCredits(office, partner.id, [100]);
      const empty = await activePartner(office);
      await generate(office, empty.id, { periodStart: day, periodEnd: day });
      numbers.push((await generated(office, partner.id, { periodStart: day, periodEnd: day })).payoutNumber);
    }
    expect(numbers).toEqual(['PO-2026-000001', 'PO-2026-000002', 'PO-2027-000001']);
  });

  it('says why a partner gets no payout, and writes nothing', async () => {
    noonOn('2026-06-15');
    const partner = await activePartner(host);
    const skip = (period: { periodStart: string; periodEnd: string }) => skipReason(host, partner.id, period);
    expect(await skip(june)).toBe('There are no approved credits in the period.');
    await approvedCredits(host, partner.id, [1000]);
    expect(await skip(july)).toBe(
      'There are no approved credits in the period. 10.00 EUR from before it is still free: generate the earlier period.',
    );
    await host.as('approver').partners.suspend({ id: partner.id, reason: 'an audit' });
    expect(await skip(june)).toBe(
      'The partner is suspended: its balance is on hold until it is active again.',
    );
    await host.as('approver').partners.reactivate({ id: partner.id });
    await generated(host, partner.id, june);
    expect(await skip(june)).toBe('All approved credits of the period are already in a payout.');
  });

  it('refuses a period that is none, and an unknown partner', async () => {
    const partner = await activePartner(host);
    const call =
      (period: { periodStart: string; periodEnd: string }, partnerId = partner.id) =>
      () =>
        generate(host, partnerId, period);
    const backwards = { periodStart: '2026-06-30', periodEnd: '2026-06-01' };
    expect((await refused(host, call(backwards))).code).toBe('VALIDATION');
    const unreal = { periodStart: '2026-02-01', periodEnd: '2026-02-30' };
    expect((await refused(host, call(unreal))).code).toBe('VALIDATION');
    const nobody = '00000000-0000-7000-8000-000000000000';
    expect((await refused(host, call(june, nobody))).code).toBe('NOT_FOUND');
  });

  it('nets a credit taken back after its payment off the next payout, and carries over what is not above zero', async () => {
    noonOn('2026-01-10');
    const partner = await payablePartner(host);
    const [credit] = await approvedCredits(host, partner.id, [1000]);
    const first = await generated(host, partner.id, month(1));
    await host.as('approver').payouts.approve({ id: first.id });
    await host
      .as('finance')
      .payouts.pay({ id: first.id, paymentDate: '2026-01-10', referenceNumber: 'SEPA-1' });

    noonOn('2026-02-10');
    await host.as('approver').credits.reverse({ id: credit!.id, reason: 'the deal was cancelled' });
    await approvedCredits(host, partner.id, [600]);
    expect(await skipReason(host, partner.id, month(2))).toBe(
      'The credits net to -4.00 EUR, which is carried over to the next payout.',
    );
    noonOn('2026-03-10');
    expect(await skipReason(host, partner.id, month(3))).toBe(
      'The credits net to -4.00 EUR, which is carried over to the next payout.',
    );
    await approvedCredits(host, partner.id, [700]);
    const next = await generated(host, partner.id, month(3));
    const lines = await linesOf(host, next);
    expect(lines.map(({ amount }) => amount)).toEqual([-1000, 600, 700]);
    expect(next).toMatchObject({ totalAmount: 300, totalLeadsCount: 3 });

    const refusal = await refused(host, () =>
      host.as('approver').payouts.rejectLine({ id: lines[0]!.id, notes: 'no' }),
    );
    expect(refusal).toMatchObject({
      code: 'VALIDATION',
      message:
        "A line that takes back a paid credit can't be rejected. Reject the whole payout, or approve the line.",
    });
    // 8.00 is more than the payout's net, so what is rejected can't push the approval above the total.
    await host.as('approver').payouts.rejectLine({ id: lines[1]!.id, notes: 'no' });
    expect((await refused(host, () => host.as('approver').payouts.approve({ id: next.id }))).code).toBe(
      'VALIDATION',
    );
    await host.as('approver').payouts.reject({ id: next.id, notes: 'again' });
    const again = await generated(host, partner.id, month(3));
    await host.as('approver').payouts.approve({ id: again.id });
    expect(await figuresOf(host, partner.id)).toEqual({
      totalEarnings: 1300,
      availableBalance: 0,
      pendingPayoutAmount: 0,
      withdrawnAmount: 1300,
    });
    expect(await ledgerDifferences(host)).toEqual([]);
  });

  it('nets off in a payout of last month what was taken back since, and not what belongs to a credit of this month', async () => {
    noonOn('2026-06-10');
    const partner = await payablePartner(host);
    const [paidOne, partOne] = await approvedCredits(host, partner.id, [500, 1000]);
    await host.as('finance').payouts.create({ partnerId: partner.id, ...june, creditIds: [paidOne!.id] });
    noonOn('2026-07-03');
    const [ofJuly] = await approvedCredits(host, partner.id, [800]);
    const takeBack = (id: string, amount: number) =>
      host.as('approver').credits.reverse({ id, amount, reason: 'the deal shrank' });
    await takeBack(partOne!.id, 600);
    await takeBack(ofJuly!.id, 50);
    const why = () => host.as('finance').payouts.why({ partnerId: partner.id, ...june });
    expect((await why()).reasons.at(-1)).toMatchObject({ code: 'not_generated', amount: 400 });
    expect((await linesOf(host, await generated(host, partner.id))).map(({ amount }) => amount)).toEqual([
      1000, -600,
    ]);
    const left = await linesOf(host, await generated(host, partner.id, july));
    expect(left.map(({ amount }) => amount)).toEqual([800, -50]);
  });

  it('picks up with the next period what was approved after its own period was generated', async () => {
    noonOn('2026-06-10');
    const partner = await activePartner(host);
    await approvedCredits(host, partner.id, [100]);
    await generated(host, partner.id, june);
    // On the last day of what was generated.
    noonOn('2026-06-30');
    await approvedCredits(host, partner.id, [20]);
    noonOn('2026-07-10');
    await approvedCredits(host, partner.id, [3]);
    expect(
      (await linesOf(host, await generated(host, partner.id, july))).map(({ amount }) => amount),
    ).toEqual([20, 3]);
  });

  it('picks up with the next period what came free of a payout that was rejected', async () => {
    noonOn('2026-06-10');
    const partner = await activePartner(host);
    await approvedCredits(host, partner.id, [100]);
    const { id } = await generated(host, partner.id, june);
    await host.as('approver').payouts.reject({ id, notes: 'later' });
    noonOn('2026-07-10');
    await approvedCredits(host, partner.id, [3]);
    expect((await generated(host, partner.id, july)).totalAmount).toBe(103);
  });

  it('leaves a credit to its own period where that was not generated yet', async () => {
    noonOn('2026-06-10');
    const partner = await activePartner(host);
    await approvedCredits(host, partner.id, [100]);
    noonOn('2026-07-10');
    await approvedCredits(host, partner.id, [3]);
    expect((await generated(host, partner.id, july)).totalAmount).toBe(3);
    expect((await generated(host, partner.id, june)).totalAmount).toBe(100);
  });

  it('lets one of two who generate at once have the credits; the other is told', async () => {
    noonOn('2026-06-15');
    const partner = await activePartner(host);
    await approvedCredits(host, partner.id, [100, 200]);
    const results = await Promise.all(
      [1, 2, 3].map((person) =>
        host.as('finance', person).payouts.generate({ partnerId: partner.id, ...june }),
      ),
    );
    expect(results.flatMap(({ payouts }) => payouts)).toHaveLength(1);
    expect(results.flatMap(({ skipped }) => skipped.map(({ reason }) => reason))).toEqual([
      'All approved credits of the period are already in a payout.',
      'All approved credits of the period are already in a payout.',
    ]);
    const { items } = await host.as('auditor').payouts.list({ partnerId: partner.id });
    expect(items).toHaveLength(1);
  });

  it('holds a credit in one live payout only, whoever writes', async () => {
    const one = await pendingPayout(host, [100]);
    const other = await pendingPayout(host, [100]);
    const intruding = host.database.write({ tenantId: host.tenantId }, (tx) =>
      tx.run(sql`update partner_payout_details set credit_id = ${one.lines[0]!.creditId}
        where id = ${other.lines[0]!.id}`),
    );
    await expect(intruding).rejects.toMatchObject({ constraint: 'ux_partner_payout_details_live_credit' });
  });

  describe('again under the same command id', () => {
    it('answers for one partner with the first result', async () => {
      const partner = await activePartner(host);
      await approvedCredits(host, partner.id, [100]);
      const input = { partnerId: partner.id, ...june, commandId: `one-${engine}` };
      const first = await host.as('finance').payouts.generate(input);
      expect(first.payouts).toHaveLength(1);
      await approvedCredits(host, partner.id, [50]);
      expect(await host.as('finance').payouts.generate(input)).toEqual(first);
      const other = { ...input, periodEnd: '2026-06-29' };
      expect((await refused(host, () => host.as('finance').payouts.generate(other))).code).toBe('CONFLICT');
    });

    it('answers for all partners with the first result, and the stream with the same', async () => {
      const office = await host.otherTenant();
      const partners = [await activePartner(office), await activePartner(office)];
      for (const { id } of partners) await approvedCredits(office, id, [100]);
      const input = { ...june, commandId: 'all' };
      const first = await office.as('finance').payouts.generate(input);
      expect(first.payouts).toHaveLength(2);
      await office.as('approver').payouts.approve({ id: first.payouts[0]!.id });
      await approvedCredits(office, partners[0]!.id, [50]);
      expect(await office.as('finance').payouts.generate(input)).toEqual(first);
      const events = await collect(await office.as('finance').payouts.generateStream(input));
      expect(events.at(-1)).toMatchObject({
        type: 'result',
        generated: 2,
        totalAmount: 200,
        payoutIds: first.payouts.map(({ id }) => id),
      });
      expect((await office.as('auditor').payouts.list({ total: true })).total).toBe(2);
      const other = { ...input, periodEnd: '2026-06-29' };
      expect((await refused(host, () => office.as('finance').payouts.generate(other))).code).toBe('CONFLICT');
    });

    it('is no matter to another organization that takes the same id', async () => {
      const made = [];
      for (const office of [await host.otherTenant(), await host.otherTenant()]) {
        const partner = await activePartner(office);
        await approvedCredits(office, partner.id, [100]);
        const input = { ...june, commandId: 'the-same-for-both' };
        const { payouts } = await office.as('finance').payouts.generate(input);
        made.push([partner.id, payouts.map(({ partnerId }) => partnerId)]);
      }
      expect(made).toEqual(made.map(([id]) => [id, [id]]));
    });

    it('goes on where an interrupted run stopped, and tells of all it made', async () => {
      const office = await host.otherTenant();
      for (let n = 0; n < 4; n += 1) {
        await approvedCredits(office, (await activePartner(office)).id, [100]);
      }
      const input = { ...june, commandId: 'interrupted' };
      await interruptedAfter(office, input, 2);
      const { items } = await office.as('auditor').payouts.list({});
      expect(items).toHaveLength(2);
      expect(await ledgerDifferences(office)).toEqual([]);
      // What was approved since for a partner who has its payout is for the next run.
      await approvedCredits(office, items[0]!.partnerId, [5]);
      const { payouts } = await office.as('finance').payouts.generate(input);
      expect(payouts).toHaveLength(4);
      expect(new Set(payouts.map(({ partnerId }) => partnerId)).size).toBe(4);
      expect((await office.as('auditor').payouts.list({})).items).toHaveLength(4);
      expect((await office.as('finance').payouts.generate(input)).payouts).toEqual(payouts);
    });
  });

  describe('for all partners', () => {
    async function officeWithFour() {
      const office = await host.otherTenant();
      const partners = [];
      for (const amounts of [[100, 200], [50], [], [7]]) {
        const partner = await activePartner(office);
        await approvedCredits(office, partner.id, amounts);
        partners.push(partner);
      }
      await office.as('approver').partners.suspend({ id: partners[3]!.id, reason: 'an audit' });
      await office.as('partner_manager').partners.create({
        partnerType: 'vendor',
        organizationName: 'Still pending',
        contactEmail: 'p@example.com',
      });
      return { office, partners };
    }

    it('makes one payout each, says who got none and why, tells how far it is, and adds nothing the second time', async () => {
      const { office, partners } = await officeWithFour();
      const events = await collect(await office.as('finance').payouts.generateStream(june));
      expect(events[0]).toEqual({ type: 'progress', done: 0, of: 5, generated: 0 });
      expect(events.at(-2)).toEqual({ type: 'progress', done: 5, of: 5, generated: 2 });
      const { items } = await office.as('auditor').payouts.list({});
      expect(events.at(-1)).toEqual({
        type: 'result',
        generated: 2,
        totalAmount: 350,
        payoutIds: expect.arrayContaining(items.map(({ id }) => id)),
        skippedCount: 2,
        held: [],
        skipped: expect.arrayContaining([
          {
            partnerId: partners[2]!.id,
            partnerName: partners[2]!.organizationName,
            reason: 'There are no approved credits in the period.',
          },
          {
            partnerId: partners[3]!.id,
            partnerName: partners[3]!.organizationName,
            reason: 'The partner is suspended: its balance is on hold until it is active again.',
          },
        ]),
      });
      expect(items.map(({ partnerId, totalAmount }) => [partnerId, totalAmount])).toEqual(
        expect.arrayContaining([
          [partners[0]!.id, 300],
          [partners[1]!.id, 50],
        ]),
      );
      const again = await office.as('finance').payouts.generate(june);
      expect(again.payouts).toEqual([]);
      expect(again.skipped.map(({ reason }) => reason).sort()).toEqual([
        'All approved credits of the period are already in a payout.',
        'All approved credits of the period are already in a payout.',
        'The partner is suspended: its balance is on hold until it is active again.',
        'There are no approved credits in the period.',
      ]);
      expect((await office.as('auditor').payouts.list({})).items).toHaveLength(2);
      expect(await office.as('auditor').activities.verify()).toMatchObject({ ok: true });
    });

    it('leaves whole payouts when it is stopped half-way, and the rest to the next time', async () => {
      const office = await host.otherTenant();
      for (let n = 0; n < 4; n += 1) {
        await approvedCredits(office, (await activePartner(office)).id, [10, 20, 30]);
      }
      await interruptedAfter(office, june, 2);
      const { items } = await office.as('auditor').payouts.list({});
      expect(items).toHaveLength(2);
      for (const payout of items) expect(await linesOf(office, payout)).toHaveLength(3);
      expect(await ledgerDifferences(office)).toEqual([]);
      expect((await office.as('finance').payouts.generate(june)).payouts).toHaveLength(2);
    });

    it('shares the partners out between two who generate at once', async () => {
      const office = await host.otherTenant();
      for (let n = 0; n < 5; n += 1) {
        await approvedCredits(office, (await activePartner(office)).id, [10]);
      }
      const results = await Promise.all([
        office.as('finance').payouts.generate(june),
        office.as('finance', 2).payouts.generate(june),
      ]);
      const made = results.flatMap(({ payouts }) => payouts.map(({ partnerId }) => partnerId));
      expect(made).toHaveLength(5);
      expect(new Set(made).size).toBe(5);
      expect((await office.as('auditor').payouts.list({})).items).toHaveLength(5);
      const numbers = results.flatMap(({ payouts }) => payouts.map(({ payoutNumber }) => payoutNumber));
      expect(numbers.sort()).toEqual([1, 2, 3, 4, 5].map((n) => `PO-2026-00000${n}`));
      expect(await office.as('auditor').activities.verify()).toMatchObject({ ok: true });
    });
  });

  /** Lets a run go on until so many payouts are there, then goes away. */
  async function interruptedAfter(
    office: TestTenant,
    input: { periodStart: string; periodEnd: string; commandId?: string },
    payouts: number,
  ): Promise<void> {
    const leaving = new AbortController();
    let made = 0;
    const { tenantId } = office;
    const stop = host.context.changes.listen((change) => {
      if (change === 'missed' || change.tenantId !== tenantId || change.resource !== 'payout') return;
      made += 1;
      if (made === payouts) leaving.abort(new Error('The caller went away.'));
    });
    // As if each payout took long: then none shares its transaction with another.
    let at = performance.now();
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (at += 1000));
    const run = office.as('finance').payouts.generate(input, { signal: leaving.signal });
    await expect(run).rejects.toBeInstanceOf(Error);
    clock.mockRestore();
    stop();
  }

  it('pays nothing by itself', async () => {
    const { payout } = await pendingPayout(host, [100]);
    expect(payout).toMatchObject({ status: 'pending', approvedAmount: 0, paidAmount: 0 });
    expect((await refused(host, () => paid(host, payout))).code).toBe('INVALID_TRANSITION');
  });
});

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const events: T[] = [];
  for await (const event of stream) events.push(event);
  return events;
}
