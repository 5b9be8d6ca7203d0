import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { extractArchive, readArchive } from './asar.ts';

const root = join(import.meta.dirname, '..', '..');

/** What Electron's binary holds its switches behind: this text, a version, their number, then '0' or '1' for each. */
const sentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';

/** The switches in the binary's order, as they have to be (architecture.md, "The Electron shell"). */
const fuses = {
  runAsNode: '0',
  cookieEncryption: '1',
  nodeOptions: '0',
  nodeInspect: '0',
  asarIntegrity: '1',
  onlyFromAsar: '1',
  browserSnapshot: '0',
  fileProtocolPrivileges: '0',
};

function run(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 300_000,
    });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${args.join(' ')} ended with ${String(code)}:\n${output}`));
    });
  });
}

/** A folder that electron-builder takes for an unpacked Electron for Linux; its binary is nothing but the switches. */
async function standInElectron(folder: string): Promise<string> {
  await mkdir(join(folder, 'resources'), { recursive: true });
  const switches = Buffer.from([1, Object.keys(fuses).length]);
  await writeFile(
    join(folder, 'electron'),
    Buffer.concat([Buffer.from(sentinel), switches, Buffer.from('1'.repeat(switches[1] ?? 0))]),
  );
  await chmod(join(folder, 'electron'), 0o755);
  return folder;
}

async function checkFuses(binary: string): Promise<void> {
  const bytes = await readFile(binary);
  const start = bytes.indexOf(sentinel) + sentinel.length + 2;
  const states = bytes.toString('latin1', start, start + Object.keys(fuses).length).split('');
  assert.deepEqual(Object.fromEntries(Object.keys(fuses).map((name, at) => [name, states[at]])), fuses);
}

async function checkContents(archive: string): Promise<void> {
  const { files } = await readArchive(archive);
  const paths = files.map((file) => file.path);

  const ours = paths.filter((path) => !path.startsWith('node_modules/'));
  const known =
    /^(package\.json|out\/main\/(index|host-process|checkpoint-worker)\.js|out\/preload\/index\.cjs|out\/renderer\/.+)$/;
  assert.deepEqual(
    ours.filter((path) => !known.test(path)),
    [],
    'Something of ours is in the package that is not the built app.',
  );
  for (const part of [
    'main/index.js',
    'main/host-process.js',
    'main/checkpoint-worker.js',
    'preload/index.cjs',
    'renderer/index.html',
  ]) {
    assert(ours.includes(`out/${part}`), `out/${part} is missing in the package.`);
  }
  assert.deepEqual(
    paths.filter((path) => /\.(ts|tsx|mts|cts|map)$|\/\.built$/.test(path)),
    [],
    'Sources are in the package.',
  );

  const natives = files.filter((file) => file.path.endsWith('.node'));
  const here = `${process.platform}-${process.arch}`;
  assert.deepEqual(
    natives.map((file) => file.path.replace(/-(gnu|musl|msvc)/g, '')).sort(),
    [
      `node_modules/@node-rs/argon2-${here}/argon2.${here}.node`,
      `node_modules/better-sqlite3/prebuilds/${here}.node`,
    ],
    'The native modules are not those of this platform alone.',
  );
  assert.deepEqual(
    files.filter((file) => file.unpacked !== file.path.endsWith('.node')).map((file) => file.path),
    [],
    'Native modules, and only they, have to lie beside the archive.',
  );

  const { devDependencies }: { devDependencies: Record<string, string> } = JSON.parse(
    await readFile(join(root, 'package.json'), 'utf8'),
  );
  // dayjs comes with typeorm as well.
  const tools = Object.keys(devDependencies).filter((name) => name !== 'dayjs');
  const unwanted = [...tools, 'swagger-ui-dist', 'better-sqlite3/deps', 'better-sqlite3/src'];
  assert.deepEqual(
    unwanted.filter((name) => paths.some((path) => path.startsWith(`node_modules/${name}/`))),
    [],
    'Packages that the app does not run with are in it.',
  );
}

/** The shell is up at once only while it does not load the back end itself. */
async function checkShellIsThin(main: string): Promise<void> {
  const imports = [...(await readFile(main, 'utf8')).matchAll(/^import .*?["']([^"']+)["'];$/gm)].map(
    ([, name]) => name ?? '',
  );
  assert(imports.includes('electron'));
  const allowed = ['electron', ...builtinModules.map((name) => `node:${name}`)];
  assert.deepEqual(
    imports.filter((name) => !allowed.includes(name)),
    [],
    'The shell loads more than Electron and Node.',
  );
}

/**
 * Packs the built app with a stand-in for Electron and looks into the result: what is in it, what its binary's switches are,
 * and that the packed host runs with nothing but what was packed. Takes seconds and no network; on Linux only, since the
 * stand-in has Linux's layout.
 *
 * @throws where something is wrong, with what it is
 */
export async function checkPackage(): Promise<void> {
  if (!existsSync(join(root, 'out', 'main', 'index.js'))) {
    throw new Error('The app is not built: npm run build comes first.');
  }
  const folder = await mkdtemp(join(tmpdir(), 'partner-desk-package-'));
  try {
    const electronDist = await standInElectron(join(folder, 'electron'));
    await run([
      fileURLToPath(import.meta.resolve('electron-builder/cli.js')),
      '--linux',
      '--dir',
      '--publish=never',
      `-c.electronDist=${electronDist}`,
      `-c.directories.output=${join(folder, 'dist')}`,
    ]);
    const [unpacked] = (await readdir(join(folder, 'dist'))).filter((name) => name.endsWith('unpacked'));
    assert(unpacked !== undefined);
    const packed = join(folder, 'dist', unpacked);
    const archive = join(packed, 'resources', 'app.asar');
    await checkFuses(join(packed, 'partner-desk'));
    await checkContents(archive);
    const app = join(folder, 'app');
    await extractArchive(archive, app);
    await checkShellIsThin(join(app, 'out', 'main', 'index.js'));
    await run([
      join(import.meta.dirname, 'packaged-host.ts'),
      join(app, 'out', 'main', 'host-process.js'),
      join(folder, 'data'),
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
