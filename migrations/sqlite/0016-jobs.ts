import type { Migration } from '../types.ts';

export const jobs: Migration = {
  number: 16,
  name: 'jobs',
  up: [],
};
