import type { Table } from '../table.ts';
import * as access from './access.ts';
import * as credits from './credits.ts';
import * as documents from './documents.ts';
import * as jobs from './jobs.ts';
import * as leadRecords from './lead-records.ts';
import * as leads from './leads.ts';
import * as notifications from './notifications.ts';
import * as partners from './partners.ts';
import * as payouts from './payouts.ts';
import * as people from './people.ts';
import * as periods from './periods.ts';
import * as projects from './projects.ts';

export * from './access.ts';
export * from './credits.ts';
export * from './documents.ts';
export * from './jobs.ts';
export * from './lead-records.ts';
export * from './leads.ts';
export * from './notifications.ts';
export * from './partners.ts';
export * from './payouts.ts';
export * from './people.ts';
export * from './periods.ts';
export * from './projects.ts';

/** Every table there is. */
export const allTables: readonly Table<unknown>[] = [
  people,
  access,
  partners,
  documents,
  leads,
  leadRecords,
  jobs,
  credits,
  payouts,
  periods,
  notifications,
  projects,
].flatMap((area): Table<unknown>[] => Object.values(area));
