import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '#test/support/cli.ts';

const office = {
  organizationName: 'Command Office',
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  admin: { email: 'ada@example.com', password: 'correct horse battery', firstName: 'Ada', lastName: 'Admin' },
};

it('files that no document has stay when the host opens, and go when somebody says so', async () => {
  const data = await mkdtemp(join(tmpdir(), 'partner-desk-sweep-'));
  try {
    await writeFile(join(data, 'tenant.json'), JSON.stringify(office));
    const added = await runCli([
      'tenant',
      'add',
      '--data',
      data,
      '--file',
      join(data, 'tenant.json'),
      '--json',
    ]);
    const { tenantId } = JSON.parse(added.stdout);
    const folder = join(data, 'documents', tenantId);
    await mkdir(folder, { recursive: true });
    const [stranger, half] = ['a'.repeat(64), 'half.part'].map((name) => join(folder, name));
    const longAgo = new Date(Date.now() - 48 * 3_600_000);
    for (const path of [stranger!, half!]) {
      await writeFile(path, '%PDF-1.7');
      await utimes(path, longAgo, longAgo);
    }
    expect((await runCli(['tenant', 'list', '--data', data])).code).toBe(0);
    expect([existsSync(stranger!), existsSync(half!)]).toEqual([true, false]);
    const swept = await runCli(['sweep-documents', '--data', data]);
    expect(swept.stdout.trim()).toBe('1 file that no document has was cleared away.');
    expect(existsSync(stranger!)).toBe(false);
    expect(JSON.parse((await runCli(['sweep-documents', '--data', data, '--json'])).stdout)).toMatchObject({
      cleared: 0,
    });
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});
