import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  actAs,
  addTenant,
  composeHost,
  createLog,
  type Host,
  type HttpServer,
  serveHttp,
} from '#host/index.ts';

describe('an upload that breaks off', () => {
  const admin = { email: 'ada@example.com', password: 'correct horse battery' };
  // What is wrong with the body is told before anybody looks for the partner.
  const path = '/api/v1/partners/01890000-0000-7000-8000-000000000001/leads/import';
  const begunForm = [
    '--edge',
    'content-disposition: form-data; name="file"; filename="leads.csv"',
    'content-type: text/csv',
    '',
    'First,Last,Email,Phone',
    'Joe,Summer,joe@example.com,+49 30 1000001',
    '',
  ].join('\r\n');
  const form = 'multipart/form-data; boundary=edge';
  const patience = { timeout: 20_000 };
  let folder: string;
  let host: Host;
  let server: HttpServer;
  let token: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-broken-'));
    host = await composeHost({ dataFolder: folder, log: createLog('silent'), throwAway: true });
    await addTenant(host, {
      organizationName: 'Office',
      currency: 'EUR',
      timeZone: 'UTC',
      admin: { ...admin, firstName: 'Ada', lastName: 'Admin' },
    });
    server = await serveHttp(host, { port: 0, screens: join(folder, 'no-screens') });
    ({ token } = await (await actAs(host, admin.email)).client.auth.login(admin));
  });
  afterAll(async () => {
    await server.close();
    await host.close();
    await rm(folder, { recursive: true, force: true });
  });

  const uploads = () => readdir(join(folder, 'uploads'));
  const received = async (): Promise<number> => {
    const [file] = (await uploads()).filter((name) => name.endsWith('.part'));
    return file === undefined ? 0 : (await stat(join(folder, 'uploads', file))).size;
  };

  it.each([
    ['as a form', form, begunForm],
    ['as the body itself', 'text/csv', 'First,Last,Email,Phone\n'],
  ])('because its caller went away leaves nothing, sent %s', async (_how, type, begun) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n` +
        `content-type: ${type}\r\ncontent-length: 1000000\r\n\r\n${begun}`,
    );
    socket.write('x'.repeat(200_000));
    await expect.poll(received, patience).toBeGreaterThan(0);
    socket.destroy();
    await once(socket, 'close');
    await expect.poll(uploads, patience).toEqual([]);
  });

  it('in the middle of a form that came whole is refused, and the program goes on', async () => {
    const answer = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': form },
      body: begunForm,
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'VALIDATION' });
    await expect.poll(uploads, patience).toEqual([]);
  });
});
