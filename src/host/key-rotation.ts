import { setImmediate as breathe } from 'node:timers/promises';
import sql, { raw } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import type { HostContext } from './context.ts';
import type { Writer } from './database/index.ts';
import { holdDataKey, keepDataKey, type SealedColumn, sealedColumns } from './sealed.ts';
import { appendActivity } from './services/activity-chain.ts';

export type KeyRotationEvent =
  /** The new key is on the disk; `resumed`: it was there already, from a change that did not end. */
  | { type: 'begun'; resumed: boolean }
  /** So many secrets are under the new key since the beginning of this run. */
  | { type: 'progress'; secrets: number }
  /** Nothing needs the old key any more; it is gone, where it was ours to throw away. */
  | { type: 'done'; secrets: number; oldKeyDropped: boolean };

/** So many secrets in one transaction: a few milliseconds in which nobody else writes. */
const defaultSlice = 100;

/**
 * Changes the data key while everything goes on (`domain.md`, "Partner", banking: encrypted at rest). In three steps, each
 * of which can be cut off at any moment and is gone on with by calling it again:
 *
 * 1. a new key is put before the old one in the key file; from here on everything is sealed with it, by every host on this
 *    folder, and both open;
 * 2. what is under another key is sealed anew, slice by slice, each slice with an activity of its own;
 * 3. once no row needs it any more, and nobody can be sealing with it, the old key is dropped from the file.
 *
 * Hosts with data folders of their own get their keys as `PARTNER_DESK_DATA_KEY`: whoever runs them puts the new key before
 * the old one on each of them first (the old one is what they all can open meanwhile), then calls this, then drops the old one.
 *
 * Throws `VALIDATION` where the keys were handed in and there is only one, and where a secret can't be opened: nothing is
 * dropped then.
 */
export async function* rotateDataKey(
  host: Pick<HostContext, 'database' | 'vault' | 'now'>,
  options: { slice?: number; signal?: AbortSignal | undefined } = {},
): AsyncGenerator<KeyRotationEvent> {
  const { database, vault } = host;
  const slice = options.slice ?? defaultSlice;
  yield { type: 'begun', resumed: await begin(host) };

  let secrets = 0;
  for (;;) {
    const tenants = await database.read('system', (reader) =>
      reader.all<{ id: string }>(sql`select id from tenants order by id`),
    );
    for (const { id: tenantId } of tenants) {
      for (const column of sealedColumns) {
        let after = '';
        for (;;) {
          options.signal?.throwIfAborted();
          const done = await reseal(host, tenantId, column, after, slice);
          if (done === undefined) break;
          secrets += done.count;
          after = done.last;
          yield { type: 'progress', secrets };
          await breathe();
        }
      }
    }
    const oldKeyDropped = await database.write('system', async (tx) => {
      await holdDataKey(tx);
      // Who sealed with the old key just before it was no longer the newest has committed by now.
      if (await isAnyLeft(tx, vault.currentPrefix())) return undefined;
      vault.keyFile?.dropOld();
      return vault.keyFile !== null;
    });
    if (oldKeyDropped !== undefined) {
      yield { type: 'done', secrets, oldKeyDropped };
      return;
    }
  }
}

async function begin({ database, vault }: Pick<HostContext, 'database' | 'vault'>): Promise<boolean> {
  const { keyFile } = vault;
  if (keyFile === null) {
    if (vault.keyCount() > 1) return true;
    throw new DomainError(
      'VALIDATION',
      'The data key comes from PARTNER_DESK_DATA_KEY, which can only be changed where it is set. Put a new key (32 random bytes in base64) before the old one, with a comma between, on every host, and run this again.',
    );
  }
  // In a transaction nobody else is in: of two who begin at once the second goes on with the first one's key.
  return database.write('system', async (tx) => {
    await holdDataKey(tx);
    return keyFile.begin().resumed;
  });
}

/** Seals the next secrets of a column anew. Returns undefined where there are none left. */
async function reseal(
  { database, vault, now }: Pick<HostContext, 'database' | 'vault' | 'now'>,
  tenantId: string,
  { table, column, key, context }: SealedColumn,
  after: string,
  slice: number,
): Promise<{ count: number; last: string } | undefined> {
  return database.write({ tenantId }, async (tx) => {
    await keepDataKey(tx);
    const prefix = vault.currentPrefix();
    const [id, secret, from] = [raw(key), raw(column), raw(table)];
    // A version is for what people change: what they read and edit of the row is the same before and after.
    const rows = await tx.all<{
      id: string;
      secret: string;
    }>(sql`select ${id} as id, ${secret} as secret from ${from}
      where tenant_id = ${tenantId} and ${secret} is not null and substr(${secret}, 1, ${prefix.length}) <> ${prefix}
        ${after === '' ? sql`` : sql`and ${id} > ${after}`}
      order by ${id} limit ${slice} ${tx.engine === 'postgres' ? sql`for update` : sql``}`);
    const last = rows.at(-1);
    if (last === undefined) return undefined;
    for (const row of rows) {
      const bound = context(tenantId, row.id);
      const sealed = vault.seal(opened(vault, row, bound, table), bound);
      await tx.run(
        sql`update ${from} set ${secret} = ${sealed} where tenant_id = ${tenantId} and ${id} = ${row.id}`,
      );
    }
    const actor = { tenantId, userId: null, userName: 'Command line', station: 'command line' };
    tx.beforeCommit((end) =>
      appendActivity(end, actor, now(), {
        action: 'secrets_sealed_anew',
        resource: table,
        resourceId: null,
        details: { column, secrets: rows.length, keyId: prefix.split('.')[1] },
      }),
    );
    return { count: rows.length, last: last.id };
  });
}

function opened(
  vault: HostContext['vault'],
  row: { id: string; secret: string },
  context: string,
  table: string,
): string {
  try {
    return vault.open(row.secret, context);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DomainError(
      'VALIDATION',
      `A secret of ${table} (${row.id}) can't be opened, so the data key stays as it is. ${why}`,
    );
  }
}

async function isAnyLeft(tx: Writer, prefix: string): Promise<boolean> {
  for (const { table, column } of sealedColumns) {
    const secret = raw(column);
    const left = await tx.get(sql`select 1 as one from ${raw(table)}
      where ${secret} is not null and substr(${secret}, 1, ${prefix.length}) <> ${prefix} limit 1`);
    if (left !== undefined) return true;
  }
  return false;
}
