import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * Starts the desktop app. Its shell needs Electron's binary, which npm fetches from elsewhere; where that can't be had, the same
 * app is served to the browser.
 */
function electronBinary(): string | null {
  const chosen = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
  const folder =
    chosen ?? join(dirname(createRequire(import.meta.url).resolve('electron/package.json')), 'dist');
  const names: Partial<Record<NodeJS.Platform, string>> = {
    win32: 'electron.exe',
    darwin: 'Electron.app/Contents/MacOS/Electron',
  };
  const binary = join(folder, names[process.platform] ?? 'electron');
  return existsSync(binary) ? binary : null;
}

function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

const root = join(import.meta.dirname, '..');
const binary = electronBinary();
if (binary === null) {
  process.stderr.write(
    'There is no Electron binary here, so Partner Desk is served to the browser instead.\n',
  );
  process.exitCode = await run(process.execPath, [
    join(root, 'src/cli/main.ts'),
    'serve',
    ...process.argv.slice(2),
  ]);
} else {
  const built = await run(process.execPath, [
    join(root, 'node_modules/electron-vite/bin/electron-vite.js'),
    'build',
  ]);
  process.exitCode = built === 0 ? await run(binary, [root, ...process.argv.slice(2)]) : built;
}
