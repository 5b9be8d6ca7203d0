import type { HostContext } from '../../context.ts';
import type { Session } from '../../session.ts';
import type { UploadOwner } from '../../uploads.ts';
import type { ReadyJob } from '../jobs/foreground.ts';
import { importPartner } from './plan.ts';
import type { ImportResult } from './record.ts';
import { type ImportInput, type ImportProgress, runImport } from './run.ts';

/** Rejected rows that a job keeps in its result; all of an import are in the list of its rejected rows. */
const keptRows = 100;

/**
 * An import as a job. `uploader` is whose file it is. Throws `NOT_FOUND` for a partner or an upload that is not there, and
 * `PARTNER_NOT_ACTIVE`; what is wrong with the file, the job tells.
 */
export async function importJob(
  host: HostContext,
  session: Session,
  input: ImportInput,
  uploader: UploadOwner,
): Promise<ReadyJob<ImportProgress, ImportResult>> {
  const partner = await importPartner(host, session, input.partnerId);
  const { fileName } = await host.uploads.find(uploader, input.uploadId);
  const what = input.dryRun ? 'Rehearsal of the import' : 'Import';
  return {
    spec: {
      kind: 'lead_import',
      title: `${what} of ${fileName} for ${partner.organizationName}`,
      partnerId: partner.id,
      input: { ...input },
      writes: !input.dryRun,
    },
    task: {
      run: ({ id, signal }) => runImport(host, session, input, { jobId: id, uploader, signal }),
      progressOf: ({ bytesRead, bytesTotal }) => ({ done: bytesRead, total: bytesTotal, unit: 'bytes' }),
      resultOf: (result) => ({
        status: result.status,
        result: { ...result, rows: result.rows.slice(0, keptRows) },
      }),
      tidy: async ({ importId }) => {
        if (importId !== null) await host.uploads.discard(uploader, input.uploadId);
      },
    },
  };
}
