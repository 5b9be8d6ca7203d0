import type { Migration } from '../types.ts';

export const peopleAndAccess: Migration = {
  number: 9,
  name: 'people-and-access',
  up: [],
};
