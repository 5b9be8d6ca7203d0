import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { v7 as uuidv7 } from 'uuid';
import { DomainError, invalidField } from '#domain/errors.ts';

/** Whose upload it is: nobody else can read or finish it. */
export interface UploadOwner {
  tenantId: string;
  userId: string;
}

export interface Upload {
  path: string;
  fileName: string;
  /** Bytes received so far. */
  size: number;
}

/** Files on their way in, spooled to disk so that no file ever stands in memory. */
export interface UploadStore {
  begin(owner: UploadOwner, fileName: string): Promise<string>;
  /** Adds bytes at the end. `offset` must be what is there already, so that a piece sent twice is not doubled. */
  append(owner: UploadOwner, uploadId: string, offset: number, data: Uint8Array): Promise<number>;
  /** Takes a whole stream. Throws `VALIDATION` beyond the size limit (2 GB unless told, in bytes), and keeps nothing of it. */
  receive(owner: UploadOwner, fileName: string, stream: Readable, largest?: number): Promise<string>;
  /** Throws `NOT_FOUND` where it is not there or somebody else's. */
  find(owner: UploadOwner, uploadId: string): Promise<Upload>;
  discard(owner: UploadOwner, uploadId: string): Promise<void>;
  /** Throws away what was begun more than a day ago, but for what is still to be worked on. */
  sweep(now: string, needed: ReadonlySet<string>): Promise<void>;
}

/** Bytes; ten million lead rows fit. */
const largestUpload = 2 * 1024 ** 3;
const dayInMs = 86_400_000;
const idShape = /^[0-9a-f-]{36}$/;

const tooLarge = (largest: number) =>
  largest === largestUpload
    ? invalidField('file', 'The file is larger than 2 GB. Split it.')
    : invalidField('file', `The file is larger than ${Math.floor(largest / 1024 ** 2)} MB.`);

/** When a file was last written to; undefined where there is none, or none any more: another program may clear away, too. */
async function touchedAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

export async function createUploadStore(folder: string): Promise<UploadStore> {
  await mkdir(folder, { recursive: true });
  const fileOf = (uploadId: string) => join(folder, `${uploadId}.part`);
  const cardOf = (uploadId: string) => join(folder, `${uploadId}.json`);

  async function find(owner: UploadOwner, uploadId: string): Promise<Upload> {
    const missing = new DomainError('NOT_FOUND', 'This upload is not here any more. Choose the file again.');
    if (!idShape.test(uploadId)) throw missing;
    try {
      const card: UploadOwner & { fileName: string } = JSON.parse(await readFile(cardOf(uploadId), 'utf8'));
      if (card.tenantId !== owner.tenantId || card.userId !== owner.userId) throw missing;
      const { size } = await stat(fileOf(uploadId));
      return { path: fileOf(uploadId), fileName: card.fileName, size };
    } catch (error) {
      throw isAbsent(error) ? missing : error;
    }
  }

  async function begin(owner: UploadOwner, fileName: string): Promise<string> {
    const uploadId = uuidv7();
    await writeFile(fileOf(uploadId), '');
    await writeFile(cardOf(uploadId), JSON.stringify({ ...owner, fileName }));
    return uploadId;
  }

  async function remove(uploadId: string): Promise<void> {
    await rm(fileOf(uploadId), { force: true });
    await rm(cardOf(uploadId), { force: true });
  }

  return {
    begin,
    find,

    async append(owner, uploadId, offset, data) {
      const upload = await find(owner, uploadId);
      if (upload.size !== offset) {
        throw invalidField('offset', `This piece belongs at ${offset}, but ${upload.size} bytes are here.`);
      }
      if (offset + data.length > largestUpload) throw tooLarge(largestUpload);
      const file = await open(upload.path, 'a');
      try {
        await file.appendFile(data);
      } finally {
        await file.close();
      }
      return offset + data.length;
    },

    async receive(owner, fileName, stream, largest = largestUpload) {
      // From the first moment: what breaks off before it is read would end the program, or never be told to whoever reads it then.
      stream.on('error', (error) => stream.destroy(error));
      const uploadId = await begin(owner, fileName);
      let received = 0;
      try {
        await pipeline(
          stream,
          async function* measure(chunks: AsyncIterable<Buffer>) {
            for await (const chunk of chunks) {
              received += chunk.length;
              if (received > largest) throw tooLarge(largest);
              yield chunk;
            }
          },
          createWriteStream(fileOf(uploadId), { flags: 'a' }),
        );
        return uploadId;
      } catch (error) {
        await remove(uploadId);
        throw error;
      }
    },

    async discard(owner, uploadId) {
      await find(owner, uploadId);
      await remove(uploadId);
    },

    async sweep(now, needed) {
      const ids = new Set((await readdir(folder)).map((name) => name.replace(/\.(part|json)$/, '')));
      for (const uploadId of ids) {
        if (needed.has(uploadId)) continue;
        const touched = (await touchedAt(fileOf(uploadId))) ?? (await touchedAt(cardOf(uploadId)));
        if (touched !== undefined && Date.parse(now) - touched > dayInMs) await remove(uploadId);
      }
    },
  };
}
