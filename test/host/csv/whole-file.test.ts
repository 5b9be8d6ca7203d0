import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./write-beyond-room.ts', import.meta.url));

/** Lets the system refuse whatever would make a file longer than this, as it does on a disk that is full. */
const withRoom = (bytes: number, path: string) =>
  run('prlimit', [`--fsize=${bytes}`, process.execPath, script, path]);

// Only Linux lets a program be started with so little room.
test.skipIf(process.platform !== 'linux')(
  'a file that finds no room leaves nothing, and the one before it as it was',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'partner-desk-room-'));
    try {
      const path = join(folder, 'file.csv');
      await writeFile(path, 'as it was');
      expect((await withRoom(100_000, path)).stdout.trim()).toBe('EFBIG');
      expect(await readdir(folder)).toEqual(['file.csv']);
      expect(await readFile(path, 'utf8')).toBe('as it was');
      // The same with room enough is written: what stopped it was the room.
      expect((await withRoom(2_000_000, path)).stdout.trim()).toBe('written');
      expect(await readFile(path, 'utf8')).toBe('x'.repeat(64 * 16_384));
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
