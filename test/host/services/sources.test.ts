import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type Client, refusalOf, type TestHost, type TestTenant, testHost } from '#test/support/host.ts';
import { plansOf, scanOrSort } from './partners/plans.ts';
import { actionsOf, activitiesOf, lastDetails, refused, register, registerActive } from './partners/setup.ts';

describe.each(engines)('sources of partners on %s', (engine) => {
  let host: TestHost;
  let other: TestTenant;
  let manager: Client['sources'];
  let auditor: Client['sources'];
  beforeAll(async () => {
    host = await testHost(engine);
    other = await host.otherTenant();
    manager = host.as('partner_manager').sources;
    auditor = host.as('auditor').sources;
  });
  afterAll(() => host.close());

  const fair = { sourceType: 'channel_partner', sourceName: 'Spring fair' } as const;

  describe('create', () => {
    it('adds one to those of the partner, with one activity', async () => {
      const partner = await register(host, { partnerCode: 'FAIR' });
      const source = await manager.create({
        id: partner.id,
        ...fair,
        sourceCode: 'fair.2026',
        description: '  Hall 3,\n stand 12 ',
      });
      expect(source).toMatchObject({
        partnerId: partner.id,
        sourceType: 'channel_partner',
        sourceCode: 'fair.2026',
        sourceName: 'Spring fair',
        description: 'Hall 3,\nstand 12',
        isActive: true,
        isAutomatic: false,
        leadsGenerated: 0,
        leadsConverted: 0,
        totalRevenue: 0,
        version: 1,
      });
      const { items } = await auditor.list({ id: partner.id });
      expect(items.map((item) => item.sourceCode)).toEqual(['FAIR-PORTAL', 'fair.2026']);
      expect(await auditor.getByCode({ sourceCode: 'fair.2026' })).toEqual(source);
      const recorded = await activitiesOf(host, source.id);
      expect(recorded).toMatchObject([
        { action: 'source_created', resource: 'source', partner_id: partner.id },
      ]);
      expect(await lastDetails(host, source.id)).toEqual({
        after: {
          sourceType: 'channel_partner',
          sourceCode: 'fair.2026',
          sourceName: 'Spring fair',
          description: 'Hall 3,\nstand 12',
          isActive: true,
        },
      });
    });

    it('makes the code from that of the partner where none is given', async () => {
      const { id } = await register(host, { partnerCode: 'Made' });
      const codes: string[] = [];
      for (const sourceType of [
        'property_portal',
        'channel_partner',
        'channel_partner',
        'vendor_reference',
      ] as const) {
        codes.push((await manager.create({ id, sourceType, sourceName: 'Made' })).sourceCode);
      }
      expect(codes).toEqual(['Made-PORTAL-2', 'Made-CHANNEL', 'Made-CHANNEL-2', 'Made-VENDOR']);
      const long = await register(host, { partnerCode: 'L'.repeat(100) });
      const made = await Promise.all(
        [1, 2, 3].map((person) =>
          host.as('partner_manager', person).sources.create({ id: long.id, ...fair }),
        ),
      );
      expect(new Set(made.map((source) => source.sourceCode)).size).toBe(3);
      expect(made.every((source) => source.sourceCode.length <= 100)).toBe(true);
    });

    it('refuses a code that any source of the organization has or had', async () => {
      const one = await register(host);
      const two = await register(host);
      const { id } = await manager.create({ id: one.id, ...fair, sourceCode: 'ONCE' });
      const again = () => manager.create({ id: two.id, ...fair, sourceCode: 'ONCE' });
      expect(await refused(host, again)).toMatchObject({
        code: 'DUPLICATE',
        data: { fields: [{ path: 'sourceCode' }] },
      });
      await host.database.write(host, (tx) =>
        tx.run(sql`update partner_sources set deleted_at = ${host.clock.now()} where id = ${id}`),
      );
      expect((await refused(host, again)).code).toBe('DUPLICATE');
      expect((await refusalOf(auditor.getByCode({ sourceCode: 'ONCE' }))).code).toBe('NOT_FOUND');
      const foreign = await register(other);
      const elsewhere = await other
        .as('partner_manager')
        .sources.create({ id: foreign.id, ...fair, sourceCode: 'ONCE' });
      expect(elsewhere.sourceCode).toBe('ONCE');
    });

    it.each<[string, object, string]>([
      ['no name', { sourceName: '' }, 'sourceName'],
      ['a name of nothing visible', { sourceName: '\u200b' }, 'sourceName'],
      ['an unknown type', { sourceType: 'friend' }, 'sourceType'],
      ['a code with a space', { sourceCode: 'a b' }, 'sourceCode'],
      ['a description with a control character', { description: 'a\u0000b' }, 'description'],
    ])('refuses %s', async (_what, patch, path) => {
      const { id } = await register(host);
      expect(await refused(host, () => manager.create({ id, ...fair, ...patch }))).toMatchObject({
        code: 'VALIDATION',
        data: { fields: [{ path }] },
      });
    });

    it('gives the first answer again to the same command id', async () => {
      const { id } = await register(host);
      const commandId = uuidv7();
      const first = await manager.create({ id, ...fair, commandId });
      expect(await manager.create({ id, ...fair, commandId })).toEqual(first);
      expect((await auditor.list({ id })).items).toHaveLength(2);
    });
  });

  describe('update and deactivate', () => {
    async function aSource() {
      const { id } = await register(host);
      return manager.create({ id, ...fair, description: 'Hall 3' });
    }

    it('changes what is given, and says what changed', async () => {
      const source = await aSource();
      const changed = await manager.update({
        id: source.id,
        version: 1,
        description: null,
        sourceName: 'Autumn fair',
      });
      expect(changed).toEqual({
        ...source,
        version: 2,
        updatedAt: changed.updatedAt,
        description: null,
        sourceName: 'Autumn fair',
      });
      expect(await lastDetails(host, source.id)).toEqual({
        before: { sourceName: 'Spring fair', description: 'Hall 3' },
        after: { sourceName: 'Autumn fair', description: null },
      });
    });

    it('takes one out of use once, and back by an update', async () => {
      const { id } = await aSource();
      expect(await manager.deactivate({ id, version: 1 })).toMatchObject({ isActive: false, version: 2 });
      expect(await refused(host, () => manager.deactivate({ id }))).toMatchObject({
        code: 'CONFLICT',
        message: 'This source is out of use already.',
        data: { current: { id, isActive: false } },
      });
      expect(await manager.update({ id, isActive: true })).toMatchObject({ isActive: true });
      expect(await actionsOf(host, id)).toEqual(['source_created', 'source_deactivated', 'source_updated']);
    });

    it('lets one of two win who take it out of use at once', async () => {
      const { id } = await aSource();
      const both = await Promise.allSettled(
        [1, 2].map((person) => host.as('partner_manager', person).sources.deactivate({ id })),
      );
      expect(both.map((each) => each.status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(both.find((each) => each.status === 'rejected')?.reason).toMatchObject({ code: 'CONFLICT' });
    });

    it('tells of a stale version, with the source as it stands', async () => {
      const { id } = await aSource();
      const current = await manager.update({ id, sourceName: 'Newer' });
      for (const call of [
        () => manager.update({ id, version: 1, sourceName: 'Older' }),
        () => manager.deactivate({ id, version: 1 }),
      ]) {
        expect(await refused(host, call)).toMatchObject({ code: 'CONFLICT', data: { current } });
      }
    });

    it('refuses an empty name', async () => {
      const { id } = await aSource();
      expect((await refused(host, () => manager.update({ id, sourceName: ' ' }))).code).toBe('VALIDATION');
    });
  });

  describe('statistics', () => {
    it('are those of each source, with rates that are null where nothing was counted', async () => {
      const partner = await registerActive(host, { leadPrice: 1000 });
      const [automatic] = (await auditor.list({ id: partner.id })).items;
      const source = await manager.create({ id: partner.id, ...fair });
      const leads = host.as('partner_manager').leads;
      const reviewer = host.as('lead_reviewer').leads;
      const ids: string[] = [];
      for (const [n, company] of ['Acme', undefined, undefined].entries()) {
        const leadData = { email: `s${n}@example.com`, phone: `+49 30 80000${n}`, company };
        ids.push((await leads.submit({ id: partner.id, sourceId: source.id, leadData })).id);
      }
      for (const id of ids.slice(0, 2)) await reviewer.approve({ id });
      await reviewer.convert({ id: ids[0]!, dealValue: 70_000, conversionDate: '2026-06-15' });

      const stats = await auditor.stats({ id: partner.id, sourceId: source.id });
      expect(stats).toEqual({
        sourceId: source.id,
        sourceCode: source.sourceCode,
        sourceName: 'Spring fair',
        sourceType: 'channel_partner',
        leadsGenerated: 3,
        leadsConverted: 1,
        totalRevenue: 70_000,
        totalCredits: stats.totalCredits,
        conversionRate: 0.5,
        // (25 + 15 + 15) / 3
        averageLeadQuality: 18.33,
        currency: 'EUR',
      });
      const { items } = await auditor.statsOfPartner({ id: partner.id });
      expect(items).toEqual([
        expect.objectContaining({
          sourceId: automatic!.id,
          leadsGenerated: 0,
          totalCredits: 0,
          conversionRate: null,
          averageLeadQuality: null,
        }),
        stats,
      ]);
    });

    it('counts the credits granted for its leads', async () => {
      const partner = await registerActive(host, { leadPrice: 1000 });
      const leadData = { email: 'credit@example.com', phone: '+49 30 7000001' };
      const lead = await host.as('partner_manager').leads.submit({ id: partner.id, leadData });
      await host.as('lead_reviewer').leads.approve({ id: lead.id });
      const { items } = await host.as('auditor').credits.list({ partnerLeadId: lead.id });
      for (const credit of items) await host.as('approver').credits.approve({ id: credit.id });
      const all = await auditor.statsOfPartner({ id: partner.id });
      expect(all.items).toMatchObject([{ leadsGenerated: 1, totalCredits: 1000 }]);
    });

    it('are not found for a source of another partner', async () => {
      const one = await register(host);
      const two = await register(host);
      const [source] = (await auditor.list({ id: two.id })).items;
      expect((await refusalOf(auditor.stats({ id: one.id, sourceId: source!.id }))).code).toBe('NOT_FOUND');
    });
  });

  it('are not found for an unknown partner, nor those of another organization', async () => {
    const foreign = await register(other);
    const [theirs] = (await other.as('auditor').sources.list({ id: foreign.id })).items;
    const mine = await register(host);
    for (const id of [foreign.id, uuidv7()]) {
      for (const call of [
        () => auditor.list({ id }),
        () => auditor.statsOfPartner({ id }),
        () => auditor.stats({ id, sourceId: theirs!.id }),
        () => manager.create({ id, ...fair }),
      ]) {
        expect((await refused(host, call)).code).toBe('NOT_FOUND');
      }
    }
    for (const id of [theirs!.id, uuidv7()]) {
      for (const call of [
        () => manager.update({ id, sourceName: 'Mine now' }),
        () => manager.deactivate({ id }),
        () => auditor.stats({ id: mine.id, sourceId: id }),
      ]) {
        expect((await refused(host, call)).code).toBe('NOT_FOUND');
      }
    }
    expect((await refusalOf(auditor.getByCode({ sourceCode: `${theirs!.sourceCode}?` }))).code).toBe(
      'NOT_FOUND',
    );
  });

  it('come by the index of the partner: no scan, no sort, no query per source', async () => {
    const fresh = await testHost(engine);
    try {
      const { id } = await register(fresh, { partnerCode: 'PLAN' });
      const client = fresh.as('auditor').sources;
      for (const call of [() => client.list({ id }), () => client.getByCode({ sourceCode: 'PLAN-PORTAL' })]) {
        const plans = await plansOf(fresh, /partner_sources/, call);
        expect(plans).toHaveLength(1);
        expect(plans[0]).not.toMatch(scanOrSort);
      }
    } finally {
      await fresh.close();
    }
  });
});
