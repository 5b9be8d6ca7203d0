import sql from 'sql-template-tag';
import { afterEach, describe, expect, it } from 'vitest';
import { waitAfter } from '#host/services/organization/accounts.ts';
import { engines } from '#test/support/databases.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';

const password = 'correct horse battery';
const newTenant = {
  organizationName: 'Second Office',
  currency: 'USD',
  timeZone: 'America/New_York',
  admin: { email: 'Boss@Example.com', password, firstName: 'Bo', lastName: 'Boss' },
};

describe('the growing wait after wrong passwords', () => {
  it('starts at the fifth, doubles, and ends at an hour', () => {
    expect([4, 5, 6, 7, 12, 40].map(waitAfter)).toEqual([0, 30, 60, 120, 3600, 3600]);
  });
});

describe.each(engines)('organization on %s', (engine) => {
  let host: TestHost;
  afterEach(() => host.close());

  async function hire(email = 'ana@example.com', roles: ('approver' | 'admin')[] = ['approver']) {
    return host.as('admin').staff.create({ email, firstName: 'Ana', lastName: 'Meyer', roles, password });
  }

  it('is set up once, on an empty database only', async () => {
    host = await testHost(engine);
    await host.database.write('system', async (tx) => {
      // The test host comes with an organization; a truly empty database is tested over HTTP and by the command line.
      expect(await tx.get(sql`select id from tenants`)).toBeDefined();
    });
    expect(await host.anonymous.setup.status()).toEqual({ needed: false });
    expect((await refusalOf(host.anonymous.setup.run(newTenant))).code).toBe('CONFLICT');
  });

  it('signs a person in by e-mail in any case, and out again', async () => {
    host = await testHost(engine);
    await hire();
    const { token, user } = await host.anonymous.auth.login({ email: 'ANA@example.com', password });
    expect(user).toMatchObject({ email: 'ana@example.com', roles: ['approver'], kind: 'staff' });
    expect(user.permissions).toContain('payouts.approve');
    expect(user.permissions).not.toContain('payouts.pay');
    const ana = host.clientWith(token);
    expect((await ana.auth.me()).id).toBe(user.id);
    await ana.auth.logout();
    expect((await refusalOf(ana.auth.me())).code).toBe('UNAUTHENTICATED');
    expect((await host.as('auditor').activities.list({ action: 'signed_out' })).items).toMatchObject([
      { resource: 'staff', resourceId: user.id },
    ]);
  });

  it('tells an unknown address and a wrong password alike', async () => {
    host = await testHost(engine);
    await hire();
    const unknown = await refusalOf(host.anonymous.auth.login({ email: 'nobody@example.com', password }));
    const wrong = await refusalOf(host.anonymous.auth.login({ email: 'ana@example.com', password: 'wrong' }));
    expect(unknown).toEqual(wrong);
    expect(unknown.code).toBe('UNAUTHENTICATED');
  });

  it('locks out after five wrong passwords, even for the right one, and lets in when the wait is over', async () => {
    host = await testHost(engine);
    await hire();
    // All at once: the limit must hold for guesses sent in parallel too.
    const guesses = await Promise.all(
      Array.from({ length: 8 }, () =>
        refusalOf(host.anonymous.auth.login({ email: 'ana@example.com', password: 'wrong' })),
      ),
    );
    expect(guesses.map((guess) => guess.code).toSorted()).toEqual([
      ...Array.from({ length: 3 }, () => 'LOCKED'),
      ...Array.from({ length: 5 }, () => 'UNAUTHENTICATED'),
    ]);
    expect((await refusalOf(host.anonymous.auth.login({ email: 'ana@example.com', password }))).code).toBe(
      'LOCKED',
    );
    host.clock.advance(1);
    expect((await host.anonymous.auth.login({ email: 'ana@example.com', password })).user.email).toBe(
      'ana@example.com',
    );
    // The count starts anew after a right one.
    await refusalOf(host.anonymous.auth.login({ email: 'ana@example.com', password: 'wrong' }));
    expect((await host.anonymous.auth.login({ email: 'ana@example.com', password })).token).not.toBe('');
  });

  it('lets somebody locked out in at once by a new password from an administrator', async () => {
    host = await testHost(engine);
    const { id } = await hire();
    const login = (given: string) => host.anonymous.auth.login({ email: 'ana@example.com', password: given });
    await Promise.all(Array.from({ length: 5 }, () => refusalOf(login('wrong'))));
    expect((await refusalOf(login(password))).code).toBe('LOCKED');
    await host.as('admin').staff.update({ id, password: 'another long password' });
    expect((await login('another long password')).user.id).toBe(id);
  });

  it('ends a session after a working day', async () => {
    host = await testHost(engine);
    await hire();
    const { token } = await host.anonymous.auth.login({ email: 'ana@example.com', password });
    host.clock.advance(12 * 60 - 1);
    expect((await host.clientWith(token).auth.me()).email).toBe('ana@example.com');
    host.clock.advance(2);
    expect((await refusalOf(host.clientWith(token).auth.me())).code).toBe('UNAUTHENTICATED');
  });

  it('takes away rights at the next call, and the session with a new password', async () => {
    host = await testHost(engine);
    const ana = await hire();
    const { token } = await host.anonymous.auth.login({ email: 'ana@example.com', password });
    await host.as('admin').staff.update({ id: ana.id, roles: ['auditor'] });
    expect((await host.clientWith(token).auth.me()).roles).toEqual(['auditor']);
    await host.as('admin').staff.update({ id: ana.id, password: 'another long password' });
    expect((await refusalOf(host.clientWith(token).auth.me())).code).toBe('UNAUTHENTICATED');
    expect((await refusalOf(host.anonymous.auth.login({ email: 'ana@example.com', password }))).code).toBe(
      'UNAUTHENTICATED',
    );
  });

  it('keeps a deactivated person out', async () => {
    host = await testHost(engine);
    const ana = await hire();
    const { token } = await host.anonymous.auth.login({ email: 'ana@example.com', password });
    await host.as('admin').staff.update({ id: ana.id, isActive: false });
    expect((await refusalOf(host.clientWith(token).auth.me())).code).toBe('UNAUTHENTICATED');
    expect((await refusalOf(host.anonymous.auth.login({ email: 'ana@example.com', password }))).code).toBe(
      'UNAUTHENTICATED',
    );
  });

  it('asks which organization when the same person and password are in two', async () => {
    host = await testHost(engine);
    await hire();
    const other = await host.otherTenant();
    await other.as('admin').settings.update({ organizationName: 'Other Office' });
    await other.as('admin').staff.create({
      email: 'ana@example.com',
      firstName: 'Ana',
      lastName: 'Meyer',
      roles: ['finance'],
      password,
    });
    const refusal = await refusalOf(host.anonymous.auth.login({ email: 'ana@example.com', password }));
    expect(refusal.code).toBe('VALIDATION');
    expect(refusal.message).toContain('Other Office');
    const { user } = await host.anonymous.auth.login({
      email: 'ana@example.com',
      password,
      organizationName: 'Other Office',
    });
    expect(user).toMatchObject({ tenantId: other.tenantId, roles: ['finance'] });
  });

  it('counts nothing against who is only to say which organization, or signs in to the other one', async () => {
    host = await testHost(engine);
    await hire();
    const other = await host.otherTenant();
    await other.as('admin').settings.update({ organizationName: 'Other Office' });
    const same = {
      email: 'ana@example.com',
      firstName: 'Ana',
      lastName: 'Meyer',
      roles: ['finance' as const],
    };
    const { id: there } = await other.as('admin').staff.create({ ...same, password });
    const login = (given: string, organizationName?: string) =>
      host.anonymous.auth.login({ email: same.email, password: given, organizationName });
    for (let times = 0; times < 6; times += 1) {
      expect((await refusalOf(login(password))).code).toBe('VALIDATION');
    }
    expect((await login(password, 'Other Office')).user.id).toBe(there);
    // With passwords of their own: four wrong guesses, and a right one for one of the two, lock neither.
    await other.as('admin').staff.update({ id: there, password: 'a password of its own' });
    for (let times = 0; times < 4; times += 1) {
      expect((await refusalOf(login('wrong'))).code).toBe('UNAUTHENTICATED');
    }
    expect((await login('a password of its own')).user.id).toBe(there);
    expect((await login(password)).user.organizationName).toBe('Test Office');
    // Guesses still count for both, whoever signs in between.
    for (let times = 0; times < 4; times += 1) await refusalOf(login('wrong'));
    await login('a password of its own');
    expect((await refusalOf(login('wrong', 'Test Office'))).code).toBe('UNAUTHENTICATED');
    expect((await refusalOf(login(password, 'Test Office'))).code).toBe('LOCKED');
  });

  it('refuses a second person with the same address, whatever its case, and writes nothing', async () => {
    host = await testHost(engine);
    await hire();
    const before = await host.as('admin').staff.list({ total: true });
    expect(await refusalOf(hire('ANA@EXAMPLE.COM'))).toMatchObject({
      code: 'DUPLICATE',
      data: { fields: [{ path: 'email' }] },
    });
    expect((await host.as('admin').staff.list({ total: true })).total).toBe(before.total);
  });

  it('keeps one administrator', async () => {
    host = await testHost(engine);
    const staff = await host.as('admin').staff.list({});
    const admins = staff.items.filter((person) => person.roles.includes('admin'));
    for (const admin of admins.slice(1))
      await host.as('admin').staff.update({ id: admin.id, isActive: admin.isActive });
    const [first, second] = admins;
    await host.as('admin').staff.update({ id: first!.id, isActive: false });
    expect(
      (await refusalOf(host.as('admin').staff.update({ id: second!.id, roles: ['finance'] }))).code,
    ).toBe('VALIDATION');
    expect((await refusalOf(host.as('admin').staff.update({ id: second!.id, isActive: false }))).code).toBe(
      'VALIDATION',
    );
  });

  it('keeps one administrator of two who take each other’s role at the same moment', async () => {
    host = await testHost(engine);
    const [one, two] = [host.as('admin'), host.as('admin', 2)];
    const [first, second] = [(await one.auth.me()).id, (await two.auth.me()).id];
    const administrators = async () =>
      (await host.as('auditor').staff.list({})).items.filter(({ roles }) => roles.includes('admin'));
    const founder = (await administrators()).find(({ id }) => id !== first && id !== second);
    const demoted = await one.staff.update({ id: founder!.id, roles: ['finance', 'finance'] });
    expect(demoted.roles).toEqual(['finance']);
    for (let round = 0; round < 5; round += 1) {
      const both = await Promise.allSettled([
        one.staff.update({ id: second, roles: ['auditor'] }),
        two.staff.update({ id: first, roles: ['auditor'] }),
      ]);
      expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      const [left, ...others] = await administrators();
      expect(others).toEqual([]);
      const [again, out] = left!.id === first ? [one, second] : [two, first];
      await again.staff.update({ id: out, roles: ['admin'] });
    }
  });

  it('refuses settings of a stale version and shows them as they are', async () => {
    host = await testHost(engine);
    const settings = host.as('admin').settings;
    const { version } = await settings.get();
    await settings.update({ holdingDays: 3, version });
    expect(await refusalOf(settings.update({ holdingDays: 5, version }))).toMatchObject({
      code: 'CONFLICT',
      data: { current: { holdingDays: 3, version: version + 1 } },
    });
    expect((await settings.get()).holdingDays).toBe(3);
  });

  it('refuses a stale version and shows the row as it is', async () => {
    host = await testHost(engine);
    const ana = await hire();
    await host.as('admin').staff.update({ id: ana.id, firstName: 'Anna', version: ana.version });
    const refusal = await refusalOf(
      host.as('admin').staff.update({ id: ana.id, firstName: 'Anne', version: ana.version }),
    );
    expect(refusal).toMatchObject({ code: 'CONFLICT', data: { current: { firstName: 'Anna' } } });
    expect(JSON.stringify(refusal.data)).not.toContain('passwordHash');
  });

  it('answers a repeated command with its first result, and refuses its id for another one', async () => {
    host = await testHost(engine);
    const input = {
      email: 'ana@example.com',
      firstName: 'Ana',
      lastName: 'Meyer',
      roles: ['approver' as const],
      password,
      commandId: 'hire-ana',
    };
    const first = await host.as('admin').staff.create(input);
    expect(await host.as('admin').staff.create(input)).toEqual(first);
    expect((await refusalOf(host.as('admin').staff.create({ ...input, lastName: 'Meier' }))).code).toBe(
      'CONFLICT',
    );
    // Both at once, as two impatient clicks send them.
    const twice = { ...input, email: 'bea@example.com', commandId: 'hire-bea' };
    const [one, two] = await Promise.all([
      host.as('admin').staff.create(twice),
      host.as('admin').staff.create(twice),
    ]);
    expect(one).toEqual(two);
  });

  it('does not find the staff of another organization', async () => {
    host = await testHost(engine);
    const ana = await hire();
    const other = await host.otherTenant();
    expect((await refusalOf(other.as('admin').staff.update({ id: ana.id, firstName: 'X' }))).code).toBe(
      'NOT_FOUND',
    );
    expect((await other.as('admin').staff.list({})).items.map((person) => person.id)).not.toContain(ana.id);
  });

  it('changes settings, and refuses weights that do not sum to 100 or an unknown time zone', async () => {
    host = await testHost(engine);
    const settings = await host
      .as('admin')
      .settings.update({ fourEyes: false, secondApprovalThreshold: 100_000 });
    expect(settings).toMatchObject({
      fourEyes: false,
      secondApprovalThreshold: 100_000,
      claimLeaseMinutes: 15,
    });
    const weights = { ...settings.scoreWeights, company: 11 };
    expect((await refusalOf(host.as('admin').settings.update({ scoreWeights: weights }))).code).toBe(
      'VALIDATION',
    );
    expect((await refusalOf(host.as('admin').settings.update({ timeZone: 'Mars/Olympus' }))).code).toBe(
      'VALIDATION',
    );
    expect((await refusalOf(host.as('admin').settings.update({ defaultCountry: 'ZZ' }))).code).toBe(
      'VALIDATION',
    );
    expect(await host.as('auditor').settings.get()).toEqual(settings);
    expect((await refusalOf(host.as('approver').settings.update({ fourEyes: true }))).code).toBe('FORBIDDEN');
  });
});
