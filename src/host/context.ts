import { EventPublisher } from '@orpc/server';
import type { Logger } from 'pino';
import type { Database } from './database/index.ts';
import type { UploadStore } from './uploads.ts';
import type { Vault } from './vault.ts';

/** A committed change, as open screens hear of it. */
export interface Change {
  tenantId: string;
  resource: string;
  resourceId: string | null;
}

export type ChangeFeed = EventPublisher<{ change: Change }>;

export function changeFeed(): ChangeFeed {
  return new EventPublisher<{ change: Change }>({ maxBufferedEvents: 1000 });
}

/** What services are made from. */
export interface HostContext {
  readonly database: Database;
  readonly changes: ChangeFeed;
  readonly vault: Vault;
  readonly uploads: UploadStore;
  /** Holds uploads, exports and, on SQLite, the database. */
  readonly dataFolder: string;
  readonly log: Logger;
  /** The instant now, ISO-8601 UTC with milliseconds. Tests hand in their own. */
  readonly now: () => string;
}
