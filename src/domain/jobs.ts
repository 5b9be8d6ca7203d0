/**
 * Long work as jobs: what kinds there are, and how one moves. The service moves rows by these tables, the contract takes its
 * enums from them, and the screens offer what they list.
 */

export const jobKinds = [
  'lead_import',
  'payout_generation',
  'lead_rescoring',
  'payout_export',
  'policy_simulation',
] as const;
export type JobKind = (typeof jobKinds)[number];

export const jobStatuses = ['queued', 'running', 'completed', 'cancelled', 'failed', 'interrupted'] as const;
export type JobStatus = (typeof jobStatuses)[number];

/** What a job counts its progress in. */
export const jobUnits = ['bytes', 'partners', 'leads', 'rows'] as const;
export type JobUnit = (typeof jobUnits)[number];

/** Where a job may go from each status. An interrupted one waits to be resumed, or given up; the other ends are for good. */
export const jobTransitions: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  queued: ['running', 'cancelled', 'failed', 'interrupted'],
  running: ['completed', 'cancelled', 'failed', 'interrupted'],
  completed: [],
  cancelled: [],
  failed: [],
  interrupted: ['queued', 'cancelled'],
};

/** Whether nothing happens to a job any more unless somebody resumes it or gives it up. */
export function isAtRest(status: JobStatus): boolean {
  return status !== 'queued' && status !== 'running';
}

/**
 * What becomes of a job whose host died under it. `resumes`: it is interrupted, and goes on where it stopped, or starts anew where it had
 * written nothing. `fails`: it wrote nothing and left nothing, and is simply started again.
 */
export const afterCrash = {
  lead_import: 'resumes',
  payout_generation: 'resumes',
  lead_rescoring: 'resumes',
  payout_export: 'resumes',
  policy_simulation: 'fails',
} as const satisfies Record<JobKind, 'resumes' | 'fails'>;
