import { jobResult } from '#contract/jobs.ts';
import { jobTransitions } from '#domain/jobs.ts';
import type { JobRow } from '../../database/index.ts';
import type { Output } from '../service.ts';
import type { LiveState } from './types.ts';

export type WireJob = Output<'jobs', 'get'>;

/** A job as callers see it; `live` is what the host that runs it knows beyond the row. */
export function jobToWire(row: JobRow, live?: LiveState): WireJob {
  const stored = row.unit === null ? null : { done: row.done, total: row.total, unit: row.unit };
  const status = live?.status ?? row.status;
  return {
    id: row.id,
    kind: row.kind,
    title: row.title,
    partnerId: row.partnerId,
    status,
    progress: live?.progress ?? stored,
    result: row.result === null ? null : jobResult.parse({ kind: row.kind, ...row.result }),
    failure: row.failure,
    canResume: jobTransitions[status].includes('queued'),
    startedBy: row.startedBy,
    askedAt: row.createdAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    cancelRequestedBy: row.cancelRequestedBy,
    cancelRequestedAt: row.cancelRequestedAt,
  };
}
