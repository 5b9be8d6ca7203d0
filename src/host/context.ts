import type { Logger } from 'pino';
import type { ChangeFeed } from './changes.ts';
import type { Database } from './database/index.ts';
import type { JobRunner } from './services/jobs/types.ts';
import type { UploadStore } from './uploads.ts';
import type { Vault } from './vault.ts';

/** What services are made from. */
export interface HostContext {
  readonly database: Database;
  readonly changes: ChangeFeed;
  readonly vault: Vault;
  readonly uploads: UploadStore;
  /** Holds uploads, exports and, on SQLite, the database. */
  readonly dataFolder: string;
  readonly log: Logger;
  /** Runs long work. */
  readonly jobs: JobRunner;
  /** The instant now, ISO-8601 UTC with milliseconds. Tests hand in their own. */
  readonly now: () => string;
}
