import type { Migration } from '#migrations/types.ts';
import type { MigrationReport } from './types.ts';

/** A database this version of the program can't or must not open. The message is for the person at the screen. */
export class DatabaseRefusedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatabaseRefusedError';
  }
}

export interface Applied {
  number: number;
  name: string;
}

/** What the runner needs of an engine. */
export interface MigrationTarget {
  /** What `schema_migrations` says; none when there is no such table. */
  applied(): Promise<Applied[]>;
  /** Runs once before the first change, with the number the database is at (0: empty) and the one it goes to. */
  prepare(from: number, to: number): Promise<string | undefined>;
  /** Runs the statements and notes the migration, in one transaction; does nothing when another process was first. */
  apply(migration: Migration): Promise<void>;
}

export const historyTable = `CREATE TABLE IF NOT EXISTS schema_migrations (
  number integer NOT NULL PRIMARY KEY,
  name text NOT NULL,
  applied_at text NOT NULL
)`;

/** Throws DatabaseRefusedError for a database of a newer version, or of another program. */
export function checkHistory(migrations: readonly Migration[], applied: readonly Applied[]): number {
  const known = new Map(migrations.map((migration) => [migration.number, migration.name]));
  const newest = migrations.at(-1)?.number ?? 0;
  let current = 0;
  for (const { number, name } of applied) {
    if (number > newest) {
      throw new DatabaseRefusedError(
        `This database was made by a newer version of Partner Desk (its tables are at step ${number}, this version knows ${newest}). Install the newer version; nothing was changed.`,
      );
    }
    if (known.get(number) !== name) {
      throw new DatabaseRefusedError(
        `This database was not made by Partner Desk: its step ${number} is "${name}". Nothing was changed.`,
      );
    }
    current = Math.max(current, number);
  }
  return current;
}

export async function runMigrations(
  migrations: readonly Migration[],
  target: MigrationTarget,
): Promise<MigrationReport> {
  const from = checkHistory(migrations, await target.applied());
  const pending = migrations.filter(({ number }) => number > from);
  const to = pending.at(-1)?.number ?? from;
  if (pending.length === 0) return { from, to, applied: [] };
  const backupFile = await target.prepare(from, to);
  for (const migration of pending) await target.apply(migration);
  return { from, to, applied: pending.map(({ name }) => name), backupFile };
}
