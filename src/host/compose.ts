import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Router } from '@orpc/server';
import type { Logger } from 'pino';
import type { contract } from '#contract/index.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { changeFeed } from './changes.ts';
import { changesBetweenHosts } from './changes-between-hosts.ts';
import type { HostContext } from './context.ts';
import { type MigrationReport, openDatabase } from './database/index.ts';
import { housekeeping } from './housekeeping.ts';
import { mailSender } from './mail/sender.ts';
import { buildRouter, type CallContext } from './router/index.ts';
import { buildServices } from './services/index.ts';
import { createJobRunner } from './services/jobs/runner.ts';
import { uploadsOfJobs } from './services/jobs/store.ts';
import { resolveSession } from './services/organization/sessions.ts';
import { sweepDocuments } from './services/partners/document-sweep.ts';
import { sweepExports } from './services/payout-exports/files.ts';
import type { Session } from './session.ts';
import { createUploadStore } from './uploads.ts';
import { openVault } from './vault.ts';

export interface HostOptions {
  /** Holds uploads, exports, the data key and, without a database URL, the database. */
  dataFolder: string;
  /** A PostgreSQL URL; the SQLite file in the data folder where left out. */
  databaseUrl?: string | undefined;
  /** The data key in base64, where several hosts share a database. */
  dataKey?: string | undefined;
  log: Logger;
  /** For data that can be made again, such as the demo's: commits of the local database don't wait for the disk. */
  throwAway?: boolean;
  /**
   * Reads each session once instead of at every call: for filling a database that nobody else works on. Rights taken away
   * meanwhile would hold on.
   */
  rememberSessions?: boolean;
  /** The clock; tests hand in their own. */
  now?: () => string;
}

/** The back end, put together. */
export interface Host extends HostContext {
  readonly version: string;
  /** What bringing the database to this version took. */
  readonly migration: MigrationReport;
  readonly router: Router<typeof contract, CallContext>;
  resolveSession(token: string, station: string | null): Promise<Session | null>;
  /** Stops jobs at their next slice, waits for what is under way, then closes the database. */
  close(): Promise<void>;
}

/** The file of a local database. */
export function databaseFile(dataFolder: string): string {
  return join(dataFolder, 'partner-desk.sqlite');
}

/** The one place where database, services and router are put together. Brings the database to this version first. */
export async function composeHost(options: HostOptions): Promise<Host> {
  const { dataFolder, log } = options;
  await mkdir(dataFolder, { recursive: true });
  const now = options.now ?? (() => new Date().toISOString());
  const database = await openDatabase(
    {
      ...(options.databaseUrl === undefined
        ? { engine: 'sqlite', file: databaseFile(dataFolder), throwAway: options.throwAway }
        : { engine: 'postgres', url: options.databaseUrl }),
      now,
    },
    log,
  );
  try {
    const migration = await database.migrate();
    const uploads = await createUploadStore(join(dataFolder, 'uploads'));
    await uploads.sweep(now(), await uploadsOfJobs(database));
    const changes = changeFeed();
    const context: HostContext = {
      database,
      changes,
      jobs: createJobRunner({ database, now, log, changes }),
      vault: openVault(dataFolder, options.dataKey),
      uploads,
      dataFolder,
      log,
      now,
    };
    await context.jobs.settleDead();
    const version = packageJson.version;
    await sweepExports(context);
    await sweepDocuments(context);
    const services = buildServices(context, version);
    const known = new Map<string, Session>();
    const resolve = async (token: string, station: string | null) => {
      const remembered = known.get(token);
      if (remembered !== undefined) return remembered;
      const session = await resolveSession(context, token, station);
      if (options.rememberSessions === true && session !== null) known.set(token, session);
      return session;
    };
    const router = buildRouter({ services, resolveSession: resolve, log });
    // Last, for nothing after it can fail and leave it running.
    const otherHosts =
      options.databaseUrl === undefined
        ? undefined
        : changesBetweenHosts(changes, { url: options.databaseUrl, log });
    const mail = mailSender(context);
    mail.start();
    const chores = housekeeping(context);
    chores.start();
    return {
      ...context,
      version,
      migration,
      router,
      resolveSession: resolve,
      async close() {
        await context.jobs.stop();
        changes.close();
        await chores.close();
        await mail.close();
        await otherHosts?.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
