import { jobResult } from '#contract/jobs.ts';
import { jobTransitions } from '#domain/jobs.ts';
import type { JobHead, JobRow } from '../../database/index.ts';
import type { Output } from '../service.ts';
import type { LiveState } from './types.ts';

export type WireJob = Output<'jobs', 'get'>;
type WireHead = Output<'jobs', 'list'>['items'][number];

/** A job as lists show it; `live` is what the host that runs it knows beyond the row. */
export function headToWire(row: JobHead, live?: LiveState): WireHead {
  const stored = row.unit === null ? null : { done: row.done, total: row.total, unit: row.unit };
  const status = live?.status ?? row.status;
  return {
    id: row.id,
    kind: row.kind,
    title: row.title,
    partnerId: row.partnerId,
    status,
    progress: live?.progress ?? stored,
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

/** A job with its result. One that an older version kept in a shape that is no longer known is not shown. */
export function jobToWire(row: JobRow, live?: LiveState): WireJob {
  const result = row.result === null ? null : jobResult.safeParse({ kind: row.kind, ...row.result });
  return { ...headToWire(row, live), result: result?.data ?? null };
}
