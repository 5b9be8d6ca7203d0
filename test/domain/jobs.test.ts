import { describe, expect, it } from 'vitest';
import { afterCrash, isAtRest, jobKinds, jobStatuses, jobTransitions } from '#domain/jobs.ts';

describe('the ways of a job', () => {
  it('lead from the queue to every status', () => {
    const reached = new Set<string>(['queued']);
    for (const status of reached) {
      for (const next of jobTransitions[status as (typeof jobStatuses)[number]]) reached.add(next);
    }
    expect([...reached].toSorted()).toEqual(jobStatuses.toSorted());
  });

  it('let nothing happen to one at rest but to resume an interrupted one, or to give it up', () => {
    const further = jobStatuses
      .filter(isAtRest)
      .map((status) => [status, jobTransitions[status]] as const)
      .filter(([, next]) => next.length > 0);
    expect(further).toEqual([['interrupted', ['queued', 'cancelled']]]);
    expect(jobStatuses.filter((status) => !isAtRest(status))).toEqual(['queued', 'running']);
  });

  it('say of every kind what a crash means to it', () => {
    expect(Object.keys(afterCrash).toSorted()).toEqual(jobKinds.toSorted());
  });
});
