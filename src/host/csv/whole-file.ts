import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { invalidField } from '#domain/errors.ts';

export interface WrittenBytes {
  bytes: number;
  /** Of all that was appended, in hexadecimal. */
  sha256: string;
}

async function createFile(path: string, target: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    const folder = dirname(target);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw invalidField('path', `The folder “${folder}” does not exist.`);
    }
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
      throw invalidField('path', `No file may be written in the folder “${folder}”.`);
    }
    throw error;
  }
}

/** Makes a rename last: a folder is a file of its own, with a cache of its own. Windows has no such call. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Gives a file another name in its folder, for good. */
export async function renameForGood(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

/**
 * Writes a file that is complete or as it was before (`domain.md`, "Payouts"): it grows under another name in the same folder
 * and takes its own when it is on disk. Only its owner may read it.
 * @throws DomainError `VALIDATION` for a folder that does not exist or may not be written in; the signal's reason;
 * whatever `write` throws.
 */
export async function writeWholeFile(
  path: string,
  write: (append: (piece: string | Uint8Array) => Promise<void>) => Promise<void>,
  signal?: AbortSignal,
): Promise<WrittenBytes> {
  signal?.throwIfAborted();
  const growing = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  const hash = createHash('sha256');
  let bytes = 0;
  const handle = await createFile(growing, path);
  try {
    try {
      // One piece is on its way to the disk while the next is made.
      let underWay = Promise.resolve();
      await write(async (piece) => {
        signal?.throwIfAborted();
        const buffer = typeof piece === 'string' ? Buffer.from(piece) : piece;
        hash.update(buffer);
        bytes += buffer.length;
        await underWay;
        underWay = handle.writeFile(buffer);
        // Whatever fails is thrown where it is waited for; until then it is nobody's.
        underWay.catch(() => {});
      });
      await underWay;
      signal?.throwIfAborted();
      await handle.sync();
    } finally {
      await handle.close();
    }
    await renameForGood(growing, path);
  } catch (error) {
    await rm(growing, { force: true });
    throw error;
  }
  return { bytes, sha256: hash.digest('hex') };
}
