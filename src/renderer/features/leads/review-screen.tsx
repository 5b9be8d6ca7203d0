import { Paper } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useApi } from '../../app/api.tsx';
import { useCan, useSession } from '../../app/session.tsx';
import { Page } from '../../components/page.tsx';
import { FailedState, LoadingState } from '../../components/states.tsx';
import { BulkBar } from './bulk.tsx';
import { EditLeadDialog } from './edit-lead-dialog.tsx';
import { holderAt, isOpen, type Lead, leadName } from './lead.ts';
import { LeadFilterFields } from './lead-filter-fields.tsx';
import { isFiltered, type LeadFilterValues, noFilters } from './lead-filters.ts';
import { RefusalNotice } from './refusal-notice.tsx';
import { RejectDialog } from './reject-dialog.tsx';
import classes from './review.module.css';
import { ReviewDetail } from './review-detail.tsx';
import { ReviewQueue } from './review-queue.tsx';
import { EmptyQueue, NothingOpen, Progress } from './review-states.tsx';
import { type Decision, useDecisions } from './use-decisions.ts';
import { useNow } from './use-now.ts';
import { useQueue } from './use-queue.ts';
import { useReviewKeys } from './use-review-keys.ts';

export function ReviewScreen() {
  const { partnerId } = useSearch({ from: '/review' });
  const api = useApi();
  const me = useSession();
  const mayReview = useCan()('leads.review');
  const now = useNow();
  const [filters, setFilters] = useState<LeadFilterValues>({ ...noFilters, partnerId: partnerId ?? null });
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [dialog, setDialog] = useState<{ kind: 'reject' | 'edit'; lead: Lead } | null>(null);
  const decisions = useDecisions();
  const queue = useQueue(filters, decisions.aside);

  const listed = queue.active;
  const fetched = useQuery(
    api.leads.get.queryOptions({
      input: { id: listed?.id ?? '' },
      enabled: listed !== null,
      refetchInterval: 30_000,
    }),
  );
  // The list and the record are asked for apart: the newer of the two answers holds.
  const fresh = fetched.data;
  const lead =
    listed !== null && fresh !== undefined && fresh.id === listed.id && fresh.version > listed.version
      ? fresh
      : listed;

  const holder = lead === null ? null : holderAt(lead, now);
  const isMine = holder === me.id;
  /** The open lead where it may be decided: undecided, and not in another's hands. */
  const decidable = mayReview && lead !== null && isOpen(lead) && (holder === null || isMine) ? lead : null;

  const decide = (subject: Lead, decision: Decision) => {
    if (subject.id === lead?.id) queue.open(queue.following);
    setTicked((ids) => new Set([...ids].filter((id) => id !== subject.id)));
    void decisions.decide(subject, decision);
  };
  const actions = {
    onApprove: () => decidable !== null && decide(decidable, { action: 'approve' }),
    onReject: () => decidable !== null && setDialog({ kind: 'reject', lead: decidable }),
    onClaim: () => {
      if (decidable !== null) void (isMine ? decisions.release : decisions.claim)(decidable);
    },
    onEdit: () => decidable !== null && setDialog({ kind: 'edit', lead: decidable }),
  };
  useReviewKeys({
    ...actions,
    onMove: queue.move,
    onTick: () => {
      if (!mayReview || lead === null) return;
      setTicked((ids) => {
        const after = new Set(ids);
        if (!after.delete(lead.id)) after.add(lead.id);
        return after;
      });
    },
  });

  const { query, rows } = queue;
  const tickedRows = rows.filter((row) => ticked.has(row.id));

  const notices = decisions.refusals.map((refusal) => (
    <RefusalNotice
      key={refusal.lead.id}
      refusal={refusal}
      onClose={() => decisions.dismiss(refusal.lead.id)}
      {...(refusal.lead.id !== lead?.id && { onShow: () => queue.open(refusal.current ?? refusal.lead) })}
    />
  ));

  return (
    <Page
      title="Review"
      subtitle={
        mayReview
          ? 'Leads waiting for a decision: highest score first, then the longest wait.'
          : 'You can read the queue. Claiming and deciding leads is for lead reviewers.'
      }
    >
      <div className={classes.panes}>
        <Paper className={classes.pane} component="section" aria-label="Queue">
          <div className={classes.filters}>
            <LeadFilterFields filters={filters} onChange={setFilters} />
          </div>
          {query.isError && query.data === undefined ? (
            <FailedState error={query.error} onRetry={() => void query.refetch()} />
          ) : query.data === undefined ? (
            <LoadingState label="Loading the queue" />
          ) : rows.length === 0 && !query.isFetchingNextPage ? (
            <EmptyQueue filtered={isFiltered(filters)} onClear={() => setFilters(noFilters)} />
          ) : (
            <ReviewQueue
              rows={rows}
              total={queue.total}
              activeId={lead?.id ?? null}
              now={now}
              onOpen={queue.open}
              ticked={mayReview ? ticked : null}
              onTick={setTicked}
              isLoadingMore={query.isFetchingNextPage}
            />
          )}
          <div className={classes.foot}>
            <Progress underWay={decisions.underWay} settled={decisions.settled} />
            {mayReview && <BulkBar leads={tickedRows} onTick={setTicked} onDecided={queue.passOver} />}
          </div>
        </Paper>
        <Paper className={classes.pane} component="section" aria-label="Open lead">
          {lead === null ? (
            <NothingOpen notices={notices} />
          ) : (
            <ReviewDetail lead={lead} now={now} actions={mayReview ? actions : null} notices={notices} />
          )}
        </Paper>
      </div>
      {dialog?.kind === 'reject' && (
        <RejectDialog
          what={leadName(dialog.lead)}
          onReject={(reason) => {
            setDialog(null);
            decide(dialog.lead, { action: 'reject', reason });
          }}
          onClose={() => setDialog(null)}
        />
      )}
      {dialog?.kind === 'edit' && <EditLeadDialog lead={dialog.lead} onClose={() => setDialog(null)} />}
    </Page>
  );
}
