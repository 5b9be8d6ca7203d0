import { isContractProcedure } from '@orpc/contract';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contract } from '#contract/index.ts';
import { type Permission, permissions } from '#contract/permissions.ts';
import { type StaffRole, staffRoles } from '#domain/vocabulary.ts';
import { engines } from '#test/support/databases.ts';
import { type Client, type TestHost, testHost } from '#test/support/host.ts';
import { anApplication, refused, register } from './setup.ts';

/** A valid input for every call about partners, sources and activities, so that only the permission is in its way. */
function callsOf(client: Client, id: string): Record<string, () => Promise<unknown>> {
  const { partners, sources, activities } = client;
  const reason = 'Because.';
  return {
    'partners.list': () => partners.list({}),
    'partners.create': () => partners.create(anApplication()),
    'partners.get': () => partners.get({ id }),
    'partners.getByCode': () => partners.getByCode({ partnerCode: 'X' }),
    'partners.update': () => partners.update({ id, city: 'Kiel' }),
    'partners.approve': () => partners.approve({ id }),
    'partners.reject': () => partners.reject({ id, reason }),
    'partners.suspend': () => partners.suspend({ id, reason }),
    'partners.deactivate': () => partners.deactivate({ id, reason }),
    'partners.reactivate': () => partners.reactivate({ id }),
    'partners.reapply': () => partners.reapply({ id }),
    'partners.verifyBanking': () => partners.verifyBanking({ id }),
    'partners.revealBanking': () => partners.revealBanking({ id }),
    'partners.stats': () => partners.stats({ id }),
    'partners.monthlyStats': () => partners.monthlyStats({ id, year: 2026, month: 6 }),
    'partners.payability': () => partners.payability({ id }),
    'partners.ledger': () => partners.ledger({ id }),
    'sources.list': () => sources.list({ id }),
    'sources.create': () => sources.create({ id, sourceType: 'channel_partner', sourceName: 'Fair' }),
    'sources.get': () => sources.get({ id }),
    'sources.getByCode': () => sources.getByCode({ sourceCode: 'X' }),
    'sources.update': () => sources.update({ id, sourceName: 'Fair' }),
    'sources.deactivate': () => sources.deactivate({ id }),
    'sources.stats': () => sources.stats({ id, sourceId: id }),
    'sources.statsOfPartner': () => sources.statsOfPartner({ id }),
    'activities.list': () => activities.list({}),
    'activities.verify': () => activities.verify(),
  };
}

/** The permission that the contract asks for each of them. */
const needed = new Map<string, Permission>(
  (['partners', 'sources', 'activities'] as const).flatMap((resource) =>
    Object.entries(contract[resource]).flatMap(([name, procedure]) =>
      isContractProcedure(procedure)
        ? [[`${resource}.${name}`, procedure['~orpc'].meta.permission as Permission] as const]
        : [],
    ),
  ),
);

const mayNot = (role: StaffRole, permission: Permission): boolean => {
  const holders: readonly StaffRole[] = permissions[permission].staff;
  return role !== 'admin' && !holders.includes(role);
};

describe.each(engines)('who may do what with partners, sources and activities on %s', (engine) => {
  let host: TestHost;
  let id: string;
  beforeAll(async () => {
    host = await testHost(engine);
    ({ id } = await register(host));
  });
  afterAll(() => host.close());

  it('has every call of the contract tried here', () => {
    expect(Object.keys(callsOf(host.anonymous, id)).toSorted()).toEqual([...needed.keys()].toSorted());
  });

  it.each([...needed])('%s is refused to everyone without %s', async (name, permission) => {
    const without = staffRoles.filter((role) => mayNot(role, permission));
    for (const role of without) {
      await host.session(role);
      expect((await refused(host, callsOf(host.as(role), id)[name]!)).code).toBe('FORBIDDEN');
    }
    expect((await refused(host, callsOf(host.anonymous, id)[name]!)).code).toBe('UNAUTHENTICATED');
  });

  it('finds no partner of another organization, whatever is to be done with it', async () => {
    const foreign = await register(await host.otherTenant());
    // Those that name no row answer with their own rows, or make one.
    const withoutId = ['partners.list', 'partners.create', 'activities.list', 'activities.verify'];
    for (const unknown of [foreign.id, uuidv7()]) {
      const calls = Object.entries(callsOf(host.as('admin'), unknown));
      for (const [name, call] of calls.filter(([each]) => !withoutId.includes(each))) {
        expect([name, (await refused(host, call)).code]).toEqual([name, 'NOT_FOUND']);
      }
    }
  });
});
