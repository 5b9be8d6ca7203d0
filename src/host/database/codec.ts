import { DomainError } from '#domain/errors.ts';
import type { Column, ColumnKind, Table } from './table.ts';
import { columnName } from './table.ts';
import type { Engine } from './types.ts';

const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const instantShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const dayShape = /^\d{4}-\d\d-\d\d$/;
const largestInteger = 2_147_483_647;

/**
 * What a row from the database is taken to be: rows of raw SQL are what the caller says, decoded rows what the table's definition says.
 * The one place where that is trusted.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller states the type, as with any query
export function trusted<T>(row: unknown): T;
export function trusted(row: unknown): unknown {
  return row;
}

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && (uuidShape.test(value) || uuidShape.test(value.toLowerCase()));
}

function malformed(field: string, what: string, value: unknown): TypeError {
  // The value itself may be someone's personal data; its type is enough to find the mistake.
  return new TypeError(`${field} must be ${what}, not ${value === null ? 'null' : typeof value}.`);
}

function storableText(field: string, value: string): string {
  if (value.includes('\0')) {
    const message = 'This text contains a character that cannot be stored.';
    throw new DomainError('VALIDATION', message, { fields: [{ path: field, message }] });
  }
  return value.isWellFormed() ? value : value.toWellFormed();
}

/** JSON both engines can store: half a surrogate pair or a NUL would be refused by PostgreSQL only. */
function jsonText(field: string, value: unknown): string {
  const plain = JSON.stringify(value);
  if (plain === undefined) throw malformed(field, 'a JSON value', value);
  if (!plain.includes('\\u')) return plain;
  return JSON.stringify(value, (key, part: unknown) =>
    typeof part === 'string' ? storableText(key === '' ? field : `${field}.${key}`, part) : part,
  );
}

function instantText(field: string, value: unknown): string {
  if (typeof value !== 'string') throw malformed(field, 'an ISO-8601 instant', value);
  if (instantShape.test(value) && !Number.isNaN(Date.parse(value))) return value;
  const instant = new Date(value);
  if (!/T.*(Z|[+-]\d\d:?\d\d)$/.test(value) || Number.isNaN(instant.getTime())) {
    throw malformed(field, 'an ISO-8601 instant with its offset', value);
  }
  return instant.toISOString();
}

function dayText(field: string, value: unknown): string {
  if (typeof value !== 'string' || !dayShape.test(value))
    throw malformed(field, 'a day as YYYY-MM-DD', value);
  // Date.parse accepts 30 February and moves on to March; PostgreSQL refuses it.
  if (Number(value.slice(8)) > 28 && new Date(`${value}T00:00:00Z`).toISOString().slice(0, 10) !== value) {
    throw malformed(field, 'a day that exists', value);
  }
  return value;
}

type Encoder = (field: string, value: unknown) => unknown;

const encoders: Record<ColumnKind, Encoder> = {
  uuid: (field, value) => {
    // Nearly always it is written as it is stored.
    if (typeof value === 'string' && uuidShape.test(value)) return value;
    if (!isUuid(value)) throw malformed(field, 'a UUID', value);
    return value.toLowerCase();
  },
  text: (field, value) => {
    if (typeof value !== 'string') throw malformed(field, 'text', value);
    return storableText(field, value);
  },
  integer: (field, value) => {
    if (!Number.isInteger(value) || Math.abs(Number(value)) > largestInteger) {
      throw malformed(field, `a whole number up to ${largestInteger}`, value);
    }
    return value;
  },
  bigint: (field, value) => {
    if (!Number.isSafeInteger(value)) throw malformed(field, 'a whole number that is exact', value);
    return value;
  },
  boolean: (field, value) => {
    if (typeof value !== 'boolean') throw malformed(field, 'true or false', value);
    return value;
  },
  instant: instantText,
  day: dayText,
  json: jsonText,
};

/** A field's value as the engine's driver takes it. Throws TypeError, or DomainError `VALIDATION` for text that can't be stored. */
export function encodeField(engine: Engine, field: string, column: Column<unknown>, value: unknown): unknown {
  if (value === null) return null;
  const encoded = encoders[column.kind](field, value);
  return engine === 'sqlite' && typeof encoded === 'boolean' ? Number(encoded) : encoded;
}

/** A parameter of raw SQL as the engine's driver takes it. */
export function encodeParameter(engine: Engine, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return engine === 'sqlite' ? Number(value) : value;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value !== 'object') throw malformed('A parameter', 'a value', value);
  if (Buffer.isBuffer(value)) return value;
  return value instanceof Date ? value.toISOString() : jsonText('parameter', value);
}

function parsed(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value;
}

/**
 * Finishes a row that was selected with `selectList`. The driver has named the fields already, so only booleans and JSON are left
 * to do, in place: copying forty fields would cost as much as reading them.
 */
export type Decoder = (row: unknown) => unknown;

export function makeDecoder(table: Table<unknown>): Decoder {
  const columns = Object.entries(table.columns);
  const booleans = columns.filter(([, { kind }]) => kind === 'boolean').map(([field]) => field);
  const jsons = columns.filter(([, { kind }]) => kind === 'json').map(([field]) => field);
  return (row) => {
    const fields = trusted<Record<string, unknown>>(row);
    for (const field of booleans) {
      if (fields[field] !== null) fields[field] = asBoolean(fields[field]);
    }
    for (const field of jsons) fields[field] = parsed(fields[field]);
    return fields;
  };
}

/** A boolean of a raw row, from either engine; null stays null as false does not say "unknown". */
export function asBoolean(value: unknown): boolean {
  if (value === true || value === 1) return true;
  if (value === false || value === 0) return false;
  throw malformed('A boolean column', 'true, false, 1 or 0', value);
}

/** A JSON column of a raw row, which is text on both engines. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller states the type, as with any query
export function asJson<T>(value: unknown): T {
  return trusted<T>(parsed(value));
}

/** `"partner_code" as "partnerCode", …`, as `makeDecoder` expects. */
export function selectList(table: Table<unknown>): string {
  return Object.keys(table.columns)
    .map((field) => `"${columnName(field)}" as "${field}"`)
    .join(', ');
}
