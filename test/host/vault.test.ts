import { spawn } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openVault, vaultOf } from '#host/vault.ts';

const [key, otherKey] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];

/** As texts were sealed before they named their key. */
function sealedBefore(plain: string, context: string, with_: Buffer): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', with_, nonce);
  cipher.setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return ['v1', ...[nonce, cipher.getAuthTag(), body].map((part) => part.toString('base64'))].join('.');
}

describe('a vault', () => {
  it('opens what it sealed, each time another text, and names its key without telling of it', () => {
    const vault = vaultOf(key);
    const [once, again] = [vault.seal('DE89', 'row 1'), vault.seal('DE89', 'row 1')];
    expect(once).not.toBe(again);
    expect(once.startsWith(vault.currentPrefix())).toBe(true);
    expect([once, again].map((sealed) => vault.open(sealed, 'row 1'))).toEqual(['DE89', 'DE89']);
    expect(once).not.toContain(key.toString('base64').slice(0, 8));
    expect(vaultOf(otherKey).currentPrefix()).not.toBe(vault.currentPrefix());
  });

  it('opens nothing of another row, another key, or that was altered or cut short', () => {
    const vault = vaultOf(key);
    const sealed = vault.seal('DE89', 'row 1');
    const [version, id, nonce, tag, body] = sealed.split('.');
    const flipped = Buffer.from(body!, 'base64');
    flipped[0]! ^= 1;
    expect(() => vault.open(sealed, 'row 2')).toThrow('authenticate');
    expect(() => vaultOf(otherKey).open(sealed, 'row 1')).toThrow('is not here');
    for (const broken of [
      [version, id, nonce, tag, flipped.toString('base64')],
      [version, id, nonce, Buffer.from(tag!, 'base64').subarray(0, 4).toString('base64'), body],
      [version, id, nonce, tag],
      ['v3', id, nonce, tag, body],
      [],
    ]) {
      expect(() => vault.open(broken.join('.'), 'row 1')).toThrow(/authenticate|known version/);
    }
  });

  it('seals with the first of several keys and opens with all, texts that name no key included', () => {
    const both = vaultOf(otherKey, key);
    expect(both.open(vaultOf(key).seal('old', 'row'), 'row')).toBe('old');
    expect(both.open(sealedBefore('older', 'row', key), 'row')).toBe('older');
    expect(() => both.open(sealedBefore('nobody’s', 'row', Buffer.alloc(32, 3)), 'row')).toThrow(
      'authenticate',
    );
    expect(vaultOf(otherKey).open(both.seal('new', 'row'), 'row')).toBe('new');
    expect(both.keyCount()).toBe(2);
  });

  it('takes keys of 32 bytes only', () => {
    for (const bytes of [0, 16, 31, 33]) expect(() => vaultOf(Buffer.alloc(bytes))).toThrow('32 bytes');
  });
});

describe('the key file of a data folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'partner-desk-vault-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const lines = async () => (await readFile(join(folder, 'data.key'), 'utf8')).trim().split('\n');

  it('is made once', async () => {
    const sealed = openVault(folder, undefined).seal('DE89', 'row');
    expect(openVault(folder, undefined).open(sealed, 'row')).toBe('DE89');
    expect(await lines()).toHaveLength(1);
  });

  it('is one and the same for hosts that make it at the same moment', async () => {
    const folders = Array.from({ length: 40 }, (_, n) => join(folder, `office-${n}`));
    for (const each of folders) await mkdir(each);
    const hosts = Array.from({ length: 3 }, () =>
      spawn(process.execPath, [fileURLToPath(new URL('./vault-process.ts', import.meta.url)), ...folders], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    await Promise.all(hosts.map((host) => once(host.stdout, 'data')));
    const told = hosts.map((host) => text(host.stdout));
    for (const host of hosts) host.stdin.write('go\n');
    const sealed = (await Promise.all(told)).map((said): string[] => JSON.parse(said));
    for (const [n, each] of folders.entries()) {
      const vault = openVault(each, undefined);
      expect(vault.keyCount()).toBe(1);
      for (const texts of sealed) expect(vault.open(texts[n]!, 'row')).toBe(each);
      expect(await readdir(each)).toEqual(['data.key']);
    }
  });

  // Windows keeps rights in another way.
  it.skipIf(process.platform === 'win32')('is for its owner’s eyes only, the new ones too', async () => {
    const mode = async () => (await stat(join(folder, 'data.key'))).mode & 0o777;
    const vault = openVault(folder, undefined);
    expect(await mode()).toBe(0o600);
    vault.keyFile!.begin();
    expect(await mode()).toBe(0o600);
  });

  it('gets a new key in front, once, and loses the old ones only when told', async () => {
    const vault = openVault(folder, undefined);
    const old = vault.seal('DE89', 'row');
    const [before] = await lines();
    expect(vault.keyFile!.begin()).toEqual({ resumed: false });
    expect(await lines()).toEqual([expect.not.stringContaining(before!), before]);
    expect(vault.keyFile!.begin()).toEqual({ resumed: true });
    expect(await lines()).toHaveLength(2);
    expect(vault.open(old, 'row')).toBe('DE89');
    vault.keyFile!.dropOld();
    expect(await lines()).toEqual([expect.not.stringContaining(before!)]);
    expect(() => openVault(folder, undefined).open(old, 'row')).toThrow('is not here');
  });

  it('is looked at again by who has it open: what another process changed is used at once', () => {
    const [mine, theirs] = [openVault(folder, undefined), openVault(folder, undefined)];
    const old = mine.seal('old', 'row');
    theirs.keyFile!.begin();
    const fresh = theirs.seal('new', 'row');
    expect(mine.open(fresh, 'row')).toBe('new');
    expect(mine.currentPrefix()).toBe(theirs.currentPrefix());
    theirs.keyFile!.dropOld();
    // Read a moment before the old key went, opened a moment after.
    expect(mine.open(old, 'row')).toBe('old');
    expect(mine.keyCount()).toBe(1);
  });

  it('is not touched where the keys are handed in, one or several', async () => {
    const handed = `${otherKey.toString('base64')}, ${key.toString('base64')}`;
    const vault = openVault(folder, handed);
    expect(vault.keyFile).toBeNull();
    expect(vault.open(vaultOf(key).seal('DE89', 'row'), 'row')).toBe('DE89');
    expect(vaultOf(otherKey).open(vault.seal('DE89', 'row'), 'row')).toBe('DE89');
    expect(() => openVault(folder, 'c2hvcnQ=')).toThrow('32 bytes');
    await expect(stat(join(folder, 'data.key'))).rejects.toThrow('ENOENT');
  });

  it('that was cut short is refused instead of used', async () => {
    await writeFile(join(folder, 'data.key'), `${key.toString('base64').slice(0, 20)}\n`);
    expect(() => openVault(folder, undefined)).toThrow('32 bytes');
  });
});
