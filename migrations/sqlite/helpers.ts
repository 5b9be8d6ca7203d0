/** Rows of this table are added and nothing else. The message is what `errors.ts` of the host reads. */
export function appendOnly(table: string): string[] {
  return ['UPDATE', 'DELETE'].map(
    (change) => `CREATE TRIGGER "tr_${table}_no_${change.toLowerCase()}" BEFORE ${change} ON "${table}" BEGIN
      SELECT RAISE(ABORT, 'immutable: ${table}');
    END`,
  );
}

/**
 * Makes a table anew with its rows, for what SQLite's ALTER TABLE can't do (another check, a column that may be empty now). The order
 * is the one SQLite's documentation prescribes; the migration says `rebuilds`, so that foreign keys are off meanwhile. Indexes and
 * triggers go with the old table: `after` makes all of them again.
 *
 * @param create The whole CREATE TABLE statement, under the table's own name.
 * @param columns Those taken over, by their name or, where the value changes, as [name, expression over the old row].
 */
export function rebuildTable(
  table: string,
  create: string,
  columns: readonly (string | readonly [name: string, expression: string])[],
  after: readonly string[],
): string[] {
  const declared = `CREATE TABLE "${table}"`;
  if (!create.startsWith(declared))
    throw new Error(`The statement for ${table} has to start with ${declared}.`);
  const names = columns.map((column) => `"${typeof column === 'string' ? column : column[0]}"`);
  const values = columns.map((column) => (typeof column === 'string' ? `"${column}"` : column[1]));
  return [
    create.replace(declared, `CREATE TABLE "${table}_new"`),
    `INSERT INTO "${table}_new" (${names.join(', ')}) SELECT ${values.join(', ')} FROM "${table}"`,
    `DROP TABLE "${table}"`,
    `ALTER TABLE "${table}_new" RENAME TO "${table}"`,
    ...after,
  ];
}
