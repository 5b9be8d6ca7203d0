import sql from 'sql-template-tag';
import { describe, expect, it } from 'vitest';
import { addDays } from '#domain/calendar.ts';
import { amountText } from '#host/services/remittances/words.ts';
import { forEachEngine } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import { liveOn, missingIn } from './history-commands.ts';
import { randomOf, type Story, startStory } from './history-office.ts';

/**
 * Random histories of what an office does with money, after which every stored figure must be what the ledger says: of hundreds of
 * partners and thousands of commands. For other sizes set HISTORIES to partners and commands, `HISTORIES=300x5000`, and HISTORY_SEED
 * to the seed of one that failed.
 */
const [partners = 200, commands = 2000] = (process.env['HISTORIES'] ?? '')
  .split('x')
  .filter(Boolean)
  .map(Number);
/** A story in which something has not come about goes on, to so many commands at most. */
const most = Math.max(commands, 4000);
const seed = Number(process.env['HISTORY_SEED'] ?? 20_261_121);

/** Days within the story, and what the ledger's postings say at their end: a slow and obvious sum. */
async function ledgerAt(story: Story, partnerId: string, day: string) {
  const rows = await story.host.database.read({ tenantId: story.office.tenantId }, (reader) =>
    reader.all<{ account: string; booked_on: string; amount: number }>(
      sql`select p.account, e.booked_on, p.amount from ledger_entries e
        join ledger_postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id
        where e.tenant_id = ${story.office.tenantId} and e.partner_id = ${partnerId}`,
    ),
  );
  const sumOf = (account: string) =>
    rows
      .filter((row) => row.account === account && row.booked_on <= day)
      .reduce((sum, { amount }) => sum + amount, 0);
  const [available, payable] = [sumOf('available'), sumOf('payable')];
  return { available, payable, balance: available + payable };
}

