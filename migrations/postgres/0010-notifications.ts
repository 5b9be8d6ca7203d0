import type { Migration } from '../types.ts';

export const notifications: Migration = {
  number: 10,
  name: 'notifications',
  up: [],
};
