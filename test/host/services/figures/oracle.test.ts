import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fewestOtherPeers, seriesUnits } from '#domain/figures.ts';
import { engines } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import { oracleOf } from './oracle.ts';
import { settle, type World, world } from './world.ts';

/** The same numbers, but for what the last digit of a division may differ in. */
function near(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isInteger(value)) return expect.closeTo(value, 9);
  if (Array.isArray(value)) return value.map(near);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, near(each)]));
}

describe.each(engines)('every figure on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  async function compare(given: World): Promise<void> {
    const office = await host.otherTenant({ timeZone: given.timeZone });
    const { userId: staffId } = await office.session('auditor');
    await settle(host.database, { tenantId: office.tenantId, staffId }, given);
    const { figures } = office.as('auditor');
    const oracle = oracleOf(given);
    const { range, timeZone, partners } = given;
    const same = (answer: object, expected: object) => {
      expect(answer).toEqual(near({ ...range, ...expected }));
    };
    // The whole office, and one partner that is still there.
    const live = partners.findIndex(({ isDeleted }) => !isDeleted);
    for (const only of live === -1 ? [undefined] : [undefined, live]) {
      const input = { ...range, partnerId: only === undefined ? undefined : partners[only]!.id };
      for (const unit of seriesUnits) {
        const buckets = oracle.series(unit, only);
        same(await figures.series({ ...input, unit }), { unit, timeZone, buckets });
      }
      same(await figures.bySource(input), { items: oracle.bySource(only) });
      same(await figures.scoreDistribution(input), oracle.scoreDistribution(only));
      same(await figures.approvalTimes(input), oracle.approvalTimes(only));
    }
    same(await figures.byPartnerType(range), { items: oracle.byPartnerType() });
    for (const currency of [null, 'EUR', 'USD', 'JPY']) {
      for (const limit of [1, 3, 100]) {
        const asked =
          currency === null ? { by: 'converted_leads' as const } : { by: 'earnings' as const, currency };
        const items = oracle.topPartners(currency, limit);
        same(await figures.topPartners({ ...range, ...asked, limit }), { currency, items, nextCursor: null });
      }
    }
    for (const [at, { id, isDeleted, status }] of partners.entries()) {
      if (isDeleted) continue;
      same(await figures.comparison({ id, ...range }), oracle.comparison(at, 0));
      if (status !== 'active') continue;
      const own = office.asPartner(id, 'viewer').figures;
      same(await own.comparison({ id, ...range }), oracle.comparison(at, fewestOtherPeers));
      same(await own.series({ ...range, unit: 'week' }), {
        unit: 'week',
        timeZone,
        buckets: oracle.series('week', at),
      });
    }
  }

  it('is what counting all rows by hand gives, in every zone, on the days the clocks change, in several currencies', async () => {
    await fc.assert(fc.asyncProperty(world, compare), { numRuns: 40 });
  });
});
