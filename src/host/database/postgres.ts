import { setTimeout as pause } from 'node:timers/promises';
import { Pool, type PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import { postgresMigrations } from '#migrations/postgres/index.ts';
import type { Migration } from '#migrations/types.ts';
import { translateError } from './constraint-errors.ts';
import { allTables } from './entities/index.ts';
import { entityFor } from './entity.ts';
import { type Applied, checkHistory, historyTable, runMigrations } from './migrate.ts';
import { makeExecutor } from './postgres-connection.ts';
import { applicationRole, ensureRole, needsRole } from './postgres-role.ts';
import { makeReader } from './reader.ts';
import { checkScope } from './scope.ts';
import {
  guarded,
  makeLifetime,
  type OpenTransaction,
  refuseNestedWrite,
  runTransaction,
} from './transaction.ts';
import type { Database, DatabaseLogger, Scope } from './types.ts';

export interface PostgresOptions {
  url: string;
  poolSize?: number;
  now: () => string;
  logger: DatabaseLogger;
  migrations?: readonly Migration[];
}

/**
 * Milliseconds for which a transaction may stand still before the server takes it back: a host that hangs, or whose line is cut, would hold
 * its locks, the head of the activity chain among them, and with them everybody else. Less than the lease of its jobs.
 */
const longestPause = 20_000;

/** How often a unit of work is run again after a deadlock or a serialisation failure. */
const mostAttempts = 6;
/** Any number, the same in every process that migrates. */
const migrationLock = 7_304_026;

/** Opens a database on a PostgreSQL server, over TypeORM's pool of connections. */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const { now, logger, migrations = postgresMigrations } = options;
  const source = new DataSource({
    type: 'postgres',
    url: options.url,
    poolSize: options.poolSize ?? 10,
    applicationName: 'partner-desk',
    installExtensions: false,
    entities: allTables.map((table) => entityFor(table, 'postgres')),
    synchronize: false,
    logging: false,
    extra: {
      // A server that is gone without a word (a cut line) is noticed by the system, or a query would wait for its answer for ever.
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      // Instants come as text in the session's zone; UTC needs no conversion.
      options: `-c timezone=UTC -c datestyle=ISO -c idle_in_transaction_session_timeout=${longestPause}`,
    },
    poolErrorHandler: (error: unknown) =>
      logger.warn({ err: error }, 'an idle connection to the database broke'),
  });
  await source.initialize();
  const pool = poolOf(source);
  const lifetime = makeLifetime();
  let takesRole = false;
  try {
    await withClient(pool, logger, async (client) => {
      checkHistory(migrations, await readHistory(client));
      takesRole = await needsRole(client, logger);
    });
  } catch (error) {
    await source.destroy();
    throw error;
  }

  /** One round trip: the transaction, whose rows it may see, and as whom. */
  function beginText(scope: Scope, readOnly: boolean): string {
    const own =
      scope === 'system' ? "SET LOCAL app.scope = 'system'" : `SET LOCAL app.tenant_id = '${scope.tenantId}'`;
    const role = takesRole ? `; SET LOCAL ROLE ${applicationRole}` : '';
    return `BEGIN ISOLATION LEVEL READ COMMITTED ${readOnly ? 'READ ONLY' : 'READ WRITE'}; ${own}${role}`;
  }

  async function write<T>(work: Parameters<typeof runTransaction<T>>[1]): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await withClient(pool, logger, async (client) => {
          await client.query(beginText(work.scope, false));
          return await runTransaction(openTransaction(client, logger), work);
        });
      } catch (error) {
        if (attempt === mostAttempts || !mayGoBetterAgain(error)) throw error;
        logger.info({ attempt }, 'two units of work were in each other’s way; this one runs again');
      }
      // The two that clashed must not clash again, so each waits for another time.
      await pause(Math.random() * 10 * 2 ** attempt);
    }
  }

  async function migrate(client: PoolClient): ReturnType<typeof runMigrations> {
    await client.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    try {
      const report = await runMigrations(migrations, {
        applied: () => readHistory(client),
        prepare: async () => undefined,
        apply: (migration) => apply(client, migration, now()),
      });
      await ensureRole(client);
      takesRole = await needsRole(client, logger);
      return report;
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [migrationLock]);
    }
  }

  return {
    engine: 'postgres',
    dataSource: source,
    read: (scope, fn) =>
      lifetime.during(async () => {
        checkScope(scope);
        return await withClient(pool, logger, async (client) => {
          await client.query(beginText(scope, true));
          const guard = guarded(makeExecutor(client, logger));
          try {
            return await fn(makeReader(guard.executor, scope));
          } finally {
            await guard.end();
            await client.query('COMMIT');
          }
        });
      }),
    write: (scope, fn) =>
      lifetime.during(async () => {
        checkScope(scope);
        refuseNestedWrite();
        return await write({ scope, now, logger, fn });
      }),
    migrate: () => lifetime.during(() => withClient(pool, logger, migrate)),
    async close() {
      if (await lifetime.end()) await source.destroy();
    },
  };
}

function poolOf(source: DataSource): Pool {
  const pool = 'master' in source.driver ? source.driver.master : undefined;
  if (!(pool instanceof Pool)) throw new Error('TypeORM made no pool of connections.');
  return pool;
}

/**
 * A connection that failed in an unknown way is closed rather than handed to the next one. One that breaks between two statements (the
 * server restarts, a line is cut) fails the next of them, and not the whole process: an event that nobody listens to would.
 */
async function withClient<T>(
  pool: Pool,
  logger: DatabaseLogger,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  const onError = (error: Error): void => logger.warn({ err: error }, 'a connection to the database broke');
  client.on('error', onError);
  let broken = true;
  try {
    const result = await work(client);
    broken = false;
    return result;
  } catch (error) {
    broken = !(await isUsable(client));
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/** Whether a connection still answers, and has no transaction open. */
async function isUsable(client: PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}

function openTransaction(client: PoolClient, logger: DatabaseLogger): OpenTransaction {
  return {
    executor: makeExecutor(client, logger),
    async commit() {
      const { command } = await client.query('COMMIT').catch((error: unknown) => {
        throw translateError(error);
      });
      // The server answers a commit of a failed transaction with a rollback, and without an error.
      if (command !== 'COMMIT') throw new Error('The transaction was rolled back; nothing was written.');
    },
    async rollback() {
      await client.query('ROLLBACK');
    },
  };
}

/** A serialisation failure or a deadlock. */
function mayGoBetterAgain(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '40001' || error.code === '40P01');
}

async function readHistory(client: PoolClient): Promise<Applied[]> {
  const table = await client.query<{ found: string | null }>(
    "SELECT to_regclass('schema_migrations')::text AS found",
  );
  if (!table.rows[0]?.found) return [];
  return (await client.query<Applied>('SELECT number, name FROM schema_migrations ORDER BY number')).rows;
}

async function apply(client: PoolClient, migration: Migration, at: string): Promise<void> {
  await client.query("BEGIN; SET LOCAL app.scope = 'system'");
  try {
    await client.query(historyTable);
    const history = await readHistory(client);
    if (!history.some(({ number }) => number === migration.number)) {
      for (const statement of migration.up) await client.query(statement);
      await client.query('INSERT INTO schema_migrations (number, name, applied_at) VALUES ($1, $2, $3)', [
        migration.number,
        migration.name,
        at,
      ]);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
