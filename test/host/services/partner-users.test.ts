import sql from 'sql-template-tag';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type Client, refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { activePartner } from './credit-stories.ts';

const password = 'correct horse battery';
const kim = { email: 'Kim@Hafen.example', firstName: 'Kim', lastName: 'Berg', role: 'lead_manager' as const };

describe.each(engines)('partner users on %s', (engine) => {
  let host: TestHost;
  let manager: Client;
  let partnerId: string;
  beforeEach(async () => {
    host = await testHost(engine);
    manager = host.as('partner_manager');
    ({ id: partnerId } = await activePartner(host));
  });
  afterEach(() => host.close());

  const add = (fields: Partial<Parameters<Client['partnerUsers']['create']>[0]> = {}) =>
    manager.partnerUsers.create({ id: partnerId, ...kim, password, ...fields });
  const signIn = (fields: { email?: string; password?: string; code?: string } = {}) =>
    host.anonymous.auth.login({ email: kim.email, password, ...fields });
  const activities = async (action: string) => (await host.as('auditor').activities.list({ action })).items;

  it('are invited by a one-time link, set a password with it, and sign in', async () => {
    await host.as('admin').settings.update({ publicUrl: 'https://desk.example.com/' });
    const { invitation, ...person } = await manager.partnerUsers.create({ id: partnerId, ...kim });
    expect(person).toMatchObject({
      partnerId,
      email: kim.email,
      role: 'lead_manager',
      isActive: true,
      hasPassword: false,
      lastLogin: null,
    });
    expect(invitation?.link).toBe(`https://desk.example.com/accept-invitation#${invitation?.token}`);
    expect((await refusalOf(signIn())).code).toBe('UNAUTHENTICATED');

    const accepted = await host.anonymous.auth.acceptInvitation({ token: invitation!.token, password });
    expect(accepted).toEqual({ email: kim.email, organizationName: 'Test Office' });
    const { token, user } = await signIn({ email: 'kim@hafen.EXAMPLE' });
    expect(user).toMatchObject({
      kind: 'partner_user',
      partnerId,
      partnerRole: 'lead_manager',
      roles: [],
      organizationName: 'Test Office',
    });
    expect(user.permissions).toContain('leads.submit');
    expect(user.permissions).not.toContain('leads.review');
    expect((await host.clientWith(token).partners.get({ id: partnerId })).id).toBe(partnerId);
    expect(await manager.partnerUsers.get({ id: person.id })).toMatchObject({
      hasPassword: true,
      invitationExpiresAt: null,
      lastLogin: expect.any(String),
    });
    for (const action of ['partner_user_added', 'invitation_accepted', 'signed_in']) {
      expect(await activities(action)).toMatchObject([{ resource: 'partner_user', partnerId }]);
    }
  });

  it('find an invitation void once it was used, was replaced, has lapsed, or its person was deactivated', async () => {
    const { id, invitation } = await manager.partnerUsers.create({ id: partnerId, ...kim });
    const accept = (token: string) => host.anonymous.auth.acceptInvitation({ token, password });
    const second = await manager.partnerUsers.invite({ id });
    expect((await refusalOf(accept(invitation!.token))).code).toBe('NOT_FOUND');
    host.clock.advance(7 * 24 * 60 + 1);
    expect((await refusalOf(accept(second.invitation!.token))).code).toBe('NOT_FOUND');
    expect((await manager.partnerUsers.get({ id })).invitationExpiresAt).toBeNull();

    const third = await manager.partnerUsers.invite({ id });
    // Two windows with the same link: one of them is too late.
    const both = await Promise.allSettled([accept(third.invitation!.token), accept(third.invitation!.token)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect((await refusalOf(accept(third.invitation!.token))).code).toBe('NOT_FOUND');

    const fourth = await manager.partnerUsers.invite({ id });
    await manager.partnerUsers.deactivate({ id, reason: 'left' });
    expect((await refusalOf(accept(fourth.invitation!.token))).code).toBe('NOT_FOUND');
    expect((await refusalOf(manager.partnerUsers.invite({ id }))).code).toBe('CONFLICT');
    // Nor do they hold again once the person is let in again.
    await manager.partnerUsers.update({ id, isActive: true });
    expect((await refusalOf(accept(fourth.invitation!.token))).code).toBe('NOT_FOUND');
    const fifth = await manager.partnerUsers.invite({ id });
    await manager.partnerUsers.update({ id, isActive: false });
    await manager.partnerUsers.update({ id, isActive: true });
    expect((await refusalOf(accept(fifth.invitation!.token))).code).toBe('NOT_FOUND');
    expect((await refusalOf(accept('x'.repeat(43)))).code).toBe('NOT_FOUND');
  });

  it('keep the link’s secret and the password out of the database, and tell the link once', async () => {
    const input = { id: partnerId, ...kim, commandId: 'invite-kim' };
    const first = await manager.partnerUsers.create(input);
    const again = await manager.partnerUsers.create(input);
    expect(again).toEqual({ ...first, invitation: null });
    const stored = await host.database.read('system', (reader) =>
      reader.all(sql`select invitation_hash, password_hash from partner_users
        union all select cast(result as text), name from commands`),
    );
    expect(JSON.stringify(stored)).not.toContain(first.invitation!.token);
    // Without a public address there is no link, and the secret can be handed on by itself.
    expect(first.invitation!.link).toBeNull();
    expect((await refusalOf(manager.partnerUsers.create({ ...input, role: 'admin' }))).code).toBe('CONFLICT');
  });

  it('find a link void once their address has changed, or they have chosen a password themselves', async () => {
    const { id, invitation } = await manager.partnerUsers.create({ id: partnerId, ...kim });
    const accept = (token: string) => host.anonymous.auth.acceptInvitation({ token, password });
    // The same address in other letters is the same.
    await manager.partnerUsers.update({ id, email: 'kim@hafen.example' });
    expect((await manager.partnerUsers.get({ id })).invitationExpiresAt).not.toBeNull();
    await manager.partnerUsers.update({ id, email: 'kim@elsewhere.example' });
    expect((await manager.partnerUsers.get({ id })).invitationExpiresAt).toBeNull();
    expect((await refusalOf(accept(invitation!.token))).code).toBe('NOT_FOUND');

    const replaced = await manager.partnerUsers.invite({ id });
    await manager.partnerUsers.setPassword({ id, password });
    expect((await refusalOf(accept(replaced.invitation!.token))).code).toBe('NOT_FOUND');
    const asked = await manager.partnerUsers.invite({ id });
    const { token } = await signIn({ email: 'kim@elsewhere.example' });
    await host
      .clientWith(token)
      .account.changePassword({ currentPassword: password, newPassword: `${password}!` });
    expect((await refusalOf(accept(asked.invitation!.token))).code).toBe('NOT_FOUND');
    expect((await signIn({ email: 'kim@elsewhere.example', password: `${password}!` })).user.id).toBe(id);
  });

  it('are shown as they stand to who invites an older version of them', async () => {
    const { id, version } = await manager.partnerUsers.create({ id: partnerId, ...kim });
    await manager.partnerUsers.update({ id, firstName: 'Kimberly' });
    expect(await refusalOf(manager.partnerUsers.invite({ id, version }))).toMatchObject({
      code: 'CONFLICT',
      data: { current: { id, firstName: 'Kimberly', invitation: null } },
    });
  });

  it('are found by id, by e-mail address in any case, and as a partner’s list', async () => {
    const { invitation: _, mailedTo: __, ...person } = await add();
    await add({ email: 'second@hafen.example' });
    expect(await manager.partnerUsers.get({ id: person.id })).toEqual(person);
    expect(await manager.partnerUsers.getByEmail({ email: 'KIM@hafen.example' })).toEqual(person);
    const first = await manager.partnerUsers.list({ id: partnerId, limit: 1, total: true });
    expect(first).toMatchObject({ items: [{ id: person.id }], total: 2 });
    const rest = await manager.partnerUsers.list({ id: partnerId, limit: 1, cursor: first.nextCursor! });
    expect(rest).toMatchObject({ items: [{ email: 'second@hafen.example' }], nextCursor: null });
  });

  it('have an address of their own, among staff too', async () => {
    const { id } = await add();
    for (const email of ['KIM@HAFEN.EXAMPLE', 'first@example.com']) {
      expect(await refusalOf(add({ email }))).toMatchObject({
        code: 'DUPLICATE',
        data: { fields: [{ path: 'email' }] },
      });
    }
    const staffMember = { firstName: 'A', lastName: 'B', roles: ['finance' as const], password };
    const office = host.as('admin').staff;
    const hiring = office.create({ ...staffMember, email: 'kim@hafen.example' });
    expect((await refusalOf(hiring)).code).toBe('DUPLICATE');
    const { id: colleague } = await office.create({ ...staffMember, email: 'colleague@example.com' });
    const moving = office.update({ id: colleague, email: 'Kim@hafen.example' });
    expect((await refusalOf(moving)).code).toBe('DUPLICATE');
    expect((await refusalOf(manager.partnerUsers.update({ id, email: 'first@example.com' }))).code).toBe(
      'DUPLICATE',
    );
    // The own address in other letters is no clash.
    expect((await manager.partnerUsers.update({ id, email: 'kim@hafen.example' })).email).toBe(
      'kim@hafen.example',
    );
  });

  it('and staff added at the same moment never share an address', async () => {
    for (let round = 0; round < 5; round += 1) {
      const email = `twin-${round}@hafen.example`;
      const both = await Promise.allSettled([
        add({ email }),
        host.as('admin').staff.create({ email, firstName: 'A', lastName: 'B', roles: ['finance'], password }),
      ]);
      expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(both.find((each) => each.status === 'rejected')?.reason).toMatchObject({ code: 'DUPLICATE' });
    }
  });

  it('are changed by version, and their rights hold from the next call on', async () => {
    const person = await add();
    const { token } = await signIn();
    const changed = await manager.partnerUsers.update({
      id: person.id,
      role: 'viewer',
      version: person.version,
    });
    expect(changed).toMatchObject({ role: 'viewer' });
    const me = await host.clientWith(token).auth.me();
    expect(me).toMatchObject({ partnerRole: 'viewer' });
    expect(me.permissions).not.toContain('leads.submit');
    const stale = manager.partnerUsers.update({ id: person.id, firstName: 'X', version: person.version });
    expect(await refusalOf(stale)).toMatchObject({ code: 'CONFLICT', data: { current: { role: 'viewer' } } });
    expect(await activities('partner_user_changed')).toMatchObject([
      { details: { before: { role: 'lead_manager' }, after: { role: 'viewer' } } },
    ]);
  });

  it('are kept out at once when deactivated, and let in again', async () => {
    const { id } = await add();
    const { token } = await signIn();
    expect(await manager.partnerUsers.deactivate({ id, reason: 'left' })).toMatchObject({ isActive: false });
    expect((await refusalOf(host.clientWith(token).auth.me())).code).toBe('UNAUTHENTICATED');
    expect((await refusalOf(signIn())).code).toBe('UNAUTHENTICATED');
    expect((await refusalOf(manager.partnerUsers.deactivate({ id }))).code).toBe('CONFLICT');
    await manager.partnerUsers.update({ id, isActive: true });
    const { token: again, user } = await signIn();
    expect(user.id).toBe(id);
    expect((await refusalOf(host.clientWith(token).auth.me())).code).toBe('UNAUTHENTICATED');
    await manager.partnerUsers.update({ id, isActive: false });
    await manager.partnerUsers.update({ id, isActive: true });
    expect((await refusalOf(host.clientWith(again).auth.me())).code).toBe('UNAUTHENTICATED');
  });

  it('have their password set by whoever keeps them; the own one takes the current one', async () => {
    const { id } = await add({ role: 'admin' });
    const { token } = await signIn();
    const me = host.clientWith(token);
    const next = 'another long password';
    expect(await refusalOf(me.partnerUsers.setPassword({ id, password: next }))).toMatchObject({
      code: 'VALIDATION',
      data: { fields: [{ path: 'currentPassword' }] },
    });
    // A link made for oneself would be a way round it.
    expect((await refusalOf(me.partnerUsers.invite({ id }))).code).toBe('INVALID_TRANSITION');
    await me.partnerUsers.setPassword({ id, password: next, currentPassword: password });
    expect((await me.auth.me()).id).toBe(id);
    expect((await signIn({ password: next })).user.id).toBe(id);
    await manager.partnerUsers.setPassword({ id, password });
    expect((await refusalOf(me.auth.me())).code).toBe('UNAUTHENTICATED');
    expect((await refusalOf(signIn({ password: next }))).code).toBe('UNAUTHENTICATED');
    expect((await signIn()).user.id).toBe(id);
  });

  it('are kept by the partner’s own admin, for that partner only', async () => {
    const { id: otherPartner } = await activePartner(host);
    const admin = host.asPartner(partnerId, 'admin');
    const colleague = await admin.partnerUsers.create({ id: partnerId, ...kim, password });
    expect((await signIn()).user.id).toBe(colleague.id);
    const elsewhere = admin.partnerUsers.create({ id: otherPartner, ...kim, email: 'x@example.com' });
    expect((await refusalOf(elsewhere)).code).toBe('NOT_FOUND');
    for (const role of ['lead_manager', 'viewer'] as const) {
      const hiring = host.asPartner(partnerId, role).partnerUsers.create({ id: partnerId, ...kim });
      expect((await refusalOf(hiring)).code).toBe('FORBIDDEN');
    }
  });

  it('wait longer after each wrong password, as staff do, or until they are given a new one', async () => {
    const { id } = await add();
    const guesses = await Promise.all(
      Array.from({ length: 8 }, () => refusalOf(signIn({ password: 'wrong' }))),
    );
    expect(guesses.filter(({ code }) => code === 'LOCKED')).toHaveLength(3);
    expect((await refusalOf(signIn())).code).toBe('LOCKED');
    expect(await activities('sign_in_locked')).toMatchObject([{ resource: 'partner_user', partnerId }]);
    host.clock.advance(1);
    expect((await signIn()).user.partnerId).toBe(partnerId);
    await Promise.all(Array.from({ length: 5 }, () => refusalOf(signIn({ password: 'wrong' }))));
    expect((await refusalOf(signIn())).code).toBe('LOCKED');
    await manager.partnerUsers.setPassword({ id, password: 'another long password' });
    expect((await signIn({ password: 'another long password' })).user.id).toBe(id);
  });

  it('sign in while the partner is pending, active or suspended, and not when it is rejected or inactive', async () => {
    await add();
    const { token } = await signIn();
    const me = host.clientWith(token);
    const approver = host.as('approver');
    const { invitation } = await manager.partnerUsers.create({
      id: partnerId,
      ...kim,
      email: 'late@hafen.example',
    });
    const accept = () => host.anonymous.auth.acceptInvitation({ token: invitation!.token, password });
    await approver.partners.suspend({ id: partnerId, reason: 'complaints' });
    expect((await signIn()).user.permissions).toContain('payouts.read');
    expect(await refusalOf(me.leads.submit({ id: partnerId, leadData: {} }))).toMatchObject({
      code: 'PARTNER_NOT_ACTIVE',
      message: expect.stringContaining('is suspended'),
    });
    expect(await refusalOf(me.uploads.begin({ fileName: 'leads.csv', size: 9 }))).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('is suspended'),
    });
    expect((await refusalOf(me.leads.reviewQueue({}))).message).toContain('Your role');
    await approver.partners.deactivate({ id: partnerId, reason: 'over' });
    expect((await refusalOf(me.auth.me())).code).toBe('UNAUTHENTICATED');
    expect((await refusalOf(signIn())).code).toBe('UNAUTHENTICATED');
    expect((await refusalOf(accept())).code).toBe('NOT_FOUND');
    await approver.partners.reactivate({ id: partnerId });
    expect((await accept()).email).toBe('late@hafen.example');
    expect((await me.auth.me()).permissions).toContain('leads.submit');

    const { id: pending } = await manager.partners.create({
      partnerType: 'vendor',
      organizationName: 'New',
      contactEmail: 'new@example.com',
    });
    await add({ id: pending, email: 'early@example.com' });
    expect((await signIn({ email: 'early@example.com' })).user.partnerId).toBe(pending);
    await approver.partners.reject({ id: pending, reason: 'no' });
    expect((await refusalOf(signIn({ email: 'early@example.com' }))).code).toBe('UNAUTHENTICATED');
  });

  it('of one organization are nobody in another', async () => {
    await add();
    const other = await host.otherTenant();
    await other.as('admin').settings.update({ organizationName: 'Other Office' });
    const { id: theirs } = await activePartner(other);
    const twin = await other.as('admin').partnerUsers.create({ id: theirs, ...kim, password });
    const refusal = await refusalOf(signIn());
    expect(refusal).toMatchObject({ code: 'VALIDATION', data: { fields: [{ path: 'organizationName' }] } });
    const { token, user } = await host.anonymous.auth.login({
      email: kim.email,
      password,
      organizationName: 'Other Office',
    });
    expect(user).toMatchObject({ id: twin.id, tenantId: other.tenantId, partnerId: theirs });
    const seen = host.clientWith(token);
    expect((await seen.partners.list({})).items.map(({ id }) => id)).toEqual([theirs]);
    expect((await refusalOf(seen.partners.get({ id: partnerId }))).code).toBe('NOT_FOUND');
    expect((await refusalOf(manager.partnerUsers.get({ id: twin.id }))).code).toBe('NOT_FOUND');
  });
});
