/** A committed change, as open screens hear of it. */
export interface Change {
  tenantId: string;
  resource: string;
  /** Null: none in particular. */
  resourceId: string | null;
  /** Whose it is; null for what is no partner's, which partners' users don't hear of. */
  partnerId: string | null;
}

/** A change, or that some may have been missed and everything is to be read again. */
export type Heard = Change | 'missed';

/** Tells the host's own listeners, and the other hosts on the same database where there are any. */
export interface ChangeFeed {
  /** A change of this host, after its commit. */
  publish(change: Change): void;
  /** Hears every change of all tenants until the answer is called. A listener must be quick, and must not throw. */
  listen(listener: (heard: Heard) => void): () => void;
  /** Hands on what another host published: to the listeners here, and no further. */
  deliver(heard: Heard): void;
  /** Where own changes go besides the listeners here (`changes-between-hosts.ts`). */
  relayTo(relay: ((change: Change) => void) | null): void;
  /** Ends every subscription: the host is closing. */
  close(): void;
  readonly closed: AbortSignal;
}

export function changeFeed(): ChangeFeed {
  const listeners = new Set<(heard: Heard) => void>();
  const closing = new AbortController();
  let relay: ((change: Change) => void) | null = null;
  const deliver = (heard: Heard): void => {
    for (const listener of listeners) listener(heard);
  };
  return {
    publish(change) {
      deliver(change);
      relay?.(change);
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    deliver,
    relayTo(next) {
      relay = next;
    },
    close: () => closing.abort(),
    closed: closing.signal,
  };
}
