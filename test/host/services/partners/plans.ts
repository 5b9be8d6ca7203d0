import BetterSqlite3 from 'better-sqlite3';
import { Client } from 'pg';
import { raw, Sql } from 'sql-template-tag';
import { vi } from 'vitest';
import type { TestHost } from '#test/support/host.ts';

interface Seen {
  text: string;
  values: unknown[];
}

/**
 * How the database runs each query about `about` that `call` makes. On SQLite only those that this host runs for the first
 * time are seen, because it keeps them prepared. PostgreSQL, which would rather read small tables whole, is told to use an
 * index wherever one will do.
 */
export async function plansOf(
  host: TestHost,
  about: RegExp,
  call: () => Promise<unknown>,
): Promise<string[]> {
  const seen = await statementsOf(host, call);
  const queries = seen.filter(({ text }) => /^\s*select/i.test(text) && about.test(text));
  return host.database.write('system', async (tx) => {
    if (tx.engine === 'postgres') {
      for (const way of ['seqscan', 'sort', 'bitmapscan']) await tx.run(raw(`set local enable_${way} = off`));
    }
    const plans: string[] = [];
    for (const { text, values } of queries) {
      const explain = tx.engine === 'sqlite' ? 'explain query plan ' : 'explain ';
      const statement = new Sql(`${explain}${text}`.split(/\?|\$\d+/), values);
      plans.push(JSON.stringify(await tx.all(statement), null, 1));
    }
    return plans;
  });
}

/** A plan that reads a whole table or index, or sorts what it read. */
export const scanOrSort = /\bSCAN (?!subquery|CONSTANT)|TEMP B-TREE|Seq Scan|Sort Key/;

async function statementsOf(host: TestHost, call: () => Promise<unknown>): Promise<Seen[]> {
  const spy =
    host.database.engine === 'sqlite'
      ? vi.spyOn(BetterSqlite3.prototype, 'prepare')
      : vi.spyOn(Client.prototype, 'query');
  try {
    await call();
    return (spy.mock.calls as unknown[][]).flatMap(([statement]) => seenIn(statement));
  } finally {
    spy.mockRestore();
  }
}

function seenIn(statement: unknown): Seen[] {
  // Of a prepared statement no values are seen yet, and SQLite plans without them.
  if (typeof statement === 'string') {
    return [{ text: statement, values: statement.split('?').slice(1).fill('') }];
  }
  if (typeof statement !== 'object' || statement === null || !('text' in statement)) return [];
  const values = 'values' in statement && Array.isArray(statement.values) ? statement.values : [];
  return [{ text: String(statement.text), values }];
}
