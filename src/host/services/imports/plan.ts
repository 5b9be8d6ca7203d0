import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import sql, { empty } from 'sql-template-tag';
import { DomainError, invalidField } from '#domain/errors.ts';
import type { HostContext } from '../../context.ts';
import {
  type ColumnMapping,
  type ManualMapping,
  mapColumns,
  requireCompleteMapping,
} from '../../csv/columns.ts';
import { type CsvFile, openCsv } from '../../csv/read.ts';
import { leadImports, type PartnerRow, partners } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Upload, UploadOwner } from '../../uploads.ts';
import { requireActivePartner } from '../lead-intake.ts';
import { requireOwn } from '../own-partner.ts';

export interface EarlierImport {
  importId: string;
  startedAt: string;
  accepted: number;
}

/** A file that is known to be readable to its end, and how its columns are read. */
export interface ImportPlan {
  partner: PartnerRow;
  upload: Upload;
  sha256: string;
  mapping: ColumnMapping;
  sameFileAs: EarlierImport | null;
}

/** The mapping as callers see it: header name to field, null where a column is left out. */
export function mappingRecord(mapping: ColumnMapping): Record<string, string | null> {
  return Object.fromEntries(
    mapping.header.map((name, column) => [name, mapping.fieldByColumn[column] ?? null]),
  );
}

/** The partner to import for. Throws `NOT_FOUND` and `PARTNER_NOT_ACTIVE`. */
export async function importPartner(
  host: HostContext,
  session: Session,
  partnerId: string,
): Promise<PartnerRow> {
  requireOwn(session, partnerId);
  const partner = await host.database.read({ tenantId: session.tenantId }, (reader) =>
    reader.find(partners, { id: partnerId }),
  );
  if (partner === undefined) throw new DomainError('NOT_FOUND', 'There is no such partner.');
  requireActivePartner(partner);
  return partner;
}

export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** The latest import that took leads from the very same bytes for this partner; `except` is not looked at. */
export async function findSameFile(
  host: HostContext,
  session: Session,
  partnerId: string,
  fileSha256: string,
  except?: string,
): Promise<EarlierImport | null> {
  const others = except === undefined ? empty : sql`and id <> ${except}`;
  const [earlier] = await host.database.read({ tenantId: session.tenantId }, (reader) =>
    reader.list(
      leadImports,
      sql`partner_id = ${partnerId} and file_sha256 = ${fileSha256} and accepted > 0 ${others} order by started_at desc limit 1`,
    ),
  );
  if (earlier === undefined) return null;
  return { importId: earlier.id, startedAt: earlier.startedAt, accepted: earlier.accepted };
}

/** Reads what REST hands over as JSON text: header name to field name or null. */
export function parseMapping(text: string | undefined): ManualMapping | undefined {
  if (text === undefined || text === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidField('mapping', 'The mapping is not JSON, such as {"Phone 1":"phone","Notes":null}.');
  }
  const isMapping = (candidate: unknown): candidate is ManualMapping =>
    typeof candidate === 'object' &&
    candidate !== null &&
    !Array.isArray(candidate) &&
    Object.values(candidate).every((field) => field === null || typeof field === 'string');
  if (!isMapping(value)) {
    throw invalidField(
      'mapping',
      'The mapping names a field, or null, for each header: {"Phone 1":"phone"}.',
    );
  }
  return value;
}

/** Reads the file to its end once: a fault on its last line must be known before the first row is written. */
async function requireReadable(file: CsvFile): Promise<void> {
  for await (const _rows of file.rows()) {
    // Only faults of the file as a whole matter here; those of single rows are told when they come. What was read ahead must not
    // be gone through in one go: others have their turn between two batches.
    await setImmediate();
  }
}

/**
 * Checks everything about an import that can be known before its first row is written. Throws `VALIDATION` for a file that
 * can't be read to its end or lacks a needed column, `NOT_FOUND`, `PARTNER_NOT_ACTIVE`.
 */
export async function planImport(
  host: HostContext,
  session: Session,
  input: { partnerId: string; uploadId: string; mapping?: ManualMapping | undefined },
  uploader: UploadOwner,
  signal: AbortSignal | undefined,
): Promise<ImportPlan> {
  const partner = await importPartner(host, session, input.partnerId);
  const upload = await host.uploads.find(uploader, input.uploadId);
  const file = await openCsv(upload.path, { signal });
  const mapping = mapColumns(file.header, input.mapping);
  requireCompleteMapping(mapping);
  await requireReadable(file);
  const sha256 = await hashFile(upload.path);
  return {
    partner,
    upload,
    sha256,
    mapping,
    sameFileAs: await findSameFile(host, session, partner.id, sha256),
  };
}
