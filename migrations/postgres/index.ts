import type { Migration } from '../types.ts';
import { foundation } from './0001-foundation.ts';
import { partners } from './0002-partners.ts';
import { leads } from './0003-leads.ts';
import { credits } from './0004-credits.ts';
import { payouts } from './0005-payouts.ts';
import { ledger } from './0006-ledger.ts';
import { activities } from './0007-activities.ts';
import { indexes } from './0008-indexes.ts';
import { peopleAndAccess } from './0009-people-and-access.ts';
import { notifications } from './0010-notifications.ts';
import { policiesAndProjects } from './0011-policies-and-projects.ts';
import { leadScoresAndSearch } from './0012-lead-scores-and-search.ts';
import { creditsAndPeriods } from './0013-credits-and-periods.ts';
import { exportsAndStatements } from './0014-exports-and-statements.ts';
import { documents } from './0015-documents.ts';
import { jobs } from './0016-jobs.ts';
import { looseEnds } from './0017-loose-ends.ts';

export const postgresMigrations: readonly Migration[] = [
  foundation,
  partners,
  leads,
  credits,
  payouts,
  ledger,
  activities,
  indexes,
  peopleAndAccess,
  notifications,
  policiesAndProjects,
  leadScoresAndSearch,
  creditsAndPeriods,
  exportsAndStatements,
  documents,
  jobs,
  looseEnds,
];
