import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRouterClient } from '@orpc/server';
import { pino } from 'pino';
import { changeFeed } from '#host/changes.ts';
import type { HostContext } from '#host/context.ts';
import type { Engine } from '#host/database/index.ts';
import { buildRouter } from '#host/router/index.ts';
import { buildServices } from '#host/services/index.ts';
import { createJobRunner } from '#host/services/jobs/runner.ts';
import { resolveSession } from '#host/services/organization/sessions.ts';
import { createUploadStore } from '#host/uploads.ts';
import { vaultOf } from '#host/vault.ts';
import { testDatabase } from './databases.ts';
import { type Client, type TestTenant, testTenant } from './people.ts';

export type { Client, TestTenant } from './people.ts';

/** A clock that only moves when told. */
export interface TestClock {
  now(): string;
  set(instant: string): void;
  /** Moves on by this many minutes. */
  advance(minutes: number): void;
}

export interface TestHost extends TestTenant {
  context: HostContext;
  database: HostContext['database'];
  clock: TestClock;
  /** A client that is not signed in. */
  anonymous: Client;
  clientWith(token: string | null): Client;
  /** Another organization in the same database. */
  otherTenant(options?: { currency?: string; timeZone?: string }): Promise<TestTenant>;
  /** Another host on the same database and data folder, which runs jobs of its own: beside this one, or after it. */
  anotherHost(): { context: HostContext; clientWith(token: string | null): Client };
  close(): Promise<void>;
}

function testClock(start: string): TestClock {
  let at = Date.parse(start);
  return {
    // Every look is a millisecond later, so that what is ordered by time has an order.
    now: () => new Date(at++).toISOString(),
    set: (instant) => {
      at = Date.parse(instant);
    },
    advance: (minutes) => {
      at += minutes * 60_000;
    },
  };
}

/**
 * The whole back end on a fresh, migrated database of the engine, with one organization (EUR, Europe/Berlin, 15 June
 * 2026, noon UTC). Calls go through the router: session, permission, validation and the service are the real ones.
 */
export async function testHost(
  engine: Engine,
  options: { currency?: string; timeZone?: string; now?: string } = {},
): Promise<TestHost> {
  const clock = testClock(options.now ?? '2026-06-15T12:00:00.000Z');
  const opened = await testDatabase(engine, { now: clock.now });
  const dataFolder = await mkdtemp(join(tmpdir(), 'partner-desk-test-'));
  const log = pino({ level: process.env['TEST_LOG'] ?? 'silent' });
  const { database } = opened;
  const changes = changeFeed();
  const context: HostContext = {
    database,
    changes,
    jobs: createJobRunner({ database, now: clock.now, log, changes }),
    vault: vaultOf(Buffer.alloc(32, 7)),
    uploads: await createUploadStore(join(dataFolder, 'uploads')),
    dataFolder,
    log,
    now: clock.now,
  };
  const hosts: HostContext[] = [context];
  const clientsOf = (served: HostContext) => {
    const router = buildRouter({
      services: buildServices(served, '0.0.0-test'),
      resolveSession: (token, station) => resolveSession(served, token, station),
      log,
    });
    return (token: string | null): Client =>
      createRouterClient(router, { context: { token, station: 'test' } });
  };
  const clientWith = clientsOf(context);

  const first = await testTenant(context, clientWith, options);
  return {
    ...first,
    context,
    database: context.database,
    clock,
    anonymous: clientWith(null),
    clientWith,
    otherTenant: (chosen = {}) => testTenant(context, clientWith, chosen),
    anotherHost: () => {
      const jobs = createJobRunner({ database, now: clock.now, log, changes });
      const other: HostContext = { ...context, jobs };
      hosts.push(other);
      return { context: other, clientWith: clientsOf(other) };
    },
    close: async () => {
      for (const { jobs } of hosts) await jobs.stop();
      await opened.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

/** The code of the refusal a call ends with; fails when it succeeds. */
export async function refusalOf(
  call: Promise<unknown>,
): Promise<{ code: string; message: string; data: unknown }> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
      return { code: error.code, message: error.message, data: 'data' in error ? error.data : undefined };
    }
    throw error;
  }
  throw new Error('The call was expected to be refused, but it succeeded.');
}
