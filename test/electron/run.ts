/** `npm run test:electron`: looks into the package, then runs the suite in the real Electron where there is one. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { electronBinary } from '../../tools/electron-binary.ts';
import { checkPackage } from './package-check.ts';

function runSuite(): Promise<number> {
  const playwright = join(import.meta.dirname, '..', '..', 'node_modules', '@playwright', 'test', 'cli.js');
  const args = [
    'test',
    '--config',
    import.meta.dirname,
    '--workers',
    '1',
    '--timeout',
    '60000',
    '--reporter',
    'list',
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [playwright, ...args], { stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

if (process.platform === 'linux') {
  const started = performance.now();
  await checkPackage();
  console.log(`The package holds what it should (${Math.round((performance.now() - started) / 1000)} s).`);
} else {
  console.warn('NOT CHECKED: the package, which is checked on Linux only.');
}

if (electronBinary() === null) {
  console.warn(`
  ######################################################################
  ##  NOT RUN: no Electron binary.                                    ##
  ##  Nothing of the desktop shell was proved in the real Electron:   ##
  ##  not its window, its sandbox, its fences or its host process.    ##
  ######################################################################
`);
} else {
  process.exitCode = await runSuite();
}
