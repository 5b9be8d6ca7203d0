import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCursor } from '#host/services/paging.ts';
import { engines } from '#test/support/databases.ts';
import { type Client, refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { plansOf, scanOrSort } from './plans.ts';
import { register, registerActive } from './setup.ts';

const nothing = {
  totalLeadsSubmitted: 0,
  approvedLeads: 0,
  rejectedLeads: 0,
  convertedLeads: 0,
  approvalRate: null,
  conversionRate: null,
  totalEarnings: 0,
  availableBalance: 0,
  pendingPayout: 0,
  currentMonthLeads: 0,
  monthlyQuota: 500,
  averageLeadQuality: null,
  currency: 'EUR',
};

/**
 * A partner with 50.00 a lead and 10 % of each deal. In May (of Berlin) one lead comes in, in June four; one of June's is
 * approved, one converts at 1,000.00, one is rejected, one waits. May's is approved in June. June approves three credits,
 * July one, and one is never approved; June takes one back.
 */
async function aStory(host: TestHost) {
  const reviewer = host.as('lead_reviewer').leads;
  const approver = host.as('approver');
  let serial = 0;
  const submit = (partnerId: string, more: object = {}) => {
    serial += 1;
    const leadData = { email: `lead${serial}@example.com`, phone: `+49 30 90000${serial}`, ...more };
    return host.as('partner_manager').leads.submit({ id: partnerId, leadData });
  };
  const creditsOf = async (partnerLeadId: string) =>
    (await host.as('auditor').credits.list({ partnerLeadId })).items.map((credit) => credit.id);

  host.clock.set('2026-05-20T10:00:00.000Z');
  const { id } = await registerActive(host, { leadPrice: 5000, commissionPercentage: 10, monthlyQuota: 500 });
  const may = await submit(id, { firstName: 'Kim', lastName: 'Berg' });
  // Ten in the evening in UTC is June in Berlin already.
  host.clock.set('2026-05-31T22:30:00.000Z');
  const approved = await submit(id);
  host.clock.set('2026-06-10T10:00:00.000Z');
  const converted = await submit(id);
  const rejected = await submit(id, { company: 'Acme' });
  await submit(id);
  for (const lead of [may, approved, converted]) await reviewer.approve({ id: lead.id });
  await reviewer.reject({ id: rejected.id, reason: 'Not a customer.' });
  await reviewer.convert({ id: converted.id, dealValue: 100_000, conversionDate: '2026-06-10' });

  host.clock.set('2026-06-30T21:00:00.000Z');
  const [ofMay] = await creditsOf(may.id);
  await approver.credits.approve({ id: ofMay! });
  for (const credit of await creditsOf(converted.id)) await approver.credits.approve({ id: credit });
  // The last hour of June is July in Berlin.
  host.clock.set('2026-06-30T22:30:00.000Z');
  const [late] = await creditsOf(approved.id);
  await approver.credits.approve({ id: late! });
  host.clock.set('2026-07-02T10:00:00.000Z');
  await approver.credits.reverse({ id: ofMay!, reason: 'Cancelled.' });
  return { id };
}

describe.each(engines)('the figures of a partner on %s', (engine) => {
  let host: TestHost;
  let auditor: Client['partners'];
  let id: string;
  beforeAll(async () => {
    host = await testHost(engine);
    auditor = host.as('auditor').partners;
    ({ id } = await aStory(host));
  });
  afterAll(() => host.close());

  it('are nothing, not zero, where nothing was counted', async () => {
    const fresh = await register(host, { monthlyQuota: 500 });
    expect(await auditor.stats({ id: fresh.id })).toEqual(nothing);
    expect(await auditor.monthlyStats({ id: fresh.id, year: 2026, month: 6 })).toEqual(nothing);
  });

  it('of the whole time are those kept beside it', async () => {
    expect(await auditor.stats({ id })).toEqual({
      totalLeadsSubmitted: 5,
      approvedLeads: 3,
      rejectedLeads: 1,
      convertedLeads: 1,
      approvalRate: 0.75,
      conversionRate: 1 / 3,
      totalEarnings: 20_000,
      availableBalance: 20_000,
      pendingPayout: 20_000,
      currentMonthLeads: 0,
      monthlyQuota: 500,
      // 30 + 15 + 15 + 25 + 15 over five leads.
      averageLeadQuality: 20,
      currency: 'EUR',
    });
  });

  it('of a month are of the leads submitted and the credits approved in it, in the zone of the organization', async () => {
    const month = (number: number) => auditor.monthlyStats({ id, year: 2026, month: number });
    expect(await month(4)).toEqual(nothing);
    expect(await month(5)).toEqual({
      ...nothing,
      totalLeadsSubmitted: 1,
      approvedLeads: 1,
      approvalRate: 1,
      conversionRate: 0,
      currentMonthLeads: 1,
      averageLeadQuality: 30,
    });
    expect(await month(6)).toEqual({
      ...nothing,
      totalLeadsSubmitted: 4,
      approvedLeads: 2,
      rejectedLeads: 1,
      convertedLeads: 1,
      approvalRate: 2 / 3,
      conversionRate: 0.5,
      // 50.00 and 100.00 of the converted lead; what was taken back in July no longer counts here …
      totalEarnings: 15_000,
      // … but was in the books at the end of June.
      availableBalance: 20_000,
      pendingPayout: 20_000,
      currentMonthLeads: 4,
      averageLeadQuality: 17.5,
    });
    expect(await month(7)).toEqual({
      ...nothing,
      totalEarnings: 5000,
      availableBalance: 20_000,
      pendingPayout: 20_000,
    });
  });

  it('can be asked for the first and the last month there is', async () => {
    expect((await auditor.monthlyStats({ id, year: 1970, month: 1 })).totalLeadsSubmitted).toBe(0);
    expect((await auditor.monthlyStats({ id, year: 9999, month: 12 })).availableBalance).toBe(20_000);
    for (const query of [
      { year: 2026, month: 13 },
      { year: 1969, month: 1 },
      { year: 2026.5, month: 1 },
    ]) {
      expect((await refusalOf(auditor.monthlyStats({ id, ...query }))).code).toBe('VALIDATION');
    }
  });

  it('read rows by their key for the whole time, and by an index for a month', async () => {
    const fresh = await testHost(engine);
    try {
      const { id: partnerId } = await aStory(fresh);
      const client = fresh.as('auditor').partners;
      const tables = /partner|ledger/;
      const whole = await plansOf(fresh, tables, () => client.stats({ id: partnerId }));
      expect(whole.join()).not.toMatch(/partner_leads|credits|ledger/);
      const month = await plansOf(fresh, tables, () =>
        client.monthlyStats({ id: partnerId, year: 2026, month: 6 }),
      );
      const plans = month.join('\n');
      // Of five rows PostgreSQL may take any index.
      const named = [
        'ix_partner_leads_partner',
        'ix_partner_lead_credits_payable',
        'ix_ledger_entries_partner',
      ];
      for (const index of engine === 'sqlite' ? named : []) expect(plans).toContain(index);
      // Four accounts are put together at the end; what must not be is a table read whole.
      expect(plans).not.toMatch(/\bSCAN |Seq Scan/);
    } finally {
      await fresh.close();
    }
  });

  describe('the ledger', () => {
    const finance = () => host.as('finance').partners;

    it('shows each entry with its postings, newest first, page by page', async () => {
      const all = await finance().ledger({ id, total: true });
      expect(all).toMatchObject({ total: 5, nextCursor: null });
      expect(all.items.map((entry) => [entry.kind, entry.amount])).toEqual([
        ['credit_reversed', 5000],
        ['credit_approved', 5000],
        ...all.items.slice(2, 4).map((entry) => ['credit_approved', entry.amount]),
        ['credit_approved', 5000],
      ]);
      for (const entry of all.items) {
        expect(entry).toMatchObject({ partnerId: id, currency: 'EUR', resource: 'credit' });
        const amounts = entry.postings.map((posting) => Math.abs(posting.amount));
        expect(amounts).toEqual([entry.amount, entry.amount]);
        expect(entry.postings.reduce((sum, posting) => sum + posting.amount, 0)).toBe(0);
      }
      const first = await finance().ledger({ id, limit: 3 });
      const second = await finance().ledger({ id, limit: 3, cursor: first.nextCursor! });
      expect([...first.items, ...second.items]).toEqual(all.items);
      expect(second.nextCursor).toBeNull();
    });

    it('refuses cursors that are not its own', async () => {
      for (const cursor of [
        'x',
        encodeCursor(['a', 'b']),
        encodeCursor(['2026-06-01T00:00:00.000Z', 'b']),
        encodeCursor([1]),
      ]) {
        expect((await refusalOf(finance().ledger({ id, cursor }))).code).toBe('VALIDATION');
      }
    });

    it('walks the index of the partner: no scan, no sort, no query per entry', async () => {
      const fresh = await testHost(engine);
      try {
        const { id: partnerId } = await aStory(fresh);
        const client = fresh.as('finance').partners;
        const cursor = encodeCursor(['2026-07-01T00:00:00.000Z', uuidv7()]);
        for (const query of [{ total: true }, { cursor }]) {
          const plans = await plansOf(fresh, /ledger/, () => client.ledger({ id: partnerId, ...query }));
          expect(plans.length).toBeGreaterThan(0);
          expect(plans.length).toBeLessThanOrEqual(3);
          expect(plans[0]).toContain('ix_ledger_entries_partner');
          expect(plans[0]).not.toMatch(scanOrSort);
        }
      } finally {
        await fresh.close();
      }
    });
  });

  it('are not found for an unknown partner or that of another organization', async () => {
    const other = await host.otherTenant();
    const foreign = await register(other);
    const admin = host.as('admin').partners;
    for (const unknown of [foreign.id, uuidv7()]) {
      for (const call of [
        () => admin.stats({ id: unknown }),
        () => admin.monthlyStats({ id: unknown, year: 2026, month: 6 }),
        () => admin.ledger({ id: unknown }),
      ]) {
        expect((await refusalOf(call())).code).toBe('NOT_FOUND');
      }
    }
  });
});
