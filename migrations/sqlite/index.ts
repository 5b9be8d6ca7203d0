import type { Migration } from '../types.ts';
import { foundation } from './0001-foundation.ts';
import { partners } from './0002-partners.ts';
import { leads } from './0003-leads.ts';
import { credits } from './0004-credits.ts';
import { payouts } from './0005-payouts.ts';
import { ledger } from './0006-ledger.ts';
import { activities } from './0007-activities.ts';

export const sqliteMigrations: readonly Migration[] = [
  foundation,
  partners,
  leads,
  credits,
  payouts,
  ledger,
  activities,
];
