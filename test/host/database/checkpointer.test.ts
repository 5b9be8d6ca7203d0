import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CheckpointerOptions, makeCheckpointer } from '#host/database/checkpointer.ts';
import { silentLogger } from '#host/database/transaction.ts';
import type { DatabaseLogger } from '#host/database/types.ts';

/** More than a log may have before it is begun anew. */
const pages = 5000;
const patience = { timeout: 30_000 };
const threadOf = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

describe('the log of a local database', () => {
  let folder: string;
  let file: string;
  let writer: BetterSqlite3.Database;
  const error = vi.fn<DatabaseLogger['error']>();
  const giveUp = vi.fn<CheckpointerOptions['giveUp']>();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-checkpointer-'));
    file = join(folder, 'some.sqlite');
    writer = new BetterSqlite3(file);
    writer.pragma('journal_mode = WAL');
    writer.pragma('wal_autocheckpoint = 0');
    writer.exec('create table pages (id integer primary key, content text not null)');
  });

  afterEach(async () => {
    writer.close();
    vi.clearAllMocks();
    await rm(folder, { recursive: true });
  });

  /** What nobody may write during: told when it is over. */
  function turn(): { over: Promise<void>; alone: CheckpointerOptions['alone'] } {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    return {
      over,
      async alone(work) {
        const result = await work();
        resolve();
        return result;
      },
    };
  }

  function start(options: Pick<CheckpointerOptions, 'alone'> & Partial<CheckpointerOptions>) {
    return makeCheckpointer({
      file,
      synchronous: 'FULL',
      giveUp,
      logger: { ...silentLogger, error },
      ...options,
    });
  }

  const write = (n: number) => {
    const insert = writer.prepare('insert into pages (content) values (?)');
    writer.transaction(() => {
      for (let page = 0; page < n; page += 1) insert.run('x'.repeat(4000));
    })();
  };
  const log = () => writer.pragma('wal_checkpoint(NOOP)') as { log: number; checkpointed: number }[];

  it('is written back by the thread, and begun anew by the next write', async () => {
    const { over, alone } = turn();
    const checkpointer = start({ alone });
    write(pages);
    const [before] = log();
    expect(before?.log).toBeGreaterThanOrEqual(pages);
    expect(before?.checkpointed).toBe(0);
    checkpointer.committed();
    await over;
    await checkpointer.end();
    write(1);
    const [after] = log();
    expect(after?.log).toBeLessThan(20);
    await checkpointer.release();
    expect(error).not.toHaveBeenCalled();
    expect(writer.prepare('select count(*) from pages').pluck().get()).toBe(pages + 1);
    expect(writer.pragma('integrity_check', { simple: true })).toBe('ok');
  });

  it('lets the slices of jobs wait for its end, and nobody before and after', async () => {
    let during: Promise<void> | undefined;
    const { over, alone } = turn();
    const checkpointer: ReturnType<typeof start> = start({
      alone: async (work) => {
        during = checkpointer.ending();
        return await alone(work);
      },
    });
    write(pages);
    expect(checkpointer.ending()).toBeUndefined();
    checkpointer.committed();
    await over;
    expect(during).toBeInstanceOf(Promise);
    await during;
    await checkpointer.end();
    expect(checkpointer.ending()).toBeUndefined();
    await checkpointer.release();
  });

  it.each([
    [10, 'no thread is started'],
    [500, 'no thread is started'],
    [1500, 'the thread writes it back'],
  ])('is not ended while it is short: at %i pages, %s', async (few, what) => {
    let turns = 0;
    const checkpointer = start({
      alone: (work) => {
        turns += 1;
        return work();
      },
      ...(few < 1000 && { entry: threadOf('throw new Error("started")') }),
    });
    write(few);
    checkpointer.committed();
    await checkpointer.end();
    await checkpointer.release();
    const [{ log: pagesLeft, checkpointed }] = log() as [{ log: number; checkpointed: number }];
    expect(checkpointed).toBe(what === 'no thread is started' ? 0 : pagesLeft);
    expect(turns).toBe(0);
    expect(error).not.toHaveBeenCalled();
  });

  const { alone } = turn();
  const answering = 'parentPort.postMessage({ pages: 1500, written: 1500 })';
  const isAsked = (then: string) =>
    `import { appendFileSync } from 'node:fs'; import { parentPort, workerData } from 'node:worker_threads';
    appendFileSync(workerData.file + '.starts', '.'); parentPort.on('message', () => { ${then}; });`;
  const startsSoFar = () => readFileSync(`${file}.starts`, 'utf8').length;

  it('gets another thread when one is gone, whether it was asked just then or not', async () => {
    const checkpointer = start({ alone, entry: threadOf(isAsked(`${answering}; process.exit()`)) });
    write(1500);
    await vi.waitFor(() => {
      checkpointer.committed();
      expect(startsSoFar()).toBeGreaterThan(4);
    }, patience);
    await checkpointer.end();
    expect(giveUp).not.toHaveBeenCalled();
    expect(error).not.toHaveBeenCalled();
  });

  it('is the business of the commits again when every thread goes without an answer', async () => {
    const checkpointer = start({ alone, entry: threadOf(isAsked('process.exit()')) });
    write(1500);
    await vi.waitFor(() => {
      checkpointer.committed();
      expect(giveUp).toHaveBeenCalledWith(1000);
    }, patience);
    await checkpointer.end();
    expect(startsSoFar()).toBe(3);
    expect(error).toHaveBeenCalledTimes(1);
  });

  it('is the business of the commits again when the thread fails, which is told once', async () => {
    const checkpointer = start({ alone, entry: threadOf('throw new Error("no thread")') });
    write(1500);
    checkpointer.committed();
    await vi.waitFor(() => expect(giveUp).toHaveBeenCalledWith(1000), patience);
    checkpointer.committed();
    await checkpointer.end();
    expect(error).toHaveBeenCalledTimes(1);
    expect(giveUp).toHaveBeenCalledTimes(1);
  });
});
