import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import * as z from 'zod';
import type { Change, ChangeFeed } from './changes.ts';

/** The same in every host of a database. */
const channel = 'partner_desk_changes';
/** PostgreSQL takes 8,000 bytes; what is told are ids and names of resources, never data. */
const largestPayload = 7_500;
/** Changes kept while the connection is away or busy; with more, the others are told to read everything again. */
const mostWaiting = 1_000;
const longestPause = 30_000;
/** How often the line is tried in silence, and how long an answer may take. */
const usual = { beatEvery: 30_000, answerWithin: 10_000 };

/** Tenant, resource, its id, and the partner's. */
const told = z.tuple([z.string(), z.string(), z.string().nullable(), z.string().nullable()]);
const message = z.object({
  /** Which host says it: PostgreSQL hands a host its own words, too. */
  from: z.string(),
  /** Null: some were missed. */
  changes: z.array(told).nullable(),
});
type Told = z.output<typeof told>;
type Message = z.output<typeof message>;

/** Whoever can sign in to the database can say anything here; what is not ours is passed over. */
function readMessage(payload: string | undefined): Message | undefined {
  try {
    return message.safeParse(JSON.parse(payload ?? '')).data;
  } catch {
    return undefined;
  }
}

/**
 * Tells the other hosts on the same PostgreSQL of this one's changes, and this one of theirs, by LISTEN and NOTIFY over a
 * connection of its own. Changes are told after their commit, several in one message; when the connection was lost,
 * everybody on both sides is told to read again, for nobody knows what was said meanwhile.
 *
 * The first connection is made in the background: a host without it works, and its screens refresh after own commands. A line that somebody
 * between the two has dropped without a word is found out by asking now and then; else a host would hear nothing for hours.
 */
export function changesBetweenHosts(
  feed: ChangeFeed,
  options: { url: string; log: Logger; beatEvery?: number; answerWithin?: number },
): { close(): Promise<void> } {
  const { url, log, beatEvery, answerWithin } = { ...usual, ...options };
  const from = uuidv7();
  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;
  let waiting: Change[] = [];
  let overflowed = false;
  let client: Client | null = null;
  let sending: Promise<void> | null = null;

  feed.relayTo((change) => {
    if (waiting.length >= mostWaiting) {
      waiting = [];
      overflowed = true;
    }
    if (!overflowed) waiting.push(change);
    sendSoon();
  });

  function sendSoon(): void {
    if (sending !== null || client === null || (waiting.length === 0 && !overflowed)) return;
    sending = send().finally(() => {
      sending = null;
      // What came after the last look.
      sendSoon();
    });
  }

  /** Sends what waits, and what comes meanwhile. Without a connection it stays for the next one. */
  async function send(): Promise<void> {
    // After the changes of the same turn: a command that tells of two things tells them at once.
    await Promise.resolve();
    while (client !== null && (waiting.length > 0 || overflowed)) {
      const current = client;
      const [messages, hadOverflowed, taken] = [messagesOf(from, waiting, overflowed), overflowed, waiting];
      waiting = [];
      overflowed = false;
      try {
        for (const text of messages) {
          await current.query('select pg_notify($1, $2)', [channel, text]);
        }
      } catch (error) {
        log.warn({ err: error }, 'Other hosts could not be told of changes');
        overflowed ||= hadOverflowed || taken.length > 0;
        if (client === current) client = null;
        current.end().catch(() => undefined);
        return;
      }
    }
  }

  async function open(): Promise<Client> {
    const opened = new Client({
      connectionString: url,
      application_name: 'partner-desk changes',
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      query_timeout: answerWithin,
    });
    // From the beginning: an error that nobody listens for would end the host.
    opened.on('error', (error) => {
      if (!isClosing()) log.warn({ err: error }, 'The connection for live changes was lost');
    });
    opened.on('notification', ({ payload }) => {
      const heard = readMessage(payload);
      if (heard === undefined || heard.from === from) return;
      if (heard.changes === null) feed.deliver('missed');
      for (const [tenantId, resource, resourceId, partnerId] of heard.changes ?? []) {
        feed.deliver({ tenantId, resource, resourceId, partnerId });
      }
    });
    try {
      await opened.connect();
      await opened.query(`listen ${channel}`);
      return opened;
    } catch (error) {
      await opened.end().catch(() => undefined);
      throw error;
    }
  }

  /** Resolves once the other end does not answer any more; never where `signal` says that it does not matter. */
  async function silence(opened: Client, signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await pause(beatEvery, undefined, { signal, ref: false });
        await opened.query('select 1');
      }
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ err: error }, 'The connection for live changes does not answer');
    }
  }

  /** Keeps a connection, and opens the next one where it is lost, with longer and longer pauses. */
  async function keep(): Promise<void> {
    let failures = 0;
    let wasLost = false;
    while (!isClosing()) {
      try {
        const opened = await open();
        if (isClosing()) {
          await opened.end();
          return;
        }
        failures = 0;
        const lost = new Promise<void>((resolve) => {
          opened.once('error', () => resolve());
          opened.once('end', resolve);
        });
        client = opened;
        if (wasLost) {
          feed.deliver('missed');
          overflowed = true;
        }
        sendSoon();
        const over = new AbortController();
        await Promise.race([lost, silence(opened, over.signal)]);
        over.abort();
        wasLost = true;
        if (client === opened) client = null;
        // Not waited for: one that does not answer does not answer to this either.
        opened.end().catch(() => undefined);
      } catch (error) {
        failures += 1;
        log.warn({ err: error, failures }, 'There is no connection for live changes');
      }
      if (isClosing()) return;
      const longest = Math.min(longestPause, 250 * 2 ** failures);
      await pause(longest * (0.5 + Math.random() / 2), undefined, {
        signal: closing.signal,
        ref: false,
      }).catch(() => undefined);
    }
  }

  const kept = keep();
  return {
    async close() {
      feed.relayTo(null);
      await sending;
      closing.abort();
      const open = client;
      client = null;
      await open?.end().catch(() => undefined);
      await kept;
    },
  };
}

/** As few messages as their size allows. */
export function messagesOf(from: string, changes: readonly Change[], overflowed: boolean): string[] {
  if (overflowed) return [JSON.stringify({ from, changes: null } satisfies Message)];
  const messages: string[] = [];
  let next: Told[] = [];
  let size = 0;
  const close = (): void => {
    if (next.length > 0) messages.push(JSON.stringify({ from, changes: next } satisfies Message));
    next = [];
    size = 100;
  };
  close();
  for (const { tenantId, resource, resourceId, partnerId } of changes) {
    const each: Told = [tenantId, resource, resourceId, partnerId];
    const length = Buffer.byteLength(JSON.stringify(each)) + 1;
    if (size + length > largestPayload) close();
    next.push(each);
    size += length;
  }
  close();
  return messages;
}
