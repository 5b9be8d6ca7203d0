import type { Migration } from '../types.ts';

export const leadScoresAndSearch: Migration = {
  number: 12,
  name: 'lead-scores-and-search',
  up: [],
};
