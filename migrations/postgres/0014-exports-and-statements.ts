import type { Migration } from '../types.ts';

export const exportsAndStatements: Migration = {
  number: 14,
  name: 'exports-and-statements',
  up: [],
};
