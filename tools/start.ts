import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { electronBinary } from './electron-binary.ts';

/**
 * Starts the desktop app. Its shell needs Electron's binary, which npm fetches from elsewhere; where that can't be had, the same
 * app is served to the browser.
 */
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
