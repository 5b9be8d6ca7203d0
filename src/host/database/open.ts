import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';
import { silentLogger } from './transaction.ts';
import type { Database, DatabaseLogger, DatabaseOptions } from './types.ts';

/**
 * Opens a database, made where there is none; `migrate` then brings its tables up. Throws DatabaseRefusedError for one of
 * a newer version, of another program, or on a network drive.
 */
export async function openDatabase(
  options: DatabaseOptions,
  logger: DatabaseLogger = silentLogger,
): Promise<Database> {
  const now = options.now ?? (() => new Date().toISOString());
  if (options.engine === 'sqlite') {
    return await openSqlite({ file: options.file, now, logger, throwAway: options.throwAway });
  }
  return await openPostgres({ url: options.url, poolSize: options.poolSize, now, logger });
}
