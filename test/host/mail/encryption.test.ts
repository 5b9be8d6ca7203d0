import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Certificate, selfSigned } from '#test/support/certificate.ts';
import { refusalOf, type TestHost, testHost } from '#test/support/host.ts';
import {
  aMailServer,
  aPartnerWithPerson,
  aSender,
  outboxOf,
  rejectALead,
  setUpMail,
} from './mail-stories.ts';

/** What a wire shows has nothing to do with the database. */
describe('the line to the mail server', () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await testHost('sqlite');
  });
  afterEach(() => host.close());

  const login = { user: 'office', pass: 'geheim-17' };
  const here = '127.0.0.1';
  const ways = [
    { from: 'start', security: 'tls' },
    { from: 'starttls', security: 'starttls' },
  ] as const;

  function setUp(port: number, security: 'tls' | 'starttls', certificate?: Certificate | null) {
    const caCertificate = certificate === null ? null : certificate?.cert;
    return setUpMail(host, port, { security, userName: login.user, password: login.pass, caCertificate });
  }

  it.each(ways)(
    'by $security is not used where nobody vouches for the server',
    async ({ from, security }) => {
      const certificate = selfSigned(here);
      const smtp = await aMailServer(login, { ...certificate, from });
      await setUp(smtp.port, security);
      expect(await host.as('admin').mail.test({})).toMatchObject({
        ok: false,
        answer: expect.stringMatching(/self-signed certificate/),
      });
      const { partner, person } = await aPartnerWithPerson(host);
      await rejectALead(host, partner);
      const sender = aSender(host);
      await sender.run();
      // Neither the password nor a word of the e-mail went over it, and nothing is given up for it.
      expect([smtp.logins, smtp.received]).toEqual([0, []]);
      const waiting = await outboxOf(host, person.email);
      expect(waiting).toMatchObject([{ status: 'queued' }]);

      expect((await setUp(smtp.port, security, certificate)).settings?.caCertificate).toBe(
        certificate.cert.trim(),
      );
      host.clock.advance(60);
      await sender.run();
      expect(smtp.to(person.email)).toMatchObject([{ isSecure: true }]);
      expect(await outboxOf(host, person.email)).toMatchObject([{ status: 'sent' }]);
    },
  );

  it.each(ways)('by $security is not used where the certificate is of another server', async (way) => {
    const elsewhere = selfSigned('mail.nordwind.example');
    const smtp = await aMailServer(login, { ...elsewhere, from: way.from });
    await setUp(smtp.port, way.security, elsewhere);
    expect(await host.as('admin').mail.test({})).toMatchObject({
      ok: false,
      answer: expect.stringMatching(/IP: 127\.0\.0\.1 is not in the cert's list/),
    });
    expect([smtp.logins, smtp.received]).toEqual([0, []]);
  });

  it('is not used where the certificate is over', async () => {
    const old = selfSigned(here, { expired: true });
    const smtp = await aMailServer(login, { ...old, from: 'start' });
    await setUp(smtp.port, 'tls', old);
    const answer = await host.as('admin').mail.test({});
    expect(answer).toMatchObject({ ok: false, answer: expect.stringMatching(/certificate has expired/) });
    expect(smtp.logins).toBe(0);
  });

  it('is asked for by STARTTLS, and not used where the server knows none', async () => {
    const smtp = await aMailServer(login);
    await setUp(smtp.port, 'starttls');
    const answer = await host.as('admin').mail.test({});
    expect(answer).toMatchObject({ ok: false, answer: expect.stringMatching(/STARTTLS/i) });
    expect(smtp.logins).toBe(0);
  });

  it('trusts whom the settings name until they name nobody any more', async () => {
    const certificate = selfSigned(here);
    const smtp = await aMailServer(login, { ...certificate, from: 'start' });
    await setUp(smtp.port, 'tls', certificate);
    expect(await host.as('admin').mail.test({})).toMatchObject({ ok: true });
    // Left out it stays.
    await setUp(smtp.port, 'tls');
    expect(await host.as('admin').mail.test({})).toMatchObject({ ok: true });
    expect((await setUp(smtp.port, 'tls', null)).settings?.caCertificate).toBeNull();
    expect(await host.as('admin').mail.test({})).toMatchObject({ ok: false });
  });

  it.each([
    'nonsense',
    '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
    // A key has no business here, and would be shown to everybody who may read the settings.
    `${selfSigned('a').cert}${selfSigned('a').key}`,
  ])('takes nothing but certificates: %#', async (pem) => {
    const refused = setUp(2525, 'tls', { cert: pem, key: '' });
    expect(await refusalOf(refused)).toMatchObject({
      code: 'VALIDATION',
      data: { fields: [{ path: 'caCertificate' }] },
    });
    expect((await host.as('admin').mail.settings()).settings).toBeNull();
  });
});
