/** One step of the schema. Once released it never changes: a correction is the next number. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  /**
   * SQLite only: it drops tables to make them anew, so foreign keys are off while it runs and checked before its commit
   * (`rebuildTable` of the SQLite helpers).
   */
  readonly rebuilds?: boolean;
  /** Statements in order, run in one transaction. */
  readonly up: readonly string[];
}
