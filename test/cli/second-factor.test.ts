import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRouterClient } from '@orpc/server';
import { Secret, TOTP } from 'otpauth';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { composeHost, createLog, type Host } from '#host/index.ts';
import { runCli } from '#test/support/cli.ts';
import { refusalOf } from '#test/support/host.ts';
import type { Client } from '#test/support/people.ts';

const ada = { email: 'ada@example.com', password: 'correct horse battery' };
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partner-desk-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const clientOf = (host: Host, token: string | null = null): Client =>
  createRouterClient(host.router, { context: { token, station: null } });

async function withHost<T>(work: (host: Host) => Promise<T>): Promise<T> {
  const host = await composeHost({ dataFolder: join(folder, 'data'), log: createLog('silent') });
  try {
    return await work(host);
  } finally {
    await host.close();
  }
}

it('the command line takes the second factor away from the last administrator, who lost it', async () => {
  const office = { organizationName: 'Command Office', currency: 'EUR', timeZone: 'Europe/Berlin' };
  const file = join(folder, 'tenant.json');
  await writeFile(
    file,
    JSON.stringify({ ...office, admin: { ...ada, firstName: 'Ada', lastName: 'Admin' } }),
  );
  const place = ['--data', join(folder, 'data'), '--json'];
  expect((await runCli(['tenant', 'add', ...place, '--file', file])).code).toBe(0);
  const token = await withHost(async (host) => {
    const session = await clientOf(host).auth.login(ada);
    const me = clientOf(host, session.token);
    const { secret } = await me.account.enrolSecondFactor();
    await me.account.confirmSecondFactor({
      code: new TOTP({ secret: Secret.fromBase32(secret) }).generate(),
    });
    expect((await refusalOf(clientOf(host).auth.login(ada))).code).toBe('UNAUTHENTICATED');
    return session.token;
  });

  const reset = ['reset-second-factor', ...place, '--email'];
  const nobody = await runCli([...reset, 'nobody@example.com']);
  expect(nobody.code).toBe(1);
  expect(JSON.parse(nobody.stdout).error.code).toBe('NOT_FOUND');
  const done = await runCli([...reset, 'ADA@example.com']);
  expect(JSON.parse(done.stdout)).toEqual({ name: 'Ada Admin', organizationName: 'Command Office' });
  expect(JSON.parse((await runCli([...reset, ada.email])).stdout).error.code).toBe('INVALID_TRANSITION');

  await withHost(async (host) => {
    expect((await refusalOf(clientOf(host, token).auth.me())).code).toBe('UNAUTHENTICATED');
    const me = clientOf(host, (await clientOf(host).auth.login(ada)).token);
    expect((await me.activities.list({ action: 'second_factor_reset' })).items).toMatchObject([
      { userName: 'Command line', userId: null, resource: 'staff' },
    ]);
    expect(await me.activities.verify()).toMatchObject({ ok: true });
  });
});
