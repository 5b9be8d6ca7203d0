import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type Client, type TestHost, testHost } from '#test/support/host.ts';
import { plansOf } from '../partners/plans.ts';
import { refused, register, registerActive } from '../partners/setup.ts';

const verified = async (host: TestHost, patch: Parameters<typeof registerActive>[1]) => {
  const partner = await registerActive(host, patch);
  return host.as('approver').partners.verifyBanking({ id: partner.id });
};

/**
 * Two portals and a vendor. Hafen hands in three leads: one converts at 1,000.00 (50.00 for the lead and 10 % of the deal), one is
 * approved, one is rejected after two days and an hour. Kai hands in one lead that waits, the vendor none.
 */
async function aStory(host: TestHost) {
  const reviewer = host.as('lead_reviewer').leads;
  const approver = host.as('approver');
  let serial = 0;
  const submit = (id: string, more: object = {}) => {
    serial += 1;
    const leadData = { email: `l${serial}@example.com`, phone: `+49 30 91000${serial}`, ...more };
    return host.as('partner_manager').leads.submit({ id, leadData });
  };
  host.clock.set('2026-05-04T08:00:00.000Z');
  const hafen = await verified(host, { leadPrice: 5000, commissionPercentage: 10 });
  const kai = await verified(host, { organizationName: 'Kai' });
  const vendor = await register(host, { organizationName: 'Vendor', partnerType: 'vendor' });

  // The last hour of Sunday in UTC is Monday in Berlin.
  host.clock.set('2026-05-10T22:30:00.000Z');
  const first = await submit(hafen.id, { firstName: 'Kim', lastName: 'Berg' });
  host.clock.set('2026-05-12T10:00:00.000Z');
  const [second, third] = [await submit(hafen.id), await submit(hafen.id)];
  await submit(kai.id);
  host.clock.set('2026-05-12T22:30:00.000Z');
  await reviewer.approve({ id: first.id });
  await reviewer.approve({ id: second.id });
  host.clock.set('2026-05-14T11:00:00.000Z');
  await reviewer.reject({ id: third.id, reason: 'Not a customer.' });
  await reviewer.convert({ id: first.id, dealValue: 100_000, conversionDate: '2026-05-13' });

  host.clock.set('2026-05-20T10:00:00.000Z');
  const { items } = await host.as('auditor').credits.list({ partnerId: hafen.id });
  for (const { id } of items) await approver.credits.approve({ id });
  host.clock.set('2026-06-02T10:00:00.000Z');
  const { payouts } = await host
    .as('finance')
    .payouts.generate({ partnerId: hafen.id, periodStart: '2026-05-01', periodEnd: '2026-05-31' });
  await approver.payouts.approve({ id: payouts[0]!.id });
  const paying = { id: payouts[0]!.id, paymentDate: '2026-06-01', referenceNumber: 'X' };
  await host.as('finance').payouts.pay({ ...paying, amount: 15_000 });
  return { hafen, kai, vendor };
}

