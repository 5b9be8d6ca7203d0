import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '#test/support/cli.ts';
import { postgresServer } from '#test/support/databases.ts';

it('a command says in words what the server refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'partner-desk-words-'));
  try {
    const url = new URL('/postgres', await postgresServer());
    url.password = 'wrong';
    const told = await runCli(['tenant', 'list', '--data', folder, '--database-url', url.href]);
    expect(told).toMatchObject({ code: 1, stdout: '' });
    expect(told.stderr).toBe(
      'The PostgreSQL server does not let you in: the user name or the password in the URL is wrong.\n',
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
