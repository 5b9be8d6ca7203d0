import type { Migration } from '../types.ts';

export const documents: Migration = {
  number: 15,
  name: 'documents',
  up: [],
};
