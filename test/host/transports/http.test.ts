import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeHost, createLog, type Host, type HttpServer, serveHttp } from '#host/index.ts';
import type { Client } from '#test/support/host.ts';

const setupBody = {
  organizationName: 'Wire Office',
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  admin: {
    email: 'admin@example.com',
    password: 'correct horse battery',
    firstName: 'Ada',
    lastName: 'Admin',
  },
};

/** What the answers of these tests may hold. */
interface Answer {
  code: string;
  message: string;
  fields: { path: string }[];
  token: string;
  user: unknown;
  organizationName: string;
  json: { token: string };
  openapi: string;
  paths: Record<string, { post: { responses: object } }>;
}
async function bodyOf(answer: Response): Promise<Answer> {
  return (await answer.json()) as Answer;
}

describe('the host over HTTP', () => {
  let folder: string;
  let host: Host;
  let server: HttpServer;
  let token: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-http-'));
    host = await composeHost({ dataFolder: folder, log: createLog('silent') });
    server = await serveHttp(host, { port: 0, screens: join(folder, 'no-screens') });
  });
  afterAll(async () => {
    await server.close();
    await host.close();
    await rm(folder, { recursive: true, force: true });
  });

  const rest = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && typeof body !== 'string' && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });

  it('tells its health before anything is set up', async () => {
    const answer = await rest('GET', '/health');
    expect(answer.status).toBe(200);
    expect(await bodyOf(answer)).toEqual({ status: 'ok', version: host.version, engine: 'sqlite' });
  });

  it('sets up once, and the token opens the rest', async () => {
    expect(await bodyOf(await rest('GET', '/setup'))).toEqual({ needed: true });
    const [first, second] = await Promise.all([
      rest('POST', '/setup', setupBody),
      rest('POST', '/setup', setupBody),
    ]);
    expect(new Set([first.status, second.status])).toEqual(new Set([200, 409]));
    const done = await bodyOf(first.status === 200 ? first : second);
    expect(done.user).toMatchObject({ email: 'admin@example.com', roles: ['admin'] });
    token = done.token;
    expect((await bodyOf(await rest('GET', '/auth/me'))).organizationName).toBe('Wire Office');
  });

  it('answers errors with code, message and fields', async () => {
    const bad = await rest('POST', '/staff', {
      email: 'nope',
      firstName: 'A',
      lastName: 'B',
      roles: ['king'],
      password: 'x',
    });
    expect(bad.status).toBe(400);
    const body = await bodyOf(bad);
    expect(body.code).toBe('VALIDATION');
    expect(body.fields.map((field) => field.path).toSorted()).toEqual(['email', 'password', 'roles.0']);
    expect(Object.keys(body).toSorted()).toEqual(['code', 'fields', 'message']);
    const foreign = await rest('GET', '/partners/01890000-0000-7000-8000-000000000000');
    expect(foreign.status).toBe(404);
    expect((await bodyOf(foreign)).code).toBe('NOT_FOUND');
  });

  it.each([
    ['no token', {}, 401],
    ['a made-up token', { authorization: `Bearer ${'a'.repeat(43)}` }, 401],
    ['a basic sign-in', { authorization: 'Basic YWRtaW46YWRtaW4=' }, 401],
  ])('refuses %s', async (_what, headers, status) => {
    const answer = await fetch(`${server.url}/api/v1/partners`, { headers });
    expect(answer.status).toBe(status);
    expect((await bodyOf(answer)).code).toBe('UNAUTHENTICATED');
  });

  it.each([
    ['broken JSON', '{"email":', 'application/json'],
    ['a body that is no JSON', 'email=a', 'application/x-www-form-urlencoded'],
    ['an array instead of an object', '[]', 'application/json'],
    ['nothing at all', '', 'application/json'],
  ])('answers %s with a refusal', async (_what, body, type) => {
    const answer = await rest('POST', '/staff', body, { 'content-type': type });
    expect(answer.status).toBe(400);
    expect((await bodyOf(answer)).code).toBe('VALIDATION');
  });

  it('refuses a body beyond the limit in words that reach who sends it', async () => {
    for (let attempt = 0; attempt < 3; attempt++) {
      const answer = await rest('POST', '/staff', JSON.stringify({ email: 'a'.repeat(9 * 1024 * 1024) }), {
        'content-type': 'application/json',
      });
      expect(answer.status).toBe(400);
      expect(await bodyOf(answer)).toMatchObject({
        code: 'VALIDATION',
        message: 'The body is too large: 8 MB are the most.',
      });
    }
  });

  it('does not offer the calls of the screens, and knows no other address', async () => {
    for (const path of ['/uploads/begin', '/nothing', '/partners/x/y/z']) {
      const answer = await rest('POST', path, {});
      expect(answer.status).toBe(404);
      expect((await bodyOf(answer)).code).toBe('NOT_FOUND');
    }
  });

  it('keeps the browser’s session in a cookie that scripts can’t read, and asks for the header that forms can’t send', async () => {
    const call = (path: string, headers: Record<string, string>, input: unknown = {}) =>
      fetch(`${server.url}/rpc/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ json: input }),
      });
    const signIn = { email: setupBody.admin.email, password: setupBody.admin.password };
    const withoutHeader = await call('auth/login', {}, signIn);
    expect(withoutHeader.status).toBe(403);
    const answer = await call('auth/login', { 'x-csrf-token': 'orpc' }, signIn);
    expect(answer.status).toBe(200);
    expect((await bodyOf(answer)).json.token).toBe('');
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    // Behind a proxy that encrypts, the browser keeps it off every line that is not.
    expect(cookie).not.toMatch(/Secure/);
    const behind = { 'x-csrf-token': 'orpc', 'x-forwarded-proto': 'https' };
    expect((await call('auth/login', behind, signIn)).headers.get('set-cookie')).toMatch(/; Secure$/);
    const session = cookie.split(';')[0] ?? '';
    expect((await call('auth/me', { 'x-csrf-token': 'orpc', cookie: session })).status).toBe(200);
    expect((await call('auth/me', { cookie: session })).status).toBe(403);
    // REST takes no cookie: another site's form could send it.
    expect((await fetch(`${server.url}/api/v1/auth/me`, { headers: { cookie: session } })).status).toBe(401);
  });

  it('serves the same calls typed, with the code and fields of a refusal', async () => {
    const client: Client = createORPCClient(
      new RPCLink({
        url: `${server.url}/rpc`,
        headers: { authorization: `Bearer ${token}`, 'x-csrf-token': 'orpc' },
      }),
    );
    expect((await client.staff.list({})).items).toHaveLength(1);
    await expect(client.partners.get({ id: '01890000-0000-7000-8000-000000000000' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      status: 404,
    });
  });

  it('answers only to its own name, so that another site can’t reach it by a name of its own', async () => {
    const { port } = new URL(server.url);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request(
        { host: '127.0.0.1', port, path: '/api/v1/health', headers: { host: 'evil.example' } },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      )
        .on('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });

  it('describes itself, and shows the description without the network', async () => {
    const description = await bodyOf(await rest('GET', '/openapi.json'));
    expect(description.openapi).toMatch(/^3\.1/);
    expect(Object.keys(description.paths)).toContain('/payouts/{id}/approve');
    expect(description.paths['/partners/{id}/approve']?.post.responses).toHaveProperty('403');
    const page = await fetch(`${server.url}/api/v1/docs`);
    expect(page.status).toBe(200);
    const html = await page.text();
    expect(html).not.toMatch(/https?:\/\//);
    for (const [, path] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect((await fetch(`${server.url}${path}`)).status).toBe(200);
    }
  });

  it('stores nothing of an import from someone who may not import', async () => {
    const path = '/partners/01890000-0000-7000-8000-000000000000/leads/import';
    const answer = await fetch(`${server.url}/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: 'email,phone\n',
    });
    expect(answer.status).toBe(401);
    expect(await readdir(join(folder, 'uploads'))).toEqual([]);
    const json = await rest('POST', path, { rows: [] });
    expect(json.status).toBe(400);
    expect((await bodyOf(json)).message).toContain('text/csv');
  });
});

describe('shutting down', () => {
  it('finishes what is under way, then takes no more calls', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'partner-desk-stop-'));
    const host = await composeHost({ dataFolder: folder, log: createLog('silent') });
    const server = await serveHttp(host, { port: 0, screens: folder });
    const body = JSON.stringify(setupBody);
    const { port } = new URL(server.url);
    let closing: Promise<void> | undefined;
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const underWay = request({
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/api/v1/setup',
        headers: {
          'content-type': 'application/json',
          'content-length': body.length,
          expect: '100-continue',
        },
      });
      // The server has the request in hand when it asks for the body: only then does the shutdown begin.
      underWay.on('continue', () => {
        closing = server.close();
        underWay.end(body);
      });
      underWay.on('response', (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      underWay.on('error', reject);
      underWay.flushHeaders();
    });
    await closing;
    await host.close();
    expect(status).toBe(200);
    await expect(fetch(`${server.url}/api/v1/health`)).rejects.toThrow('fetch failed');
    await rm(folder, { recursive: true, force: true });
  });
});
