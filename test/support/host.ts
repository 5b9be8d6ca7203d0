import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContractRouterClient } from '@orpc/contract';
import { createRouterClient } from '@orpc/server';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import type { Contract } from '#contract/index.ts';
import type { StaffRole } from '#domain/vocabulary.ts';
import { changeFeed, type HostContext } from '#host/context.ts';
import { type Engine, staff } from '#host/database/index.ts';
import { buildRouter } from '#host/router/index.ts';
import { buildServices } from '#host/services/index.ts';
import { openSession, resolveSession } from '#host/services/organization/sessions.ts';
import { createTenant } from '#host/services/organization/tenants.ts';
import type { Session } from '#host/session.ts';
import { createUploadStore } from '#host/uploads.ts';
import { vaultOf } from '#host/vault.ts';
import { testDatabase } from './databases.ts';

export type Client = ContractRouterClient<Contract>;

/** A clock that only moves when told. */
export interface TestClock {
  now(): string;
  set(instant: string): void;
  /** Moves on by this many minutes. */
  advance(minutes: number): void;
}

export interface TestTenant {
  tenantId: string;
  /** A client acting as a staff member with this role; `person` 2 is a second one with the same role. */
  as(role: StaffRole, person?: number): Client;
  session(role: StaffRole, person?: number): Promise<Session>;
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
  const context: HostContext = {
    database: opened.database,
    changes: changeFeed(),
    vault: vaultOf(Buffer.alloc(32, 7)),
    uploads: await createUploadStore(join(dataFolder, 'uploads')),
    dataFolder,
    log,
    now: clock.now,
  };
  const router = buildRouter({
    services: buildServices(context, '0.0.0-test'),
    resolveSession: (token, station) => resolveSession(context, token, station),
    log,
  });
  const clientWith = (token: string | null): Client =>
    createRouterClient(router, { context: { token, station: 'test' } });

  async function tenant(chosen: { currency?: string; timeZone?: string }): Promise<TestTenant> {
    const { tenantId } = await createTenant(
      context,
      {
        organizationName: 'Test Office',
        currency: chosen.currency ?? 'EUR',
        timeZone: chosen.timeZone ?? 'Europe/Berlin',
        admin: {
          email: 'first@example.com',
          password: 'correct horse',
          firstName: 'First',
          lastName: 'Admin',
        },
      },
      async () => {},
    );
    const tokens = new Map<string, Promise<string>>();

    async function hire(role: StaffRole, person: number): Promise<string> {
      const now = clock.now();
      return context.database.write({ tenantId }, async (tx) => {
        const id = uuidv7();
        const email = `${role}-${person}@example.com`;
        await tx.insert(staff, {
          id,
          email,
          emailKey: email,
          firstName: `${role} ${person}`,
          lastName: 'Tester',
          passwordHash: 'none: tests sign in by their session',
          roles: [role],
          isActive: true,
          failedAttempts: 0,
        });
        // Long enough for tests that move the clock by months.
        const far = new Date(Date.parse(now) + 10 * 365 * 86_400_000).toISOString();
        return (await openSession(tx, { tenantId, userId: id, station: null }, far)).token;
      });
    }
    const tokenOf = (role: StaffRole, person: number): Promise<string> => {
      const key = `${role}-${person}`;
      const known = tokens.get(key) ?? hire(role, person);
      tokens.set(key, known);
      return known;
    };
    return {
      tenantId,
      as: (role, person = 1) => lazyClient(() => tokenOf(role, person), clientWith),
      session: async (role, person = 1) => {
        const session = await resolveSession(context, await tokenOf(role, person), 'test');
        if (session === null) throw new Error('The test session is not valid.');
        return session;
      },
    };
  }

  const first = await tenant(options);
  return {
    ...first,
    context,
    database: context.database,
    clock,
    anonymous: clientWith(null),
    clientWith,
    otherTenant: (chosen = {}) => tenant(chosen),
    close: async () => {
      await opened.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

/** A client whose person is hired at the first call, so that `as('approver')` needs no await. */
function lazyClient(token: () => Promise<string>, clientWith: (token: string) => Client): Client {
  const walk = (path: readonly string[]): unknown =>
    new Proxy(() => undefined, {
      get: (_target, key) => (typeof key === 'string' && key !== 'then' ? walk([...path, key]) : undefined),
      apply: async (_target, _this, args: unknown[]) => {
        let step: unknown = clientWith(await token());
        for (const key of path) step = (step as Record<string, unknown>)[key];
        return (step as (...given: unknown[]) => Promise<unknown>)(...args);
      },
    });
  return walk([]) as Client;
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
