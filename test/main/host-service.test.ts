import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databaseFile } from '#host/index.ts';
import type { Client } from '#test/support/host.ts';
import { serveShell } from '../../src/main/host-service.ts';

describe('the host’s own process', () => {
  let folder: string;
  const channels: MessageChannel[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-process-'));
  });
  afterEach(async () => {
    for (const { port1, port2 } of channels.splice(0)) {
      port1.close();
      port2.close();
    }
    await rm(folder, { recursive: true, force: true });
  });

  /** The shell's end of the line: what it says, and what comes back. */
  function shell() {
    const line = new EventEmitter();
    const back = new EventEmitter();
    serveShell(
      Object.assign(line, { postMessage: (message: { kind: string }) => back.emit(message.kind, message) }),
      { PARTNER_DESK_LOG: 'silent' },
      (code) => back.emit('left', code),
    );
    const says = (data: unknown, ports: unknown[] = []) => line.emit('message', { data, ports });
    return {
      says,
      hears: async (kind: string): Promise<unknown> => (await once(back, kind))[0],
      open: () => says({ kind: 'open', dataFolder: folder, station: 'desk 1' }),
      connect: (): Client => {
        const channel = new MessageChannel();
        channels.push(channel);
        says({ kind: 'port' }, [channel.port1]);
        const client: Client = createORPCClient(new RPCLink({ port: channel.port2 }));
        channel.port2.start();
        return client;
      },
    };
  }

  it('serves the windows’ ports, also those that came before the database was open, and closes when told', async () => {
    const { says, hears, open, connect } = shell();
    const ready = hears('ready');
    open();
    expect(await connect().setup.status()).toEqual({ needed: true });
    await ready;
    expect(await connect().setup.status()).toEqual({ needed: true });
    const left = hears('left');
    says({ kind: 'close' });
    expect(await left).toBe(0);
    // SQLite folds its log into the file when the last connection is closed.
    expect(existsSync(`${databaseFile(folder)}-wal`)).toBe(false);
    const file = new BetterSqlite3(databaseFile(folder), { readonly: true });
    expect(file.pragma('integrity_check', { simple: true })).toBe('ok');
    file.close();
  });

  it('refuses a database of a newer version with its sentence', async () => {
    const first = shell();
    const ready = first.hears('ready');
    first.open();
    await ready;
    const closed = first.hears('left');
    first.says({ kind: 'close' });
    await closed;
    const file = new BetterSqlite3(databaseFile(folder));
    file.exec(
      "INSERT INTO schema_migrations (number, name, applied_at) VALUES (9999, 'later', '2030-01-01')",
    );
    file.close();

    const second = shell();
    const [refused, left] = [second.hears('refused'), second.hears('left')];
    second.open();
    expect(await refused).toMatchObject({ sentence: expect.stringContaining('newer') });
    expect(await left).toBe(1);
  });

  it('leaves with an error where the data can’t be opened, so that the shell starts it again', async () => {
    const { says, hears } = shell();
    const left = hears('left');
    says({ kind: 'open', dataFolder: join(folder, 'a\0b'), station: 'desk 1' });
    expect(await left).toBe(1);
  });

  it('leaves at once when it is closed before it opened anything', async () => {
    const { says, hears } = shell();
    const left = hears('left');
    says({ kind: 'close' });
    expect(await left).toBe(0);
  });
});
