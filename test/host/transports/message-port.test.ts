import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import { afterEach, describe, expect, it } from 'vitest';
import { composeHost, createLog, type Host, servePorts } from '#host/index.ts';
import type { Client } from '#test/support/host.ts';

describe('the host over message ports', () => {
  let folder: string;
  let host: Host;
  const ports: MessageChannel[] = [];
  afterEach(async () => {
    for (const { port1, port2 } of ports.splice(0)) {
      port1.close();
      port2.close();
    }
    await host.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start() {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-port-'));
    host = await composeHost({ dataFolder: folder, log: createLog('silent') });
    const attach = servePorts(host);
    return (): Client => {
      const channel = new MessageChannel();
      ports.push(channel);
      attach(channel.port1, 'desk 1');
      channel.port1.start();
      const client: Client = createORPCClient(new RPCLink({ port: channel.port2 }));
      channel.port2.start();
      return client;
    };
  }

  it('keeps the session with the window’s port and never hands over its token', async () => {
    const connect = await start();
    const window1 = connect();
    const window2 = connect();
    expect(await window1.setup.status()).toEqual({ needed: true });
    const { token, user } = await window1.setup.run({
      organizationName: 'Port Office',
      currency: 'EUR',
      timeZone: 'Europe/Berlin',
      admin: {
        email: 'a@example.com',
        password: 'correct horse battery',
        firstName: 'Ada',
        lastName: 'Admin',
      },
    });
    expect(token).toBe('');
    expect((await window1.auth.me()).id).toBe(user.id);
    await expect(window2.auth.me()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
    await window1.auth.logout();
    await expect(window1.auth.me()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('carries refusals with their fields', async () => {
    const connect = await start();
    const client = connect();
    await expect(client.auth.login({ email: 'a@example.com', password: 'wrong' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      data: { fields: [{ path: 'password' }] },
    });
  });
});
