import type { Migration } from '../types.ts';

export const indexes: Migration = {
  number: 8,
  name: 'indexes',
  up: [],
};
