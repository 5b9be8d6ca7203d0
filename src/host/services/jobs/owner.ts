import { hostname } from 'node:os';
import { v7 as uuidv7 } from 'uuid';
import type { Engine } from '../../database/index.ts';

/**
 * Whose a job is: a host names its machine, its process and itself, and renews its lease while it lives. Another host takes
 * it for dead when the lease has lapsed; so the clocks of hosts that share a PostgreSQL must agree within some seconds.
 * A local database is only used on its own machine, where a process that is gone is seen at once.
 */

/** Milliseconds without renewal after which a host is taken for dead; it renews long before. */
export const leaseMs = 30_000;
export const renewMs = 5_000;

const alive = new Set<string>();

/** A host that begins to own jobs. `end` says that it does not any more. */
export function newOwner(): { owner: string; end: () => void } {
  const owner = `${hostname()}/${process.pid}/${uuidv7()}`;
  alive.add(owner);
  return { owner, end: () => void alive.delete(owner) };
}

export function leaseFrom(now: string): string {
  return new Date(Date.parse(now) + leaseMs).toISOString();
}

/** Whether the host that has a job is gone. */
export function isDead(engine: Engine, owner: string, leaseUntil: string, now: string): boolean {
  if (alive.has(owner)) return false;
  if (leaseUntil <= now) return true;
  if (engine !== 'sqlite') return false;
  const [machine, pid] = owner.split('/');
  return machine === hostname() && !(Number(pid) !== process.pid && isRunning(Number(pid)));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: there is one, of somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
