/** A job that waits or runs, as far as whose turn it is depends on it. */
export interface Waiting {
  readonly tenantId: string;
  readonly writes: boolean;
  /** Another host writes for its tenant. */
  isBlocked?: boolean;
}

/**
 * Whose turn it is among those waiting, in the order they came: the tenant's whose last turn is the longest ago. Of a
 * tenant one writing job runs at a time, reading ones beside it. Undefined where none may begin.
 */
export function nextInTurn<W extends Waiting>(
  waiting: readonly W[],
  running: readonly Waiting[],
  lastTurns: ReadonlyMap<string, number>,
): W | undefined {
  let next: W | undefined;
  let since = Number.POSITIVE_INFINITY;
  for (const one of waiting) {
    if (one.isBlocked === true) continue;
    if (one.writes && running.some(({ writes, tenantId }) => writes && tenantId === one.tenantId)) continue;
    const last = lastTurns.get(one.tenantId) ?? 0;
    if (last >= since) continue;
    since = last;
    next = one;
  }
  return next;
}
