import { allTables } from './entities/index.ts';
import { ConstraintError, type ConstraintKind } from './errors.ts';
import { columnName, type Table } from './table.ts';

const tablesByName = new Map(allTables.map((table) => [table.name, table]));

/** The unique constraint of a table by its name or its columns. */
interface Unique {
  name: string;
  fields: readonly string[];
}

function uniquesOf(table: Table<unknown>): Unique[] {
  const uniques = [{ name: `pk_${table.name}`, fields: table.primaryKey }];
  for (const [name, index] of Object.entries(table.indexes)) {
    if (index.unique) uniques.push({ name, fields: index.on });
  }
  return uniques;
}

function fieldsOf(unique: Unique | undefined): string[] {
  return unique ? unique.fields.filter((field) => field !== 'tenantId') : [];
}

function fieldOfColumn(table: Table<unknown> | undefined, column: string): string[] {
  const field = Object.keys(table?.columns ?? {}).find((name) => columnName(name) === column);
  return field ? [field] : [];
}

interface Refusal {
  kind: ConstraintKind;
  table?: string;
  constraint?: string;
  fields?: readonly string[];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** SQLite says it in words: `UNIQUE constraint failed: staff.email_key, staff.tenant_id`. */
function sqliteRefusal(code: string, message: string): Refusal | undefined {
  const subject = /failed: (.*)$/.exec(message)?.[1] ?? '';
  switch (code) {
    case 'SQLITE_CONSTRAINT_UNIQUE':
    case 'SQLITE_CONSTRAINT_PRIMARYKEY': {
      const columns = subject.split(', ');
      const table = tablesByName.get(columns[0]?.split('.')[0] ?? '');
      const key = columns.map((column) => column.split('.')[1]).join();
      const unique = table && uniquesOf(table).find(({ fields }) => fields.map(columnName).join() === key);
      return { kind: 'unique', table: table?.name, constraint: unique?.name, fields: fieldsOf(unique) };
    }
    case 'SQLITE_CONSTRAINT_CHECK': {
      const table = allTables.find(({ checks }) => subject in checks);
      return { kind: 'check', table: table?.name, constraint: subject };
    }
    case 'SQLITE_CONSTRAINT_FOREIGNKEY':
      return { kind: 'foreign_key' };
    case 'SQLITE_CONSTRAINT_NOTNULL': {
      const [name = '', column = ''] = subject.split('.');
      return { kind: 'not_null', table: name, fields: fieldOfColumn(tablesByName.get(name), column) };
    }
    case 'SQLITE_CONSTRAINT_TRIGGER':
      return triggerRefusal(message);
    default:
      return undefined;
  }
}

/** The triggers of the migrations raise `immutable: <table>`, `unbalanced: <table>` and `closed: <table>`. */
function triggerRefusal(message: string): Refusal | undefined {
  const [, kind, table] = /^(immutable|unbalanced|closed): (\w+)$/.exec(message) ?? [];
  if (kind === 'immutable' || kind === 'unbalanced' || kind === 'closed') return { kind, table };
  return undefined;
}

function postgresRefusal(code: string, error: object): Refusal | undefined {
  const table = 'table' in error ? text(error.table) : undefined;
  const constraint = 'constraint' in error ? text(error.constraint) : undefined;
  const definition = table === undefined ? undefined : tablesByName.get(table);
  switch (code) {
    case '23505': {
      const unique = definition && uniquesOf(definition).find(({ name }) => name === constraint);
      return { kind: 'unique', table, constraint, fields: fieldsOf(unique) };
    }
    case '23514':
      return { kind: 'check', table, constraint };
    case '23503':
      return { kind: 'foreign_key', table, constraint };
    case '23502': {
      const column = 'column' in error ? (text(error.column) ?? '') : '';
      return { kind: 'not_null', table, fields: fieldOfColumn(definition, column) };
    }
    case 'PD001':
      return { kind: 'immutable', table };
    case 'PD002':
      return { kind: 'unbalanced', table };
    case 'PD003':
      return { kind: 'closed', table };
    default:
      return undefined;
  }
}

/** A driver's error as a ConstraintError where it is one, else as it is. */
export function translateError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error;
  const { code, message } = error;
  const refusal = code.startsWith('SQLITE_') ? sqliteRefusal(code, message) : postgresRefusal(code, error);
  if (!refusal) return error;
  const where = [refusal.table, refusal.constraint].filter((part) => part !== undefined).join(', ');
  return new ConstraintError(refusal.kind, {
    ...refusal,
    cause: error,
    message: `The database refused a row (${refusal.kind}${where ? `: ${where}` : ''}).`,
  });
}
