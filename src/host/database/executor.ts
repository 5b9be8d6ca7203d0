import type { Engine } from './types.ts';

/** What a connection, or the transaction on it, can do. Statements come with the engine's own placeholders. */
export interface Executor {
  readonly engine: Engine;
  /** Rows as objects by column name; they are the caller's to change. */
  rows(text: string, parameters: readonly unknown[]): Promise<unknown[]>;
  /** The first row, or undefined. */
  row(text: string, parameters: readonly unknown[]): Promise<unknown>;
  /** How many rows were written. */
  change(text: string, parameters: readonly unknown[]): Promise<number>;
  stream(text: string, parameters: readonly unknown[], batch: number): AsyncGenerator<unknown[]>;
}

/** `?` or `$n`. */
export function placeholder(engine: Engine, position: number): string {
  return engine === 'sqlite' ? '?' : `$${position}`;
}
