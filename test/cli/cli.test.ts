import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli, startCli, waitForLine } from '#test/support/cli.ts';

const office = {
  organizationName: 'Command Office',
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  admin: { email: 'ada@example.com', password: 'correct horse battery', firstName: 'Ada', lastName: 'Admin' },
};

describe('the command line', () => {
  let folder: string;
  let data: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-cli-'));
    data = join(folder, 'data');
    await writeFile(join(folder, 'tenant.json'), JSON.stringify(office));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const addOffice = () =>
    runCli(['tenant', 'add', '--data', data, '--file', join(folder, 'tenant.json'), '--json']);

  it('explains itself, and tells a wrong call apart by its exit code', async () => {
    const help = await runCli(['--help']);
    expect(help.code).toBe(0);
    for (const command of [
      'serve',
      'migrate',
      'demo',
      'tenant',
      'import',
      'export',
      'backup',
      'restore',
      'verify',
    ]) {
      expect(help.stdout).toContain(command);
    }
    expect((await runCli(['import'])).code).toBe(2);
    expect((await runCli(['dance'])).code).toBe(2);
  });

  it('migrates, adds an organization once, lists and verifies it', async () => {
    const migrated = await runCli(['migrate', '--data', data, '--json']);
    expect(JSON.parse(migrated.stdout)).toMatchObject({ engine: 'sqlite', from: 0 });
    expect((await addOffice()).code).toBe(0);
    const again = await addOffice();
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stdout).error.code).toBe('DUPLICATE');
    const listed = await runCli(['tenant', 'list', '--data', data, '--json']);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ organizationName: 'Command Office' }]);
    const verified = await runCli(['verify', '--data', data, '--json']);
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.stdout).ok).toBe(true);
  });

  it('refuses a tenant file that is not right, and names the fields', async () => {
    await writeFile(join(folder, 'tenant.json'), JSON.stringify({ ...office, currency: 'euro', admin: {} }));
    const refused = await addOffice();
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout).error.fields.map((field: { path: string }) => field.path)).toContain(
      'currency',
    );
  });

  it('serves until it is told to stop, and stops cleanly', async () => {
    await addOffice();
    const child = startCli(['serve', '--data', data, '--port', '0', '--json']);
    const url = await waitForLine(child, (line) =>
      line.startsWith('{') ? String(JSON.parse(line).url) : undefined,
    );
    const health = await fetch(`${url}/api/v1/health`);
    expect(health.status).toBe(200);
    const page = await fetch(url);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    child.kill('SIGTERM');
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    expect((await runCli(['verify', '--data', data])).code).toBe(0);
  });

  it('says in a sentence that the port is taken, and ends', async () => {
    await addOffice();
    const child = startCli(['serve', '--data', data, '--port', '0', '--json']);
    const url = await waitForLine(child, (line) =>
      line.startsWith('{') ? String(JSON.parse(line).url) : undefined,
    );
    const { port } = new URL(url);
    const second = await runCli(['serve', '--data', join(folder, 'other'), '--port', port]);
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toContain(`Port ${port} of 127.0.0.1 is taken`);
    expect(second.stderr).not.toContain('EADDRINUSE');
    child.kill('SIGTERM');
    await once(child, 'close');
  });

  it.skipIf(process.platform === 'win32')(
    'stops with the shell that npm started it in, which takes the signal and keeps it',
    async () => {
      await addOffice();
      const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
      // The second command keeps the shell from handing its process over to the first.
      const shell = spawn(
        'sh',
        ['-c', '"$0" "$@"; exit', process.execPath, main, 'serve', '--data', data, '--port', '0', '--json'],
        { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, npm_lifecycle_event: 'serve' } },
      );
      const url = await waitForLine(shell, (line) =>
        line.startsWith('{') ? String(JSON.parse(line).url) : undefined,
      );
      shell.kill('SIGTERM');
      // Its output ends only with the host itself, which holds it open.
      await once(shell, 'close');
      await expect(fetch(`${url}/api/v1/health`)).rejects.toThrow('fetch failed');
      expect((await runCli(['verify', '--data', data])).code).toBe(0);
    },
  );

  it('backs up, refuses a damaged or changed backup, and restores a sound one, keeping what was there', async () => {
    await addOffice();
    const backup = join(folder, 'backup.sqlite');
    expect((await runCli(['backup', '--data', data, '--out', backup])).code).toBe(0);

    const damaged = join(folder, 'damaged.sqlite');
    const bytes = await readFile(backup);
    bytes.fill(0xff, 4096, 12_288);
    await writeFile(damaged, bytes);
    const tampered = join(folder, 'tampered.sqlite');
    await copyFile(backup, tampered);
    const database = new Sqlite(tampered);
    const triggers = database
      .prepare("select name from sqlite_master where type = 'trigger' and tbl_name = 'partner_activities'")
      .all();
    for (const { name } of triggers as { name: string }[]) database.exec(`drop trigger "${name}"`);
    database.exec("update partner_activities set user_name = 'Somebody Else' where seq = 1");
    database.close();
    for (const file of [damaged, tampered, join(folder, 'tenant.json'), join(folder, 'nothing.sqlite')]) {
      const refused = await runCli(['restore', file, '--data', data, '--json']);
      expect({ file, code: refused.code }).toEqual({ file, code: 1 });
      expect(JSON.parse(refused.stdout).error.code).toBe('DATABASE_REFUSED');
    }
    expect((await runCli(['verify', '--data', data])).code).toBe(0);

    const restored = await runCli(['restore', backup, '--data', data, '--json']);
    expect(restored.code).toBe(0);
    const { kept } = JSON.parse(restored.stdout);
    expect(kept).toContain('before-restore');
    expect((await runCli(['verify', '--data', data])).code).toBe(0);
  });

  it('does not restore under a host that is running', async () => {
    await addOffice();
    const backup = join(folder, 'backup.sqlite');
    await runCli(['backup', '--data', data, '--out', backup]);
    const child = startCli(['serve', '--data', data, '--port', '0', '--json']);
    await waitForLine(child, (line) => (line.startsWith('{') ? line : undefined));
    const refused = await runCli(['restore', backup, '--data', data]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('in use');
    child.kill('SIGTERM');
    await once(child, 'close');
  });

  it('imports leads and exports payouts as a staff member, with that person’s rights', async () => {
    await addOffice();
    const nobody = await runCli([
      'import',
      join(folder, 'tenant.json'),
      '--data',
      data,
      '--as',
      'x@example.com',
      '--partner',
      'P',
      '--json',
    ]);
    expect(nobody.code).toBe(1);
    expect(JSON.parse(nobody.stdout).error.code).toBe('NOT_FOUND');
    const unknownPartner = await runCli([
      'import',
      join(folder, 'tenant.json'),
      '--data',
      data,
      '--as',
      'ada@example.com',
      '--partner',
      'P',
    ]);
    expect(unknownPartner.code).toBe(1);
    const out = join(folder, 'payouts.csv');
    const args = ['export', '--data', data, '--as', 'ada@example.com', '--out', out, '--json', '--status'];
    const nothing = await runCli([...args, 'paid']);
    expect(JSON.parse(nothing.stdout).error.code).toBe('NOT_FOUND');
    expect(existsSync(out)).toBe(false);
    const badStatus = await runCli([...args, 'lost']);
    expect(JSON.parse(badStatus.stdout).error.code).toBe('VALIDATION');
    const [, ...place] = args.slice(0, -1);
    const journal = await runCli([
      'export',
      ...place,
      '--format',
      'journal',
      '--from',
      '2026-06-01',
      '--to',
      '2026-06-30',
    ]);
    expect(JSON.parse(journal.stdout).error).toMatchObject({
      code: 'NOT_FOUND',
      message: 'The ledger has no entry in this period; there is nothing to export.',
    });
    const sepa = await runCli(['export', ...place, '--format', 'pain001', '--bom']);
    expect(JSON.parse(sepa.stdout).error.code).toBe('VALIDATION');
    expect((await runCli(['export', ...place, '--format', 'gold'])).code).toBe(2);
    expect((await runCli(['export', ...place, '--format', 'nacha', '--layout', 'lines'])).code).toBe(2);
    expect(existsSync(out)).toBe(false);
  });
});
