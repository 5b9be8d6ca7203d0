import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Task } from './crash-stage.ts';

/**
 * When the program is killed: in the middle of the transaction that makes its n-th write, or whenever it gets to after it has
 * told that n steps are done.
 */
export type Moment = { write: number } | { done: number };

const script = fileURLToPath(new URL('crash-work.ts', import.meta.url));

/** Runs the program on a data folder, with a database on a server where one is named, and kills it at the moment. */
export async function killedAt(
  folder: string,
  task: Task,
  moment: Moment,
  databaseUrl?: string,
): Promise<void> {
  const stopAt = 'write' in moment ? moment.write : 0;
  const program = spawn(process.execPath, [script, folder, task, String(stopAt), databaseUrl ?? ''], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(program, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: program.stdout })) {
    lines.push(line);
    const isStep = 'done' in moment && lines.length === moment.done;
    if (isStep || line === 'in the middle' || line === 'at the end') program.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  // A write that never came would leave nothing half to look for.
  expect(lines.at(-1) === 'in the middle').toBe('write' in moment);
}
