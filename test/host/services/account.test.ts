import { Secret, TOTP } from 'otpauth';
import sql from 'sql-template-tag';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engines } from '#test/support/databases.ts';
import { type Client, refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import { activePartner } from './credit-stories.ts';

const password = 'correct horse battery';
const next = 'another long password';

/** The two kinds of people, hired with the same password: what the own account can do is the same for both. */
const people = {
  staff: async (host: TestHost) => {
    const { id } = await host.as('admin').staff.create({
      email: 'ana@example.com',
      firstName: 'Ana',
      lastName: 'Meyer',
      roles: ['approver'],
      password,
    });
    return id;
  },
  partner_user: async (host: TestHost) => {
    const partner = await activePartner(host);
    const { id } = await host.as('admin').partnerUsers.create({
      id: partner.id,
      email: 'ana@example.com',
      firstName: 'Ana',
      lastName: 'Meyer',
      role: 'lead_manager',
      password,
    });
    return id;
  },
};
const kinds = ['staff', 'partner_user'] as const;

describe.each(engines.flatMap((engine) => kinds.map((kind) => ({ engine, kind }))))(
  'the own account of a $kind on $engine',
  ({ engine, kind }) => {
    let host: TestHost;
    let id: string;
    beforeEach(async () => {
      host = await testHost(engine);
      id = await people[kind](host);
    });
    afterEach(() => host.close());

    const login = (fields: { password?: string; code?: string } = {}) =>
      host.anonymous.auth.login({ email: 'ana@example.com', password, ...fields });
    const signedIn = async (fields: { password?: string; code?: string } = {}): Promise<Client> =>
      host.clientWith((await login(fields)).token);
    const activities = async (action: string) => (await host.as('auditor').activities.list({ action })).items;
    const codeOf = (secret: string) =>
      new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.parse(host.clock.now()) });
    /** A code not used yet: a time step lasts half a minute. */
    const nextCode = (secret: string) => {
      host.clock.advance(1);
      return codeOf(secret);
    };
    /** Whether those who keep people see that this one has a second factor. */
    const isShownWithOne = async () => {
      const admin = host.as('admin');
      if (kind === 'partner_user') return (await admin.partnerUsers.get({ id })).hasSecondFactor;
      return (await admin.staff.list({})).items.find((person) => person.id === id)?.hasSecondFactor;
    };
    const enrol = async (me: Client) => {
      const { uri, secret } = await me.account.enrolSecondFactor();
      const { recoveryCodes } = await me.account.confirmSecondFactor({ code: codeOf(secret) });
      return { uri, secret, recoveryCodes };
    };

    describe('password', () => {
      it('is changed with the current one, and ends every other session', async () => {
        const [me, elsewhere] = [await signedIn(), await signedIn()];
        await me.account.changePassword({ currentPassword: password, newPassword: next });
        expect((await me.auth.me()).id).toBe(id);
        expect((await refusalOf(elsewhere.auth.me())).code).toBe('UNAUTHENTICATED');
        expect((await refusalOf(login())).code).toBe('UNAUTHENTICATED');
        expect((await login({ password: next })).user.id).toBe(id);
        expect(await activities('password_changed')).toMatchObject([{ resource: kind, resourceId: id }]);
      });

      it('stays when the current one is wrong; guesses count for the lock-out', async () => {
        const me = await signedIn();
        const guess = () =>
          refusalOf(me.account.changePassword({ currentPassword: 'wrong', newPassword: next }));
        expect(await guess()).toMatchObject({
          code: 'VALIDATION',
          data: { fields: [{ path: 'currentPassword' }] },
        });
        for (let n = 0; n < 4; n += 1) await guess();
        expect((await guess()).code).toBe('LOCKED');
        expect((await refusalOf(login())).code).toBe('LOCKED');
        host.clock.advance(1);
        expect((await login()).user.id).toBe(id);
      });
    });

    describe('sessions', () => {
      it('are listed and ended one by one, or everywhere else at once', async () => {
        const [me, second, third] = [await signedIn(), await signedIn(), await signedIn()];
        const { items } = await me.account.sessions();
        expect(items.map(({ isThis }) => isThis)).toEqual([false, false, true]);
        await me.account.endSession({ id: items[0]!.id });
        expect((await refusalOf(third.auth.me())).code).toBe('UNAUTHENTICATED');
        expect((await refusalOf(me.account.endSession({ id: items[0]!.id }))).code).toBe('NOT_FOUND');
        expect(await me.account.endOtherSessions()).toEqual({ ended: 1 });
        expect((await refusalOf(second.auth.me())).code).toBe('UNAUTHENTICATED');
        expect((await me.account.sessions()).items).toMatchObject([{ isThis: true }]);
      });

      it('that are over are not listed', async () => {
        await signedIn();
        host.clock.advance(11 * 60);
        const me = await signedIn();
        host.clock.advance(2 * 60);
        expect((await me.account.sessions()).items).toMatchObject([{ isThis: true }]);
      });

      it('of somebody else are nobody’s', async () => {
        const me = await signedIn();
        const [foreign] = (await host.as('admin').account.sessions()).items;
        expect((await refusalOf(me.account.endSession({ id: foreign!.id }))).code).toBe('NOT_FOUND');
        expect((await host.as('admin').auth.me()).email).toContain('admin');
      });
    });

    describe('second factor', () => {
      it('is offered as an otpauth address, counts from its first right code on, and ends other sessions', async () => {
        const [me, elsewhere] = [await signedIn(), await signedIn()];
        const offered = await me.account.enrolSecondFactor();
        expect(offered.uri).toMatch(/^otpauth:\/\/totp\/Test%20Office:ana%40example\.com\?/);
        expect(new URL(offered.uri).searchParams.get('secret')).toBe(offered.secret);
        // Offered is not enrolled: nobody is shut out by an app that was never set up.
        expect((await login()).user.secondFactor).toEqual({ enrolled: false, mustEnrol: false });
        expect(await refusalOf(me.account.confirmSecondFactor({ code: '000000' }))).toMatchObject({
          code: 'VALIDATION',
          data: { fields: [{ path: 'code' }] },
        });
        expect(await isShownWithOne()).toBe(false);
        const early = me.account.renewRecoveryCodes({ code: codeOf(offered.secret) });
        expect((await refusalOf(early)).code).toBe('INVALID_TRANSITION');
        const { recoveryCodes } = await me.account.confirmSecondFactor({ code: codeOf(offered.secret) });
        expect(await isShownWithOne()).toBe(true);
        expect(new Set(recoveryCodes).size).toBe(10);
        expect(await me.account.secondFactor()).toMatchObject({ enrolled: true, recoveryCodesLeft: 10 });
        expect((await me.auth.me()).secondFactor.enrolled).toBe(true);
        expect((await refusalOf(elsewhere.auth.me())).code).toBe('UNAUTHENTICATED');
        expect((await refusalOf(me.account.enrolSecondFactor())).code).toBe('INVALID_TRANSITION');
        expect((await refusalOf(me.account.confirmSecondFactor({ code: codeOf(offered.secret) }))).code).toBe(
          'INVALID_TRANSITION',
        );
      });

      it('is asked for after a right password only, and a stranger learns nothing else', async () => {
        const { secret } = await enrol(await signedIn());
        const wrong = await refusalOf(login({ password: 'wrong' }));
        const unknown = await refusalOf(
          host.anonymous.auth.login({ email: 'nobody@example.com', password, code: '123456' }),
        );
        const wrongWithCode = await refusalOf(login({ password: 'wrong', code: nextCode(secret) }));
        expect(wrong).toEqual(unknown);
        expect(wrongWithCode).toEqual(unknown);
        const asked = await refusalOf(login());
        expect(asked).toMatchObject({ code: 'UNAUTHENTICATED', data: { fields: [{ path: 'code' }] } });
        expect(JSON.stringify(asked)).not.toMatch(/Ana|Meyer|Office/);
        const { user } = await login({ code: nextCode(secret).replace(/^.../, '$& ') });
        expect(user).toMatchObject({ id, secondFactor: { enrolled: true } });
      });

      it('takes a code once, and none of a time step before it', async () => {
        const { secret } = await enrol(await signedIn());
        // The one it was confirmed with is used up.
        expect((await refusalOf(login({ code: codeOf(secret) }))).code).toBe('UNAUTHENTICATED');
        const early = nextCode(secret);
        const late = nextCode(secret);
        const both = await Promise.allSettled([login({ code: late }), login({ code: late })]);
        expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
        expect(await refusalOf(login({ code: early }))).toMatchObject({
          code: 'UNAUTHENTICATED',
          data: { fields: [{ path: 'code' }] },
        });
      });

      it('counts wrong codes for the lock-out, even with the right password', async () => {
        const { secret } = await enrol(await signedIn());
        for (let n = 0; n < 5; n += 1) {
          expect((await refusalOf(login({ code: '000000' }))).code).toBe('UNAUTHENTICATED');
        }
        expect((await refusalOf(login({ code: codeOf(secret) }))).code).toBe('LOCKED');
        const { user, token } = await login({ code: nextCode(secret) });
        expect(user.id).toBe(id);
        // Whoever finds somebody signed in can't guess the code that switches it off either.
        const guess = () => refusalOf(host.clientWith(token).account.disableSecondFactor({ code: '000000' }));
        for (let n = 0; n < 5; n += 1) expect((await guess()).code).toBe('VALIDATION');
        expect((await guess()).code).toBe('LOCKED');
      });

      it('lets in once with each recovery code, and with new ones instead of the old', async () => {
        const { secret, recoveryCodes } = await enrol(await signedIn());
        const [first, second] = recoveryCodes;
        const { user, token } = await login({ code: first!.toLowerCase() });
        expect(user.id).toBe(id);
        expect((await refusalOf(login({ code: first! }))).code).toBe('UNAUTHENTICATED');
        const me = host.clientWith(token);
        expect(await me.account.secondFactor()).toMatchObject({ recoveryCodesLeft: 9 });
        const renewed = await me.account.renewRecoveryCodes({ code: nextCode(secret) });
        expect(renewed.recoveryCodes).not.toContain(second);
        expect((await refusalOf(login({ code: second! }))).code).toBe('UNAUTHENTICATED');
        expect((await login({ code: renewed.recoveryCodes[0]! })).user.id).toBe(id);
        expect((await activities('signed_in')).map(({ details }) => details['secondFactor'])).toContain(
          'recovery_code',
        );
      });

      it('is kept sealed, and its recovery codes hashed', async () => {
        const { secret, recoveryCodes } = await enrol(await signedIn());
        const stored = await host.database.read('system', (reader) =>
          reader.all(sql`select secret as kept from second_factors union all select code_hash from recovery_codes
            union all select cast(details as text) from partner_activities`),
        );
        const words = JSON.stringify(stored);
        for (const plain of [
          secret,
          ...recoveryCodes,
          ...recoveryCodes.map((code) => code.replaceAll('-', '')),
        ]) {
          expect(words).not.toContain(plain);
        }
      });

      it('is switched off with a code, or by an administrator for somebody who lost it', async () => {
        const me = await signedIn();
        const { secret } = await enrol(me);
        expect((await refusalOf(me.account.disableSecondFactor({ code: '000000' }))).code).toBe('VALIDATION');
        await me.account.disableSecondFactor({ code: nextCode(secret) });
        expect((await login()).user.secondFactor.enrolled).toBe(false);
        expect((await refusalOf(me.account.disableSecondFactor({ code: '000000' }))).code).toBe(
          'INVALID_TRANSITION',
        );

        await enrol(me);
        const admin = host.as('admin');
        const reset = () =>
          kind === 'staff'
            ? admin.staff.resetSecondFactor({ id, reason: 'lost phone' })
            : admin.partnerUsers.resetSecondFactor({ id, reason: 'lost phone' });
        expect(await reset()).toMatchObject({ id, hasSecondFactor: false });
        expect((await refusalOf(me.auth.me())).code).toBe('UNAUTHENTICATED');
        expect((await login()).user.id).toBe(id);
        expect((await refusalOf(reset())).code).toBe('INVALID_TRANSITION');
        expect(await activities('second_factor_reset')).toMatchObject([
          { resource: kind, resourceId: id, details: { reason: 'lost phone' } },
        ]);
      });

      it('is not taken from oneself without a code, by an administrator either', async () => {
        const admin = host.as('admin');
        if (kind === 'staff') await admin.staff.update({ id, roles: ['admin'] });
        else await admin.partnerUsers.update({ id, role: 'admin' });
        const me = await signedIn();
        await enrol(me);
        const own = { id, reason: 'no phone at hand' };
        const reset =
          kind === 'staff' ? me.staff.resetSecondFactor(own) : me.partnerUsers.resetSecondFactor(own);
        expect((await refusalOf(reset)).code).toBe('INVALID_TRANSITION');
        expect(await me.account.secondFactor()).toMatchObject({ enrolled: true, recoveryCodesLeft: 10 });
      });

      it('once the organization asks for it, is all that somebody without one can set up', async () => {
        const before = await signedIn();
        await host.as('admin').settings.update({ requireSecondFactor: true });
        const { user, token } = await login();
        expect(user).toMatchObject({ permissions: [], secondFactor: { enrolled: false, mustEnrol: true } });
        const me = host.clientWith(token);
        for (const refused of [me, before]) {
          expect(await refusalOf(refused.partners.list({}))).toMatchObject({
            code: 'FORBIDDEN',
            message: expect.stringContaining('second factor'),
          });
        }
        const { secret } = await enrol(me);
        expect((await me.auth.me()).secondFactor).toEqual({ enrolled: true, mustEnrol: false });
        expect((await me.partners.list({})).items.length).toBeLessThanOrEqual(1);
        expect((await refusalOf(before.auth.me())).code).toBe('UNAUTHENTICATED');
        expect((await refusalOf(me.account.disableSecondFactor({ code: nextCode(secret) }))).code).toBe(
          'INVALID_TRANSITION',
        );
        const again = await signedIn({ code: nextCode(secret) });
        expect((await again.auth.me()).secondFactor.mustEnrol).toBe(false);
      });
    });
  },
);
