import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import { type ColumnKind, columnName, type Table } from './table.ts';
import type { Engine } from './types.ts';

type ColumnType = Pick<EntitySchemaColumnOptions, 'type' | 'precision' | 'collation'>;

/** How each kind of column is stored. On PostgreSQL text is compared by its bytes, so that both engines sort alike. */
const columnTypes: Record<Engine, Record<ColumnKind, ColumnType>> = {
  sqlite: {
    uuid: { type: 'text' },
    text: { type: 'text' },
    integer: { type: 'integer' },
    bigint: { type: 'integer' },
    boolean: { type: 'integer' },
    instant: { type: 'text' },
    day: { type: 'text' },
    json: { type: 'text' },
  },
  postgres: {
    uuid: { type: 'uuid' },
    text: { type: 'text', collation: 'C' },
    integer: { type: 'integer' },
    bigint: { type: 'bigint' },
    boolean: { type: 'boolean' },
    instant: { type: 'timestamptz', precision: 3 },
    day: { type: 'date' },
    json: { type: 'jsonb' },
  },
};

/** A table's definition as TypeORM's entity for one engine. */
export function entityFor(table: Table<unknown>, engine: Engine): EntitySchema {
  const columns: Record<string, EntitySchemaColumnOptions> = {};
  for (const [field, column] of Object.entries(table.columns)) {
    columns[field] = {
      ...columnTypes[engine][column.kind],
      name: columnName(field),
      nullable: column.nullable,
      primary: table.primaryKey.includes(field),
    };
  }
  return new EntitySchema({
    name: table.name,
    tableName: table.name,
    columns,
    indices: Object.entries(table.indexes).map(([name, index]) => ({
      name,
      columns: index.on.map((part) => part.replace(/ desc$/, '')),
      unique: index.unique ?? false,
      where: index.where,
    })),
    checks: Object.entries(table.checks).map(([name, expression]) => ({ name, expression })),
    foreignKeys: Object.entries(table.foreignKeys).map(([name, key]) => ({
      name,
      target: key.table,
      columnNames: [...key.fields],
      referencedColumnNames: [...key.references],
    })),
  });
}
