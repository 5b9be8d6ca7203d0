import { type CustomTypesConfig, TypeOverrides } from 'pg';

/** The numbers PostgreSQL gives its types. */
const oid = {
  int8: 20,
  json: 114,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  numeric: 1700,
  jsonb: 3802,
};

function integer(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new RangeError(`The database holds ${text}, which is not exact as a number.`);
  return value;
}

/** Sums of bigints come as numeric; an average has decimals. */
function numeric(text: string): number {
  return /^-?\d+$/.test(text) ? integer(text) : Number(text);
}

const utc = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:\+00)?$/;

/** `2026-03-01 09:30:00.5+00` → `2026-03-01T09:30:00.500Z`. */
function instant(text: string): string {
  const [, day, time, fraction = ''] = utc.exec(text) ?? [];
  if (day !== undefined && time !== undefined)
    return `${day}T${time}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
  return new Date(text).toISOString();
}

const asText = (text: string): string => text;

const parsers = new Map<number, (text: string) => unknown>([
  [oid.int8, integer],
  [oid.numeric, numeric],
  [oid.timestamp, instant],
  [oid.timestamptz, instant],
  [oid.date, asText],
  [oid.json, asText],
  [oid.jsonb, asText],
]);

/** Rows as SQLite would give them: numbers, ISO instants, days and JSON as text. Only our own statements are read by these. */
const overrides = new TypeOverrides();
for (const [type, parse] of parsers) overrides.setTypeParser(type, parse);
export const rowTypes: CustomTypesConfig = overrides;
