import type { Migration } from '../types.ts';

export const creditsAndPeriods: Migration = {
  number: 13,
  name: 'credits-and-periods',
  up: [],
};
