import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeHost, createLog, type Host, type HttpServer, serveHttp } from '#host/index.ts';
import { smtpServer } from '#test/support/smtp.ts';

const password = 'correct horse battery';
const kim = { email: 'kim@hafen.example', firstName: 'Kim', lastName: 'Berg', role: 'lead_manager' };

interface Answer {
  status: number;
  body: {
    id: string;
    token: string;
    secret: string;
    message: string;
    recoveryCodes: string[];
    fields: { path: string }[];
    items: { id: string; partnerId: string }[];
    invitation: { token: string };
    mailedTo: string | null;
    user: object;
    qualityScore: number;
  };
}

describe('a partner’s person over REST', () => {
  let folder: string;
  let host: Host;
  let server: HttpServer;
  let office = '';
  let own = '';
  let other = '';

  const rest = async (token: string, method: string, path: string, body?: object): Promise<Answer> => {
    const answer = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  };
  const partner = async (organizationName: string): Promise<string> => {
    const application = { organizationName, partnerType: 'vendor', contactEmail: 'office@hafen.example' };
    const { body } = await rest(office, 'POST', '/partners', application);
    const approval = { override: true, reason: 'known for years' };
    expect((await rest(office, 'POST', `/partners/${body.id}/approve`, approval)).status).toBe(200);
    return body.id;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-http-'));
    host = await composeHost({ dataFolder: folder, log: createLog('silent') });
    server = await serveHttp(host, { port: 0, screens: join(folder, 'no-screens') });
    const admin = { email: 'admin@example.com', password, firstName: 'Ada', lastName: 'Admin' };
    const setup = { organizationName: 'Wire Office', currency: 'EUR', timeZone: 'Europe/Berlin', admin };
    office = (await rest('', 'POST', '/setup', setup)).body.token;
    await rest(office, 'PATCH', '/settings', { fourEyes: false });
    [own, other] = [await partner('Hafen'), await partner('Other')];
  });
  afterAll(async () => {
    await server.close();
    await host.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('is e-mailed the link where that is set up, and is told to nobody else', async () => {
    const smtp = await smtpServer();
    try {
      await rest(office, 'PATCH', '/settings', { publicUrl: 'https://desk.example.com' });
      const mail = { isEnabled: true, host: '127.0.0.1', port: smtp.port, security: 'none', userName: null };
      const from = { fromName: 'Wire Office', fromAddress: 'office@wire.example' };
      expect((await rest(office, 'PUT', '/mail/settings', { ...mail, ...from })).status).toBe(200);
      const ida = { ...kim, email: 'ida@hafen.example' };
      const { status, body } = await rest(office, 'POST', `/partners/${own}/users`, ida);
      expect([status, body.invitation, body.mailedTo]).toEqual([200, null, ida.email]);
      // The host sends by itself, soon after.
      await expect.poll(() => smtp.to(ida.email).length, { timeout: 20_000 }).toBe(1);
      const token = /accept-invitation#([\w-]+)/.exec(smtp.to(ida.email)[0]?.mail.text ?? '')?.[1];
      expect((await rest('', 'POST', '/auth/accept-invitation', { token, password })).status).toBe(200);
      const again = await rest(office, 'POST', `/partner-users/${body.id}/invite`, { byMail: false });
      expect(again.body).toMatchObject({ mailedTo: null, invitation: { token: expect.any(String) } });
      await rest(office, 'PUT', '/mail/settings', { ...mail, ...from, isEnabled: false });
      const asked = await rest(office, 'POST', `/partner-users/${body.id}/invite`, { byMail: true });
      expect(asked).toMatchObject({ status: 400, body: { fields: [{ path: 'byMail' }] } });
    } finally {
      await smtp.close();
    }
  });

  it('finds its partner among those that can’t be paid, and staff find all of them', async () => {
    const found = async (query: string, token = office) =>
      (await rest(token, 'GET', `/partners?${query}`)).body.items.map(({ id }) => id).toSorted();
    expect(await found('payable=true')).toEqual([]);
    expect(await found('payable=false')).toEqual([own, other].toSorted());
    expect((await rest(office, 'GET', '/partners?payable=perhaps')).status).toBe(400);
  });

  it('is invited, signs in, works for the own partner, and takes a second factor', async () => {
    const { body: invited } = await rest(office, 'POST', `/partners/${own}/users`, kim);
    const token = invited.invitation.token;
    expect((await rest('', 'POST', '/auth/accept-invitation', { token, password })).status).toBe(200);
    expect((await rest('', 'POST', '/auth/accept-invitation', { token, password })).status).toBe(404);
    const signIn = (code?: string) =>
      rest('', 'POST', '/auth/login', { email: kim.email, password, ...(code !== undefined && { code }) });
    const { body: session } = await signIn();
    expect(session.user).toMatchObject({ kind: 'partner_user', partnerId: own, partnerRole: 'lead_manager' });

    const lead = {
      leadData: { firstName: 'Jo', lastName: 'Sun', email: 'jo@example.com', phone: '+49301234567' },
    };
    const submitted = await rest(session.token, 'POST', `/partners/${own}/leads`, lead);
    expect(submitted).toMatchObject({ status: 200, body: { qualityScore: 30, submittedBy: invited.id } });
    expect((await rest(session.token, 'POST', `/partners/${other}/leads`, lead)).status).toBe(404);
    expect((await rest(session.token, 'GET', `/partners/${other}`)).status).toBe(404);
    expect((await rest(session.token, 'GET', '/leads')).body.items).toMatchObject([{ partnerId: own }]);
    expect((await rest(session.token, 'GET', `/leads?partnerId=${other}`)).body.items).toEqual([]);
    expect((await rest(session.token, 'POST', `/leads/${submitted.body.id}/approve`)).status).toBe(403);
    expect((await rest(session.token, 'GET', '/activities')).status).toBe(403);
    expect((await rest(session.token, 'GET', `/partner-users/by-email/${kim.email}`)).body.id).toBe(
      invited.id,
    );

    const { body: offered } = await rest(session.token, 'POST', '/auth/second-factor/enrol');
    const code = (ahead: number) =>
      new TOTP({ secret: Secret.fromBase32(offered.secret) }).generate({
        timestamp: Date.now() + ahead * 30_000,
      });
    const confirmed = await rest(session.token, 'POST', '/auth/second-factor/confirm', { code: code(0) });
    expect(confirmed.body.recoveryCodes).toHaveLength(10);
    expect(await signIn()).toMatchObject({ status: 401, body: { fields: [{ path: 'code' }] } });
    expect((await signIn(code(1))).status).toBe(200);
    expect((await signIn(confirmed.body.recoveryCodes[0])).status).toBe(200);

    const reason = { reason: 'lost phone' };
    const reset = await rest(office, 'POST', `/partner-users/${invited.id}/second-factor/reset`, reason);
    expect(reset.status).toBe(200);
    expect((await signIn()).status).toBe(200);
    expect((await rest(office, 'POST', `/partner-users/${invited.id}/deactivate`, {})).status).toBe(200);
    expect((await signIn()).status).toBe(401);
  });
});
