import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { type Api, codeOf, useApi, useClient } from './api.tsx';
import type { Client } from './client.ts';

type Shown = Exclude<keyof Api, 'key'>;

/** Which calls show something of a resource. One that isn't here may be shown anywhere. */
const shownBy: Record<string, readonly Shown[]> = {
  partner: ['partners', 'sources', 'payouts', 'balances', 'figures'],
  partner_user: ['partnerUsers'],
  partner_document: ['partnerDocuments', 'partners'],
  source: ['sources', 'leads', 'partners', 'figures'],
  lead: ['leads', 'leadEntries', 'partners', 'sources', 'imports', 'figures'],
  saved_view: ['savedViews'],
  import: ['imports'],
  job: ['jobs'],
  policy: ['creditPolicies', 'leads'],
  credit: ['credits', 'leads', 'partners', 'payouts', 'balances', 'figures'],
  payout: ['payouts', 'credits', 'leads', 'partners', 'payoutExports', 'remittances', 'balances', 'figures'],
  payout_export: ['payoutExports', 'payouts'],
  period: ['periods', 'payouts'],
  staff: ['staff'],
  session: [],
  notification: ['notifications'],
  mail: ['mail'],
  notification_template: ['notificationTemplates'],
};

/** Changes of one moment are looked at together: somebody else's import tells of thousands. */
const gatherMs = 500;
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

/** Keeps what is shown as it is, whoever changes it, for as long as somebody is signed in. */
export function useLiveChanges(): void {
  const client = useClient();
  const api = useApi();
  const queryClient = useQueryClient();
  useEffect(() => {
    const leaving = new AbortController();
    const refresher = gather(queryClient, api);
    void follow(client, refresher, leaving.signal).then(() => {
      // The session has ended: asking who is signed in shows the sign-in screen.
      if (!leaving.signal.aborted) void queryClient.invalidateQueries({ queryKey: api.auth.me.key() });
    });
    return () => {
      leaving.abort();
      refresher.stop();
    };
  }, [client, api, queryClient]);
}

interface Refresher {
  /** Null: everything. */
  add(resource: string | null): void;
  stop(): void;
}

function gather(queryClient: QueryClient, api: Api): Refresher {
  const waiting = new Set<string | null>();
  let timer: number | undefined;
  const refresh = (): void => {
    timer = undefined;
    const calls = new Set<Shown>(['activities']);
    let isAnywhere = false;
    for (const resource of waiting) {
      const shown = resource === null ? undefined : shownBy[resource];
      if (shown === undefined) isAnywhere = true;
      else for (const call of shown) calls.add(call);
    }
    waiting.clear();
    if (isAnywhere) void queryClient.invalidateQueries();
    else for (const call of calls) void queryClient.invalidateQueries({ queryKey: api[call].key() });
  };
  return {
    add(resource) {
      waiting.add(resource);
      timer ??= window.setTimeout(refresh, gatherMs);
    },
    stop() {
      window.clearTimeout(timer);
    },
  };
}

/** Hears changes until told to leave, or until the session has ended; subscribes again whenever the line breaks. */
async function follow(client: Client, refresher: Refresher, signal: AbortSignal): Promise<void> {
  let failures = 0;
  let isFirst = true;
  while (!signal.aborted) {
    try {
      for await (const event of await client.changes.subscribe(undefined, { signal })) {
        failures = 0;
        if (event.type === 'change') refresher.add(event.resource);
        // What happened before the line stood again, nobody told.
        if (event.type === 'refresh' || (event.type === 'ready' && !isFirst)) refresher.add(null);
        isFirst = false;
      }
    } catch (error) {
      if (codeOf(error) === 'UNAUTHENTICATED') return;
      failures += 1;
    }
    await pause(Math.min(longestPauseMs, firstPauseMs * 2 ** failures), signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      window.clearTimeout(timer);
      resolve();
    });
  });
}
