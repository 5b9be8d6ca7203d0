import type { Migration } from '../types.ts';

export const policiesAndProjects: Migration = {
  number: 11,
  name: 'policies-and-projects',
  up: [],
};
