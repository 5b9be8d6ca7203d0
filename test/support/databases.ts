import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Client } from 'pg';
import { afterAll, describe, inject } from 'vitest';
import {
  type Database,
  type DatabaseLocation,
  type DatabaseLogger,
  type Engine,
  openDatabase,
} from '#host/database/index.ts';
import { type BrokerAnswer, templateName } from './postgres-server.ts';

export const engines: readonly Engine[] = ['sqlite', 'postgres'];

/** The same tests on both engines. */
export function forEachEngine(suite: (engine: Engine) => void): void {
  for (const engine of engines) {
    describe(`on ${engine}`, () => {
      suite(engine);
    });
  }
}

/** Where an empty place for a database is, and how to clear it away. */
export interface TestLocation {
  location: DatabaseLocation;
  remove: () => Promise<void>;
}

export interface TestDatabase {
  database: Database;
  location: DatabaseLocation;
  /** Closes it and clears it away. What a test forgets is done after its file. */
  close: () => Promise<void>;
}

/** A fresh, migrated database of the engine that nobody else uses. */
export async function testDatabase(
  engine: Engine,
  options: { now?: () => string; logger?: DatabaseLogger } = {},
): Promise<TestDatabase> {
  const { location, remove } = await testLocation(engine);
  const database = await openDatabase({ ...location, now: options.now }, options.logger);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= database.close().then(remove);
    return closing;
  };
  forgotten.add(close);
  return { database, location, close };
}

/** A migrated database that is not opened, for programs that do that themselves. */
export async function testLocation(engine: Engine): Promise<TestLocation> {
  return engine === 'sqlite' ? await sqliteCopy() : await postgresCopy();
}

/** An empty PostgreSQL database, or a file that isn't there yet. */
export async function emptyLocation(engine: Engine): Promise<TestLocation> {
  if (engine === 'postgres') return await postgresCopy('template0');
  const folder = await mkdtemp(join(tmpdir(), 'partner-desk-test-'));
  return {
    location: { engine: 'sqlite', file: join(folder, 'test.sqlite') },
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

const forgotten = new Set<() => Promise<void>>();

afterAll(async () => {
  for (const close of forgotten) await close();
});

let sqliteTemplate: Promise<TestLocation> | undefined;

async function migrateTemplate(): Promise<TestLocation> {
  const template = await emptyLocation('sqlite');
  const database = await openDatabase(template.location);
  await database.migrate();
  await database.close();
  forgotten.add(() => template.remove());
  return template;
}

async function sqliteCopy(): Promise<TestLocation> {
  sqliteTemplate ??= migrateTemplate();
  const template = await sqliteTemplate;
  const place = await emptyLocation('sqlite');
  if (template.location.engine !== 'sqlite' || place.location.engine !== 'sqlite')
    throw new Error('Not a file.');
  await copyFile(template.location.file, place.location.file);
  return place;
}

let server: Promise<string> | undefined;

/** The address of the run's PostgreSQL server, without a database. Fails the test where there is none. */
export async function postgresServer(): Promise<string> {
  server ??= askBroker();
  return await server;
}

async function askBroker(): Promise<string> {
  const port = inject('postgresBrokerPort');
  const answer: BrokerAnswer = JSON.parse(await text(connect(port, '127.0.0.1')));
  if ('failure' in answer) {
    throw new Error(`PostgreSQL did not start, and without it these tests prove nothing. ${answer.failure}`);
  }
  return answer.url;
}

let copies = 0;

async function postgresCopy(template = templateName): Promise<TestLocation> {
  const url = await postgresServer();
  const name = `test_${process.pid}_${Date.now().toString(36)}_${++copies}`;
  await administer(url, `CREATE DATABASE "${name}" TEMPLATE "${template}"`);
  return {
    location: { engine: 'postgres', url: `${url}/${name}` },
    remove: () => administer(url, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`),
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: `${url}/postgres` });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
