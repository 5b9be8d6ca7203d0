/**
 * Tables as data. One definition gives the row's type, the mapper (`codec.ts`) and TypeORM's entity (`entity.ts`); the
 * migrations say the same in SQL, and a test compares the two on both engines.
 */

export type ColumnKind = 'uuid' | 'text' | 'integer' | 'bigint' | 'boolean' | 'instant' | 'day' | 'json';

export interface Column<T> {
  readonly kind: ColumnKind;
  readonly nullable: boolean;
  /** The closed vocabulary of a text column. */
  readonly values?: readonly string[];
  /** Carries the type only; never set. */
  readonly decoded?: T;
}

export const uuid: Column<string> = { kind: 'uuid', nullable: false };
export const text: Column<string> = { kind: 'text', nullable: false };
/** Up to 2,147,483,647: versions, scores in hundredths, rates in millionths. */
export const integer: Column<number> = { kind: 'integer', nullable: false };
/** Up to 2^53 − 1: money in minor units, and counters that only grow. */
export const bigint: Column<number> = { kind: 'bigint', nullable: false };
export const boolean: Column<boolean> = { kind: 'boolean', nullable: false };
/** ISO-8601 in UTC with milliseconds. */
export const instant: Column<string> = { kind: 'instant', nullable: false };
/** YYYY-MM-DD. */
export const day: Column<string> = { kind: 'day', nullable: false };

export function json<T>(): Column<T> {
  return { kind: 'json', nullable: false };
}

export function oneOf<const Word extends string>(values: readonly Word[]): Column<Word> {
  return { kind: 'text', nullable: false, values };
}

export function nullable<T>(column: Column<T>): Column<T | null> {
  return { kind: column.kind, nullable: true, values: column.values };
}

export interface Index {
  /** Fields in order, each optionally followed by ` desc`. */
  readonly on: readonly string[];
  readonly unique?: boolean;
  /** The condition of a partial index, in SQL. */
  readonly where?: string;
}

export interface ForeignKey {
  /** Own fields; the tenant comes first where the target has one. */
  readonly fields: readonly string[];
  readonly table: string;
  readonly references: readonly string[];
  /** Checked at the commit, not at the statement. */
  readonly deferred?: boolean;
}

/** A table whose decoded rows are `R`. */
export interface Table<R> {
  readonly name: string;
  /** How a sentence calls one row: "this partner". */
  readonly noun: string;
  /** By field. */
  readonly columns: Readonly<Record<string, Column<unknown>>>;
  readonly primaryKey: readonly string[];
  /** The field that holds the tenant: `tenantId`, and `id` for the tenants themselves. */
  readonly tenantField: string;
  readonly appendOnly: boolean;
  /** By name; `unique` ones are how a ConstraintError names its fields. */
  readonly indexes: Readonly<Record<string, Index>>;
  readonly checks: Readonly<Record<string, string>>;
  readonly foreignKeys: Readonly<Record<string, ForeignKey>>;
  /** Carries the type only; never set. */
  readonly row?: R;
}

export type RowOf<T> = T extends Table<infer R> ? R : never;

type Filled = 'tenantId' | 'version' | 'createdAt' | 'updatedAt';
type OptionalKeys<R> = { [K in keyof R]: null extends R[K] ? K : K extends Filled ? K : never }[keyof R];

/** What `insert` takes: a row without what is null and what the database layer fills in. */
export type Insertable<R> = Omit<R, OptionalKeys<R>> & Partial<Pick<R, OptionalKeys<R>>>;

type Decoded<C> = { [K in keyof C]: C[K] extends Column<infer T> ? T : never };

interface TableOptions {
  noun: string;
  primaryKey?: readonly string[];
  tenantField?: string;
  appendOnly?: boolean;
  indexes?: Record<string, Index>;
  checks?: Record<string, string>;
  foreignKeys?: Record<string, ForeignKey>;
}

/** `partnerLeadId` → `partner_lead_id`. */
export function columnName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The vocabularies become checks of their own, so that a word outside them is refused by the database too. */
function vocabularyChecks(name: string, columns: Record<string, Column<unknown>>): Record<string, string> {
  const checks: Record<string, string> = {};
  for (const [field, column] of Object.entries(columns)) {
    if (!column.values) continue;
    const words = column.values.map((word) => `'${word}'`).join(', ');
    checks[`ck_${name}_${columnName(field)}`] = `${columnName(field)} IN (${words})`;
  }
  return checks;
}

export function defineTable<const C extends Record<string, Column<unknown>>>(
  name: string,
  columns: C,
  options: TableOptions,
): Table<Decoded<C>> {
  return {
    name,
    columns,
    noun: options.noun,
    primaryKey: options.primaryKey ?? ['tenantId', 'id'],
    tenantField: options.tenantField ?? 'tenantId',
    appendOnly: options.appendOnly ?? false,
    indexes: options.indexes ?? {},
    checks: { ...vocabularyChecks(name, columns), ...options.checks },
    foreignKeys: options.foreignKeys ?? {},
  };
}

/** A foreign key within the tenant: the row it names is of the same tenant, or there is none. */
export function within(table: string, ...fields: readonly string[]): ForeignKey {
  return { fields: ['tenantId', ...fields], table, references: ['tenantId', 'id'] };
}

/** What nearly every table starts with. */
export const rowColumns = { id: uuid, tenantId: uuid } as const;
/** What every table of changing rows ends with. */
export const changeColumns = { version: integer, createdAt: instant, updatedAt: instant } as const;
