import { type Decoder, makeDecoder, selectList } from './codec.ts';
import { placeholder } from './executor.ts';
import { columnName, type Table } from './table.ts';
import type { Engine } from './types.ts';

/**
 * The SQL of the mapper. Reads and writes go as SQL through TypeORM's connections, not through its repositories: measured on a
 * million rows those cost 3 to 40 times the statement. So the texts are made here, once per shape, and kept.
 */
export interface TableTexts {
  readonly decode: Decoder;
  /** What to select. */
  readonly selected: string;
  /** Column names in the order of the definition. */
  readonly names: readonly string[];
  readonly fields: readonly string[];
  readonly kept: Map<string, string>;
  readonly softDelete: boolean;
}

const textsOf: Record<Engine, WeakMap<object, TableTexts>> = {
  sqlite: new WeakMap(),
  postgres: new WeakMap(),
};

export function textsFor(engine: Engine, table: Table<unknown>): TableTexts {
  const known = textsOf[engine].get(table);
  if (known) return known;
  const fields = Object.keys(table.columns);
  const made: TableTexts = {
    decode: makeDecoder(table),
    selected: selectList(table),
    names: fields.map(columnName),
    fields,
    kept: new Map(),
    softDelete: 'deletedAt' in table.columns,
  };
  textsOf[engine].set(table, made);
  return made;
}

/** `make` once per key; the keys are the shapes of calls in the code, so there are few. */
export function kept(texts: TableTexts, key: string, make: () => string): string {
  const known = texts.kept.get(key);
  if (known !== undefined) return known;
  const text = make();
  texts.kept.set(key, text);
  return text;
}

/** `"a" = ? and "b" is null`, with placeholders from `first` on. */
export function conditions(
  engine: Engine,
  entries: readonly (readonly [field: string, value: unknown])[],
  first: number,
): string {
  let position = first;
  return entries
    .map(([field, value]) =>
      value === null
        ? `"${columnName(field)}" is null`
        : `"${columnName(field)}" = ${placeholder(engine, position++)}`,
    )
    .join(' and ');
}

export function insertText(engine: Engine, table: Table<unknown>, rows: number): string {
  const { names } = textsFor(engine, table);
  const columns = names.map((name) => `"${name}"`).join(', ');
  let position = 1;
  const tuples = Array.from(
    { length: rows },
    () => `(${names.map(() => placeholder(engine, position++)).join(', ')})`,
  );
  return `insert into "${table.name}" (${columns}) values ${tuples.join(', ')}`;
}
