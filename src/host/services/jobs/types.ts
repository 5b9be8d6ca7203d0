import type { JobKind, JobStatus, JobUnit } from '#domain/jobs.ts';
import type { JobRow } from '../../database/index.ts';

export interface JobSpec {
  kind: JobKind;
  /** What it is, in words. */
  title: string;
  partnerId: string | null;
  /** What it was asked, as the contract takes it. */
  input: Record<string, unknown>;
  writes: boolean;
}

export interface JobProgress {
  done: number;
  total: number | null;
  unit: JobUnit;
  /** Where to go on after an interruption, for work that does not find that out by itself. */
  checkpoint?: Record<string, unknown>;
}

/** How a job ended. */
export interface JobEnd {
  status: Extract<JobStatus, 'completed' | 'cancelled' | 'failed' | 'interrupted'>;
  result: Record<string, unknown> | null;
  failure: string | null;
}

/** What a job does. */
export interface JobTask<E, R> {
  /**
   * The work, in slices: each ends in a `yield` or an `await` of its own, takes some 20 ms at most and commits what it
   * wrote. Between two slices it looks at the signal, and stops with its reason.
   */
  run(job: { id: string; signal: AbortSignal; checkpoint: unknown }): AsyncGenerator<E, R, void>;
  progressOf(event: E): JobProgress | null;
  /** What is kept of the result. Cancelled work that has something to tell returns it and says so here. */
  resultOf(value: R): { status: 'completed' | 'cancelled'; result: Record<string, unknown> };
  /** Clears away what the work needed. Only when its row says that it is over: until then it may have to be done again. */
  tidy?(value: R): Promise<void>;
}

export interface EnqueueOptions {
  /**
   * It is a call: where it is refused before it told anything it was no job, for a refused call leaves nothing written (`domain.md`,
   * "Conventions").
   */
  isCall?: boolean;
  /** Whether who started it still may do this; asked when it begins and while it runs. */
  mayGoOn?: () => Promise<boolean>;
}

/** A job as it goes on in this host. */
export interface RunningJob<E, R> {
  /** What it told so far and will, for the one who made the call; nothing where it is none. */
  events: AsyncGenerator<E, void, void>;
  /** Its result; refused with why it failed, was cancelled or was interrupted. */
  result: Promise<R>;
  /** It is over, whichever way, and its row says so. */
  settled: Promise<void>;
  cancel(): void;
}

/** How a job of this host is right now: fresher than its row. */
export interface LiveState {
  status: JobStatus;
  progress: JobProgress | null;
}

export interface JobRunner {
  /** The name under which this host has jobs. */
  readonly owner: string;
  /** Takes up a job whose row, queued and of this owner, has just been committed. */
  enqueue<E, R>(row: JobRow, task: JobTask<E, R>, options?: EnqueueOptions): RunningJob<E, R>;
  /** Cancels a job of this host; does nothing for one that is elsewhere. */
  cancel(jobId: string): void;
  stateOf(jobId: string): LiveState | undefined;
  /** Resolves when something about the job of this host changes, or after a while for one that is elsewhere; or by the signal. */
  changed(jobId: string, signal?: AbortSignal): Promise<void>;
  /** Settles what dead hosts left behind; looks again from time to time. */
  settleDead(): Promise<void>;
  /** Takes nothing more; what runs stops at its next slice as interrupted. Resolves when all is written down. */
  stop(): Promise<void>;
}
