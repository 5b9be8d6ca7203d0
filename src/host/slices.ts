import { performance } from 'node:perf_hooks';

/**
 * How much of the processor a slice of long work may take at once, in milliseconds (issue "Jobs": nobody waits above 50). What else
 * the machine does makes it longer, and it waits for the disk: of that time, half counts.
 */
const sliceMs = 12;

/** Processor time of this thread so far, in milliseconds: what a busy machine does not stretch. */
function threadTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** What says how long a slice took: of the processor and by the clock, in milliseconds from any moment on. */
interface Clocks {
  processor(): number;
  wall(): number;
}

const thisThread: Clocks = { processor: threadTime, wall: () => performance.now() };

export interface SliceSizer {
  /** How many things the next slice should take. */
  size(): number;
  /** Does a slice of so many things, and learns from how long it took. */
  measure<T>(things: number, work: () => Promise<T>): Promise<T>;
}

/**
 * Finds how many things fit into a slice on this machine: it begins small, goes half of the way up to what the last slice says would
 * fit, and all of the way down. What a thing costs depends on the machine and on what a thing is, so it can't be a constant.
 */
export function sliceSizer(
  least: number,
  most: number,
  target = sliceMs,
  { processor, wall }: Clocks = thisThread,
): SliceSizer {
  let size = least;
  return {
    size: () => size,
    async measure(things, work) {
      const start = processor();
      const startedAt = wall();
      try {
        return await work();
      } finally {
        const ms = Math.max(processor() - start, (wall() - startedAt) / 2, 0.1);
        const fitting = Math.min(most, Math.max(least, Math.floor((things * target) / ms)));
        // The rest of a batch is a short slice, of which the commit is most: it says little about longer ones.
        if (fitting < size) size = fitting;
        else if (things >= size) size = Math.ceil((size + fitting) / 2);
      }
    },
  };
}
