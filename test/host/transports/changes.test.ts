import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { createORPCClient } from '@orpc/client';
import { RPCLink as FetchLink } from '@orpc/client/fetch';
import { RPCLink as PortLink } from '@orpc/client/message-port';
import { SimpleCsrfProtectionLinkPlugin } from '@orpc/client/plugins';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { composeHost, createLog, type Host, type HttpServer, serveHttp, servePorts } from '#host/index.ts';
import type { Client } from '#test/support/host.ts';

const setup = {
  organizationName: 'Live Office',
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  admin: { email: 'a@example.com', password: 'correct horse battery', firstName: 'Ada', lastName: 'Admin' },
};
const aPartner = { partnerType: 'portal', organizationName: 'Hafen', contactEmail: 'a@example.com' } as const;

let folder: string;
let host: Host;
let server: HttpServer;
/** How many hear changes at this moment. */
let listening: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partner-desk-live-'));
  host = await composeHost({ dataFolder: folder, log: createLog('silent') });
  server = await serveHttp(host, { port: 0, screens: join(folder, 'no-screens') });
  listening = 0;
  const { listen } = host.changes;
  host.changes.listen = (listener) => {
    const stop = listen(listener);
    listening += 1;
    return () => {
      listening -= 1;
      stop();
    };
  };
});
afterEach(async () => {
  await server.close();
  await host.close();
  await rm(folder, { recursive: true, force: true });
});

/** A browser that keeps its session itself. */
async function browser(keep: (token: string) => void = () => undefined): Promise<Client> {
  let token: string | undefined;
  const client: Client = createORPCClient(
    new FetchLink({
      url: `${server.url}/rpc`,
      headers: () => (token === undefined ? {} : { authorization: `Bearer ${token}` }),
      plugins: [new SimpleCsrfProtectionLinkPlugin()],
    }),
  );
  const call = { email: setup.admin.email, password: setup.admin.password };
  const rest = (path: string, body: object) =>
    fetch(`${server.url}/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const { needed } = await client.setup.status();
  const answer = await (needed ? rest('/setup', setup) : rest('/auth/login', call));
  const signedIn: unknown = await answer.json();
  token = (signedIn as { token: string }).token;
  keep(token);
  return client;
}

/** A window of the desktop app. */
async function desktop(): Promise<{ client: Client; close: () => void }> {
  const channel = new MessageChannel();
  servePorts(host)(channel.port1, 'desk 1');
  channel.port1.start();
  const client: Client = createORPCClient(new PortLink({ port: channel.port2 }));
  channel.port2.start();
  const { needed } = await client.setup.status();
  if (needed) await client.setup.run(setup);
  else await client.auth.login({ email: setup.admin.email, password: setup.admin.password });
  return {
    client,
    close: () => {
      channel.port1.close();
      channel.port2.close();
    },
  };
}

it('reach a browser, and are given up when it goes away', async () => {
  const client = await browser();
  const leaving = new AbortController();
  const stream = await client.changes.subscribe(undefined, { signal: leaving.signal });
  expect((await stream.next()).value).toEqual({ type: 'ready' });
  const partner = await client.partners.create(aPartner);
  expect((await stream.next()).value).toEqual({
    type: 'change',
    resource: 'partner',
    resourceId: partner.id,
  });
  expect(listening).toBe(1);
  leaving.abort();
  await expect.poll(() => listening).toBe(0);
});

it('reach a window of the desktop app, which shows what a browser changes', async () => {
  const { client, close } = await desktop();
  const leaving = new AbortController();
  const stream = await client.changes.subscribe(undefined, { signal: leaving.signal });
  expect((await stream.next()).value).toEqual({ type: 'ready' });
  const partner = await (await browser()).partners.create(aPartner);
  expect((await stream.next()).value).toMatchObject({ resourceId: partner.id });
  leaving.abort();
  await expect.poll(() => listening).toBe(0);
  close();
});

it('reach a program over REST, as events', async () => {
  let token = '';
  const client = await browser((given) => (token = given));
  const leaving = new AbortController();
  const subscribe = (headers: Record<string, string>) =>
    fetch(`${server.url}/api/v1/changes`, { headers, signal: leaving.signal });
  expect((await subscribe({})).status).toBe(401);
  const answer = await subscribe({ authorization: `Bearer ${token}` });
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  let text = '';
  const reading = (async () => {
    for await (const chunk of answer.body!) text += Buffer.from(chunk).toString();
  })();
  await expect.poll(() => text).toContain('data: {"type":"ready"}');
  const { id } = await client.partners.create(aPartner);
  await expect
    .poll(() => text)
    .toContain(`data: {"type":"change","resource":"partner","resourceId":"${id}"}`);
  leaving.abort();
  await reading.catch(() => undefined);
  await expect.poll(() => listening).toBe(0);
});

it('are kept for nobody who does not read them: such a one is told to read everything again', async () => {
  let token = '';
  const client = await browser((given) => (token = given));
  const { id: partnerId } = await client.partners.create(aPartner);
  const [{ tenantId }] = [await client.auth.me()];
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.write(
    `POST /rpc/changes/subscribe HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n` +
      'x-csrf-token: orpc\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
  );
  let text = '';
  const [changes, refreshes] = [/"type":"change"/g, /"type":"refresh"/g];
  const counted = { changes: 0, refreshes: 0 };
  socket.on('data', (chunk) => {
    text = `${text.slice(-14)}${chunk.toString('latin1')}`;
    counted.changes += text.match(changes)?.length ?? 0;
    counted.refreshes += text.match(refreshes)?.length ?? 0;
  });
  await expect.poll(() => text).toContain('"ready"');
  socket.pause();
  const many = 400_000;
  for (let n = 0; n < many; n += 1) {
    const resourceId = `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`;
    host.changes.publish({ tenantId, resource: 'lead', resourceId, partnerId });
    // What may be written is written meanwhile.
    if (n % 100 === 0) await turn();
  }
  socket.resume();
  await expect.poll(() => counted.refreshes, { timeout: 10_000 }).toBeGreaterThan(0);
  // What the lines of the machine hold between the two, and no more.
  expect(counted.changes).toBeLessThan(many / 4);
  socket.destroy();
  await expect.poll(() => listening).toBe(0);
});

it('end when somebody signs out', async () => {
  const client = await browser();
  const stream = await client.changes.subscribe();
  expect((await stream.next()).value).toEqual({ type: 'ready' });
  await client.auth.logout();
  expect((await stream.next()).done).toBe(true);
  await expect(client.changes.subscribe()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

it('keep neither the server nor the host from closing', async () => {
  const [browsing, { client, close }] = [await browser(), await desktop()];
  const streams = [await browsing.changes.subscribe(), await client.changes.subscribe()];
  for (const stream of streams) await stream.next();
  expect(listening).toBe(2);
  await server.close();
  await host.close();
  expect(listening).toBe(0);
  expect((await streams[1]!.next()).done).toBe(true);
  close();
});
