import { type InfiniteData, useInfiniteQuery } from '@tanstack/react-query';
import type { CreditStatus } from '#domain/vocabulary.ts';
import { useApi } from '../../app/api.tsx';
import type { ListPage } from '../../components/data-table.tsx';
import type { Credit } from './credit.ts';

type Pages = InfiniteData<ListPage<Credit>, string | undefined>;

/** The same without what is already decided here. */
function without(data: Pages, aside: ReadonlySet<string>): Pages {
  if (aside.size === 0) return data;
  const isHere = (credit: Credit) => !aside.has(credit.id);
  const gone = data.pages.flatMap((page) => page.items).filter((credit) => !isHere(credit)).length;
  return {
    ...data,
    pages: data.pages.map((page) => ({
      ...page,
      items: page.items.filter(isHere),
      ...(page.total !== undefined && { total: page.total - gone }),
    })),
  };
}

/** Credits by pages, oldest first, leaving out those whose decision is on its way. */
export function useCredits(
  filter: { status?: CreditStatus; partnerId?: string },
  aside: ReadonlySet<string>,
) {
  const api = useApi();
  return useInfiniteQuery(
    api.credits.list.infiniteOptions({
      input: (cursor: string | undefined) => ({
        ...filter,
        cursor,
        limit: 100,
        total: cursor === undefined,
      }),
      initialPageParam: undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
      select: (data) => without(data, aside),
    }),
  );
}
