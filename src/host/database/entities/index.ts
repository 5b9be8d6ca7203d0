import type { Table } from '../table.ts';
import * as credits from './credits.ts';
import * as leads from './leads.ts';
import * as partners from './partners.ts';
import * as payouts from './payouts.ts';
import * as people from './people.ts';

export * from './credits.ts';
export * from './leads.ts';
export * from './partners.ts';
export * from './payouts.ts';
export * from './people.ts';

/** Every table there is. */
export const allTables: readonly Table<unknown>[] = [people, partners, leads, credits, payouts].flatMap(
  (area): Table<unknown>[] => Object.values(area),
);