async function wholeStatement(story: Story, id: string, from: string, to: string, limit: number) {
  const first = await story.office.as('auditor').balances.statement({ id, from, to, limit, total: true });
  const items = [...first.items];
  for (let cursor = first.nextCursor; cursor !== null; ) {
    const page = await story.office.as('auditor').balances.statement({ id, from, to, limit, cursor });
    expect({ ...page, items: [], nextCursor: null }).toEqual({
      ...first,
      items: [],
      nextCursor: null,
      total: undefined,
    });
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  expect(items).toHaveLength(first.total ?? -1);
  return { ...first, items };
}

/** Everything that must hold at any moment. */
async function expectSound(story: Story): Promise<void> {
  const auditor = story.office.as('auditor');
  expect(await auditor.ledger.verify({})).toMatchObject({ ok: true, differences: [] });
  expect(await auditor.activities.verify({})).toMatchObject({ ok: true });
}

/** Statements over random periods: the ledger's balances at both ends, lines that add up, and no gap between two periods. */
async function expectStatements(story: Story, id: string): Promise<void> {
  const random = randomOf(seed + id.charCodeAt(id.length - 1));
  const days = ['2026-06-01', ...story.days];
  const dayAt = () => days[Math.floor(random() * days.length)]!;
  const [from, middle, to] = [dayAt(), dayAt(), dayAt()].toSorted() as [string, string, string];
  const limit = 1 + Math.floor(random() * 6);
  const first = await wholeStatement(story, id, from, middle, limit);
  expect(first.opening).toEqual(await ledgerAt(story, id, addDays(from, -1)));
  expect(first.closing).toEqual(await ledgerAt(story, id, middle));
  let { available, payable } = first.opening;
  for (const line of first.items) {
    available += line.availableChange;
    payable += line.payableChange;
    expect(line).toMatchObject({
      available,
      payable,
      balance: available + payable,
      amount: line.availableChange + line.payableChange,
    });
    expect(line.bookedOn >= from && line.bookedOn <= middle).toBe(true);
    expect(line.description).not.toBe('');
    // Nothing is paid, cancelled or sent back on a day before it was approved.
    expect(payable).toBeGreaterThanOrEqual(0);
  }
  expect(first.closing).toEqual({ available, payable, balance: available + payable });
  const { credits, reversals, adjustments, payments, failedPayments } = first.totals;
  expect(first.closing.balance - first.opening.balance).toBe(
    credits + reversals + adjustments + payments + failedPayments,
  );
  const next = await wholeStatement(story, id, addDays(middle, 1), addDays(to, 2), 500);
  expect(next.opening).toEqual(first.closing);
  expect(next.closing).toEqual(await ledgerAt(story, id, addDays(to, 2)));
}

/** What a partner is owed is told in parts that add up to it. */
async function expectBalance(story: Story, id: string): Promise<void> {
  const balance = await story.office.as('auditor').balances.get({ id });
  const partner = await story.office.as('auditor').partners.get({ id });
  expect(balance.available).toBe(partner.availableBalance);
  expect(balance.free + balance.held + balance.inPendingPayouts + (await rejectedButHeld(story, id))).toBe(
    balance.available,
  );
  expect(balance).toMatchObject({ ...(await ledgerAt(story, id, '9999-12-31')) });
  expect([null, balance.free]).toContain(balance.carriedOver?.amount ?? null);
}

/** The partner's figures, its payouts' figures and its statements of payouts say the same. */
async function expectPayouts(story: Story, id: string): Promise<void> {
  const auditor = story.office.as('auditor');
  const partner = await auditor.partners.get({ id });
  const stats = await auditor.payouts.stats({ partnerId: id });
  expect(stats.totalAmountApproved).toBe(partner.withdrawnAmount);
  const { items } = await auditor.payouts.list({ partnerId: id, limit: 20 });
  for (const payout of items) {
    const { body } = await auditor.remittances.statement({ id: payout.id });
    const page = await body.text();
    const told = new Map(
      [...page.matchAll(/<th scope="row">([^<]*)<\/th><td class="amount">([^<]*)<\/td>/g)].map(
        ([, label, value]) => [label, value],
      ),
    );
    const money = (amount: number) => amountText(amount, payout.currency);
    expect(told.get('Approved for payment')).toBe(money(payout.approvedAmount));
    expect(told.get('Paid')).toBe(money(payout.paidAmount));
    expect(told.get('Open')).toBe(money(payout.openAmount));
    // Until it is approved, and where it is not, lines approved one by one announce nothing.
    const isApproved = !['pending', 'rejected'].includes(payout.status);
    const sumOfLines = isApproved ? told.get('Approved lines') : money(payout.approvedAmount);
    expect(sumOfLines).toBe(money(payout.approvedAmount));
  }
  const today = story.days.at(-1) ?? '2026-06-01';
  const why = await auditor.payouts.why({ partnerId: id, periodStart: '2026-06-01', periodEnd: today });
  expect(why.reasons).not.toEqual([]);
}

/** A line that is rejected has let its credit go, so no credit is left that none of the parts counts. */
async function rejectedButHeld(story: Story, partnerId: string): Promise<number> {
  const row = await story.host.database.read({ tenantId: story.office.tenantId }, (reader) =>
    reader.get<{ n: number }>(sql`select count(*) as n from partner_payout_details d
      join partner_payouts o on o.tenant_id = d.tenant_id and o.id = d.payout_id
      where o.tenant_id = ${story.office.tenantId} and o.partner_id = ${partnerId}
        and d.status = 'rejected' and d.released_at is null`),
  );
  return row?.n ?? 0;
}

forEachEngine((engine) => {
  describe('whatever an office does with its money', () => {
    it(`every stored figure is what the ledger says, and statements are the ledger (seed ${seed})`, async () => {
      const host: TestHost = await testHost(engine, { now: '2026-06-01T08:00:00.000Z' });
      try {
        const story = await startStory(host, { seed, partners });
        for (let done = 0; done < commands || (done < most && missingIn(story).length > 0); done += 1) {
          await liveOn(story);
          // A fault is found near where it happened, even in a long history.
          if (done % 500 === 499) await expectSound(story);
        }
        await expectSound(story);
        const asked = story.partnerIds.slice(0, 50);
        for (const id of asked) {
          await expectStatements(story, id);
          await expectBalance(story, id);
          await expectPayouts(story, id);
        }
        // A story in which something never came about proves nothing of it.
        expect(missingIn(story)).toEqual([]);
      } finally {
        await host.close();
      }
    }, 3_600_000);
  });
});
