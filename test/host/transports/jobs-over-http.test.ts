import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  actAs,
  addTenant,
  composeHost,
  createLog,
  type Host,
  type HttpServer,
  serveHttp,
} from '#host/index.ts';

/** What the tests read of the bodies they get. */
interface Body {
  id: string;
  code: string;
  message: string;
  status: string;
  token: string;
  uploadId: string;
  items: Body[];
  canResume: boolean;
  result: { accepted: number } | null;
  accepted: number;
  total: number;
}

const admin = { email: 'ada@example.com', password: 'correct horse battery' };
const csv = (rows: number) =>
  [
    'First,Last,Email,Phone',
    ...Array.from({ length: rows }, (_, n) => `A,B${n},a${n}@example.com,+49 30 ${1_000_000 + n}`),
  ].join('\n');

let folder: string;
let host: Host;
let server: HttpServer;
let token: string;
let partnerId: string;

async function open(now?: () => string): Promise<void> {
  host = await composeHost({ dataFolder: folder, log: createLog('silent'), ...(now && { now }) });
  server = await serveHttp(host, { port: 0, screens: join(folder, 'no-screens') });
  token = (await call('POST', '/auth/login', admin)).body.token;
}

async function call(
  method: string,
  path: string,
  body?: object | string,
): Promise<{ status: number; text: string; body: Body }> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': typeof body === 'string' ? 'text/csv' : 'application/json',
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, text, body: isJson ? JSON.parse(text) : {} };
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partner-desk-test-'));
  host = await composeHost({ dataFolder: folder, log: createLog('silent') });
  await addTenant(host, {
    organizationName: 'Office',
    currency: 'EUR',
    timeZone: 'UTC',
    admin: { ...admin, firstName: 'Ada', lastName: 'Admin' },
  });
  const { client } = await actAs(host, admin.email);
  await client.settings.update({ fourEyes: false });
  const partner = await client.partners.create({
    partnerType: 'portal',
    organizationName: 'Hafen',
    contactEmail: 'partner@example.com',
  });
  await client.partners.approve({ id: partner.id, override: true, reason: 'Known to us.' });
  partnerId = partner.id;
  await host.close();
  await open();
});
afterEach(async () => {
  await server.close();
  await host.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function sent(content: string): Promise<string> {
  const bytes = Buffer.from(content);
  const { uploadId } = (await call('POST', '/uploads', { fileName: 'a.csv', size: bytes.length })).body;
  for (let offset = 0; offset < bytes.length; offset += 100_000) {
    const data = bytes.subarray(offset, offset + 100_000).toString('base64');
    expect((await call('POST', `/uploads/${uploadId}/append`, { offset, data })).status).toBe(200);
  }
  return uploadId;
}

it('starts, watches, lists and cancels jobs for a program', async () => {
  const input = { partnerId, uploadId: await sent(csv(300)) };
  const started = await call('POST', '/jobs', { kind: 'lead_import', input });
  expect(started.status).toBe(200);
  const { id } = started.body;
  const watched = await call('GET', `/jobs/${id}/watch`);
  const events = watched.text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line): Body => JSON.parse(line.slice(6)));
  expect(events.at(-1)).toMatchObject({ id, status: 'completed', result: { accepted: 300 } });
  expect((await call('GET', `/jobs/${id}`)).body).toEqual(events.at(-1));
  expect((await call('GET', '/jobs?kind=lead_import&mine=true&total=true')).body).toMatchObject({
    items: [{ id }],
    total: 1,
  });
  expect(await call('POST', `/jobs/${id}/cancel`, {})).toMatchObject({
    status: 409,
    body: { code: 'INVALID_TRANSITION' },
  });
  expect((await call('POST', '/jobs', { kind: 'nonsense', input: {} })).status).toBe(400);
});

it('stops a long call when the programme is closed, tells its caller, and goes on with it afterwards', async () => {
  const rows = 20_000;
  const importing = call('POST', `/partners/${partnerId}/leads/import`, csv(rows));
  // Until it has taken something in.
  for (let accepted = 0; accepted === 0; ) {
    accepted = (await call('GET', '/imports')).body.items[0]?.accepted ?? 0;
  }
  await server.close();
  await host.close();
  const answer = await importing;
  expect(answer).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
  expect(answer.body.message).toMatch(/resume/);

  await open();
  const [job] = (await call('GET', '/jobs?status=interrupted')).body.items;
  expect(job).toMatchObject({ canResume: true });
  await call('POST', `/jobs/${job!.id}/resume`, {});
  await call('GET', `/jobs/${job!.id}/watch`);
  const { status, result } = (await call('GET', `/jobs/${job!.id}`)).body;
  expect([status, result?.accepted]).toEqual(['completed', rows]);
  expect((await call('GET', '/leads?limit=1&total=true')).body.total).toBe(rows);
});

it('begins days later, clears away what was left lying, and still has the file of an interrupted import', async () => {
  const rows = 6000;
  const started = await call('POST', '/jobs', {
    kind: 'lead_import',
    input: { partnerId, uploadId: await sent(csv(rows)) },
  });
  const forgotten = await sent(csv(3));
  for (let accepted = 0; accepted === 0; ) {
    accepted = (await call('GET', '/imports')).body.items[0]?.accepted ?? 0;
  }
  await server.close();
  await host.close();

  const later = 3 * 86_400_000;
  await open(() => new Date(Date.now() + later).toISOString());
  const left = await readdir(join(folder, 'uploads'));
  expect(left.filter((name) => name.startsWith(forgotten))).toEqual([]);
  expect(left).toHaveLength(2);
  expect((await call('GET', `/jobs/${started.body.id}`)).body.status).toBe('interrupted');
  await call('POST', `/jobs/${started.body.id}/resume`, {});
  await call('GET', `/jobs/${started.body.id}/watch`);
  const { status, result } = (await call('GET', `/jobs/${started.body.id}`)).body;
  expect([status, result?.accepted]).toEqual(['completed', rows]);
  await host.jobs.stop();
  expect(await readdir(join(folder, 'uploads'))).toEqual([]);
});
