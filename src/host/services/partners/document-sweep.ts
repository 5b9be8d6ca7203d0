import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import sql, { join as listOf } from 'sql-template-tag';
import type { HostContext } from '../../context.ts';
import { clearFile, documentsFolder, isHashOfFile, isMissing } from './document-files.ts';

/** What was cleared away, and what was found that no document of this database ever had. */
interface DocumentSweep {
  /** Copies that were never finished. */
  drafts: number;
  /** Files whose documents were all removed. */
  files: number;
  /** Files that no document ever named: cleared away only where told. */
  strangers: number;
}

/** Milliseconds; longer than any upload takes, so that nothing another host is just storing is touched. */
const quiet = 24 * 3_600_000;
const atOnce = 500;

/**
 * Clears away what a crash left of documents' files: unfinished copies, and files that should have gone with their document.
 * With `strangers` also those that no document of this database ever had, which is what a crash between the file and its row leaves. It
 * is asked for and not done by itself, because the same is true of newer files after an older backup was put back. Folders of
 * organizations that this database does not have are left alone: a data folder may serve two databases.
 *
 * Safe beside other hosts: a file goes under the lock that storing takes, after another look at the rows.
 */
export async function sweepDocuments(
  host: Pick<HostContext, 'dataFolder' | 'database' | 'log'>,
  options: { strangers?: boolean } = {},
): Promise<DocumentSweep> {
  const swept: DocumentSweep = { drafts: 0, files: 0, strangers: 0 };
  const tenants = await host.database.read('system', (reader) =>
    reader.all<{ id: string }>(sql`select id from tenants order by id`),
  );
  for (const { id: tenantId } of tenants) {
    const folder = documentsFolder(host, tenantId);
    const names = await namesIn(folder);
    for (const name of names.filter((each) => each.endsWith('.part'))) {
      if (!(await isOld(join(folder, name)))) continue;
      await rm(join(folder, name), { force: true });
      swept.drafts += 1;
    }
    const hashes = names.filter(isHashOfFile);
    for (let start = 0; start < hashes.length; start += atOnce) {
      const { removed, strangers } = await withoutDocument(
        host,
        tenantId,
        hashes.slice(start, start + atOnce),
      );
      for (const hash of removed) await clearFile(host, tenantId, hash);
      swept.files += removed.length;
      for (const hash of strangers) {
        if (!(await isOld(join(folder, hash)))) continue;
        if (options.strangers === true) await clearFile(host, tenantId, hash);
        swept.strangers += 1;
      }
    }
  }
  if (swept.drafts + swept.files + swept.strangers > 0) {
    host.log.info({ ...swept, cleared: options.strangers === true }, 'leftovers of documents were found');
  }
  return swept;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The disk's clock is the machine's, not the one tests hand in. What is gone meanwhile is not old. */
async function isOld(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    return Date.now() - mtimeMs > quiet;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Those of the files that no live document has: `removed` had one, `strangers` never did. */
async function withoutDocument(
  { database }: Pick<HostContext, 'database'>,
  tenantId: string,
  hashes: readonly string[],
): Promise<{ removed: string[]; strangers: string[] }> {
  return database.read({ tenantId }, async (reader) => {
    const live = await reader.all<{
      hash: string;
    }>(sql`select distinct file_sha256 as hash from partner_documents
      where tenant_id = ${tenantId} and file_sha256 in (${listOf(hashes)}) and deleted_at is null`);
    const held = new Set(live.map(({ hash }) => hash));
    const free = hashes.filter((hash) => !held.has(hash));
    if (free.length === 0) return { removed: [], strangers: [] };
    const known = await reader.all<{
      hash: string;
    }>(sql`select distinct file_sha256 as hash from partner_documents
      where tenant_id = ${tenantId} and file_sha256 in (${listOf(free)})`);
    const named = new Set(known.map(({ hash }) => hash));
    return {
      removed: free.filter((hash) => named.has(hash)),
      strangers: free.filter((hash) => !named.has(hash)),
    };
  });
}
