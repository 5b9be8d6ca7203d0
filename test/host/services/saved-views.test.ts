import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type TestHost, testHost } from '#test/support/host.ts';
import { activePartner } from './credit-stories.ts';
import { outcomesOf, submitted } from './lead-stories.ts';
import { lastDetails, refused } from './partners/setup.ts';

describe.each(engines)('saved views on %s', (engine) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost(engine);
  });
  afterAll(() => host.close());

  const namesOf = async (client: ReturnType<TestHost['as']>) =>
    (await client.savedViews.list({})).items.map(({ name }) => name);

  it('keep filters under a name, by which the list then finds what they say', async () => {
    const partner = await activePartner(host);
    const lead = await submitted(host, partner.id);
    const { savedViews, leads } = host.as('auditor');
    const filters = { partnerId: partner.id, minScore: 20, overdue: false, q: 'joe' };
    const view = await savedViews.create({ list: 'leads', name: ' Mine ', filters });
    expect(view).toMatchObject({
      name: 'Mine',
      filters,
      sharedWith: 'nobody',
      role: null,
      mine: true,
      version: 1,
    });
    const [kept] = (await savedViews.list({ list: 'leads' })).items;
    expect(kept).toEqual(view);
    expect((await savedViews.list({ list: 'review_queue' })).items).toEqual([]);
    expect((await leads.list(kept!.filters)).items.map(({ id }) => id)).toEqual([lead.id]);
    const changed = await savedViews.update({ id: view.id, name: 'Ours', filters: {}, version: 1 });
    expect(changed).toMatchObject({ name: 'Ours', filters: {}, version: 2 });
    expect(await lastDetails(host, view.id)).toMatchObject({
      before: { name: 'Mine' },
      after: { name: 'Ours' },
    });
    expect(await savedViews.remove({ id: view.id, version: 2 })).toEqual({ ok: true });
    expect((await savedViews.list({})).items).toEqual([]);
    expect((await refused(host, () => savedViews.remove({ id: view.id }))).code).toBe('NOT_FOUND');
    // The name is free again.
    await savedViews.remove({
      id: (await savedViews.create({ list: 'leads', name: 'Ours', filters: {} })).id,
    });
  });

  it('are seen by those they are shared with: nobody, a role, the organization', async () => {
    const one = host.as('lead_reviewer', 1);
    const admin = host.as('admin');
    const shared = { list: 'review_queue', filters: { overdue: true } } as const;
    await one.savedViews.create({ ...shared, name: 'own' });
    const view = await one.savedViews.create({
      ...shared,
      name: 'role',
      sharedWith: 'role',
      role: 'lead_reviewer',
    });
    await admin.savedViews.create({ ...shared, name: 'all', sharedWith: 'organization' });
    await admin.savedViews.create({ ...shared, name: 'finance', sharedWith: 'role', role: 'finance' });
    expect(await namesOf(one)).toEqual(['all', 'own', 'role']);
    expect(await namesOf(host.as('lead_reviewer', 2))).toEqual(['all', 'role']);
    expect(await namesOf(host.as('finance'))).toEqual(['all', 'finance']);
    expect(await namesOf(admin)).toEqual(['all', 'finance', 'role']);
    const [seen] = (await host.as('lead_reviewer', 2).savedViews.list({})).items.filter(
      ({ name }) => name === 'role',
    );
    expect(seen).toMatchObject({ id: view.id, mine: false });
    // A partner's own people have views of their own, and are no part of the organization.
    const partner = await activePartner(host);
    const theirs = host.asPartner(partner.id, 'viewer');
    expect(await namesOf(theirs)).toEqual([]);
    await theirs.savedViews.create({ list: 'leads', name: 'theirs', filters: { partnerId: partner.id } });
    expect(await namesOf(theirs)).toEqual(['theirs']);
    expect(await namesOf(admin)).not.toContain('theirs');
    const other = await host.otherTenant();
    expect(await namesOf(other.as('admin'))).toEqual([]);
  });

  it('are changed by their owner, and where they are shared by an administrator; nobody else', async () => {
    const owner = host.as('lead_reviewer', 3).savedViews;
    const own = await owner.create({ list: 'leads', name: 'private', filters: {} });
    const shared = await owner.create({
      list: 'leads',
      name: 'shared',
      filters: {},
      sharedWith: 'role',
      role: 'lead_reviewer',
    });
    const colleague = host.as('lead_reviewer', 4).savedViews;
    expect((await refused(host, () => colleague.update({ id: own.id, name: 'x' }))).code).toBe('NOT_FOUND');
    expect((await refused(host, () => colleague.update({ id: shared.id, name: 'x' }))).code).toBe(
      'FORBIDDEN',
    );
    expect((await refused(host, () => colleague.remove({ id: shared.id }))).code).toBe('FORBIDDEN');
    const admin = host.as('admin').savedViews;
    expect((await refused(host, () => admin.remove({ id: own.id }))).code).toBe('NOT_FOUND');
    const taken = await admin.update({ id: shared.id, sharedWith: 'nobody' });
    expect(taken).toMatchObject({ sharedWith: 'nobody', role: null, ownerId: shared.ownerId });
    expect((await colleague.list({})).items.map(({ id }) => id)).not.toContain(shared.id);
  });

  it('are shared by whoever may: with a role of one’s own, or with others by who manages the settings', async () => {
    const { savedViews } = host.as('finance', 2);
    const view = { list: 'leads', name: 'x', filters: {} } as const;
    for (const sharing of [
      { sharedWith: 'organization' },
      { sharedWith: 'role', role: 'approver' },
    ] as const) {
      expect((await refused(host, () => savedViews.create({ ...view, ...sharing }))).code).toBe('FORBIDDEN');
    }
    for (const sharing of [{ sharedWith: 'role' }, { sharedWith: 'nobody', role: 'finance' }] as const) {
      expect(await refused(host, () => savedViews.create({ ...view, ...sharing }))).toMatchObject({
        code: 'VALIDATION',
        data: { fields: [{ path: 'role' }] },
      });
    }
    const own = await savedViews.create({ ...view, sharedWith: 'role', role: 'finance' });
    const more = await refused(host, () => savedViews.update({ id: own.id, sharedWith: 'organization' }));
    expect(more.code).toBe('FORBIDDEN');
  });

  it('are refused under a taken name, in a stale version, and with filters that name nothing', async () => {
    const { savedViews } = host.as('approver');
    const view = await savedViews.create({ list: 'leads', name: 'taken', filters: {} });
    await savedViews.create({ list: 'review_queue', name: 'taken', filters: {} });
    const other = await savedViews.create({ list: 'leads', name: 'other', filters: {} });
    for (const call of [
      () => savedViews.create({ list: 'leads', name: 'taken', filters: {} }),
      () => savedViews.update({ id: other.id, name: 'taken' }),
    ]) {
      expect(await refused(host, call)).toMatchObject({
        code: 'DUPLICATE',
        data: { fields: [{ path: 'name' }] },
      });
    }
    await savedViews.update({ id: view.id, filters: { status: 'approved' } });
    expect((await refused(host, () => savedViews.update({ id: view.id, name: 'y', version: 1 }))).code).toBe(
      'CONFLICT',
    );
    expect((await refused(host, () => savedViews.remove({ id: view.id, version: 1 }))).code).toBe('CONFLICT');
    const nowhere = '01920000-0000-7000-8000-000000000000';
    for (const name of ['partnerId', 'sourceId', 'importId']) {
      const filters = { [name]: nowhere };
      for (const call of [
        () => savedViews.create({ list: 'leads', name: 'z', filters }),
        () => savedViews.update({ id: view.id, filters }),
      ]) {
        expect(await refused(host, call)).toMatchObject({
          code: 'NOT_FOUND',
          data: { fields: [{ path: `filters.${name}` }] },
        });
      }
    }
    const decided = { list: 'review_queue', name: 'z', filters: { status: 'approved' } } as const;
    for (const call of [
      () => savedViews.create(decided),
      async () => {
        const { items } = await savedViews.list({ list: 'review_queue' });
        const own = items.find(({ mine }) => mine);
        return savedViews.update({ id: own!.id, filters: decided.filters });
      },
    ]) {
      expect(await refused(host, call)).toMatchObject({
        code: 'VALIDATION',
        data: { fields: [{ path: 'filters.status' }] },
      });
    }
    const [mine, theirs] = [await activePartner(host), await activePartner(host)];
    const people = host.asPartner(mine.id, 'viewer').savedViews;
    const foreign = { list: 'leads', name: 'theirs', filters: { partnerId: theirs.id } } as const;
    expect((await refused(host, () => people.create(foreign))).code).toBe('NOT_FOUND');
  });

  it('get a name once, also when it is given twice at the same moment', async () => {
    const { savedViews } = host.as('approver', 2);
    const { done, codes } = await outcomesOf(
      [1, 2, 3].map(() => savedViews.create({ list: 'leads', name: 'at once', filters: {} })),
    );
    expect(done).toHaveLength(1);
    expect(codes).toEqual(['DUPLICATE', 'DUPLICATE']);
  });
});
