import { useInfiniteQuery } from '@tanstack/react-query';
import type { PayoutStatus } from '#domain/state-machines.ts';
import { useApi, useClient } from '../../app/api.tsx';
import type { Client } from '../../app/client.ts';
import type { ListPage } from '../../components/data-table.tsx';
import type { Payout } from './payout.ts';

/** What is asked for together: one tab of the list. */
export const payoutViews = {
  pending: { label: 'To approve', statuses: ['pending'] },
  to_pay: { label: 'To pay', statuses: ['approved', 'partially_approved', 'partially_paid'] },
  paid: { label: 'Paid', statuses: ['paid'] },
  rejected: { label: 'Rejected', statuses: ['rejected'] },
  cancelled: { label: 'Cancelled', statuses: ['cancelled'] },
  all: { label: 'All', statuses: [undefined] },
} as const satisfies Record<string, { label: string; statuses: readonly (PayoutStatus | undefined)[] }>;

export type PayoutView = keyof typeof payoutViews;

export function isPayoutView(value: unknown): value is PayoutView {
  return typeof value === 'string' && Object.hasOwn(payoutViews, value);
}

/** The tab that shows payouts in this status. */
export function viewOf(status: string | undefined): PayoutView | undefined {
  if (isPayoutView(status)) return status;
  return status === 'approved' || status === 'partially_approved' || status === 'partially_paid'
    ? 'to_pay'
    : undefined;
}

/** One status of several that are shown as one list: what is already here of it, and where the rest begins. */
interface Feed {
  status: PayoutStatus | undefined;
  waiting: readonly Payout[];
  /** Undefined before the first page, null after the last. */
  cursor: string | null | undefined;
}

interface PayoutPage extends ListPage<Payout> {
  /** What the next page goes on with; null: nothing is left. */
  next: readonly Feed[] | null;
}

const pageSize = 50;

/** Newest first, as each status comes from the host. */
function newestFirst(a: Payout, b: Payout): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

/** The host lists one status at a time; a page of several is the newest of what each of them has. */
async function nextPage(
  client: Client,
  feeds: readonly Feed[],
  partnerId: string | undefined,
  signal: AbortSignal,
): Promise<PayoutPage> {
  let total: number | undefined;
  const filled = await Promise.all(
    feeds.map(async (feed): Promise<Feed> => {
      // With a page's worth of each, nothing that comes later can belong before it.
      if (feed.cursor === null || feed.waiting.length >= pageSize) return feed;
      const page = await client.payouts.list(
        {
          limit: pageSize,
          ...(feed.status !== undefined && { status: feed.status }),
          ...(partnerId !== undefined && { partnerId }),
          ...(feed.cursor === undefined ? { total: true } : { cursor: feed.cursor }),
        },
        { signal },
      );
      if (page.total !== undefined) total = (total ?? 0) + page.total;
      return { ...feed, waiting: [...feed.waiting, ...page.items], cursor: page.nextCursor };
    }),
  );
  const items = filled
    .flatMap((feed) => feed.waiting)
    .sort(newestFirst)
    .slice(0, pageSize);
  const taken = new Set(items.map((payout) => payout.id));
  const next = filled.map((feed) => ({
    ...feed,
    waiting: feed.waiting.filter((payout) => !taken.has(payout.id)),
  }));
  const isLast = next.every((feed) => feed.cursor === null && feed.waiting.length === 0);
  return {
    items,
    nextCursor: isLast ? null : 'more',
    ...(total !== undefined && { total }),
    next: isLast ? null : next,
  };
}

/** The payouts of a tab by pages, newest first, of one partner or of all. */
export function usePayouts(view: PayoutView, partnerId: string | undefined) {
  const api = useApi();
  const client = useClient();
  const initialPageParam: readonly Feed[] = payoutViews[view].statuses.map((status) => ({
    status,
    waiting: [],
    cursor: undefined,
  }));
  return useInfiniteQuery({
    queryKey: [...api.payouts.list.key({ type: 'infinite' }), view, partnerId],
    queryFn: ({ pageParam, signal }) => nextPage(client, pageParam, partnerId, signal),
    initialPageParam,
    getNextPageParam: (page) => page.next,
  });
}
