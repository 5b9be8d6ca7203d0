import { openAsBlob } from 'node:fs';
import { rm } from 'node:fs/promises';
import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { documentName } from '#domain/documents.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import type { HostContext } from '../../context.ts';
import { type PartnerDocumentRow, partnerDocuments, type Reader, type Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command } from '../command.ts';
import { requireOwn } from '../own-partner.ts';
import type { Input, Output, Service } from '../service.ts';
import {
  attachmentHeader,
  clearFile,
  provenFile,
  putFile,
  readDocument,
  type StagedFile,
  stageFile,
} from './document-files.ts';
import { requirePartner } from './wire.ts';

type Document = Output<'partnerDocuments', 'get'>;

/** Live documents a partner may have: far above what anybody shows for itself, and a bound for the disk. */
const mostDocuments = 200;

/**
 * What partners show for themselves (`domain.md`, "People": a partner manager keeps the documents; a partner's admin adds
 * those of the own partner). A review notes who looked at a document and when, as often as somebody does; it decides
 * nothing, so whoever added one may review it: four eyes are on the approval of the partner.
 */
export function partnerDocumentsService(host: HostContext): Service<'partnerDocuments'> {
  const read = <T>(session: Session, work: (reader: Reader) => Promise<T>): Promise<T> =>
    host.database.read({ tenantId: session.tenantId }, work);
  const find = (session: Session, id: string) =>
    read(session, (reader) => requireDocument(reader, session, id));

  return {
    list: (session, { id }) =>
      read(session, async (reader) => {
        requireOwn(session, id);
        await requirePartner(reader, id);
        const rows = await reader.list(partnerDocuments, sql`partner_id = ${id} order by partner_id, id`);
        return { items: rows.map(toWire), nextCursor: null };
      }),

    get: async (session, { id }) => toWire(await find(session, id)),

    add: (session, input) => add(host, session, input),

    upload: async (session, { params, query, body }) => {
      try {
        return await add(host, session, { ...params, ...query, ...body });
      } finally {
        // The transport spooled it for this call alone, refused or not.
        await host.uploads.discard(session, body.uploadId);
      }
    },

    review: (session, input) => review(host, session, input),

    remove: (session, input) => remove(host, session, input),

    download: async (session, { id }) => {
      const row = await find(session, id);
      const path = await provenFile(host, row);
      const [fileName, type] = [row.fileName ?? row.name, row.mediaType ?? 'application/octet-stream'];
      return {
        headers: {
          'content-disposition': attachmentHeader(fileName),
          // What a partner handed in is never shown as a page of ours.
          'x-content-type-options': 'nosniff',
          'content-security-policy': "default-src 'none'; sandbox",
          'x-sha256': row.fileSha256 ?? '',
        },
        body: new File([await openAsBlob(path, { type })], fileName, { type }),
      };
    },

    read: async (session, { id, offset }) => readDocument(host, await find(session, id), offset),
  };
}

async function add(
  host: HostContext,
  session: Session,
  input: Input<'partnerDocuments', 'add'>,
): Promise<Document> {
  const { url, uploadId } = input;
  if ((url === undefined) === (uploadId === undefined)) {
    throw invalidField('url', 'Give the address of the document, or a file: one of the two.');
  }
  const name = documentName(input.name);
  requireOwn(session, input.id);
  if (uploadId === undefined) return insertDocument(host, session, input, name, null);

  await host.database.read({ tenantId: session.tenantId }, (reader) => requirePartner(reader, input.id));
  const upload = await host.uploads.find(session, uploadId);
  const staged = await stageFile(host, session.tenantId, upload);
  try {
    return await insertDocument(host, session, input, name, staged);
  } catch (error) {
    await clearFile(host, session.tenantId, staged.columns.fileSha256);
    throw error;
  } finally {
    await rm(staged.draft, { force: true });
  }
}

function insertDocument(
  host: HostContext,
  session: Session,
  input: Input<'partnerDocuments', 'add'>,
  name: string,
  staged: StagedFile | null,
): Promise<Document> {
  // A file is the same by its content: sent once more it is another upload, and yet the same command.
  const { uploadId: _, ...given } = input;
  const meta = { ...given, fileSha256: staged?.columns.fileSha256 ?? null };
  return command(host, session, { name: 'partnerDocuments.add', input: meta }, async ({ tx, record }) => {
    await requirePartner(tx, input.id);
    await refuseTooMany(tx, session, input.id);
    if (staged !== null) await putFile(host, tx, session.tenantId, staged);
    const id = uuidv7();
    await tx.insert(partnerDocuments, {
      id,
      partnerId: input.id,
      name,
      kind: input.kind,
      url: input.url ?? null,
      ...staged?.columns,
      addedBy: session.userId,
    });
    const row = await requireDocument(tx, session, id);
    record({
      action: 'document_added',
      resource: 'partner_document',
      resourceId: id,
      partnerId: row.partnerId,
      details: { after: shown(row) },
    });
    return toWire(row);
  });
}