describe.each(engines)('the figures of an office on %s', (engine) => {
  let host: TestHost;
  let figures: Client['figures'];
  let hafen: { id: string; partnerCode: string };
  let kai: { id: string };
  let vendor: { id: string };
  const may = { from: '2026-05-01', to: '2026-05-31' };
  beforeAll(async () => {
    host = await testHost(engine);
    ({ hafen, kai, vendor } = await aStory(host));
    figures = host.as('auditor').figures;
  });
  afterAll(() => host.close());

  const nothing = { leadsSubmitted: 0, leadsApproved: 0, leadsRejected: 0, leadsConverted: 0 };
  const noMoney = { currency: 'EUR', creditsApproved: 0, payoutsApproved: 0, payoutsPaid: 0 };

  it('come as a series, empty days included, each thing on the day it happened in the office’s zone', async () => {
    const { buckets, ...rest } = await figures.series({ from: '2026-05-10', to: '2026-05-15', unit: 'day' });
    expect(rest).toEqual({ from: '2026-05-10', to: '2026-05-15', unit: 'day', timeZone: 'Europe/Berlin' });
    const day = (of: number, counts: object = {}) => ({
      start: `2026-05-${of}`,
      end: `2026-05-${of}`,
      ...nothing,
      ...counts,
      amounts: [noMoney],
    });
    expect(buckets).toEqual([
      day(10),
      day(11, { leadsSubmitted: 1 }),
      day(12, { leadsSubmitted: 3 }),
      // Half past midnight in Berlin.
      day(13, { leadsApproved: 2, leadsConverted: 1 }),
      day(14, { leadsRejected: 1 }),
      day(15),
    ]);
  });

  it('come by week and by month, with what was earned, approved and paid', async () => {
    const weeks = await figures.series({
      from: '2026-05-06',
      to: '2026-05-21',
      unit: 'week',
      partnerId: hafen.id,
    });
    expect(weeks.buckets.map(({ start, end, leadsSubmitted }) => [start, end, leadsSubmitted])).toEqual([
      ['2026-05-06', '2026-05-10', 0],
      ['2026-05-11', '2026-05-17', 3],
      ['2026-05-18', '2026-05-21', 0],
    ]);
    const months = await figures.series({ from: '2026-05-01', to: '2026-06-30', unit: 'month' });
    expect(months.buckets.map(({ amounts }) => amounts)).toEqual([
      // Two leads at 50.00 and 10 % of 1,000.00.
      [{ currency: 'EUR', creditsApproved: 20_000, payoutsApproved: 0, payoutsPaid: 0 }],
      [{ currency: 'EUR', creditsApproved: 0, payoutsApproved: 20_000, payoutsPaid: 15_000 }],
    ]);
  });

  it('come by type of partner and by source, with no rate where nothing was counted', async () => {
    const { items } = await figures.byPartnerType(may);
    const noRates = { approvalRate: null, conversionRate: null, averageLeadQuality: null, earnings: [] };
    expect(items).toEqual([
      {
        partnerType: 'portal',
        partners: 2,
        activePartners: 2,
        leadsSubmitted: 4,
        leadsApproved: 2,
        leadsRejected: 1,
        leadsConverted: 1,
        approvalRate: 2 / 3,
        conversionRate: 0.5,
        // 30 and three times 15.
        averageLeadQuality: 18.75,
        earnings: [{ currency: 'EUR', amount: 20_000 }],
      },
      { partnerType: 'channel_partner', partners: 0, activePartners: 0, ...nothing, ...noRates },
      { partnerType: 'vendor', partners: 1, activePartners: 0, ...nothing, ...noRates },
      { partnerType: 'customer', partners: 0, activePartners: 0, ...nothing, ...noRates },
    ]);
    const sources = (await figures.bySource({ ...may, partnerId: kai.id })).items;
    expect(sources).toEqual([
      {
        sourceType: 'property_portal',
        sourceId: expect.any(String),
        sourceName: 'Kai',
        ...nothing,
        leadsSubmitted: 1,
        ...noRates,
        averageLeadQuality: 15,
      },
    ]);
  });

  it('tell how scores are spread and how long leads waited', async () => {
    const { buckets, highQuality } = await figures.scoreDistribution(may);
    expect(buckets.map(({ leads }) => leads)).toEqual([0, 3, 0, 1, 0, 0, 0, 0, 0, 0]);
    expect(highQuality).toBe(0);
    // 48 hours to the minute, 12 and a half, and 49.
    expect(await figures.approvalTimes(may)).toEqual({
      ...may,
      decided: 3,
      medianHours: expect.closeTo(48, 1),
      p90Hours: expect.closeTo(48.8, 1),
      within24Hours: 1 / 3,
      within48Hours: 1 / 3,
    });
    expect(await figures.approvalTimes({ ...may, partnerId: kai.id })).toEqual({
      ...may,
      decided: 0,
      medianHours: null,
      p90Hours: null,
      within24Hours: null,
      within48Hours: null,
    });
  });

  it('rank the partners; who has nothing is not among the top', async () => {
    const top = { partnerId: hafen.id, partnerCode: hafen.partnerCode, partnerName: 'Hafen Immobilien' };
    const list = { ...may, nextCursor: null };
    expect(await figures.topPartners(may)).toEqual({
      ...list,
      currency: null,
      items: [{ ...top, value: 1 }],
    });
    expect(await figures.topPartners({ ...may, by: 'earnings' })).toEqual({
      ...list,
      currency: 'EUR',
      items: [{ ...top, value: 20_000 }],
    });
    expect((await figures.topPartners({ ...may, by: 'earnings', currency: 'USD' })).items).toEqual([]);
    expect((await refused(host, () => figures.topPartners({ by: 'earnings', currency: 'XXQ' }))).code).toBe(
      'VALIDATION',
    );
  });

  it('put a partner beside the median of its type', async () => {
    expect(await figures.comparison({ id: hafen.id, ...may })).toEqual({
      ...may,
      partnerType: 'portal',
      peers: 2,
      leadsSubmitted: { own: 3, median: 2 },
      approvalRate: { own: 2 / 3, median: 2 / 3 },
      conversionRate: { own: 0.5, median: 0.5 },
      averageLeadQuality: { own: 20, median: 17.5 },
    });
    expect(await figures.comparison({ id: vendor.id, ...may })).toMatchObject({
      peers: 0,
      leadsSubmitted: { own: 0, median: null },
    });
  });

  it('are a partner’s own for its people, and tell no median over fewer than three others', async () => {
    const own = host.asPartner(hafen.id, 'viewer').figures;
    const series = await own.series({ ...may, unit: 'month' });
    expect(series.buckets[0]).toMatchObject({ leadsSubmitted: 3, leadsRejected: 1 });
    expect(await own.series({ ...may, unit: 'month', partnerId: hafen.id })).toEqual(series);
    expect(await own.comparison({ id: hafen.id, ...may })).toMatchObject({
      leadsSubmitted: { own: 3, median: null },
    });
    for (const call of [
      () => own.series({ ...may, partnerId: kai.id }),
      () => own.comparison({ id: kai.id }),
    ]) {
      expect((await refused(host, call)).code).toBe('NOT_FOUND');
    }
    for (const call of [
      () => own.byPartnerType({}),
      () => own.bySource({}),
      () => own.scoreDistribution({}),
      () => own.approvalTimes({}),
      () => own.topPartners({}),
    ]) {
      expect((await refused(host, call)).code).toBe('FORBIDDEN');
    }
  });

  it('are of days that exist, in order, and not more than can be drawn', async () => {
    for (const asked of [
      { from: '2026-06-02', to: '2026-06-01' },
      { from: '2026-02-30' },
      { from: '1950-01-01' },
      { from: '2025-01-01', to: '2026-12-31' },
      { from: '2010-01-01', to: '2026-12-31', unit: 'month' as const },
    ]) {
      expect((await refused(host, () => figures.series(asked))).code).toBe('VALIDATION');
    }
    for (const call of [figures.series, figures.bySource, figures.scoreDistribution, figures.approvalTimes]) {
      expect((await refused(host, () => call({ partnerId: uuidv7() }))).code).toBe('NOT_FOUND');
    }
    expect((await figures.series({})).buckets).toHaveLength(365);
    expect((await figures.series({ from: '9999-12-30', to: '9999-12-30' })).buckets).toHaveLength(1);
    expect((await figures.series({ from: '1970-01-01', to: '1970-01-01' })).buckets).toHaveLength(1);
  });

  it('of another organization are its own', async () => {
    const other = await host.otherTenant();
    const theirs = other.as('auditor').figures;
    expect((await theirs.byPartnerType(may)).items.map(({ partners }) => partners)).toEqual([0, 0, 0, 0]);
    expect((await theirs.topPartners(may)).items).toEqual([]);
    expect((await refused(host, () => theirs.comparison({ id: hafen.id }))).code).toBe('NOT_FOUND');
  });

  it('are counted from indexes alone: no lead, credit or payout is read for them', async () => {
    const fresh = await testHost(engine);
    try {
      const partner = await registerActive(fresh);
      const client = fresh.as('auditor').figures;
      const plans = await plansOf(
        fresh,
        /from (partner_leads|partner_lead_credits|partner_payouts)\b|join partner_leads/,
        async () => {
          await client.series({ ...may, unit: 'month' });
          await client.series({ ...may, unit: 'month', partnerId: partner.id });
          await client.byPartnerType(may);
          await client.bySource(may);
          await client.scoreDistribution(may);
          await client.scoreDistribution({ ...may, partnerId: partner.id });
          await client.approvalTimes(may);
          await client.topPartners(may);
        },
      );
      expect(plans.length).toBeGreaterThanOrEqual(11);
      // What reads a table: on PostgreSQL all of it, on SQLite anything but an index that has all it takes. A partner's credits
      // are found by an index of its own, and read.
      const reads = {
        postgres: /Seq Scan on (partner_leads|partner_lead_credits|partner_payouts)[^"]*/g,
        sqlite:
          /(SCAN|SEARCH) (partner_\w+|lead)\b(?!.* COVERING INDEX ix_)(?!.*ix_partner_lead_credits_payable)[^"]*/g,
      }[engine];
      expect(plans.flatMap((plan) => plan.match(reads) ?? [])).toEqual([]);
    } finally {
      await fresh.close();
    }
  });
});
