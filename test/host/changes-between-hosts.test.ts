import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Change, changeFeed, type Heard } from '#host/changes.ts';
import { changesBetweenHosts } from '#host/changes-between-hosts.ts';
import { testLocation } from '#test/support/databases.ts';

/** A line to PostgreSQL that can go dead without a word, as one through a firewall does. */
async function aLine(to: URL) {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((near) => {
    connections += 1;
    const far = connect(Number(to.port), to.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(to);
  url.port = String((server.address() as AddressInfo).port);
  url.hostname = '127.0.0.1';
  return {
    url: url.href,
    connections: () => connections,
    /** From here on nothing comes through what is open, and nobody is told. */
    goDead: () => {
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

let place: Awaited<ReturnType<typeof testLocation>>;
let line: Awaited<ReturnType<typeof aLine>>;
beforeEach(async () => {
  place = await testLocation('postgres');
  if (place.location.engine !== 'postgres') throw new Error('Not on PostgreSQL.');
  line = await aLine(new URL(place.location.url));
});
afterEach(async () => {
  await line.close();
  await place.remove();
});

it('finds out that a line is dead which nobody has closed, opens another one, and tells everybody to read again', async () => {
  const log = pino({ level: 'silent' });
  const options = { log, beatEvery: 40, answerWithin: 400 };
  const [here, there] = [changeFeed(), changeFeed()];
  if (place.location.engine !== 'postgres') throw new Error('Not on PostgreSQL.');
  const hosts = [
    changesBetweenHosts(here, { ...options, url: line.url }),
    changesBetweenHosts(there, { ...options, url: place.location.url }),
  ];
  const heard: Heard[] = [];
  here.listen((change) => heard.push(change));
  const change = (n: number): Change => ({
    tenantId: '01890000-0000-7000-8000-000000000000',
    resource: 'lead',
    resourceId: `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`,
    partnerId: null,
  });
  try {
    // Said until it is heard: nobody knows when both have a line.
    await expect
      .poll(() => {
        there.publish(change(1));
        return heard.length;
      })
      .toBeGreaterThan(0);
    expect(heard[0]).toEqual(change(1));
    expect(line.connections()).toBe(1);
    line.goDead();
    await expect.poll(() => heard.includes('missed'), { timeout: 10_000 }).toBe(true);
    expect(line.connections()).toBe(2);
    there.publish(change(2));
    await expect.poll(() => heard).toContainEqual(change(2));
  } finally {
    for (const host of hosts) await host.close();
  }
});
