import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { composeHost, createLog, type Host, type HttpServer, serveHttp } from '#host/index.ts';
import { aMailServer } from '../../mail/mail-stories.ts';

interface Answer {
  token: string;
  id: string;
  items: { id: string; event: string; readAt: string | null; status: string }[];
  unreadCount: number;
  ok: boolean;
  settings: { host: string };
  subject: string;
  isDefault: boolean;
  fields: { path: string; message: string }[];
  code: string;
}

let folder: string;
let host: Host;
let server: HttpServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partner-desk-told-'));
  host = await composeHost({ dataFolder: folder, log: createLog('silent') });
  server = await serveHttp(host, { port: 0, screens: join(folder, 'no-screens') });
});
afterAll(async () => {
  await server.close();
  await host.close();
  await rm(folder, { recursive: true, force: true });
});

async function rest(token: string | null, method: string, path: string, body?: object) {
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Answer };
}

it('works over REST, from the event to the e-mail', async () => {
  const admin = {
    email: 'a@example.com',
    password: 'correct horse battery',
    firstName: 'Ada',
    lastName: 'Admin',
  };
  const setup = { organizationName: 'Office', currency: 'EUR', timeZone: 'Europe/Berlin', admin };
  const { token } = (await rest(null, 'POST', '/setup', setup)).body;
  const person = { firstName: 'Max', lastName: 'Manager', password: 'correct horse battery' };
  await rest(token, 'POST', '/staff', { ...person, email: 'm@example.com', roles: ['partner_manager'] });
  const manager = (
    await rest(null, 'POST', '/auth/login', { email: 'm@example.com', password: person.password })
  ).body.token;
  const partner = { partnerType: 'portal', organizationName: 'Hafen', contactEmail: 'h@example.com' };
  const { id } = (await rest(manager, 'POST', '/partners', partner)).body;
  await rest(token, 'POST', `/partners/${id}/reject`, { reason: 'No tax id.' });

  const list = await rest(manager, 'GET', '/notifications?unread=true&limit=1');
  expect(list).toMatchObject({
    status: 200,
    body: { unreadCount: 1, items: [{ event: 'partner_rejected' }] },
  });
  const read = await rest(manager, 'POST', `/notifications/${list.body.items[0]!.id}/read`);
  expect(read.status).toBe(200);
  expect((await rest(manager, 'GET', '/notifications')).body.unreadCount).toBe(0);
  expect((await rest(manager, 'POST', '/notifications/read-all')).body).toEqual({ ok: true });
  expect((await rest(token, 'POST', `/notifications/${id}/read`)).status).toBe(404);
  expect((await rest(null, 'GET', '/notifications')).status).toBe(401);
  const chosen = await rest(manager, 'PATCH', '/notifications/preferences', {
    byMail: { partner_suspended: false },
  });
  expect(chosen.status).toBe(200);

  const smtp = await aMailServer();
  const event = '/notification-templates/partner_rejected';
  const words = { subject: 'Nein: {{ partnerName }}', bodyText: '{{ reason }}', bodyHtml: '{{ reason }}' };
  const wrong = await rest(token, 'PUT', event, { ...words, bodyText: '{{ nope }}' });
  expect(wrong).toMatchObject({ status: 400, body: { code: 'VALIDATION', fields: [{ path: 'bodyText' }] } });
  expect((await rest(token, 'PUT', event, words)).body).toMatchObject({ isDefault: false });
  expect((await rest(token, 'POST', `${event}/preview`, {})).body.subject).toBe('Nein: Hafen Immobilien');
  const settings = {
    isEnabled: true,
    host: '127.0.0.1',
    port: smtp.port,
    security: 'none',
    userName: null,
    fromName: 'Office',
    fromAddress: 'office@example.com',
  };
  expect((await rest(manager, 'PUT', '/mail/settings', settings)).status).toBe(403);
  expect((await rest(token, 'PUT', '/mail/settings', settings)).status).toBe(200);
  expect((await rest(token, 'POST', '/mail/test', {})).body).toMatchObject({ ok: true });
  // The host's own sender: it looks soon after it was told that mail is set up.
  await expect.poll(() => smtp.to('m@example.com').length, { timeout: 10_000 }).toBe(1);
  expect(smtp.to('m@example.com')[0]?.mail.subject).toBe('Nein: Hafen');
  await expect
    .poll(async () => (await rest(token, 'GET', '/mail/outbox?status=sent')).body.items.length)
    .toBe(1);
  expect((await rest(token, 'DELETE', event)).body).toMatchObject({ isDefault: true });
});
