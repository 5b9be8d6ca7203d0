import { AsyncLocalStorage } from 'node:async_hooks';

const background = new AsyncLocalStorage<true>();

/** Runs the slice of a job: what it writes lets those go first who wait for an answer. */
export function inBackground<T>(work: () => Promise<T>): Promise<T> {
  return background.run(true, work);
}

/** Whether this is the slice of a job. */
export const isInBackground = (): boolean => background.getStore() === true;

/** How many of those who wait for an answer may overtake a waiting slice in a row: a job must not starve either. */
export const mostOvertaking = 50;

/**
 * Lets one at a time in: first who waits for an answer, in the order they came, then the slices of jobs. A job gives the writer
 * back after every slice, so whoever waits, waits for one slice at most.
 */
export function makeMutex(): <T>(work: () => Promise<T>) => Promise<T> {
  const answers: (() => void)[] = [];
  const slices: (() => void)[] = [];
  let busy = false;
  let overtaken = 0;

  function letNextIn(): void {
    const isSlicesTurn = slices.length > 0 && (answers.length === 0 || overtaken >= mostOvertaking);
    const enter = isSlicesTurn ? slices.shift() : answers.shift();
    overtaken = isSlicesTurn || slices.length === 0 ? 0 : overtaken + 1;
    if (enter === undefined) busy = false;
    else enter();
  }

  return async (work) => {
    if (busy) {
      const queue = isInBackground() ? slices : answers;
      await new Promise<void>((enter) => queue.push(enter));
    }
    busy = true;
    try {
      return await work();
    } finally {
      letNextIn();
    }
  };
}
