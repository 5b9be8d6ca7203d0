/** Rows of this table are added and nothing else. The message is what `errors.ts` of the host reads. */
export function appendOnly(table: string): string[] {
  return ['UPDATE', 'DELETE'].map(
    (change) => `CREATE TRIGGER "tr_${table}_no_${change.toLowerCase()}" BEFORE ${change} ON "${table}" BEGIN
      SELECT RAISE(ABORT, 'immutable: ${table}');
    END`,
  );
}
