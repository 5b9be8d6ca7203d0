import { existsSync } from 'node:fs';
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const built = join(root, 'out', 'renderer');
const stamp = join(built, '.built');
const config = join(root, 'vite.screens.config.ts');
const sources = ['src/renderer', 'src/contract', 'src/domain'].map((folder) => join(root, folder));

async function newestChange(folder: string): Promise<number> {
  let newest = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { mtimeMs } = await stat(join(entry.parentPath, entry.name));
    newest = Math.max(newest, mtimeMs);
  }
  return newest;
}

async function isCurrent(): Promise<boolean> {
  if (!existsSync(stamp)) return false;
  const changes = await Promise.all(sources.map(newestChange));
  return Math.max(...changes) < (await stat(stamp)).mtimeMs;
}

const isCodeOf = (error: unknown, ...codes: string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code));

/** Puts a folder in the place of the built screens. Where another host was quicker, its build stays: it is of the same sources. */
async function putInPlace(fresh: string): Promise<void> {
  const old = `${fresh}-old`;
  try {
    await rename(built, old).catch((error: unknown) => {
      if (!isCodeOf(error, 'ENOENT')) throw error;
    });
    await rename(fresh, built).catch((error: unknown) => {
      if (!isCodeOf(error, 'ENOTEMPTY', 'EEXIST', 'EPERM') || !existsSync(stamp)) throw error;
    });
  } finally {
    await rm(old, { recursive: true, force: true });
  }
}

/**
 * The folder of the built screens. In a checkout they are built first where that has not been done since their sources
 * changed; elsewhere they came with the programme.
 */
export async function screensFolder(tell: (message: string) => void): Promise<string> {
  if (!existsSync(config) || (await isCurrent())) return built;
  tell('Building the screens …');
  const { build } = await import('vite');
  // Beside its place: another host may be building too, or serving what is there, at this moment.
  const fresh = `${built}-${process.pid}`;
  try {
    await build({ configFile: config, logLevel: 'warn', build: { outDir: fresh } });
    await writeFile(join(fresh, basename(stamp)), '');
    await putInPlace(fresh);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return built;
}
