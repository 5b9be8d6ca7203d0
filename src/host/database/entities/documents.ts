import { documentKinds, documentMediaTypes } from '#domain/documents.ts';
import {
  bigint,
  changeColumns,
  defineTable,
  instant,
  nullable,
  oneOf,
  type RowOf,
  rowColumns,
  text,
  uuid,
  within,
} from '../table.ts';

/** What a partner shows for itself: an address on the web, or a file in the data folder under its hash. */
export const partnerDocuments = defineTable(
  'partner_documents',
  {
    ...rowColumns,
    partnerId: uuid,
    name: text,
    kind: oneOf(documentKinds),
    url: nullable(text),
    /** As it was called where it came from, for whoever downloads it; never part of a path. */
    fileName: nullable(text),
    fileSha256: nullable(text),
    /** Bytes. */
    fileSize: nullable(bigint),
    /** What the first bytes say it is. */
    mediaType: nullable(oneOf(documentMediaTypes)),
    /** A staff member, or one of the partner's own people. */
    addedBy: uuid,
    reviewedBy: nullable(uuid),
    reviewedAt: nullable(instant),
    reviewNote: nullable(text),
    removedBy: nullable(uuid),
    removalReason: nullable(text),
    ...changeColumns,
    deletedAt: nullable(instant),
  },
  {
    noun: 'document',
    indexes: {
      ix_partner_documents_partner: { on: ['tenantId', 'partnerId', 'id'] },
      ix_partner_documents_file: {
        on: ['tenantId', 'fileSha256'],
        where: 'file_sha256 IS NOT NULL AND deleted_at IS NULL',
      },
    },
    checks: {
      ck_partner_documents_url_or_file: '(url IS NULL) <> (file_sha256 IS NULL)',
      ck_partner_documents_file:
        '(file_sha256 IS NULL) = (file_name IS NULL) AND (file_sha256 IS NULL) = (file_size IS NULL) AND (file_sha256 IS NULL) = (media_type IS NULL)',
      ck_partner_documents_review: '(reviewed_by IS NULL) = (reviewed_at IS NULL)',
    },
    foreignKeys: {
      fk_partner_documents_partner: within('partners', 'partnerId'),
      fk_partner_documents_reviewed_by: within('staff', 'reviewedBy'),
    },
  },
);
export type PartnerDocumentRow = RowOf<typeof partnerDocuments>;
