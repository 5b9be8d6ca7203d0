import { keepPreviousData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useApi } from '../../app/api.tsx';
import type { Lead } from './lead.ts';
import { type LeadFilterValues, leadFilterInput } from './lead-filters.ts';

const pageSize = 50;
/** So many rows before the end of what is loaded, the next page is asked for. */
const lookAhead = 10;

/**
 * The queue as it lies on screen, and which lead of it is open. The open lead is held fast: a refresh that reorders the
 * list, or takes the lead out of it because somebody else decided it, never swaps it for another under the reviewer's hands.
 */
export function useQueue(filters: LeadFilterValues, aside: ReadonlySet<string>) {
  const api = useApi();
  const queryClient = useQueryClient();
  const input = leadFilterInput(filters);
  const filterKey = JSON.stringify(input);
  const query = useInfiniteQuery(
    api.leads.reviewQueue.infiniteOptions({
      input: (cursor: string | undefined) => ({
        cursor,
        limit: pageSize,
        // Counted once, with the first page.
        total: cursor === undefined,
        ...input,
      }),
      initialPageParam: undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
      placeholderData: keepPreviousData,
      // Others work on the same queue: who holds what must not be an old tale.
      refetchInterval: 30_000,
    }),
  );
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isPlaceholderData } = query;
  const rows = (query.data?.pages.flatMap((page) => page.items) ?? []).filter((lead) => !aside.has(lead.id));

  const [active, setActive] = useState<Lead | null>(null);
  const [shownFilter, setShownFilter] = useState(filterKey);
  const [position, setPosition] = useState(0);
  const index = active === null ? -1 : rows.findIndex((lead) => lead.id === active.id);
  const at = rows[index];
  const first = rows[0];
  if (shownFilter !== filterKey && !isPlaceholderData) {
    // Another list begins at its top, unless the open lead is in it too.
    setShownFilter(filterKey);
    if (at === undefined) setActive(first ?? null);
  } else if (active === null && first !== undefined) {
    setActive(first);
  }
  if (index !== -1 && index !== position) setPosition(index);

  const open = (lead: Lead | undefined) => setActive(lead ?? null);
  /** Where the open lead stands, or stood before somebody else took it out of the list. */
  const here = index === -1 ? Math.min(position, rows.length) : index;
  /** The lead that follows when the open one is decided: the next one, at the end of the list the one before. */
  const following = index === -1 ? (rows[here] ?? rows[here - 1]) : (rows[here + 1] ?? rows[here - 1]);
  /** Goes on to the next lead that stays, where the open one is among those that leave. */
  const passOver = (leaving: ReadonlySet<string>) => {
    if (active === null || !leaving.has(active.id)) return;
    const stays = (lead: Lead) => !leaving.has(lead.id);
    setActive(rows.slice(here).find(stays) ?? rows.slice(0, here).findLast(stays) ?? null);
  };
  const move = (step: 1 | -1) => {
    const target = index === -1 && step === 1 ? here : here + step;
    const next = rows[Math.min(rows.length - 1, Math.max(0, target))];
    if (next !== undefined) setActive(next);
  };

  const runsLow = hasNextPage && !isFetchingNextPage && rows.length - here < lookAhead;
  useEffect(() => {
    if (runsLow) void fetchNextPage();
  }, [runsLow, fetchNextPage]);

  // What the next lead's pane will ask for is asked for now.
  const nextUp = rows[here + 1];
  const nextId = nextUp?.id;
  const nextPartnerId = nextUp?.partnerId;
  const nextOriginalId = nextUp?.duplicateOf;
  useEffect(() => {
    if (nextId === undefined || nextPartnerId === undefined) return;
    const leadInput = { input: { id: nextId } };
    const partnerInput = { input: { id: nextPartnerId }, staleTime: 60_000 };
    void queryClient.prefetchQuery(api.leads.applicablePolicies.queryOptions(leadInput));
    void queryClient.prefetchQuery(api.leads.policyMappings.queryOptions(leadInput));
    void queryClient.prefetchQuery(api.sources.list.queryOptions(partnerInput));
    void queryClient.prefetchQuery(api.partners.get.queryOptions(partnerInput));
    if (nextOriginalId !== null && nextOriginalId !== undefined) {
      void queryClient.prefetchQuery(api.leads.get.queryOptions({ input: { id: nextOriginalId } }));
    }
  }, [api, queryClient, nextId, nextPartnerId, nextOriginalId]);

  return {
    query,
    rows,
    total: query.data?.pages[0]?.total,
    /** The open lead as the list has it now, or as it was when it was opened. */
    active: at ?? active,
    /** Whether the open lead is still in the list. */
    isListed: index !== -1,
    following,
    open,
    passOver,
    move,
  };
}
