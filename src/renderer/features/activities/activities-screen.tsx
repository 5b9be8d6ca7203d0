import { Button } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { DataTable, type TableColumn } from '../../components/data-table.tsx';
import { Instant } from '../../components/figures.tsx';
import { Page } from '../../components/page.tsx';
import { EmptyState, Require } from '../../components/states.tsx';
import type { Activity } from './activity.ts';
import { ActivityFilters, noFilters } from './activity-filters.tsx';
import { ActivitySentence, PartnerLink } from './activity-sentence.tsx';
import { VerifyButton, VerifyResult } from './verify-chain.tsx';

export function ActivitiesScreen() {
  return (
    <Require
      permission="activities.read"
      explain="Approvers, finance, auditors and administrators read the activities."
    >
      <Activities />
    </Require>
  );
}

function Activities() {
  const api = useApi();
  const can = useCan();
  const [filters, setFilters] = useState(noFilters);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const [isResultShown, setIsResultShown] = useState(false);
  const input = Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== null));
  const query = useInfiniteQuery({
    ...api.activities.list.infiniteOptions({
      input: (cursor: string | undefined) => ({
        ...input,
        cursor,
        limit: 50,
        total: cursor === undefined,
      }),
      initialPageParam: undefined,
      getNextPageParam: (page) => page.nextCursor ?? undefined,
      placeholderData: keepPreviousData,
    }),
    select: (data) => ({
      ...data,
      pages: data.pages.map((page) => ({
        ...page,
        items: page.items.map((activity): Activity => ({ ...activity, id: String(activity.seq) })),
      })),
    }),
  });
  // Only when asked for: it reads every activity there is.
  const verification = useQuery(api.activities.verify.queryOptions({ enabled: false, retry: false }));

  const toggle = (activity: Activity) => {
    const next = new Set(opened);
    if (!next.delete(activity.id)) next.add(activity.id);
    setOpened(next);
  };
  const columns: readonly TableColumn<Activity>[] = [
    {
      key: 'number',
      header: 'No.',
      align: 'right',
      width: 70,
      render: (activity) => <span className="figures">{activity.seq.toLocaleString()}</span>,
    },
    {
      key: 'when',
      header: 'When',
      width: 170,
      render: (activity) => <Instant value={activity.createdAt} />,
    },
    {
      key: 'what',
      header: 'What happened',
      render: (activity) => (
        <ActivitySentence
          activity={activity}
          isOpen={opened.has(activity.id)}
          onToggle={() => toggle(activity)}
        />
      ),
    },
    {
      key: 'partner',
      header: 'Partner',
      width: 200,
      render: (activity) => <PartnerLink id={activity.partnerId} />,
    },
  ];
  const isNarrowed = Object.values(filters).some((value) => value !== null);
  return (
    <Page
      title="Activities"
      subtitle="Everything anybody did, newest first. Nothing here can be changed or removed unnoticed."
      actions={
        can('activities.verify') && (
          <VerifyButton
            isBusy={verification.isFetching}
            onVerify={() => {
              setIsResultShown(true);
              void verification.refetch();
            }}
          />
        )
      }
      toolbar={<ActivityFilters filters={filters} onChange={setFilters} />}
    >
      {isResultShown && !verification.isFetching && (
        <VerifyResult
          result={verification.data}
          error={verification.error}
          onClose={() => setIsResultShown(false)}
        />
      )}
      <DataTable
        label="Activities"
        columns={columns}
        query={query}
        onOpen={toggle}
        empty={
          isNarrowed ? (
            <EmptyState
              title="No activity matches"
              action={
                <Button variant="default" onClick={() => setFilters(noFilters)}>
                  Clear the filters
                </Button>
              }
            />
          ) : (
            <EmptyState title="No activities yet">Every command leaves one here.</EmptyState>
          )
        }
      />
    </Page>
  );
}
