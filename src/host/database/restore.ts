import { existsSync } from 'node:fs';
import { copyFile, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { DatabaseRefusedError } from './migrate.ts';

/** Whether the file is a whole SQLite database; throws DatabaseRefusedError saying what is wrong with it. */
export function requireSoundDatabase(file: string): void {
  let database: Sqlite.Database | undefined;
  try {
    database = new Sqlite(file, { readonly: true });
    const problems = database.pragma('integrity_check', { simple: true });
    if (problems !== 'ok') throw new DatabaseRefusedError(`The backup is damaged: ${String(problems)}.`);
    const foreign = database.pragma('foreign_key_check');
    if (Array.isArray(foreign) && foreign.length > 0) {
      throw new DatabaseRefusedError(
        `The backup is damaged: ${foreign.length} rows point to rows that are not there.`,
      );
    }
    const tables = database
      .prepare("select count(*) as n from sqlite_master where name = 'schema_migrations'")
      .get();
    if (typeof tables !== 'object' || tables === null || !('n' in tables) || tables.n !== 1) {
      throw new DatabaseRefusedError('This file is no Partner Desk database.');
    }
  } catch (error) {
    if (error instanceof DatabaseRefusedError) throw error;
    throw new DatabaseRefusedError(`This file is no database that can be read: ${String(error)}.`);
  } finally {
    database?.close();
  }
}

/** Refuses while another programme has the database open: it would go on writing into the file that is set aside. */
function requireUnused(file: string): void {
  const database = new Sqlite(file, { timeout: 200 });
  try {
    // Leaving the write-ahead log needs the database for oneself, and takes what is in the log into the file.
    database.pragma('journal_mode = DELETE');
  } catch (error) {
    throw new DatabaseRefusedError(
      'The database is in use. Close Partner Desk everywhere it runs on it, then try again.',
      {
        cause: error,
      },
    );
  } finally {
    database.close();
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Puts a database file that was found sound in the place of a local database. What was there is kept beside it; its name is returned, null where
 * there was nothing. At no moment is there half a database in its place.
 */
export async function replaceDatabase(backupFile: string, file: string, now: string): Promise<string | null> {
  const draft = `${file}.restoring`;
  await copyFile(backupFile, draft);
  await sync(draft);
  let kept: string | null = null;
  if (existsSync(file)) {
    requireUnused(file);
    kept = `${file}.before-restore-${now.replace(/[^0-9TZ]/g, '')}`;
    await rename(file, kept);
  }
  await rm(`${file}-wal`, { force: true });
  await rm(`${file}-shm`, { force: true });
  await rename(draft, file);
  await sync(dirname(file));
  return kept;
}
