export { asBoolean, asJson } from './codec.ts';
export * from './entities/index.ts';
export { ConstraintError } from './errors.ts';
export { DatabaseRefusedError } from './migrate.ts';
export { openDatabase } from './open.ts';
export { replaceDatabase, requireSoundDatabase } from './restore.ts';
export type { Insertable, Table } from './table.ts';
export { inBackground } from './turns.ts';
export type {
  Database,
  DatabaseLocation,
  DatabaseLogger,
  Engine,
  MigrationReport,
  Reader,
  Writer,
} from './types.ts';
