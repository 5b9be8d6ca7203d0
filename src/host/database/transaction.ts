import { AsyncLocalStorage } from 'node:async_hooks';
import type { Executor } from './executor.ts';
import type { DatabaseLogger, Scope, Writer } from './types.ts';
import { makeWriter, type WriterHooks } from './writer.ts';

const writing = new AsyncLocalStorage<true>();

/** Throws inside a write: a second one would wait for the first, which waits for it. */
export function refuseNestedWrite(): void {
  if (writing.getStore())
    throw new Error('A write inside a write would wait for itself; hand the transaction on.');
}

export const silentLogger: DatabaseLogger = { info() {}, warn() {}, error() {} };

/** What an engine gives a unit of work: a connection in a transaction, and the way to end it. */
export interface OpenTransaction {
  executor: Executor;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/**
 * Keeps statements within the life of their transaction or read, and the two engines alike after a failed one: PostgreSQL
 * refuses whatever follows, SQLite would carry on and commit half.
 */
export function guarded(executor: Executor): {
  executor: Executor;
  /** Closes what is still being streamed; later statements are refused. */
  end(): Promise<void>;
  failure(): unknown;
} {
  let ended = false;
  let failed: { error: unknown } | undefined;
  const streams = new Set<AsyncGenerator<unknown[]>>();
  function check(): void {
    if (ended) throw new Error('The transaction is over; a statement came too late (a missing await?).');
    if (failed) {
      throw new Error('A statement failed, so the transaction can only be rolled back.', {
        cause: failed.error,
      });
    }
  }
  async function run<T>(statement: () => Promise<T>): Promise<T> {
    check();
    try {
      return await statement();
    } catch (error) {
      failed ??= { error };
      throw error;
    }
  }
  async function* watched(stream: AsyncGenerator<unknown[]>): AsyncGenerator<unknown[]> {
    streams.add(stream);
    try {
      yield* stream;
    } catch (error) {
      failed ??= { error };
      throw error;
    } finally {
      streams.delete(stream);
    }
  }
  return {
    async end() {
      ended = true;
      for (const stream of streams) await stream.return(undefined);
    },
    failure: () => failed?.error,
    executor: {
      engine: executor.engine,
      rows: (text, parameters) => run(() => executor.rows(text, parameters)),
      row: (text, parameters) => run(() => executor.row(text, parameters)),
      change: (text, parameters) => run(() => executor.change(text, parameters)),
      stream(text, parameters, batch) {
        check();
        return watched(executor.stream(text, parameters, batch));
      },
    },
  };
}

/** Runs `fn` in a transaction that is already open, and ends it: everything, or nothing. */
export async function runTransaction<T>(
  open: OpenTransaction,
  work: { scope: Scope; now: () => string; logger: DatabaseLogger; fn: (tx: Writer) => Promise<T> },
): Promise<T> {
  const last: ((tx: Writer) => Promise<void>)[] = [];
  const after: (() => void)[] = [];
  const hooks: WriterHooks = {
    beforeCommit: (fn) => void last.push(fn),
    afterCommit: (fn) => void after.push(fn),
  };
  const guard = guarded(open.executor);
  let result: T;
  try {
    const tx = makeWriter(guard.executor, work.scope, work.now, hooks);
    result = await writing.run(true, async () => {
      const value = await work.fn(tx);
      // One that registers another is followed by it.
      for (let fn = last.shift(); fn; fn = last.shift()) await fn(tx);
      return value;
    });
    const failure = guard.failure();
    await guard.end();
    if (failure !== undefined) {
      throw new Error('A statement failed and its error was swallowed; nothing was written.', {
        cause: failure,
      });
    }
    await open.commit();
  } catch (error) {
    try {
      try {
        await guard.end();
      } finally {
        await open.rollback();
      }
    } catch (second) {
      // The connection is gone, and the transaction with it; why it failed in the first place is what matters.
      work.logger.error({ err: second }, 'a rollback failed');
    }
    throw error;
  }
  for (const fn of after) {
    try {
      fn();
    } catch (error) {
      work.logger.error({ err: error }, 'something to be done after a commit failed');
    }
  }
  return result;
}

/** Work under way, so that closing can wait for it. */
export function makeLifetime(): {
  during<T>(work: () => Promise<T>): Promise<T>;
  end(): Promise<boolean>;
} {
  const running = new Set<Promise<unknown>>();
  let closing = false;
  return {
    async during(work) {
      if (closing) throw new Error('The database is closed.');
      const done = work();
      running.add(done);
      try {
        return await done;
      } finally {
        running.delete(done);
      }
    },
    /** Waits for what runs; false when it was already ended. */
    async end() {
      if (closing) return false;
      closing = true;
      await Promise.allSettled(running);
      return true;
    },
  };
}
