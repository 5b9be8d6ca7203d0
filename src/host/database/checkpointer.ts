import { type FileHandle, open, stat } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { DatabaseLogger } from './types.ts';

/** What the thread is asked: to look whether there is enough to write back, to write back what there is, or to end. */
export type Asked = 'look' | 'write back' | 'end';

/** What it answers: pages in the log, and those of them that are in the database file. */
export interface Told {
  pages: number;
  written: number;
}

const pageBytes = 4096;
/** Pages in the log that are worth writing back. */
const worthwhile = 1000;
/** A log of so many pages is begun anew. A shorter one asks for it more often, a longer one keeps the disk busy longer. */
const longEnough = 2000;
/** Pages after which a commit writes the log back itself, when the thread has failed. */
const pagesOnItsOwn = 1000;
/** The thread looks after so many commits, or so many milliseconds, whichever comes first. */
const commitsBetween = 16;
const msBetween = 25;
/** Nobody who waits for an answer waits longer than this for the end of a log, in milliseconds. */
const longestHold = 8;
/** What is not done by then is tried again, so many times in a row: each time less is left. */
const attempts = 4;
/** A thread that is gone is started anew, so many times in a row. */
const starts = 3;

class ThreadGone extends Error {
  override readonly message = 'The thread of the checkpoints is gone.';
}

export interface Checkpointer {
  /** Something was committed. */
  committed(): void;
  /** While the end of a long log is written, the slices of jobs wait: they write faster than it could be reached. */
  ending(): Promise<void> | undefined;
  /** The thread ends; after this the connections are closed. */
  end(): Promise<void>;
  /** What is left when the connections are closed. */
  release(): Promise<void>;
}

export interface CheckpointerOptions {
  file: string;
  synchronous: 'FULL' | 'OFF';
  /** Runs work while nobody writes. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** The thread failed: from now on, commits write the log back when it has so many pages. */
  giveUp(pages: number): void;
  logger: DatabaseLogger;
  /** The entry of the thread. */
  entry?: URL;
}

/**
 * Writes SQLite's log back into the database file from a thread of its own, so that no commit does it and nobody waits for the disk
 * but for what was just written. (Measured among a million leads: without it every 13th approval took 10 ms instead of 1.6.)
 *
 * While somebody writes without a pause, the log never comes to an end, and would grow for ever. When it is long, what stands in
 * the database file is therefore flushed while others go on (jobs wait), and the little that has come since is finished between two
 * transactions.
 */
export function makeCheckpointer(options: CheckpointerOptions): Checkpointer {
  const { file, synchronous, alone, giveUp, logger, entry = besideThisFile() } = options;
  let thread: Worker | undefined;
  let waiting: { resolve: (told: Told) => void; reject: (error: Error) => void } | undefined;
  let working: Promise<void> | undefined;
  let ending: Promise<void> | undefined;
  let failed = false;
  let startedInVain = 0;
  let flushed: FileHandle | undefined;
  let commits = 0;
  let lookedAt = 0;

  function start(): Worker {
    const started = new Worker(entry, {
      workerData: { file, synchronous, worthwhile },
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    // It keeps no process alive, but while it is waited for.
    started.unref();
    started.on('message', (told: Told) => waiting?.resolve(told));
    started.on('error', (error: Error) => waiting?.reject(error));
    started.on('exit', () => {
      thread = undefined;
      waiting?.reject(new ThreadGone());
    });
    return started;
  }

  async function ask(asked: Asked): Promise<Told> {
    const to = (thread ??= start());
    to.ref();
    try {
      return await new Promise<Told>((resolve, reject) => {
        waiting = { resolve, reject };
        to.postMessage(asked);
      });
    } finally {
      waiting = undefined;
      to.unref();
    }
  }

  /**
   * What was written back is on the disk. The handle stays open as long as the connections: closing any handle of a file takes away the
   * locks that this process holds on it (POSIX).
   */
  async function flush(): Promise<void> {
    if (synchronous === 'OFF') return;
    flushed ??= await open(file, 'r+');
    await flushed.datasync();
  }

  /** Whether the end of the log was reached while nobody wrote, so that the next write begins it anew. */
  async function reachEnd(): Promise<boolean> {
    const { asking, isInTime } = await alone(async () => {
      const asking = ask('write back');
      const answered = asking.then(
        () => true,
        () => false,
      );
      return {
        asking,
        isInTime: await Promise.race([answered, pause(longestHold, false, { ref: false })]),
      };
    });
    const { pages, written } = await asking;
    return isInTime && written === pages;
  }

  async function beginAnew(): Promise<void> {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      await flush();
      if (await reachEnd()) return;
    }
  }

  /** A log keeps its size when it is begun anew: in an office where it was never this long, there is nothing to do, nor a thread to start. */
  async function hasWork(): Promise<boolean> {
    if (thread !== undefined) return true;
    const { size } = await stat(`${file}-wal`).catch(() => ({ size: 0 }));
    return size >= worthwhile * pageBytes;
  }

  async function look(): Promise<void> {
    try {
      if (!(await hasWork())) return;
      const { pages } = await ask('look');
      startedInVain = 0;
      // By small portions: a commit waits for what is under way. (Measured: what piles up until the end of the log takes a third longer.)
      if (pages < longEnough) return await flush();
      ending = beginAnew();
      await ending;
    } catch (error) {
      startedInVain += 1;
      if (error instanceof ThreadGone && startedInVain < starts) return;
      failed = true;
      giveUp(pagesOnItsOwn);
      logger.error({ err: error }, 'the thread of the checkpoints failed; commits do its work');
    } finally {
      ending = undefined;
    }
  }

  return {
    committed() {
      commits += 1;
      const now = performance.now();
      if (failed || working || (commits < commitsBetween && now - lookedAt < msBetween)) return;
      commits = 0;
      lookedAt = now;
      working = look().finally(() => {
        working = undefined;
      });
    },
    ending: () => ending?.catch(() => undefined),
    async end() {
      await working;
      if (!thread) return;
      const last = thread;
      const gone = new Promise<void>((resolve) => last.once('exit', () => resolve()));
      last.ref();
      last.postMessage('end' satisfies Asked);
      await gone;
    },
    async release() {
      await flushed?.close();
    },
  };
}

/** As it was written or as it was built: the entry stands beside what starts it. */
function besideThisFile(): URL {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./checkpoint-worker.${ending}`, import.meta.url);
}
