import sql, { type Sql } from 'sql-template-tag';
import type { Engine } from '../../database/index.ts';

/** The ids of a JSON list as a sub-select: one parameter, however many there are. */
export function idsOf(engine: Engine, ids: readonly string[]): Sql {
  return engine === 'sqlite'
    ? sql`select value from json_each(${JSON.stringify(ids)})`
    : sql`select cast(value as uuid) from jsonb_array_elements_text(cast(${JSON.stringify(ids)} as jsonb))`;
}
