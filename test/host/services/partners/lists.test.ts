import sql, { raw } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Inputs } from '#contract/index.ts';
import { partnerMachine } from '#domain/state-machines.ts';
import { partners } from '#host/database/index.ts';
import { encodeCursor } from '#host/services/paging.ts';
import { engines } from '#test/support/databases.ts';
import { type Client, refusalOf, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { plansOf, scanOrSort } from './plans.ts';
import { register, registerActive } from './setup.ts';

type Query = Inputs['partners']['list'];

describe.each(engines)('looking partners up on %s', (engine) => {
  let host: TestHost;
  let other: TestTenant;
  let auditor: Client['partners'];

  beforeAll(async () => {
    host = await testHost(engine);
    other = await host.otherTenant();
    auditor = host.as('auditor').partners;
    await register(host, {
      partnerCode: 'C-1',
      organizationName: 'Café 100% Übersee',
      partnerType: 'vendor',
    });
    await registerActive(host, { partnerCode: 'A-1', organizationName: 'Ärzte_haus', partnerType: 'vendor' });
    await registerActive(host, {
      partnerCode: 'b-1',
      organizationName: 'Back\\slash',
      partnerType: 'customer',
    });
    await registerActive(host, {
      partnerCode: 'D-1',
      organizationName: 'Delta',
      contactEmail: 'Del@Ta.example',
    });
    await register(host, { partnerCode: 'E-1', organizationName: 'Echo', partnerType: 'channel_partner' });
    const gone = await register(host, { partnerCode: 'F-1', organizationName: 'Gone' });
    await host.database.write(host, (tx) =>
      tx.run(sql`update partners set deleted_at = ${host.clock.now()} where id = ${gone.id}`),
    );
    await register(other, { partnerCode: 'B-0', organizationName: 'Delta of another organization' });
  });
  afterAll(() => host.close());

  const codes = async (query: Query): Promise<string[]> =>
    (await auditor.list(query)).items.map((item) => item.partnerCode);

  it('lists the live ones of the organization in the order of their codes, by their bytes', async () => {
    expect(await auditor.list({ total: true })).toMatchObject({
      items: [
        { partnerCode: 'A-1' },
        { partnerCode: 'C-1' },
        { partnerCode: 'D-1' },
        { partnerCode: 'E-1' },
        { partnerCode: 'b-1' },
      ],
      nextCursor: null,
      total: 5,
    });
    expect(await auditor.list({})).not.toHaveProperty('total');
  });

  it('pages through them without losing or repeating one', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await auditor.list({ limit: 2, total: true, cursor });
      expect(page.total).toBe(5);
      seen.push(...page.items.map((item) => item.partnerCode));
      cursor = page.nextCursor ?? undefined;
      pages += 1;
    } while (cursor !== undefined);
    expect(seen).toEqual(['A-1', 'C-1', 'D-1', 'E-1', 'b-1']);
    expect(pages).toBe(3);
  });

  it.each<[Query, string[]]>([
    [{ status: 'active' }, ['A-1', 'D-1', 'b-1']],
    [{ status: 'suspended' }, []],
    [{ partnerType: 'vendor' }, ['A-1', 'C-1']],
    [{ partnerType: 'vendor', status: 'pending' }, ['C-1']],
    [{ q: 'DELTA' }, ['D-1']],
    [{ q: 'del@TA' }, ['D-1']],
    [{ q: 'B-1' }, ['b-1']],
    [{ q: 'ÜBERSEE' }, ['C-1']],
    [{ q: 'Cafe\u0301' }, ['C-1']],
    [{ q: 'ärzte' }, ['A-1']],
    [{ q: '%' }, ['C-1']],
    [{ q: '_' }, ['A-1']],
    [{ q: '\\' }, ['b-1']],
    [{ q: "'; drop table partners; --" }, []],
    [{ q: '' }, ['A-1', 'C-1', 'D-1', 'E-1', 'b-1']],
    [{ q: '-1', status: 'active', partnerType: 'customer' }, ['b-1']],
    [{ q: 'gone' }, []],
  ])('filters by %j', async (query, expected) => {
    expect(await codes(query)).toEqual(expected);
    expect((await auditor.list({ ...query, total: true, limit: 1 })).total).toBe(expected.length);
  });

  it.each<[string, object]>([
    ['a cursor of nothing', { cursor: 'nonsense' }],
    ['a cursor of another list', { cursor: encodeCursor([5]) }],
    ['a cursor with a NUL', { cursor: encodeCursor(['A\0']) }],
    ['a NUL in the search', { q: 'a\0b' }],
    ['no row at all', { limit: 0 }],
    ['too many rows', { limit: 501 }],
    ['an unknown status', { status: 'sleeping' }],
  ])('refuses %s', async (_what, query) => {
    expect((await refusalOf(auditor.list(query))).code).toBe('VALIDATION');
  });

  it('finds one by id and by its code, letter by letter', async () => {
    const byCode = await auditor.getByCode({ partnerCode: 'D-1' });
    expect(await auditor.get({ id: byCode.id })).toEqual(byCode);
    for (const partnerCode of ['d-1', 'F-1', 'B-0', 'D-1\0']) {
      expect((await refusalOf(auditor.getByCode({ partnerCode }))).code).toMatch(/NOT_FOUND|VALIDATION/);
    }
    const foreign = await other.as('auditor').partners.getByCode({ partnerCode: 'B-0' });
    for (const id of [foreign.id, uuidv7()]) {
      expect((await refusalOf(auditor.get({ id }))).code).toBe('NOT_FOUND');
    }
  });

  it('shows the leads of the month that is now in the zone of the organization', async () => {
    const partner = await auditor.getByCode({ partnerCode: 'A-1' });
    await host.database.write(host, async (tx) => {
      for (const [month, leads] of [
        ['2026-06', 7],
        ['2026-07', 3],
      ] as const) {
        await tx.run(sql`insert into partner_months (tenant_id, partner_id, month, leads_submitted)
          values (${host.tenantId}, ${partner.id}, ${month}, ${leads})`);
      }
    });
    expect((await auditor.get({ id: partner.id })).currentMonthLeads).toBe(7);
    // In Berlin it is July already.
    host.clock.set('2026-06-30T22:30:00.000Z');
    expect((await auditor.get({ id: partner.id })).currentMonthLeads).toBe(3);
    const { items } = await auditor.list({ partnerType: 'vendor' });
    expect(items.map((item) => item.currentMonthLeads)).toEqual([3, 0]);
  });

  it('walks the index of the codes, whatever the filter: no scan, no sort, no query per partner', async () => {
    const fresh = await testHost(engine);
    try {
      const client = fresh.as('auditor').partners;
      const { id } = await register(fresh, { partnerCode: 'X-1' });
      await fresh.database.write(fresh, async (tx) => {
        const model = await tx.find(partners, { id });
        const rows = Array.from({ length: 800 }, (_, n) => ({
          ...model!,
          id: uuidv7(),
          partnerCode: `Y-${n}`,
          organizationName: `Y ${n % 7}`,
          status: partnerMachine.statuses[n % 5]!,
        }));
        await tx.insertMany(partners, rows);
        // As after a year: the planner knows the tables.
        await tx.run(raw('analyze'));
      });
      const after = encodeCursor(['A']);
      for (const query of [
        {},
        { cursor: after },
        { status: 'pending' },
        { status: 'pending', cursor: after },
        { partnerType: 'portal' },
        { q: 'hafen' },
        { q: 'hafen', status: 'pending', partnerType: 'portal', cursor: after },
        { payable: true },
        { payable: false, status: 'active', cursor: after },
      ] as const) {
        // Not that of the session, which looks at a partner too.
        const plans = await plansOf(fresh, /^(?![\s\S]*from sessions)[\s\S]*(partners|partner_months)/, () =>
          client.list(query),
        );
        expect(plans.length).toBeLessThanOrEqual(2);
        expect(plans.join('\n')).not.toMatch(scanOrSort);
        expect(plans.join('\n')).toContain('ux_partners_code');
      }
      const counting = await plansOf(fresh, /count\(/, () => client.list({ total: true, status: 'active' }));
      expect(counting).toHaveLength(1);
      expect(counting[0]).not.toMatch(scanOrSort);
      const one = await plansOf(fresh, /partners/, () => client.getByCode({ partnerCode: 'X-1' }));
      expect(one.join('\n')).not.toMatch(scanOrSort);
    } finally {
      await fresh.close();
    }
  });
});
