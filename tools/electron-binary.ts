import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Electron's own binary, or null where it could not be fetched. Importing `electron` to ask would try to fetch it. */
export function electronBinary(): string | null {
  const folder =
    process.env['ELECTRON_OVERRIDE_DIST_PATH'] ??
    join(dirname(createRequire(import.meta.url).resolve('electron/package.json')), 'dist');
  const names: Partial<Record<NodeJS.Platform, string>> = {
    win32: 'electron.exe',
    darwin: 'Electron.app/Contents/MacOS/Electron',
  };
  const binary = join(folder, names[process.platform] ?? 'electron');
  return existsSync(binary) ? binary : null;
}
