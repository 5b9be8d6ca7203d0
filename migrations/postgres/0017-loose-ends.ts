import type { Migration } from '../types.ts';

export const looseEnds: Migration = {
  number: 17,
  name: 'loose-ends',
  up: [],
};
