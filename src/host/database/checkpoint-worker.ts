// The entry of the thread that writes SQLite's log back into the database file: see checkpointer.ts.
import { parentPort, workerData } from 'node:worker_threads';
import BetterSqlite3 from 'better-sqlite3';
import type { Asked, Told } from './checkpointer.ts';

const { file, synchronous, worthwhile }: { file: string; synchronous: string; worthwhile: number } =
  workerData;
const port = parentPort;
if (port === null) throw new Error('This is the entry of a thread.');

const connection = new BetterSqlite3(file, { fileMustExist: true });
// SQLite flushes the log before it writes it back, and the database file before the log may be begun anew.
connection.pragma(`synchronous = ${synchronous}`);
// It copies pages past its cache.
connection.pragma('cache_size = -256');

function checkpoint(mode: 'NOOP' | 'PASSIVE'): Told {
  const [row] = connection.pragma(`wal_checkpoint(${mode})`) as { log: number; checkpointed: number }[];
  // Both are -1 while another process does the same.
  return { pages: Math.max(0, row?.log ?? 0), written: Math.max(0, row?.checkpointed ?? 0) };
}

port.on('message', (asked: Asked) => {
  if (asked === 'end') {
    connection.close();
    port.close();
    return;
  }
  const found = checkpoint('NOOP');
  const isWorthIt = asked === 'write back' || found.pages - found.written >= worthwhile;
  port.postMessage(isWorthIt ? checkpoint('PASSIVE') : found);
});
