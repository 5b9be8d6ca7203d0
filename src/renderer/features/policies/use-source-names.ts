import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../app/api.tsx';

/** What the sources of a partner are called; a policy for all partners (null) names none. */
export function useSourceNames(partnerId: string | null): (sourceId: string) => string | null {
  const api = useApi();
  const sources = useQuery(
    api.sources.list.queryOptions({ input: { id: partnerId ?? '' }, enabled: partnerId !== null }),
  );
  return (sourceId) => sources.data?.items.find(({ id }) => id === sourceId)?.sourceName ?? null;
}
