import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  actAs,
  addTenant,
  isSound,
  listTenants,
  resetSecondFactor,
  restoreBackup,
  rotateDataKey,
  sweepDocuments,
  verifyAll,
} from '../host/index.ts';
import { type Answer, exitCodes } from './output.ts';
import { dataFolderOf, logOf, type PlaceOptions, withHost } from './places.ts';
import { progressBar } from './progress.ts';

export interface ActingOptions extends PlaceOptions {
  /** The e-mail address of the staff member who acts. */
  as: string;
  organization?: string;
}

export function migrate(options: PlaceOptions): Promise<Answer> {
  return withHost(options, async ({ migration, database }) => ({
    text:
      migration.applied.length === 0
        ? `The database is at step ${migration.to} already.`
        : `The database went from step ${migration.from} to ${migration.to}: ${migration.applied.join(', ')}.`,
    data: { engine: database.engine, ...migration },
  }));
}

export function tenantAdd(options: PlaceOptions & { file: string }): Promise<Answer> {
  return withHost(options, async (host) => {
    const input: unknown = JSON.parse(await readFile(options.file, 'utf8'));
    const { tenantId } = await addTenant(host, input);
    return { text: `The organization was added (${tenantId}).`, data: { tenantId } };
  });
}

export function tenantList(options: PlaceOptions): Promise<Answer> {
  return withHost(options, async (host) => {
    const tenants = await listTenants(host);
    return {
      text:
        tenants.map((tenant) => `${tenant.id}  ${tenant.organization_name}`).join('\n') ||
        'No organization yet.',
      data: tenants.map((tenant) => ({ id: tenant.id, organizationName: tenant.organization_name })),
    };
  });
}

export function secondFactorReset(
  options: PlaceOptions & { email: string; organization?: string },
): Promise<Answer> {
  return withHost(options, async (host) => {
    const { name, organizationName } = await resetSecondFactor(host, options.email, options.organization);
    return {
      text: `${name} of ${organizationName} signs in without a second factor again.`,
      data: { name, organizationName },
    };
  });
}

export interface ImportOptions extends ActingOptions {
  partner: string;
  dryRun?: boolean;
  again?: boolean;
  mapping?: string;
}

export function importLeads(file: string, options: ImportOptions): Promise<Answer> {
  return withHost(options, async (host) => {
    const acting = await actAs(host, options.as, options.organization);
    const progress = progressBar(options.json === true);
    try {
      const partner = await acting.client.partners.getByCode({ partnerCode: options.partner });
      const uploadId = await host.uploads.receive(acting.session, basename(file), createReadStream(file));
      const mapping = options.mapping === undefined ? undefined : JSON.parse(options.mapping);
      const events = await acting.client.imports.run({
        partnerId: partner.id,
        uploadId,
        dryRun: options.dryRun === true,
        again: options.again === true,
        mapping,
      });
      for await (const event of events) {
        if (event.type === 'progress') {
          progress.update(
            event.bytesRead,
            event.bytesTotal,
            `${event.accepted} in, ${event.rejected} rejected`,
          );
          continue;
        }
        const { result } = event;
        const lines = [
          `${result.dryRun ? 'Would take' : 'Took'} ${result.accepted} leads, ${result.rejected} rows rejected, ${result.duplicates} possible duplicates.`,
          ...result.rows.flatMap((row) =>
            row.errors.map((error) => `row ${row.row}, ${error.column}: ${error.reason} (${error.value})`),
          ),
        ];
        return {
          text: lines.join('\n'),
          data: result,
          exitCode: result.rejected > 0 ? exitCodes.unsound : exitCodes.ok,
        };
      }
      throw new Error('The import told no result.');
    } finally {
      progress.end();
      await acting.end();
    }
  });
}

export function backup(options: PlaceOptions & { out: string }): Promise<Answer> {
  return withHost(options, async ({ database }) => {
    if (database.backup === undefined) {
      throw new Error(
        'A PostgreSQL database is backed up with pg_dump, which keeps what is written meanwhile consistent.',
      );
    }
    await database.backup(options.out);
    return {
      text: `Backup written to ${options.out}. Neither the data key (data.key) nor the files of documents (the folder documents) are in it: keep both safe as well, or the bank details can't be read.`,
      data: { file: options.out },
    };
  });
}

export async function restore(file: string, options: PlaceOptions): Promise<Answer> {
  if (options.databaseUrl !== undefined) {
    throw new Error('A PostgreSQL database is restored with pg_restore or psql from what pg_dump made.');
  }
  const { kept, reports } = await restoreBackup(file, dataFolderOf(options), {
    log: logOf(),
    now: new Date().toISOString(),
  });
  return {
    text: `Restored ${reports.length} organizations from ${file}.${kept === null ? '' : ` What was there before is kept as ${kept}.`}`,
    data: { kept, organizations: reports.length },
  };
}

/** Changes the data key. What it was cut off in, the next call goes on with. */
export function rotateKey(options: PlaceOptions): Promise<Answer> {
  return withHost(options, async (host) => {
    for await (const event of rotateDataKey(host)) {
      if (event.type !== 'done') continue;
      const { secrets, oldKeyDropped } = event;
      const then = oldKeyDropped
        ? 'The old key is gone from data.key. Backups made before need it: keep a copy of data.key with each of them.'
        : 'The old key can be taken out of PARTNER_DESK_DATA_KEY now. Backups made before still need it.';
      return {
        text: `${secrets === 1 ? '1 secret is' : `${secrets} secrets are`} sealed with the new data key. ${then}`,
        data: { secrets, oldKeyDropped },
      };
    }
    throw new Error('The change of the data key told no end.');
  });
}

export function verify(options: PlaceOptions): Promise<Answer> {
  return withHost(options, async (host) => {
    const reports = await verifyAll(host);
    const lines = reports.flatMap((report) => [
      `${report.organizationName}: ${report.activities.checked} activities ${report.activities.ok ? 'verify' : `do not verify from number ${report.activities.firstBad?.seq} on (${report.activities.firstBad?.reason})`}, ${report.ledger.entries} ledger entries ${report.ledger.ok ? 'verify' : 'do not verify'}.`,
      ...report.ledger.differences.map(
        (difference) =>
          `  ${difference.figure} of ${difference.partnerId ?? 'the organization'}: stored ${difference.stored}, recomputed ${difference.computed}`,
      ),
    ]);
    return {
      text: lines.join('\n') || 'There is no organization in this database.',
      data: { ok: isSound(reports), organizations: reports },
      exitCode: isSound(reports) ? exitCodes.ok : exitCodes.unsound,
    };
  });
}

/** Clears away files that no document has; opening the host has cleared the rest of what a crash leaves. */
export function sweep(options: PlaceOptions): Promise<Answer> {
  return withHost(options, async (host) => {
    const { strangers } = await sweepDocuments(host, { strangers: true });
    return {
      text: `${strangers} ${strangers === 1 ? 'file' : 'files'} that no document has ${strangers === 1 ? 'was' : 'were'} cleared away.`,
      data: { cleared: strangers },
    };
  });
}
