/** One step of the schema. Once released it never changes: a correction is the next number. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  /** Statements in order, run in one transaction. */
  readonly up: readonly string[];
}
