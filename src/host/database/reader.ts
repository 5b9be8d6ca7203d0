import type { Sql } from 'sql-template-tag';
import { encodeField, encodeParameter, isUuid, trusted } from './codec.ts';
import { type Executor, placeholder } from './executor.ts';
import { tenantEntries } from './scope.ts';
import { conditions, kept, textsFor } from './sql-texts.ts';
import { columnName, type Table } from './table.ts';
import type { Engine, FindOptions, ListOptions, Reader, Scope } from './types.ts';

/** A statement as the engine's driver takes it. */
export function compile(engine: Engine, statement: Sql): { text: string; parameters: unknown[] } {
  return {
    text: engine === 'sqlite' ? statement.sql : statement.text,
    parameters: statement.values.map((value) => encodeParameter(engine, value)),
  };
}

type Entries = (readonly [field: string, value: unknown])[];

/** What a `where` names, or undefined when it can't match: an id that is no UUID finds nothing on either engine. */
export function whereEntries(scope: Scope, table: Table<unknown>, where: object): Entries | undefined {
  const entries = tenantEntries(scope, table);
  for (const [field, value] of Object.entries(where)) {
    const column = table.columns[field];
    if (!column) throw new TypeError(`${table.name} has no field ${field}.`);
    if (value === undefined) throw new TypeError(`where.${field} is undefined; null asks for an empty one.`);
    if (column.kind === 'uuid' && value !== null && !isUuid(value)) return undefined;
    entries.push([field, value]);
  }
  if (entries.length === 0) throw new TypeError(`find in ${table.name} needs a condition.`);
  return entries;
}

/** The values of entries that take a placeholder. */
export function entryParameters(engine: Engine, table: Table<unknown>, entries: Entries): unknown[] {
  const parameters: unknown[] = [];
  for (const [field, value] of entries) {
    const column = table.columns[field];
    if (column && value !== null) parameters.push(encodeField(engine, field, column, value));
  }
  return parameters;
}

/** The same call always has the same key, whatever the values. */
export function shapeOf(entries: Entries): string {
  return entries.map(([field, value]) => (value === null ? `${field}=null` : field)).join(',');
}

/** A tail that starts with one of these has no condition before it. */
const noCondition = /^\s*(order|limit|group|for)\b/i;

export function makeReader(executor: Executor, scope: Scope, mayLock = false): Reader {
  const { engine } = executor;

  async function find<R>(table: Table<R>, where: object, options: FindOptions = {}): Promise<R | undefined> {
    if (options.lock && !mayLock) throw new TypeError('Only a write can lock a row.');
    const entries = whereEntries(scope, table, where);
    if (!entries) return undefined;
    const texts = textsFor(engine, table);
    const lock = options.lock === true && engine === 'postgres';
    const live = texts.softDelete && !options.withDeleted;
    const text = kept(texts, `find ${lock} ${live} ${shapeOf(entries)}`, () => {
      const found = conditions(engine, entries, 1);
      return `select ${texts.selected} from "${table.name}" where ${found}${live ? ' and "deleted_at" is null' : ''} limit 1${lock ? ' for update' : ''}`;
    });
    const row = await executor.row(text, entryParameters(engine, table, entries));
    return row === undefined ? undefined : trusted<R>(texts.decode(row));
  }

  async function list<R>(table: Table<R>, tail?: Sql, options: ListOptions = {}): Promise<R[]> {
    const texts = textsFor(engine, table);
    const live = texts.softDelete && !options.withDeleted;
    const ofTenant = tenantEntries(scope, table);
    // The tenant's rows are a sub-select, which both engines merge into the outer one: so an "or" in the tail stays within.
    const inner = kept(texts, `list ${live} ${ofTenant.length}`, () => {
      const parts = ofTenant.map(([field]) => `"${columnName(field)}" = ${placeholder(engine, 1)}`);
      if (live) parts.push('"deleted_at" is null');
      const rows = `select * from "${table.name}"${parts.length > 0 ? ` where ${parts.join(' and ')}` : ''}`;
      return `select ${texts.selected} from (${rows}) as "${table.name}"`;
    });
    const parameters = entryParameters(engine, table, ofTenant);
    let text = inner;
    if (tail && tail.sql.trim() !== '') {
      const where = noCondition.test(tail.strings[0] ?? '') ? '' : 'where ';
      text = `${inner} ${where}${engine === 'sqlite' ? tail.sql : numberedFrom(tail, parameters.length)}`;
      for (const value of tail.values) parameters.push(encodeParameter(engine, value));
    }
    const rows = await executor.rows(text, parameters);
    return trusted<R[]>(rows.map(texts.decode));
  }

  return {
    engine,
    scope,
    find,
    list,
    async all<T>(statement: Sql): Promise<T[]> {
      const { text, parameters } = compile(engine, statement);
      return trusted<T[]>(await executor.rows(text, parameters));
    },
    async get<T>(statement: Sql): Promise<T | undefined> {
      const { text, parameters } = compile(engine, statement);
      return trusted<T | undefined>(await executor.row(text, parameters));
    },
    stream<T>(statement: Sql, batch = 500): AsyncIterable<T[]> {
      const { text, parameters } = compile(engine, statement);
      return trusted<AsyncIterable<T[]>>(executor.stream(text, parameters, batch));
    },
  };
}

/** The `$n` text of a statement that follows `taken` other parameters. */
function numberedFrom(statement: Sql, taken: number): string {
  return statement.strings.reduce((text, part, i) => `${text}$${taken + i}${part}`);
}
