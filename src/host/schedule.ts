/** Something to be done later; the answer takes it back. */
export type Schedule = (ms: number, work: () => void) => () => void;

/** A timer that keeps no process alive. */
export function systemSchedule(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  timer.unref();
  return () => clearTimeout(timer);
}
