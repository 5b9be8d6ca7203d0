import type { Permission } from '#contract/permissions.ts';
import { largestDocument } from '#domain/documents.ts';

/** A call of the REST face whose body is a file: it is spooled to disk, and the call is handed the upload's id. */
export interface FileCall {
  /** As the contract has it, after `/api/v1`. */
  path: string;
  /** Who may not call it must not be able to fill the disk either. */
  permission: Permission;
  /** Whether the call has the refusal `PARTNER_NOT_ACTIVE`, as its contract says. */
  needsActivePartner: boolean;
  /** The types of a file that is the whole body; any file may come as one of `multipart/form-data`. */
  contentTypes: readonly [string, ...string[]];
  /** What such a file is called, having no name of its own. */
  fileName: string;
  /** Bytes; what an upload may have unless told. */
  largest?: number;
  /** What a form may say in fields beside its file, instead of in the query. */
  formFields?: Readonly<Record<string, 'boolean' | 'string'>>;
}

export const fileCalls: readonly FileCall[] = [
  {
    path: '/partners/{id}/leads/import',
    permission: 'leads.submit',
    needsActivePartner: true,
    contentTypes: [
      'text/csv',
      'text/plain',
      'text/tab-separated-values',
      'application/csv',
      'application/octet-stream',
      'application/vnd.ms-excel',
    ],
    fileName: 'upload.csv',
    formFields: { dryRun: 'boolean', mapping: 'string', again: 'boolean' },
  },
  {
    path: '/partners/{id}/documents/upload',
    permission: 'documents.add',
    needsActivePartner: false,
    contentTypes: ['application/pdf', 'image/png', 'image/jpeg', 'application/octet-stream'],
    fileName: 'document',
    largest: largestDocument,
  },
];

const patterns = fileCalls.map((call) => ({
  call,
  pattern: new RegExp(`^${call.path.replace('{id}', '[0-9a-fA-F-]{36}')}$`),
}));

/** The file call at a path after `/api/v1`, if there is one. */
export function fileCallAt(path: string): FileCall | undefined {
  return patterns.find(({ pattern }) => pattern.test(path))?.call;
}
