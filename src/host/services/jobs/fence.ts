import { AsyncLocalStorage } from 'node:async_hooks';
import sql, { empty } from 'sql-template-tag';
import type { Writer } from '../../database/index.ts';
import { JobInterrupted } from './stopping.ts';

/**
 * What keeps a job from running twice at once. A host that stood still for longer than its lease is taken for dead; when it wakes, another may
 * have gone on with its job. So every transaction of a job's commands looks, as the last thing before its commit, whether the job is still
 * this host's: what one that has lost it did is rolled back.
 */
interface HeldJob {
  tenantId: string;
  id: string;
  owner: string;
}

/** `isOver`: the slice has ended; what it set going by the way is nobody's job. */
const running = new AsyncLocalStorage<HeldJob & { isOver: boolean }>();
const fenced = new WeakSet<Writer>();

/** Runs a slice of a job, whose writes hold only while the job is its owner's. */
export async function asJob<T>({ tenantId, id, owner }: HeldJob, slice: () => Promise<T>): Promise<T> {
  const held = { tenantId, id, owner, isOver: false };
  try {
    return await running.run(held, slice);
  } finally {
    held.isOver = true;
  }
}

/** Puts the fence before the commit of a transaction that a job makes, once; does nothing for any other. */
export function fence(tx: Writer): void {
  const held = running.getStore();
  if (held === undefined || held.isOver || fenced.has(tx)) return;
  fenced.add(tx);
  // Last, so that it holds the job's row only briefly: whoever cancels the job or renews its lease needs it too.
  tx.beforeCommit((last) => requireHeld(last, held));
}

async function requireHeld(tx: Writer, { tenantId, id, owner }: HeldJob): Promise<void> {
  const held =
    await tx.get(sql`select id from jobs where tenant_id = ${tenantId} and id = ${id} and owner = ${owner}
      and status = 'running' ${tx.engine === 'postgres' ? sql`for share` : empty}`);
  if (held === undefined) throw new JobInterrupted('Another host took this over.');
}
