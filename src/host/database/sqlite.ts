import { open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type BetterSqlite3 from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { DomainError } from '#domain/errors.ts';
import { sqliteMigrations } from '#migrations/sqlite/index.ts';
import type { Migration } from '#migrations/types.ts';
import { makeCheckpointer } from './checkpointer.ts';
import { allTables } from './entities/index.ts';
import { entityFor } from './entity.ts';
import { type Applied, checkHistory, DatabaseRefusedError, historyTable, runMigrations } from './migrate.ts';
import { networkShare } from './network-share.ts';
import { makeReader } from './reader.ts';
import { checkScope } from './scope.ts';
import {
  type Connection,
  makeConnection,
  type SqliteConnection,
  spooled,
  streamFrom,
} from './sqlite-connection.ts';
import {
  guarded,
  makeLifetime,
  type OpenTransaction,
  refuseNestedWrite,
  runTransaction,
} from './transaction.ts';
import { inBackground, isInBackground, makeMutex } from './turns.ts';
import type { Database, DatabaseLogger } from './types.ts';

export interface SqliteOptions {
  file: string;
  now: () => string;
  logger: DatabaseLogger;
  /** How long a write waits for another process, in milliseconds. */
  patience?: number;
  /** The database is thrown away anyway: a commit need not wait for the disk. */
  throwAway?: boolean;
  migrations?: readonly Migration[];
}

/** How long one attempt may block the process, in milliseconds; longer waits are made of many, with room between them. */
const oneAttempt = 25;

/**
 * Opens a local database: TypeORM owns its two connections, a writing one, which one unit of work at a time uses, and a read-only one,
 * which never sees what is not committed. (TypeORM's own driver shares one connection among all, so that a save during
 * someone's transaction vanishes with its rollback.)
 */
export async function openSqlite(options: SqliteOptions): Promise<Database> {
  const { now, logger, patience = 5000, migrations = sqliteMigrations } = options;
  const synchronous = options.throwAway === true ? 'OFF' : 'FULL';
  const file = resolve(options.file);
  const share = await networkShare(options.file);
  if (share !== null) {
    throw new DatabaseRefusedError(
      `The database can't be kept on a network drive (${share}): two computers writing there would damage it. Choose a folder on this computer, or use a PostgreSQL server.`,
    );
  }
  const writing = await openSource(file, { writable: true, patience, synchronous });
  const writer = makeConnection(writing.connection, logger, (text, parameters, batch) =>
    spooled(writer, text, parameters, batch),
  );
  const history = (): Applied[] => readHistory(writing.connection);
  try {
    checkHistory(migrations, history());
  } catch (error) {
    await writing.source.destroy();
    throw error;
  }
  const reading = await openSource(file, { writable: false, patience, synchronous });
  const reader = makeConnection(reading.connection, logger, (text, parameters, batch) =>
    streamFrom(file, text, parameters, batch),
  );
  writing.connection.pragma(`busy_timeout = ${oneAttempt}`);
  const alone = makeMutex();
  const lifetime = makeLifetime();
  const checkpointer = makeCheckpointer({
    file,
    synchronous,
    // Who waits for an answer goes first.
    alone: (work) => inBackground(() => alone(work)),
    giveUp: (pages) => void writing.connection.pragma(`wal_autocheckpoint = ${pages}`),
    logger,
  });

  /**
   * One row: over the writing connection while nothing is being written, which keeps its pages from one commit to the next. The
   * reading one has to fetch them again from the log after each. (Measured: the session of each call in a row of approvals is read in
   * half the time.) Statements run to their end at once, so nobody's open transaction can come between.
   */
  const row: SqliteConnection['row'] = (text, parameters) =>
    writer.mayRead(text) ? writer.row(text, parameters) : reader.row(text, parameters);

  async function transaction<T>(work: Parameters<typeof runTransaction<T>>[1]): Promise<T> {
    await begin(writer, patience);
    const result = await runTransaction(openTransaction(writer), work);
    checkpointer.committed();
    return result;
  }

  /** Complete or absent, and on the disk when it is said to be there. */
  async function backup(targetFile: string): Promise<void> {
    const unfinished = `${targetFile}.unfinished`;
    try {
      await writing.connection.backup(unfinished);
      await flush(unfinished);
      await rename(unfinished, targetFile);
      await flush(dirname(resolve(targetFile)));
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  async function apply(migration: Migration): Promise<void> {
    // SQLite ignores this inside a transaction. The writer is ours alone until the migrations are done.
    if (migration.rebuilds) writing.connection.pragma('foreign_keys = OFF');
    try {
      await applyOnce(migration);
    } finally {
      writing.connection.pragma('foreign_keys = ON');
    }
  }

  async function applyOnce(migration: Migration): Promise<void> {
    await begin(writer, patience);
    const open = openTransaction(writer);
    try {
      writing.connection.exec(historyTable);
      if (!history().some(({ number }) => number === migration.number)) {
        for (const statement of migration.up) writing.connection.exec(statement);
        if (migration.rebuilds) refuseDanglingRows(writing.connection, migration);
        await writer.change('insert into schema_migrations (number, name, applied_at) values (?, ?, ?)', [
          migration.number,
          migration.name,
          now(),
        ]);
      }
      await open.commit();
    } catch (error) {
      await open.rollback();
      throw error;
    }
  }

  return {
    engine: 'sqlite',
    dataSource: writing.source,
    read: (scope, fn) =>
      lifetime.during(async () => {
        checkScope(scope);
        const guard = guarded({ ...reader, row });
        try {
          return await fn(makeReader(guard.executor, scope));
        } finally {
          await guard.end();
        }
      }),
    write: (scope, fn) =>
      lifetime.during(async () => {
        checkScope(scope);
        refuseNestedWrite();
        const ending = isInBackground() ? checkpointer.ending() : undefined;
        if (ending !== undefined) await ending;
        return await alone(() => transaction({ scope, now, logger, fn }));
      }),
    migrate: () =>
      lifetime.during(() =>
        alone(async () => {
          const report = await runMigrations(migrations, {
            applied: async () => history(),
            async prepare(from, to) {
              if (from === 0) return undefined;
              const target = `${file}.before-${String(to).padStart(4, '0')}-${now().replace(/[^0-9TZ]/g, '')}.backup`;
              await backup(target);
              logger.info({ file: target }, 'backup taken before migrating');
              return target;
            },
            apply,
          });
          if (report.from > 0 && report.applied.length > 0) analyzeNewIndexes(writing.connection);
          return report;
        }),
      ),
    backup: (targetFile) => lifetime.during(() => backup(targetFile)),
    async close() {
      if (!(await lifetime.end())) return;
      await checkpointer.end();
      await reading.source.destroy();
      writing.connection.pragma('optimize');
      await writing.source.destroy();
      await checkpointer.release();
    },
  };
}

async function openSource(
  file: string,
  { writable, patience, synchronous }: { writable: boolean; patience: number; synchronous: 'FULL' | 'OFF' },
): Promise<{ source: DataSource; connection: Connection }> {
  let connection: Connection | undefined;
  const source = new DataSource({
    type: 'better-sqlite3',
    database: file,
    readonly: !writable,
    fileMustExist: !writable,
    timeout: patience,
    entities: allTables.map((table) => entityFor(table, 'sqlite')),
    synchronize: false,
    logging: false,
    prepareDatabase(opened: BetterSqlite3.Database) {
      connection = opened;
      if (writable) {
        opened.pragma('journal_mode = WAL');
        // A commit that was reported is on the disk, even when the power goes a moment later.
        opened.pragma(`synchronous = ${synchronous}`);
        // So that "insert or replace" can't slip past the triggers that forbid deleting.
        opened.pragma('recursive_triggers = ON');
        // The log is written back by a thread of its own (checkpointer.ts). A commit does it only when that was kept from it for 256 MB
        // by somebody who reads for long.
        opened.pragma('wal_autocheckpoint = 65536');
        opened.pragma('journal_size_limit = 67108864');
      }
      opened.pragma('cache_size = -16384');
      // Only for reading, and little: what the writer changes it has to copy anyway, and mapped pages count as the process's
      // memory (an import of 100,000 rows among a million leads is to stay below 300 MB). Long reads map more of their own.
      opened.pragma(`mmap_size = ${writable ? 0 : 33554432}`);
      opened.pragma('temp_store = MEMORY');
    },
  });
  try {
    await source.initialize();
  } catch (error) {
    if (connection?.open) connection.close();
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_NOTADB') {
      throw new DatabaseRefusedError(`${file} is not a database of Partner Desk. Nothing was changed.`, {
        cause: error,
      });
    }
    throw error;
  }
  if (!connection) throw new Error('The driver opened no connection.');
  return { source, connection };
}

/** What the foreign keys would have refused, had they been on. */
function refuseDanglingRows(connection: Connection, migration: Migration): void {
  const dangling = connection.pragma('foreign_key_check') as { table: string; parent: string }[];
  const first = dangling[0];
  if (first === undefined) return;
  throw new Error(
    `Step ${migration.number} (${migration.name}) left ${dangling.length} rows without what they belong to, the first in ${first.table} (of ${first.parent}).`,
  );
}

/**
 * Counts what the planner has to know of indexes that a step has just made. Among others whose counts it has, it would take one
 * without for the best of all. (Seen with a million leads: the queue read along the wrong index, 1.5 s a page instead of 1 ms.)
 */
function analyzeNewIndexes(connection: Connection): void {
  if (connection.prepare("select 1 from sqlite_master where name = 'sqlite_stat1'").get() === undefined)
    return;
  const tables = connection
    .prepare<[], string>(
      `select distinct i.tbl_name from sqlite_master i
        where i.type = 'index' and not exists (select 1 from sqlite_stat1 s where s.tbl = i.tbl_name and s.idx = i.name)`,
    )
    .pluck()
    .all();
  connection.pragma('analysis_limit = 1000');
  for (const table of tables) connection.exec(`analyze "${table}"`);
}

function readHistory(connection: Connection): Applied[] {
  const table = connection.prepare(
    "select 1 from sqlite_master where type = 'table' and name = 'schema_migrations'",
  );
  if (table.get() === undefined) return [];
  return connection.prepare<[], Applied>('select number, name from schema_migrations order by number').all();
}

/**
 * Starts a transaction that may write. Within the process the mutex has made sure that nobody else does; another process is waited
 * for without blocking this one. Throws DomainError `LOCKED` when it holds on too long.
 */
async function begin(writer: SqliteConnection, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  for (let attempt = 1; ; attempt++) {
    try {
      writer.exec('begin immediate');
      return;
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() > deadline) {
        throw new DomainError('LOCKED', 'Another program is writing to the database. Try again in a moment.');
      }
    }
    await pause(Math.min(5 * attempt, 100));
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}

function openTransaction(writer: SqliteConnection): OpenTransaction {
  return {
    executor: writer,
    async commit() {
      writer.exec('commit');
    },
    async rollback() {
      // Some errors (a full disk) have already rolled it back.
      if (writer.raw.inTransaction) writer.exec('rollback');
    },
  };
}

async function flush(path: string): Promise<void> {
  // Windows can't open a folder, and needs a writable handle to flush a file.
  const isFolder = process.platform === 'win32' && !path.endsWith('.unfinished');
  if (isFolder) return;
  const handle = await open(path, path.endsWith('.unfinished') ? 'r+' : 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
