import type { Sql } from 'sql-template-tag';
import type { DataSource } from 'typeorm';
import type { Insertable, Table } from './table.ts';

export type Engine = 'sqlite' | 'postgres';

/**
 * Whose rows a piece of work may see. `system` sees every tenant's and is only for set-up, sign-in, migration and
 * verification over all tenants.
 */
export type Scope = { readonly tenantId: string } | 'system';

export interface FindOptions {
  /** Holds the row until the transaction ends (`for update`); only in `write`. Nothing to do on SQLite, whose writer is alone. */
  lock?: boolean;
  /** Soft-deleted rows too. */
  withDeleted?: boolean;
}

export interface ListOptions {
  /** Soft-deleted rows too. */
  withDeleted?: boolean;
}

/**
 * Reads within one scope. Each statement sees what was committed when it started, on both engines.
 *
 * Decoded rows (`find`, `list`) are alike on both engines: camelCase fields, booleans, numbers, ISO-8601 instants with
 * milliseconds and `Z`, days as `YYYY-MM-DD`, JSON parsed, null where there is nothing.
 *
 * Raw rows (`all`, `get`, `stream`) keep the column names of the SQL. Integers of any size and sums are numbers (one that
 * is not a safe integer throws), instants and days are text as above. Booleans stay as the engine gives them
 * (SQLite 0 and 1, PostgreSQL true and false) and JSON is text on both: `asBoolean` and `asJson` read them. In
 * parameters, booleans, `undefined` (as null), dates and JSON values (objects and arrays) are converted; a list for
 * `in (…)` is `join(list)` of sql-template-tag.
 *
 * Raw SQL names its tenant itself (`where tenant_id = ${scope.tenantId}`); on PostgreSQL row-level security holds even if it forgot.
 */
export interface Reader {
  readonly engine: Engine;
  readonly scope: Scope;
  all<T>(statement: Sql): Promise<T[]>;
  get<T>(statement: Sql): Promise<T | undefined>;
  /**
   * One row of a table within the scope's tenant, or undefined. `null` in `where` means "is null"; `undefined` throws,
   * because a forgotten value would match any row. An id that is no UUID finds nothing.
   */
  find<R>(table: Table<R>, where: Partial<NoInfer<R>>, options?: FindOptions): Promise<R | undefined>;
  /**
   * Rows of a table within the scope's tenant. `tail` is what follows `where` (a condition, or directly `order by`,
   * `limit`): sql`status = ${'active'} order by partner_code limit 50`. An `or` in it can't reach another tenant's rows.
   */
  list<R>(table: Table<R>, tail?: Sql, options?: ListOptions): Promise<R[]>;
  /** Raw rows in batches (500 unless told), for what is too large to hold in memory. */
  stream<T>(statement: Sql, batch?: number): AsyncIterable<T[]>;
}

/**
 * One transaction. After a statement has failed the transaction can only be rolled back, on both engines: a caught
 * `ConstraintError` doesn't save it. Use `on conflict do nothing` or look first where a clash is expected.
 */
export interface Writer extends Reader {
  run(statement: Sql): Promise<{ changes: number }>;
  /**
   * Left out: nullable fields (null), `tenantId` (the scope's), `version` (1), `createdAt` and `updatedAt` (now).
   * Throws ConstraintError.
   */
  insert<R>(table: Table<R>, row: Insertable<NoInfer<R>>): Promise<void>;
  /** The same for many rows, in as few statements as the parameter limit allows. */
  insertMany<R>(table: Table<R>, rows: readonly Insertable<NoInfer<R>>[]): Promise<void>;
  /**
   * Sets the patch, `version + 1` and `updatedAt`, and returns the row after. Throws DomainError `NOT_FOUND` when there is no such
   * live row, `CONFLICT` with the current row when it is not as `where` says (a stale version, another status).
   */
  update<R>(
    table: Table<R>,
    where: Partial<NoInfer<R>> & { id: string },
    patch: Partial<NoInfer<R>>,
  ): Promise<R>;
  /** Runs last before the commit, in the order given: what must hold its lock only briefly (the activity chain). */
  beforeCommit(fn: (tx: Writer) => Promise<void>): void;
  /** Runs after a successful commit (change events). An error in it is logged, never thrown to the caller. */
  afterCommit(fn: () => void): void;
}

export interface Database {
  readonly engine: Engine;
  read<T>(scope: Scope, fn: (reader: Reader) => Promise<T>): Promise<T>;
  /**
   * One unit of work: everything `fn` wrote, or nothing. On PostgreSQL a serialisation failure or deadlock runs `fn` again,
   * so it must have no effect outside `tx` (`afterCommit` is for those). A write inside a write throws: it would wait for itself.
   */
  write<T>(scope: Scope, fn: (tx: Writer) => Promise<T>): Promise<T>;
  /** Brings the tables to this version. Before a local database with tables in it is changed, a backup is taken beside it. */
  migrate(): Promise<MigrationReport>;
  /** Waits for what is under way; what comes later is refused. */
  close(): Promise<void>;
  /** A complete copy while the database is in use. SQLite only. */
  backup?(targetFile: string): Promise<void>;
  /** TypeORM's writing source, for tools and tests that compare migrations with entities. */
  readonly dataSource: DataSource;
}

export interface MigrationReport {
  /** The number of the newest migration before; 0 for an empty database. */
  from: number;
  to: number;
  /** Names of the migrations applied now. */
  applied: string[];
  /** The backup taken before, where one was. */
  backupFile?: string;
}

/** What the database says to the log; a pino logger fits. */
export interface DatabaseLogger {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export type DatabaseLocation =
  | {
      engine: 'sqlite';
      file: string;
      /** For data that can be made again: commits don't wait for the disk, and a power cut may damage the file. */
      throwAway?: boolean;
    }
  | { engine: 'postgres'; url: string /** Connections at most; 10 unless told. */; poolSize?: number };

export type DatabaseOptions = DatabaseLocation & {
  /** The instant for `createdAt` and `updatedAt`; the system's clock unless told. */
  now?: () => string;
};
