import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the walls between the rooms', () => {
  let house: string;
  beforeEach(async () => {
    house = await mkdtemp(join(tmpdir(), 'partner-desk-walls-'));
    for (const file of ['tsconfig.json', 'tsconfig.base.json', 'package.json'])
      await cp(join(root, file), join(house, file));
    await build('src/domain/rule.ts', 'export const rule = 1;');
    await build('src/host/index.ts', 'export const host = 1;');
    await build('src/host/inner.ts', 'export const inner = 1;');
  });
  afterEach(() => rm(house, { recursive: true, force: true }));

  async function build(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(house, path)), { recursive: true });
    await writeFile(join(house, path), text);
  }

  function inspect(): { status: number | null; output: string } {
    const checked = spawnSync(
      process.execPath,
      [
        join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
        '--config',
        join(root, '.dependency-cruiser.mjs'),
        'src',
      ],
      { cwd: house, encoding: 'utf8' },
    );
    return { status: checked.status, output: checked.stdout + checked.stderr };
  }

  it('lets an allowed import pass', async () => {
    await build('src/host/user.ts', "import { rule } from '../domain/rule.ts';\nexport const user = rule;");
    const { status, output } = inspect();
    expect(output).toMatch(/no dependency violations found \(\d+ modules/);
    expect(output).not.toContain('(0 modules');
    expect(status).toBe(0);
  });

  it.each([
    ['domain-is-pure', 'src/domain/bad.ts', '../host/index.ts', 'host'],
    ['renderer-without-host', 'src/renderer/bad.ts', '../host/index.ts', 'host'],
    ['shells-use-the-public-face', 'src/cli/bad.ts', '../host/inner.ts', 'inner'],
    ['contract-on-domain-only', 'src/contract/bad.ts', '../host/index.ts', 'host'],
    ['domain-without-node', 'src/domain/bad.ts', 'node:fs', 'existsSync'],
  ])('catches %s', async (rule, file, target, name) => {
    await build(file, `import { ${name} } from '${target}';\nexport const bad = ${name};`);
    const { status, output } = inspect();
    expect(output).toContain(rule);
    expect(status).not.toBe(0);
  });
});
