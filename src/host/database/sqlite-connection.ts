import { performance } from 'node:perf_hooks';
import BetterSqlite3 from 'better-sqlite3';
import { translateError } from './constraint-errors.ts';
import type { Executor } from './executor.ts';
import type { DatabaseLogger } from './types.ts';

export type Connection = BetterSqlite3.Database;
/** The parameters come as one array. */
type Statement = BetterSqlite3.Statement<[readonly unknown[]]>;

/** Statements slower than this, in milliseconds, are logged with their text and never with their values. */
export const slowStatement = 200;

/** Most prepared statements kept per connection; the oldest go first. */
const keptStatements = 1000;

export interface SqliteConnection extends Executor {
  readonly raw: Connection;
  exec(text: string): void;
  /** No transaction is open, and the statement changes nothing. */
  mayRead(text: string): boolean;
}

export function makeConnection(
  raw: Connection,
  logger: DatabaseLogger,
  stream: Executor['stream'],
): SqliteConnection {
  const statements = new Map<string, Statement>();

  function prepared(text: string): Statement {
    const known = statements.get(text);
    if (known) return known;
    const statement = raw.prepare<[readonly unknown[]]>(text);
    statements.set(text, statement);
    if (statements.size > keptStatements) {
      for (const oldest of statements.keys()) {
        statements.delete(oldest);
        break;
      }
    }
    return statement;
  }

  /** Timed, with the driver's errors as ours. */
  function run<T>(text: string, work: () => T): T {
    const start = performance.now();
    try {
      return work();
    } catch (error) {
      throw translateError(error);
    } finally {
      const ms = performance.now() - start;
      if (ms > slowStatement) logger.warn({ sql: text, ms: Math.round(ms) }, 'slow statement');
    }
  }

  return {
    engine: 'sqlite',
    raw,
    exec: (text) => run(text, () => void prepared(text).run([])),
    mayRead: (text) => !raw.inTransaction && run(text, () => prepared(text).readonly),
    rows: async (text, parameters) => run(text, () => prepared(text).all(parameters)),
    row: async (text, parameters) => run(text, () => prepared(text).get(parameters)),
    change: async (text, parameters) => run(text, () => prepared(text).run(parameters).changes),
    stream,
  };
}

/**
 * Rows as they are read, over a connection of its own: an open cursor keeps its connection in the state of the moment
 * it was opened, and other reads would see that state too.
 */
export async function* streamFrom(
  file: string,
  text: string,
  parameters: readonly unknown[],
  batch: number,
): AsyncGenerator<unknown[]> {
  const connection = new BetterSqlite3(file, { readonly: true, fileMustExist: true });
  // As much as SQLite maps: a long read touches each page once, and copying it out first took a fifth of its time.
  connection.pragma('mmap_size = 2147418112');
  try {
    let rows: unknown[] = [];
    for (const row of connection.prepare<[readonly unknown[]]>(text).iterate(parameters)) {
      rows.push(row);
      if (rows.length === batch) {
        yield rows;
        rows = [];
      }
    }
    if (rows.length > 0) yield rows;
  } catch (error) {
    throw translateError(error);
  } finally {
    connection.close();
  }
}

let spools = 0;

/**
 * The same within a transaction, whose own rows only its connection sees. A cursor there would forbid writing between two batches, so
 * the result is spooled to a temporary table first.
 */
export async function* spooled(
  connection: SqliteConnection,
  text: string,
  parameters: readonly unknown[],
  batch: number,
): AsyncGenerator<unknown[]> {
  const name = `spool_${++spools}`;
  await connection.change(`create temp table ${name} as ${text}`, parameters);
  try {
    const page = connection.raw.prepare<unknown[], { spooled_at: number }>(
      `select rowid as spooled_at, * from ${name} where rowid > ? order by rowid limit ?`,
    );
    let last = 0;
    for (;;) {
      const rows = page.all(last, batch);
      const end = rows.at(-1);
      if (!end) return;
      last = end.spooled_at;
      yield rows.map((row) => {
        const { spooled_at: _at, ...own } = row;
        return own;
      });
    }
  } finally {
    if (connection.raw.open) connection.raw.exec(`drop table if exists ${name}`);
  }
}
