import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Encrypts what must not be readable in the database file: account numbers, shared secrets, a mail server's password.
 * What is sealed names the key it was sealed with (`v2.<key id>.<nonce>.<tag>.<text>`, AES-256-GCM), so that keys can be
 * changed while rows are in use (`key-rotation.ts`).
 */
export interface Vault {
  /** With the newest key; `context` binds the text to its row, so that it can't be pasted into another. */
  seal(plain: string, context: string): string;
  /** Throws when the text was altered, belongs to another row, or was sealed with a key that isn't here. */
  open(sealed: string, context: string): string;
  /** What every text sealed with the newest key begins with. */
  currentPrefix(): string;
  /** How many keys there are: more than one while they are being changed. */
  keyCount(): number;
  /** Where the keys come from, if they can be changed from here; null for keys that were handed in. */
  readonly keyFile: KeyFile | null;
}

/** The key file of a data folder: a key a line in base64, the newest first, readable by its owner only. */
export interface KeyFile {
  readonly path: string;
  /** Puts a new key before the one there is; where there are several already, their change goes on instead. */
  begin(): { resumed: boolean };
  /** Leaves only the newest. What no key opens any more is lost: see that nothing needs the others first. */
  dropOld(): void;
}

const keyBytes = 32;

interface NamedKey {
  id: string;
  key: Buffer;
}

/** A key's name, which tells nothing of the key. */
function named(key: Buffer): NamedKey {
  if (key.length !== keyBytes) throw new Error('The data key must be 32 bytes long.');
  const id = createHash('sha256').update('partner-desk data key').update(key).digest('hex').slice(0, 12);
  return { id, key };
}

/** A vault with these 32-byte keys: the first seals, all of them open. */
export function vaultOf(first: Buffer, ...others: Buffer[]): Vault {
  const ring = [first, ...others].map(named);
  return vaultWith(() => ring, null);
}

/** `ring` is asked at every use: `fresh` where a key that was added elsewhere must not be missed. */
function vaultWith(ring: (fresh: boolean) => readonly NamedKey[], keyFile: KeyFile | null): Vault {
  const newest = (): NamedKey => {
    const [first] = ring(true);
    if (first === undefined) throw new Error('There is no data key.');
    return first;
  };
  return {
    keyFile,
    keyCount: () => ring(true).length,
    currentPrefix: () => `v2.${newest().id}.`,
    seal(plain, context) {
      const { id, key } = newest();
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(context, 'utf8'));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      const parts = [nonce, cipher.getAuthTag(), body].map((part) => part.toString('base64'));
      return ['v2', id, ...parts].join('.');
    },
    open(sealed, context) {
      const [version, ...rest] = sealed.split('.');
      if (version === 'v2' && rest.length === 4) {
        const [id, ...parts] = rest;
        const known = (fresh: boolean) => ring(fresh).find((each) => each.id === id);
        const found = known(false) ?? known(true);
        if (found === undefined) throw new Error(`The data key ${id} that this was sealed with is not here.`);
        return decrypted(found.key, parts, context);
      }
      // The first version named no key; the tag tells whether one fits.
      if (version === 'v1' && rest.length === 3) return openWithAny(ring(false), rest, context);
      throw new Error('This is not a sealed text of a known version.');
    },
  };
}

function openWithAny(ring: readonly NamedKey[], parts: readonly string[], context: string): string {
  let refusal: unknown;
  for (const { key } of ring) {
    try {
      return decrypted(key, parts, context);
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

function decrypted(key: Buffer, parts: readonly string[], context: string): string {
  const [nonce, tag, body] = parts.map((part) => Buffer.from(part, 'base64'));
  if (nonce?.length !== 12 || tag?.length !== 16 || body === undefined) {
    throw new Error('This is not a sealed text of a known version.');
  }
  const decipher = createDecipheriv('aes-256-gcm', key, nonce);
  decipher.setAAD(Buffer.from(context, 'utf8'));
  decipher.setAuthTag(tag);
  return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
}

/**
 * The vault of a data folder. Its key lies beside the database in `data.key`, made once. Where several hosts with data
 * folders of their own share one PostgreSQL, all of them get the same key as `PARTNER_DESK_DATA_KEY` (base64) instead;
 * while keys are changed it lists them, the newest first, with commas between.
 */
export function openVault(dataFolder: string, fromEnvironment: string | undefined): Vault {
  if (fromEnvironment !== undefined && fromEnvironment !== '') {
    const [first, ...others] = fromEnvironment.split(',').map((key) => Buffer.from(key.trim(), 'base64'));
    if (first === undefined) throw new Error('The data key must be 32 bytes long.');
    return vaultOf(first, ...others);
  }
  return vaultOfFile(join(dataFolder, 'data.key'));
}

function vaultOfFile(path: string): Vault {
  if (!existsSync(path)) makeKeyFile(path);
  if (process.platform !== 'win32') chmodSync(path, 0o600);
  let readAt = '';
  let ring: NamedKey[] = [];

  // Keys may be changed by another process at any time; the file is small and looked at only when something is sealed.
  const current = (fresh: boolean): readonly NamedKey[] => {
    if (!fresh && ring.length > 0) return ring;
    const { mtimeMs, ino, size } = statSync(path);
    const seen = `${mtimeMs} ${ino} ${size}`;
    if (seen !== readAt) {
      ring = readKeys(path).map(named);
      readAt = seen;
    }
    return ring;
  };
  // What was read before its key was dropped can still be opened: rows are read in one moment and opened in the next.
  const retired = new Map<string, NamedKey>();
  const all = (fresh: boolean): readonly NamedKey[] => {
    const now = current(fresh);
    for (const each of now) retired.set(each.id, each);
    return [...now, ...[...retired.values()].filter(({ id }) => !now.some((each) => each.id === id))];
  };
  all(true);

  const vault = vaultWith(all, {
    path,
    begin() {
      const keys = readKeys(path);
      if (keys.length > 1) return { resumed: true };
      writeKeys(path, [randomBytes(keyBytes), ...keys]);
      return { resumed: false };
    },
    dropOld() {
      const [newest, ...old] = readKeys(path);
      if (newest !== undefined && old.length > 0) writeKeys(path, [newest]);
    },
  });
  return { ...vault, keyCount: () => current(true).length };
}

function readKeys(path: string): Buffer[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => Buffer.from(line, 'base64'));
}

/**
 * Written beside, brought to the disk and renamed: a crash half-way must not leave a short key, and a key must be there
 * for good before anything is sealed with it.
 */
function writeKeys(path: string, keys: readonly Buffer[]): void {
  renameSync(draftOf(path, keys), path);
  keepFolder(path);
}

/**
 * The first key of a data folder. Of two hosts that start at the same moment one makes it and the other uses it: a key that
 * replaced another would leave what that one has sealed unreadable. (A disk that knows no links lets the last one win.)
 */
function makeKeyFile(path: string): void {
  const draft = draftOf(path, [randomBytes(keyBytes)]);
  try {
    linkSync(draft, path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EPERM' || code === 'ENOTSUP') renameSync(draft, path);
    else if (code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  keepFolder(path);
}

/** The keys in a file of their own beside the place, brought to the disk. */
function draftOf(path: string, keys: readonly Buffer[]): string {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.new`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeFileSync(file, keys.map((key) => `${key.toString('base64')}\n`).join(''));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return draft;
}

function keepFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
