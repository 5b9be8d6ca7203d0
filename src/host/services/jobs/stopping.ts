import { DomainError } from '#domain/errors.ts';

/** Why a job's signal is aborted because its host stops, or has lost it: the job is interrupted, and can be resumed. */
export class JobInterrupted extends DomainError {
  constructor(
    message = 'The program was closed while this ran. What is done is kept; resume the job to go on.',
  ) {
    super('CONFLICT', message);
    this.name = 'JobInterrupted';
  }
}

/** Why a job's signal is aborted because somebody does not want it any more. */
export class JobCancelled extends DomainError {
  constructor() {
    super('CONFLICT', 'This was cancelled. What was done until then is kept.');
    this.name = 'JobCancelled';
  }
}
