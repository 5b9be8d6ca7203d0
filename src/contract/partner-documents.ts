import * as z from 'zod';
import { documentKinds, documentMediaTypes } from '#domain/documents.ts';
import {
  commandFields,
  count,
  id,
  instant,
  internal,
  optionalText,
  partnerProcedure,
  person,
  procedure,
  reason,
  rowFields,
  text,
  whole,
} from './base.ts';

const tags = ['Documents'];

/** Something a partner shows for itself: an address on the web (`url`), or a file of its own, told by its hash. */
export const partnerDocument = z.object({
  ...rowFields,
  partnerId: id,
  name: z.string(),
  kind: z.enum(documentKinds),
  url: z.string().nullable(),
  fileName: z.string().nullable(),
  /** Bytes. */
  fileSize: count.nullable(),
  fileSha256: z.string().nullable(),
  /** What the file is by its content, whatever it is called. */
  mediaType: z.enum(documentMediaTypes).nullable(),
  addedBy: person,
  reviewedAt: instant.nullable(),
  reviewedBy: internal(id),
  reviewNote: internal(z.string()),
});

const described = { name: text(200), kind: z.enum(documentKinds) };

const one = (action: string, summary: string) => ({
  method: 'POST' as const,
  path: `/partner-documents/{id}/${action}` as const,
  summary,
  tags,
});

export const partnerDocuments = {
  list: partnerProcedure('documents.read', 'NOT_FOUND')
    .route({
      method: 'GET',
      path: '/partners/{id}/documents',
      summary: 'Documents of a partner, oldest first',
      tags,
    })
    .input(z.object({ id }))
    .output(whole(partnerDocument)),
  get: partnerProcedure('documents.read', 'NOT_FOUND')
    .route({ method: 'GET', path: '/partner-documents/{id}', summary: 'One document', tags })
    .input(z.object({ id }))
    .output(partnerDocument),
  add: partnerProcedure('documents.add', 'NOT_FOUND')
    .route({
      method: 'POST',
      path: '/partners/{id}/documents',
      summary: 'Add a document: its address on the web, or a file uploaded before',
      tags,
    })
    .input(
      z.object({
        id,
        ...described,
        /** Either this … */
        url: z
          .url({ protocol: /^https?$/ })
          .max(1000)
          .optional(),
        /** … or an upload of one's own. */
        uploadId: id.optional(),
        commandId: commandFields.commandId,
      }),
    )
    .output(partnerDocument),
  /** REST: the body is the file itself, or one file of `multipart/form-data`; the transport spools it, as for imports. */
  upload: partnerProcedure('documents.add', 'NOT_FOUND')
    .route({
      method: 'POST',
      path: '/partners/{id}/documents/upload',
      summary: 'Add a document: its file (PDF, PNG or JPEG, at most 20 MB)',
      tags,
      inputStructure: 'detailed',
    })
    .input(
      z.object({
        params: z.object({ id }),
        query: z.object({ ...described, commandId: commandFields.commandId }),
        body: z.object({ uploadId: id }),
      }),
    )
    .output(partnerDocument),
  review: procedure('documents.review', 'NOT_FOUND', 'CONFLICT')
    .route(one('review', 'Note that a document was looked at'))
    .input(z.object({ id, note: optionalText(2000), ...commandFields }))
    .output(partnerDocument),
  remove: procedure('documents.remove', 'NOT_FOUND', 'CONFLICT')
    .route(one('remove', 'Remove a document; its file goes with the last document that has it'))
    .input(z.object({ id, reason: reason.optional(), ...commandFields }))
    .output(partnerDocument),
  download: partnerProcedure('documents.read', 'NOT_FOUND', 'CONFLICT')
    .route({
      method: 'GET',
      path: '/partner-documents/{id}/file',
      summary: 'The file of a document, as it was added',
      tags,
      outputStructure: 'detailed',
    })
    .input(z.object({ id }))
    .output(z.object({ headers: z.record(z.string(), z.string()), body: z.file() })),
  /** The same in pieces, for the screens. */
  read: partnerProcedure('documents.read', 'NOT_FOUND', 'CONFLICT')
    .route({ method: 'GET' })
    .input(z.object({ id, offset: count }))
    .output(z.object({ data: z.base64(), nextOffset: count.nullable() })),
};
