export { asBoolean, asJson } from './codec.ts';
export * from './entities/index.ts';
export { ConstraintError, type ConstraintKind } from './errors.ts';
export { DatabaseRefusedError } from './migrate.ts';
export { openDatabase } from './open.ts';
export { replaceDatabase, requireSoundDatabase } from './restore.ts';
export type { Insertable, RowOf, Table } from './table.ts';
export type {
  Database,
  DatabaseLocation,
  DatabaseLogger,
  DatabaseOptions,
  Engine,
  FindOptions,
  ListOptions,
  MigrationReport,
  Reader,
  Scope,
  Writer,
} from './types.ts';
