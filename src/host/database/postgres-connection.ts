import { performance } from 'node:perf_hooks';
import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import { translateError } from './constraint-errors.ts';
import type { Executor } from './executor.ts';
import { rowTypes } from './postgres-types.ts';
import { slowStatement } from './sqlite-connection.ts';
import type { DatabaseLogger } from './types.ts';

/** Most statements kept prepared on a connection; rarer ones are sent whole. */
const keptStatements = 500;
/** Longer texts are the many-row inserts of every length, which hardly come twice. */
const longestKept = 8000;

const names = new Map<string, string>();

/** A name makes the server keep the statement's plan on the connection. */
function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || text.length > longestKept || names.size >= keptStatements) return known;
  const name = `pd${names.size + 1}`;
  names.set(text, name);
  return name;
}

let cursors = 0;

export function makeExecutor(client: PoolClient, logger: DatabaseLogger): Executor {
  async function timed<T>(text: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } catch (error) {
      throw translateError(error);
    } finally {
      const ms = performance.now() - start;
      if (ms > slowStatement) logger.warn({ sql: text, ms: Math.round(ms) }, 'slow statement');
    }
  }

  function objects(text: string, parameters: readonly unknown[]): Promise<QueryResult<QueryResultRow>> {
    const config = { name: nameOf(text), text, values: [...parameters], types: rowTypes };
    return timed(text, () => client.query<QueryResultRow>(config));
  }

  async function* cursor(
    text: string,
    parameters: readonly unknown[],
    batch: number,
  ): AsyncGenerator<unknown[]> {
    const name = `stream_${++cursors}`;
    const declare = `declare ${name} no scroll cursor for ${text}`;
    await timed(declare, () => client.query({ text: declare, values: [...parameters] }));
    try {
      for (;;) {
        const fetch = `fetch ${Math.trunc(batch)} from ${name}`;
        const { rows } = await timed(text, () => client.query({ text: fetch, types: rowTypes }));
        if (rows.length === 0) return;
        yield rows;
      }
    } finally {
      // In a transaction that has failed nothing can be closed any more; it ends with the transaction.
      await client.query(`close ${name}`).catch((error: unknown) => {
        logger.info({ err: error }, 'a cursor was left to its transaction');
      });
    }
  }

  return {
    engine: 'postgres',
    rows: async (text, parameters) => (await objects(text, parameters)).rows,
    row: async (text, parameters) => (await objects(text, parameters)).rows[0],
    change: async (text, parameters) => (await objects(text, parameters)).rowCount ?? 0,
    stream: cursor,
  };
}
