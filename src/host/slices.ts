import { performance } from 'node:perf_hooks';

/** How long a slice of long work may keep the process to itself, in milliseconds (issue "Jobs": nobody waits above 50). */
export const sliceMs = 12;

export interface SliceSizer {
  /** How many things the next slice should take. */
  size(): number;
  /** Does a slice of so many things, and learns from how long it took. */
  measure<T>(things: number, work: () => Promise<T>): Promise<T>;
}

/**
 * Finds how many things fit into a slice on this machine: it begins small and grows while slices stay short, and halves what
 * took too long. What a thing costs depends on the machine, its disk and what else it does, so it can't be a constant.
 */
export function sliceSizer(least: number, most: number, target = sliceMs): SliceSizer {
  let size = least;
  return {
    size: () => size,
    async measure(things, work) {
      const start = performance.now();
      try {
        return await work();
      } finally {
        const ms = performance.now() - start;
        if (ms > target) size = Math.max(least, Math.floor(Math.min(size, things) / 2));
        else if (things >= size && ms < target / 2) size = Math.min(most, size * 2);
      }
    },
  };
}
