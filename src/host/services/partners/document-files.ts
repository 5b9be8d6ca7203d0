import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import {
  type DocumentMediaType,
  documentFileName,
  largestDocument,
  sniffDocument,
  sniffedBytes,
} from '#domain/documents.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import type { HostContext } from '../../context.ts';
import type { PartnerDocumentRow, Writer } from '../../database/index.ts';
import type { Upload } from '../../uploads.ts';

/**
 * The files of documents: in the data folder, by tenant and SHA-256 of their content, so that the same file lies there
 * once however often it is added. No part of a path comes from outside.
 */

/** A file that was judged and copied, to be put in its place with the row that names it. */
export interface StagedFile {
  columns: {
    fileName: string;
    fileSha256: string;
    fileSize: number;
    mediaType: DocumentMediaType;
  };
  draft: string;
}

type StoredFile = Pick<PartnerDocumentRow, 'tenantId' | 'fileSha256' | 'fileSize'>;

const hashShape = /^[0-9a-f]{64}$/;

/** Whether a name is that of a stored file. */
export function isHashOfFile(name: string): boolean {
  return hashShape.test(name);
}

const tenantShape = /^[0-9a-f-]{36}$/;

/** Where an organization's files lie. */
export function documentsFolder(host: Pick<HostContext, 'dataFolder'>, tenantId: string): string {
  if (!tenantShape.test(tenantId)) throw new Error('This is no tenant.');
  return join(host.dataFolder, 'documents', tenantId);
}

function pathOf(host: Pick<HostContext, 'dataFolder'>, tenantId: string, sha256: string): string {
  if (!isHashOfFile(sha256)) throw new Error('This is no hash of a file.');
  return join(documentsFolder(host, tenantId), sha256);
}

/** Whether the error says that there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/**
 * Judges an upload by its size and first bytes, and copies it beside its place. Throws `VALIDATION` for an empty file, one
 * above 20 MB, and whatever is no PDF, PNG or JPEG by its content.
 */
export async function stageFile(
  host: Pick<HostContext, 'dataFolder'>,
  tenantId: string,
  upload: Upload,
): Promise<StagedFile> {
  if (upload.size === 0) throw invalidField('file', 'The file is empty.');
  if (upload.size > largestDocument) throw invalidField('file', 'The file is larger than 20 MB.');
  const folder = documentsFolder(host, tenantId);
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `${uuidv7()}.part`);
  const hash = createHash('sha256');
  let head = Buffer.alloc(0);
  let fileSize = 0;
  const file = await open(draft, 'wx', 0o600);
  try {
    for await (const chunk of createReadStream(upload.path)) {
      const bytes: Buffer = chunk;
      if (head.length < sniffedBytes) head = Buffer.concat([head, bytes.subarray(0, sniffedBytes)]);
      hash.update(bytes);
      fileSize += bytes.length;
      await file.appendFile(bytes);
    }
    const mediaType = sniffDocument(head);
    if (mediaType === undefined) {
      throw invalidField('file', 'Only PDF, PNG and JPEG files are taken. Save it as a PDF and add that.');
    }
    await file.sync();
    const fileName = documentFileName(upload.fileName, mediaType);
    return { draft, columns: { fileName, fileSha256: hash.digest('hex'), fileSize, mediaType } };
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Keeps others from putting or clearing away this file until the transaction ends. SQLite's writer is alone anyway. */
async function holdFile(tx: Writer, tenantId: string, sha256: string): Promise<void> {
  if (tx.engine !== 'postgres') return;
  await tx.get(sql`select pg_advisory_xact_lock(hashtextextended(${`document ${tenantId} ${sha256}`}, 0))`);
}

/**
 * Puts the file in its place, in the transaction that names it. Done twice it is the same; a damaged file of the same
 * content is made whole by it.
 */
export async function putFile(
  host: Pick<HostContext, 'dataFolder'>,
  tx: Writer,
  tenantId: string,
  { draft, columns }: StagedFile,
): Promise<void> {
  await holdFile(tx, tenantId, columns.fileSha256);
  const place = pathOf(host, tenantId, columns.fileSha256);
  try {
    await rename(draft, place);
  } catch (error) {
    // A transaction that had to run again has put it there already.
    if (!isMissing(error)) throw error;
    await stat(place);
  }
}

/** Clears the file away unless a document that is still there has it. */
export async function clearFile(
  host: Pick<HostContext, 'dataFolder' | 'database'>,
  tenantId: string,
  sha256: string,
): Promise<void> {
  await host.database.write({ tenantId }, async (tx) => {
    await holdFile(tx, tenantId, sha256);
    const named = await tx.get(sql`select 1 as one from partner_documents
      where tenant_id = ${tenantId} and file_sha256 = ${sha256} and deleted_at is null limit 1`);
    if (named === undefined) await rm(pathOf(host, tenantId, sha256), { force: true });
  });
}

/**
 * Where the file is, after its content proved to be what was added. Throws `NOT_FOUND` where it is not in this data folder,
 * `CONFLICT` where its bytes are others.
 */
export async function provenFile(
  host: Pick<HostContext, 'dataFolder' | 'log'>,
  row: StoredFile,
): Promise<string> {
  if (row.fileSha256 === null)
    throw new DomainError('NOT_FOUND', 'This document has no file, only an address.');
  const path = pathOf(host, row.tenantId, row.fileSha256);
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) {
      const bytes: Buffer = chunk;
      hash.update(bytes);
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new DomainError('NOT_FOUND', 'The file of this document is not in the data folder of this host.');
  }
  if (hash.digest('hex') !== row.fileSha256) {
    host.log.error({ sha256: row.fileSha256 }, 'The file of a document is not what was added');
    throw new DomainError(
      'CONFLICT',
      'The file of this document is damaged: it is not what was added. Add it again, or restore it from a backup.',
    );
  }
  return path;
}

/** Bytes of one piece: as base64 it stays under what a message should hold. */
const pieceBytes = 128 * 1024;

/** A piece of the file from a byte on. The first one is given only when the whole file has proved right. */
export async function readDocument(
  host: Pick<HostContext, 'dataFolder' | 'log'>,
  row: StoredFile,
  offset: number,
): Promise<{ data: string; nextOffset: number | null }> {
  const path =
    offset === 0 || row.fileSha256 === null
      ? await provenFile(host, row)
      : pathOf(host, row.tenantId, row.fileSha256);
  const size = row.fileSize ?? 0;
  if (offset > size) throw invalidField('offset', `The file ends at ${size}.`);
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.min(pieceBytes, size - offset));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    const end = offset + bytesRead;
    return {
      data: buffer.toString('base64', 0, bytesRead),
      nextOffset: bytesRead > 0 && end < size ? end : null,
    };
  } finally {
    await file.close();
  }
}

/** The header that makes a browser save the file instead of showing it, whatever its name is written in. */
export function attachmentHeader(fileName: string): string {
  const plain = fileName.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(fileName).replaceAll(/['()*]/g, (sign) => {
    return `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
