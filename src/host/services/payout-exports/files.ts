import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import sql, { join as listOf } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import { type ExportFormat, isOneOf, paymentFileFormats } from '#domain/vocabulary.ts';
import type { HostContext } from '../../context.ts';
import { renameForGood, type WrittenBytes, writeWholeFile } from '../../csv/whole-file.ts';
import { type PayoutExportRow, payoutExportKeys, type Writer } from '../../database/index.ts';
import { keepDataKey, sealedFor } from '../../sealed.ts';
import { vaultOf } from '../../vault.ts';

/**
 * The files of exports, in `exports/` of the data folder. A file is first there as `….unrecorded`, complete, and takes its name
 * when its row is committed: so a crash leaves either nothing that was promised, or a file that the next start, or whoever
 * asks for it, gives its name. A payment file holds account numbers in full, so it is sealed (`domain.md`, "Partner",
 * banking: encrypted at rest), with a key of its own that the data key seals; the others are as they are handed out.
 */
type Stored = Pick<PayoutExportRow, 'id' | 'tenantId' | 'format' | 'fileSha256' | 'byteSize'>;

export function isPaymentFile(format: ExportFormat): format is (typeof paymentFileFormats)[number] {
  return isOneOf(paymentFileFormats, format);
}

const contentTypes: Record<ExportFormat, string> = {
  csv_payouts: 'text/csv; charset=utf-8',
  csv_lines: 'text/csv; charset=utf-8',
  pain001: 'application/xml; charset=utf-8',
  nacha: 'text/plain; charset=us-ascii',
  paypal: 'text/csv; charset=utf-8',
  journal: 'text/csv; charset=utf-8',
};

export const contentTypeOf = (format: ExportFormat): string => contentTypes[format];

const folderOf = (host: HostContext): string => join(host.dataFolder, 'exports');

/** Where the file of an export lies. */
export function exportFile(host: HostContext, { id, format }: Pick<Stored, 'id' | 'format'>): string {
  return join(folderOf(host), `${id}.${isPaymentFile(format) ? 'sealed' : 'csv'}`);
}

/** Where it lies until its row is committed. The folder is made where there is none yet. */
export async function unrecordedFile(
  host: HostContext,
  made: Pick<Stored, 'id' | 'format'>,
): Promise<string> {
  await mkdir(folderOf(host), { recursive: true });
  return `${exportFile(host, made)}.unrecorded`;
}

/** Writes a payment file, sealed with the key that comes back; what else is told of it is of its plain bytes. */
export async function writeSealed(
  host: HostContext,
  made: Pick<Stored, 'id' | 'tenantId' | 'format'>,
  text: string,
  signal: AbortSignal | undefined,
): Promise<WrittenBytes & { key: Buffer }> {
  const key = randomBytes(32);
  const sealed = vaultOf(key).seal(text, sealedFor.paymentFile(made.tenantId, made.id));
  await writeWholeFile(await unrecordedFile(host, made), (append) => append(sealed), signal);
  const plain = Buffer.from(text);
  return { bytes: plain.length, sha256: createHash('sha256').update(plain).digest('hex'), key };
}

/** Keeps the key of a payment file beside its record. */
export async function keepKey(
  host: HostContext,
  tx: Writer,
  { id, tenantId }: Pick<Stored, 'id' | 'tenantId'>,
  key: Buffer,
): Promise<void> {
  await keepDataKey(tx);
  const fileKey = host.vault.seal(key.toString('base64'), sealedFor.paymentFile(tenantId, id));
  await tx.insert(payoutExportKeys, { exportId: id, fileKey });
}

/** Gives the file its name, once its row is committed. */
export function keepFile(host: HostContext, made: Pick<Stored, 'id' | 'format'>): Promise<void> {
  const file = exportFile(host, made);
  return renameForGood(`${file}.unrecorded`, file);
}

/** Takes the file away again, where its row could not be written. */
export function dropFile(host: HostContext, made: Pick<Stored, 'id' | 'format'>): Promise<void> {
  return rm(`${exportFile(host, made)}.unrecorded`, { force: true });
}

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** The file's path. Throws `NOT_FOUND` where it is not in the data folder. */
async function present(host: HostContext, row: Stored): Promise<string> {
  const file = exportFile(host, row);
  try {
    await stat(file);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    // Its row is committed, and the program ended before the file had its name.
    await keepFile(host, row).catch((missing: unknown) => {
      if (!isAbsent(missing)) throw missing;
      throw new DomainError('NOT_FOUND', 'The file of this export is no longer in the data folder.');
    });
  }
  return file;
}

