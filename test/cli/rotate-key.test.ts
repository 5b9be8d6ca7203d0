import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRouterClient } from '@orpc/server';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { composeHost } from '#host/compose.ts';
import { runCli } from '#test/support/cli.ts';
import { testTenant } from '#test/support/people.ts';
import { iban, register } from '../host/services/partners/setup.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partner-desk-rotate-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An office with one partner's bank details in the folder. */
async function anOffice(): Promise<() => Promise<string | null>> {
  const open = () => composeHost({ dataFolder: folder, log: pino({ level: 'silent' }) });
  const host = await open();
  const office = await testTenant(host, (token) =>
    createRouterClient(host.router, { context: { token, station: 'test' } }),
  );
  const { id } = await register(office);
  const token = await office.token('finance');
  await host.close();
  return async () => {
    const again = await open();
    const client = createRouterClient(again.router, { context: { token, station: 'test' } });
    const shown = (await client.partners.revealBanking({ id })).iban;
    await again.close();
    return shown;
  };
}

const key = async () => (await readFile(join(folder, 'data.key'), 'utf8')).trim();

it('rotate-key makes a new data key and seals every secret with it', async () => {
  const reveal = await anOffice();
  const before = await key();
  const changed = await runCli(['rotate-key', '--data', folder, '--json']);
  expect(changed.stderr).toBe('');
  expect(JSON.parse(changed.stdout)).toEqual({ secrets: 1, oldKeyDropped: true });
  expect(changed.code).toBe(0);
  expect(await key()).not.toBe(before);
  expect(await key()).not.toContain('\n');
  expect(await reveal()).toBe(iban);
  const told = await runCli(['rotate-key', '--data', folder]);
  expect(told.stdout).toContain(
    '1 secret is sealed with the new data key. The old key is gone from data.key.',
  );
  expect(await reveal()).toBe(iban);
});

it('rotate-key says what to do where the key is handed in, and changes nothing', async () => {
  await anOffice();
  const refused = await runCli(['rotate-key', '--data', folder, '--json'], {
    PARTNER_DESK_DATA_KEY: await key(),
  });
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.stdout).error).toMatchObject({
    code: 'VALIDATION',
    message: expect.stringContaining('PARTNER_DESK_DATA_KEY'),
  });
});

it('rotate-key stops at a key file that was cut short instead of making another', async () => {
  await anOffice();
  const short = (await key()).slice(0, 10);
  await writeFile(join(folder, 'data.key'), short);
  const refused = await runCli(['rotate-key', '--data', folder]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('32 bytes');
  expect(await key()).toBe(short);
});
