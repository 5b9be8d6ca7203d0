import type { Table } from '#host/database/index.ts';
import { insertText } from '#host/database/sql-texts.ts';
import type { Connection } from '#host/database/sqlite-connection.ts';

/** Rows per statement: more gains nothing. */
const rowsPerStatement = 50;

/** Gathers rows of a table and writes them by multi-row statements. */
export interface Bulk<R> {
  add(row: R): void;
  /** Writes what is left. */
  end(): void;
}

/** A row's values in the order of the table's columns, as SQLite takes them. */
export function valuesOf(table: Table<unknown>, row: object, into: unknown[] = []): unknown[] {
  const fields = row as Record<string, unknown>;
  for (const [field, column] of Object.entries(table.columns)) {
    const value = fields[field];
    if (value === undefined) throw new Error(`A row of ${table.name} needs ${field}.`);
    if (column.kind === 'json' && value !== null) into.push(JSON.stringify(value));
    else into.push(typeof value === 'boolean' ? Number(value) : value);
  }
  return into;
}

export function bulk<R extends object>(connection: Connection, table: Table<R>): Bulk<R> {
  const full = connection.prepare<[unknown[]]>(insertText('sqlite', table, rowsPerStatement));
  let parameters: unknown[] = [];
  let rows = 0;
  return {
    add(row) {
      valuesOf(table, row, parameters);
      rows += 1;
      if (rows < rowsPerStatement) return;
      full.run(parameters);
      parameters = [];
      rows = 0;
    },
    end() {
      if (rows > 0) connection.prepare<[unknown[]]>(insertText('sqlite', table, rows)).run(parameters);
      parameters = [];
      rows = 0;
    },
  };
}
