import { existsSync } from 'node:fs';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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

/**
 * The folder of the built screens. In a checkout they are built first where that has not been done since their sources
 * changed; elsewhere they came with the programme.
 */
export async function screensFolder(tell: (message: string) => void): Promise<string> {
  if (!existsSync(config) || (await isCurrent())) return built;
  tell('Building the screens …');
  const { build } = await import('vite');
  await build({ configFile: config, logLevel: 'warn' });
  await writeFile(stamp, '');
  return built;
}
