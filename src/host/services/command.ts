import sql from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import { canonicalJson, sha256 } from '../canonical-json.ts';
import type { Change } from '../changes.ts';
import type { HostContext } from '../context.ts';
import type { Reader, Writer } from '../database/index.ts';
import type { Session } from '../session.ts';
import { type ActivityDraft, appendActivity } from './activity-chain.ts';
import { fence } from './jobs/fence.ts';

/** One command under way: its transaction, its instant, and the one activity it leaves. */
export interface Work {
  readonly tx: Writer;
  /** The instant of the command; every row it writes carries it. */
  readonly now: string;
  /** States the activity of this command, exactly once. */
  readonly record: (activity: ActivityDraft) => void;
  /** Tells open screens, after the commit, of a change besides that of the activity. */
  readonly changed: (change: Omit<Change, 'tenantId'>) => void;
}

interface CommandMeta {
  /** Stable name, part of what makes a repeat the same: `payouts.approve`. */
  name: string;
  /** As given by the caller, `commandId` included. */
  input: Readonly<Record<string, unknown>> & { commandId?: string | undefined };
}

/**
 * Runs a command: one transaction with its rows, its ledger entries and its activity, or nothing at all. With a
 * `commandId` the first result is kept, and the same id answers with it again without doing anything; the same id
 * for something else is a `CONFLICT` (`domain.md`, "Conventions").
 *
 * `work` may run twice on PostgreSQL (after a deadlock), so its only effects are through `tx`.
 */
export async function command<T>(
  host: HostContext,
  session: Session,
  meta: CommandMeta,
  work: (work: Work) => Promise<T>,
): Promise<T> {
  return host.database.write({ tenantId: session.tenantId }, (tx) =>
    commandWithin(tx, host, session, meta, work),
  );
}

/**
 * One of several commands that share a transaction, for what is done by the thousand: each still has its own instant, its own
 * activity and its own `commandId`, but they are there together or not at all. What one of them throws takes all of them with it, so
 * whoever calls this makes sure beforehand that none does.
 */
export async function commandWithin<T>(
  tx: Writer,
  host: HostContext,
  session: Session,
  meta: CommandMeta,
  work: (work: Work) => Promise<T>,
): Promise<T> {
  const { commandId, ...input } = meta.input;
  const now = host.now();
  if (commandId !== undefined) {
    const inputHash = inputHashOf(session, input);
    const earlier = await claimCommand(tx, session.tenantId, commandId, meta.name, inputHash, now);
    // What was stored is what this very command answered the first time.
    if (earlier !== undefined) return earlier as T;
  }
  fence(tx);
  let recorded = 0;
  const result = await work({
    tx,
    now,
    record(activity) {
      recorded += 1;
      tx.beforeCommit((last) => appendActivity(last, session, now, activity));
      tx.afterCommit(() => {
        const { resource, resourceId, partnerId = null } = activity;
        host.changes.publish({ tenantId: session.tenantId, resource, resourceId, partnerId });
      });
    },
    changed(change) {
      tx.afterCommit(() => host.changes.publish({ tenantId: session.tenantId, ...change }));
    },
  });
  if (recorded !== 1)
    throw new Error(`The command ${meta.name} recorded ${recorded} activities instead of one.`);
  if (commandId !== undefined) {
    await tx.run(sql`update commands set result = ${JSON.stringify(result)}
      where tenant_id = ${session.tenantId} and command_id = ${commandId}`);
  }
  return result;
}

/**
 * What the command with this id answered before; undefined where there was none. For work that makes something outside of the
 * database before its command: a repeat must not make it once more. Throws `CONFLICT` as `command` does.
 */
export async function earlierAnswer(
  reader: Reader,
  session: Session,
  { name, input: { commandId, ...input } }: CommandMeta,
): Promise<unknown> {
  if (commandId === undefined) return undefined;
  return storedAnswer(reader, session.tenantId, commandId, name, inputHashOf(session, input));
}

const inputHashOf = (session: Session, input: Record<string, unknown>): string =>
  sha256(canonicalJson([session.userId, input]));

/** Claims the id, or returns what the command with this id answered before. */
async function claimCommand(
  tx: Writer,
  tenantId: string,
  commandId: string,
  name: string,
  inputHash: string,
  now: string,
): Promise<unknown> {
  // A second station with the same id waits here for the first one's commit, on both engines.
  const claimed =
    await tx.run(sql`insert into commands (tenant_id, command_id, name, input_hash, result, created_at)
    values (${tenantId}, ${commandId}, ${name}, ${inputHash}, 'null', ${now})
    on conflict (tenant_id, command_id) do nothing`);
  if (claimed.changes === 1) return undefined;
  const stored = await storedAnswer(tx, tenantId, commandId, name, inputHash);
  if (stored === undefined)
    throw new Error(`The command ${commandId} can't be claimed and isn't stored either.`);
  return stored;
}

async function storedAnswer(
  reader: Reader,
  tenantId: string,
  commandId: string,
  name: string,
  inputHash: string,
): Promise<unknown> {
  const stored = await reader.get<{ name: string; input_hash: string; result: string }>(
    sql`select name, input_hash, result from commands where tenant_id = ${tenantId} and command_id = ${commandId}`,
  );
  if (stored === undefined) return undefined;
  if (stored.name !== name || stored.input_hash !== inputHash) {
    throw new DomainError('CONFLICT', 'This command id was already used for something else. Use a new one.', {
      fields: [{ path: 'commandId', message: 'Already used for another command.' }],
    });
  }
  const result: unknown = JSON.parse(stored.result);
  return result;
}