async function refuseTooMany(tx: Writer, session: Session, partnerId: string): Promise<void> {
  const counted = await tx.get<{ n: number }>(sql`select count(*) as n from partner_documents
    where tenant_id = ${session.tenantId} and partner_id = ${partnerId} and deleted_at is null`);
  if ((counted?.n ?? 0) < mostDocuments) return;
  throw invalidField('id', `A partner can have at most ${mostDocuments} documents. Remove one first.`);
}

function review(
  host: HostContext,
  session: Session,
  input: Input<'partnerDocuments', 'review'>,
): Promise<Document> {
  return command(host, session, { name: 'partnerDocuments.review', input }, async ({ tx, now, record }) => {
    const row = await lockDocument(tx, session, input);
    const after = await tx.update(
      partnerDocuments,
      { id: row.id, version: row.version },
      { reviewedBy: session.userId, reviewedAt: now, reviewNote: input.note ?? null },
    );
    record({
      action: 'document_reviewed',
      resource: 'partner_document',
      resourceId: row.id,
      partnerId: row.partnerId,
      details: {
        ...shown(row),
        before: { reviewedBy: row.reviewedBy, reviewedAt: row.reviewedAt, reviewNote: row.reviewNote },
        after: { reviewedBy: after.reviewedBy, reviewedAt: after.reviewedAt, reviewNote: after.reviewNote },
      },
    });
    return toWire(after);
  });
}

async function remove(
  host: HostContext,
  session: Session,
  input: Input<'partnerDocuments', 'remove'>,
): Promise<Document> {
  const removed = await command(
    host,
    session,
    { name: 'partnerDocuments.remove', input },
    async ({ tx, now, record }) => {
      const row = await lockDocument(tx, session, input);
      const after = await tx.update(
        partnerDocuments,
        { id: row.id, version: row.version },
        { removedBy: session.userId, removalReason: input.reason ?? null, deletedAt: now },
      );
      record({
        action: 'document_removed',
        resource: 'partner_document',
        resourceId: row.id,
        partnerId: row.partnerId,
        details: { before: shown(row), ...(input.reason !== undefined && { reason: input.reason }) },
      });
      return toWire(after);
    },
  );
  // After the commit, and in a transaction of its own that looks again: whoever adds the same file meanwhile keeps it.
  if (removed.fileSha256 !== null) await clearFile(host, session.tenantId, removed.fileSha256);
  return removed;
}

/** Throws `NOT_FOUND` for an id that is no live document of the tenant, or of another partner for a partner's user. */
async function requireDocument(
  reader: Reader,
  session: Session,
  id: string,
  options: { lock?: boolean } = {},
): Promise<PartnerDocumentRow> {
  const row = await reader.find(partnerDocuments, { id }, options);
  if (row === undefined) throw new DomainError('NOT_FOUND', 'There is no such document.');
  requireOwn(session, row.partnerId, 'document');
  return row;
}

async function lockDocument(
  tx: Writer,
  session: Session,
  input: { id: string; version?: number | undefined },
): Promise<PartnerDocumentRow> {
  const row = await requireDocument(tx, session, input.id, { lock: true });
  if (input.version !== undefined && input.version !== row.version) {
    throw new DomainError('CONFLICT', 'This document was changed by someone else in the meantime.', {
      current: toWire(row),
    });
  }
  return row;
}

/** What an activity tells of a document. */
function shown({ name, kind, url, fileName, fileSha256, fileSize, mediaType }: PartnerDocumentRow) {
  return { name, kind, ...(url === null ? { fileName, fileSha256, fileSize, mediaType } : { url }) };
}

function toWire(row: PartnerDocumentRow): Document {
  return {
    id: row.id,
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    partnerId: row.partnerId,
    name: row.name,
    kind: row.kind,
    url: row.url,
    fileName: row.fileName,
    fileSize: row.fileSize,
    fileSha256: row.fileSha256,
    mediaType: row.mediaType,
    addedBy: row.addedBy,
    reviewedAt: row.reviewedAt,
    reviewedBy: row.reviewedBy,
    reviewNote: row.reviewNote,
  };
}
