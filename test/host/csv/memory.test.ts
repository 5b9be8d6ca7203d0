import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

/** Runs a script with a heap far smaller than what it reads or writes; too much memory ends it. */
async function inLittleMemory(script: URL, megabytes: number): Promise<unknown> {
  const { stdout } = await run(process.execPath, [
    '--max-old-space-size=32',
    fileURLToPath(script),
    String(megabytes),
  ]);
  return JSON.parse(stdout);
}

test('a file of 64 MB is read with a heap of 32 MB', async () => {
  const script = new URL('./read-much.ts', import.meta.url);
  expect(await inLittleMemory(script, 64)).toMatchObject({ refusal: null, megabytes: 64 });
});

test('an export of 100 MB is written with a heap of 32 MB', async () => {
  const script = new URL('./write-much.ts', import.meta.url);
  expect(await inLittleMemory(script, 100)).toMatchObject({ megabytes: 100 });
});
