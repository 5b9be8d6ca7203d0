import type { Sql } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import { encodeField, trusted } from './codec.ts';
import { type Executor, placeholder } from './executor.ts';
import { compile, entryParameters, makeReader, shapeOf, whereEntries } from './reader.ts';
import { tenantOfRow } from './scope.ts';
import { conditions, insertText, kept, textsFor } from './sql-texts.ts';
import { columnName, type Table } from './table.ts';
import type { Scope, Writer } from './types.ts';

/** Most parameters one statement takes: SQLite's limit is 32,766, PostgreSQL's 65,535. */
const parameterLimit = 32_766;
/** Rows per statement. Only these sizes are kept prepared: one statement per length would fill the memory. */
const chunkSizes = [500, 100, 10, 1];

export type WriterHooks = Pick<Writer, 'beforeCommit' | 'afterCommit'>;

/** Fields an update never sets itself: they are who the row is, or follow from the update. */
const fixedFields = new Set(['id', 'tenantId', 'version', 'createdAt']);

export function makeWriter(executor: Executor, scope: Scope, now: () => string, hooks: WriterHooks): Writer {
  const { engine } = executor;
  const reader = makeReader(executor, scope, true);

  function rowParameters(table: Table<unknown>, given: object, at: string, into: unknown[]): void {
    const row: Record<string, unknown> = { ...given };
    row[table.tenantField] = tenantOfRow(scope, table, row[table.tenantField]);
    for (const [field, column] of Object.entries(table.columns)) {
      let value = row[field];
      if (value === undefined) {
        if (field === 'version') value = 1;
        else if (field === 'createdAt' || field === 'updatedAt') value = at;
        else if (column.nullable) value = null;
        else throw new TypeError(`A row of ${table.name} needs ${field}.`);
      }
      into.push(encodeField(engine, field, column, value));
    }
    for (const field of Object.keys(row)) {
      if (!(field in table.columns)) throw new TypeError(`${table.name} has no field ${field}.`);
    }
  }

  async function insertMany<R>(table: Table<R>, rows: readonly object[]): Promise<void> {
    const texts = textsFor(engine, table);
    const at = now();
    const sizes = chunkSizes.filter((size) => size * texts.fields.length <= parameterLimit);
    for (let start = 0; start < rows.length; ) {
      const left = rows.length - start;
      // On SQLite a statement costs next to nothing, so a rest is made of kept ones; on PostgreSQL it is a round trip.
      const size = engine === 'sqlite' ? sizes.find((one) => one <= left) : Math.min(left, sizes[0] ?? 1);
      const chunk = rows.slice(start, start + (size ?? 1));
      start += chunk.length;
      const parameters: unknown[] = [];
      for (const row of chunk) rowParameters(table, row, at, parameters);
      const text = sizes.includes(chunk.length)
        ? kept(texts, `insert ${chunk.length}`, () => insertText(engine, table, chunk.length))
        : insertText(engine, table, chunk.length);
      await executor.change(text, parameters);
    }
  }

  async function update<R>(table: Table<R>, where: object & { id: string }, patch: object): Promise<R> {
    const entries = whereEntries(scope, table, where);
    if (!entries) throw notFound(table);
    const texts = textsFor(engine, table);
    const set = patchEntries(table, patch);
    if ('updatedAt' in table.columns && !set.some(([field]) => field === 'updatedAt')) {
      set.push(['updatedAt', now()]);
    }
    const shape = `update ${set.map(([field]) => field).join(',')} where ${shapeOf(entries)}`;
    const text = kept(texts, shape, () => {
      const sets = set.map(([field], i) => `"${columnName(field)}" = ${placeholder(engine, i + 1)}`);
      if ('version' in table.columns) sets.push('"version" = "version" + 1');
      const found = conditions(engine, entries, set.length + 1);
      const live = texts.softDelete ? ' and "deleted_at" is null' : '';
      return `update "${table.name}" set ${sets.join(', ')} where ${found}${live} returning ${texts.selected}`;
    });
    const parameters: unknown[] = [];
    for (const [field, value] of set) {
      const column = table.columns[field];
      if (column) parameters.push(encodeField(engine, field, column, value));
    }
    parameters.push(...entryParameters(engine, table, entries));
    const [row] = await executor.rows(text, parameters);
    if (row !== undefined) return trusted<R>(texts.decode(row));
    const key = entries.filter(([field]) => table.primaryKey.includes(field));
    const current = await reader.find(table, trusted<Partial<R>>(Object.fromEntries(key)));
    if (current === undefined) throw notFound(table);
    throw new DomainError('CONFLICT', `This ${table.noun} was changed by someone else in the meantime.`, {
      current,
    });
  }

  return {
    ...reader,
    async run(statement: Sql): Promise<{ changes: number }> {
      const { text, parameters } = compile(engine, statement);
      return { changes: await executor.change(text, parameters) };
    },
    insert: (table, row) => insertMany(table, [row]),
    insertMany,
    update,
    ...hooks,
  };
}

function patchEntries(table: Table<unknown>, patch: object): [field: string, value: unknown][] {
  const set: [string, unknown][] = [];
  for (const [field, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (!(field in table.columns)) throw new TypeError(`${table.name} has no field ${field}.`);
    if (fixedFields.has(field)) throw new TypeError(`${field} of ${table.name} can't be set by an update.`);
    set.push([field, value]);
  }
  return set;
}

function notFound(table: Table<unknown>): DomainError {
  return new DomainError('NOT_FOUND', `There is no such ${table.noun}.`);
}