function altered(): DomainError {
  return new DomainError(
    'CONFLICT',
    'The file of this export was changed after it was made, so it is not handed out. Make a new export.',
  );
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece);
  return hash.digest('hex');
}

async function unsealed(host: HostContext, row: Stored, file: string): Promise<Buffer> {
  const sealed = await readFile(file, 'utf8');
  const kept = await host.database.read({ tenantId: row.tenantId }, (reader) =>
    reader.find(payoutExportKeys, { exportId: row.id }),
  );
  if (kept === undefined) throw new Error(`The export ${row.id} has no key.`);
  const context = sealedFor.paymentFile(row.tenantId, row.id);
  const key = Buffer.from(host.vault.open(kept.fileKey, context), 'base64');
  let plain: Buffer;
  try {
    plain = Buffer.from(vaultOf(key).open(sealed, context));
  } catch (error) {
    host.log.warn({ err: error, exportId: row.id }, 'a payment file does not open');
    throw altered();
  }
  if (createHash('sha256').update(plain).digest('hex') !== row.fileSha256) throw altered();
  return plain;
}

/**
 * The file of an export, the same bytes every time. Throws `NOT_FOUND` where it is gone, `CONFLICT` where it is not the one that
 * was recorded.
 */
export async function openFile(host: HostContext, row: Stored): Promise<Blob> {
  const file = await present(host, row);
  const type = contentTypeOf(row.format);
  if (isPaymentFile(row.format)) return new Blob([new Uint8Array(await unsealed(host, row, file))], { type });
  if ((await sha256Of(file)) !== row.fileSha256) throw altered();
  // Read from the disk as it is sent, never whole in memory.
  return openAsBlob(file, { type });
}

/** Bytes of a file, read where they are asked for. */
export interface PieceSource {
  size: number;
  read(offset: number, length: number): Promise<Buffer>;
}

/** Files that were compared with their hash, by size and time of change: a file in a thousand pieces is hashed once. */
const compared = new Map<string, string>();
const mostCompared = 1000;

/** The same for one who takes it in pieces. Throws as `openFile` does. */
export async function pieceSource(host: HostContext, row: Stored): Promise<PieceSource> {
  const file = await present(host, row);
  if (isPaymentFile(row.format)) {
    const plain = await unsealed(host, row, file);
    return {
      size: plain.length,
      read: async (offset, length) => plain.subarray(offset, offset + length),
    };
  }
  const { size, mtimeMs } = await stat(file);
  const state = `${size} ${mtimeMs} ${row.fileSha256}`;
  if (compared.get(file) !== state) {
    if ((await sha256Of(file)) !== row.fileSha256) throw altered();
    if (compared.size >= mostCompared) compared.clear();
    compared.set(file, state);
  }
  return {
    size,
    async read(offset, length) {
      const handle = await open(file, 'r');
      try {
        const buffer = Buffer.alloc(length);
        const { bytesRead } = await handle.read(buffer, 0, length, offset);
        return buffer.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },
  };
}

const unfinished = /^\.?([0-9a-f]{8}-[0-9a-f-]{27})\.(csv|sealed)\.unrecorded(\..*\.tmp)?$/;
/** Another program on this data folder (the command line beside the server) may be writing: its file is younger than this. */
const quietMs = 60_000;

/**
 * At the start: what a crash left. A complete file whose row was committed takes its name, all else that nobody wrote to for a
 * minute goes. Recorded files are never touched, whatever database this host was started with.
 */
export async function sweepExports(host: HostContext): Promise<{ kept: number; removed: number }> {
  const folder = folderOf(host);
  const swept = { kept: 0, removed: 0 };
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return swept;
    throw error;
  }
  const left = names.flatMap((name) => {
    const [, id, , growing] = unfinished.exec(name) ?? [];
    return id === undefined ? [] : [{ name, id, isGrowing: growing !== undefined }];
  });
  if (left.length === 0) return swept;
  const recorded = await host.database.read('system', (reader) =>
    reader.all<{ id: string }>(
      sql`select id from payout_exports where id in (${listOf(left.map(({ id }) => id))})`,
    ),
  );
  const known = new Set(recorded.map(({ id }) => id));
  for (const { name, id, isGrowing } of left) {
    const path = join(folder, name);
    if (known.has(id) && !isGrowing) {
      await renameForGood(path, path.replace(/\.unrecorded$/, ''));
      swept.kept += 1;
      continue;
    }
    const { mtimeMs } = await stat(path);
    // The disk's clock is the machine's, not the one tests hand in.
    if (Date.now() - mtimeMs < quietMs) continue;
    await rm(path, { force: true });
    swept.removed += 1;
  }
  if (swept.kept + swept.removed > 0) host.log.info(swept, 'unfinished exports were cleared up');
  return swept;
}
