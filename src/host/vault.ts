import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** Encrypts what must not be readable in the database file: account numbers. */
export interface Vault {
  /** AES-256-GCM; `context` binds the text to its row, so that it can't be pasted into another. */
  seal(plain: string, context: string): string;
  /** Throws when the text was altered, belongs to another row, or was sealed with another key. */
  open(sealed: string, context: string): string;
}

const version = 'v1';

/** A vault with the given 32-byte key. */
export function vaultOf(key: Buffer): Vault {
  if (key.length !== 32) throw new Error('The data key must be 32 bytes long.');
  return {
    seal(plain, context) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(context, 'utf8'));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return [
        version,
        nonce.toString('base64'),
        cipher.getAuthTag().toString('base64'),
        body.toString('base64'),
      ].join('.');
    },
    open(sealed, context) {
      const [found, nonce, tag, body] = sealed.split('.');
      if (found !== version || nonce === undefined || tag === undefined || body === undefined) {
        throw new Error('This is not a sealed text of a known version.');
      }
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'));
      decipher.setAAD(Buffer.from(context, 'utf8'));
      decipher.setAuthTag(Buffer.from(tag, 'base64'));
      return Buffer.concat([decipher.update(Buffer.from(body, 'base64')), decipher.final()]).toString('utf8');
    },
  };
}

/**
 * The data key of a data folder, outside the database: made once, readable by the owner only. Given as
 * `PARTNER_DESK_DATA_KEY` (base64) instead where several hosts share one PostgreSQL.
 */
export async function loadDataKey(dataFolder: string, fromEnvironment: string | undefined): Promise<Buffer> {
  if (fromEnvironment !== undefined && fromEnvironment !== '') return Buffer.from(fromEnvironment, 'base64');
  const file = join(dataFolder, 'data.key');
  if (!existsSync(file)) {
    // Written beside and renamed: a crash half-way must not leave a short key that seals data nobody can open again.
    const draft = `${file}.${process.pid}.new`;
    const handle = await open(draft, 'w', 0o600);
    try {
      await handle.writeFile(randomBytes(32).toString('base64'));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  }
  if (process.platform !== 'win32') await chmod(file, 0o600);
  return Buffer.from((await readFile(file, 'utf8')).trim(), 'base64');
}
