import { Alert, Badge, Button, Group, List, Tabs, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { type CreditStatus, creditStatuses, isOneOf } from '#domain/vocabulary.ts';
import { useApi } from '../../app/api.tsx';
import { useCan, useSession } from '../../app/session.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { useDecisionKeys } from '../../components/keys.ts';
import { Page } from '../../components/page.tsx';
import { PartnerPicker } from '../../components/partner-picker.tsx';
import { EmptyState, ForbiddenState } from '../../components/states.tsx';
import { statusLabel } from '../../components/status-badge.tsx';
import { useApprovalRules } from '../../components/use-approval-rules.ts';
import { type Credit, creditName, selfApprovalReason } from './credit.ts';
import { creditActionColumn, decidedColumns, pendingColumns } from './credit-columns.tsx';
import { ApproveManyDialog, creditsText, RejectDialog, ReverseDialog } from './credit-dialogs.tsx';
import { type CreditRefusal, useCreditDecisions } from './use-credit-decisions.ts';
import { useCredits } from './use-credits.ts';

type Tab = CreditStatus | 'all';
type Asking = { what: 'approve' | 'reject' | 'reverse'; credits: readonly Credit[] };

const tabs: readonly Tab[] = [...creditStatuses, 'all'];

const nothing: Record<Tab, { title: string; text: string }> = {
  pending_approval: {
    title: 'No credit waits for approval',
    text: 'Credits come here when leads are approved or convert, by the policies in force, and when someone requests one for a lead.',
  },
  approved: { title: 'No approved credit', text: 'Approved credits stay here; payouts gather them.' },
  rejected: { title: 'No rejected credit', text: 'Rejected credits stay here with their reason.' },
  reversed: {
    title: 'No credit was taken back',
    text: 'An approved credit can be taken back, for instance when its deal is cancelled.',
  },
  all: {
    title: 'There are no credits yet',
    text: 'They are made when leads are approved or convert, by the policies in force.',
  },
};

export function CreditsScreen() {
  const can = useCan();
  if (can('credits.read')) return <Credits />;
  return (
    <Page title="Credits">
      <ForbiddenState />
    </Page>
  );
}

function Credits() {
  const navigate = useNavigate();
  const { partnerId, status } = useSearch({ from: '/credits' });
  const tab: Tab = isOneOf(tabs, status) ? status : 'pending_approval';
  const go = (next: { tab?: Tab; partnerId?: string | null }) => {
    const partner = next.partnerId === undefined ? partnerId : (next.partnerId ?? undefined);
    void navigate({
      to: '/credits',
      search: { status: next.tab ?? tab, ...(partner !== undefined && { partnerId: partner }) },
    });
  };
  return (
    <Page
      title="Credits"
      subtitle="What partners earn for their leads. Approved credits go to the balance and into the next payout."
      actions={
        <PartnerPicker
          aria-label="Partner"
          placeholder="All partners"
          clearable
          w={200}
          value={partnerId ?? null}
          onChange={(partner) => go({ partnerId: partner })}
        />
      }
    >
      <Tabs
        value={tab}
        onChange={(value) => {
          if (isOneOf(tabs, value)) go({ tab: value });
        }}
      >
        <Tabs.List mb="sm">
          {tabs.map((each) => (
            <Tabs.Tab
              key={each}
              value={each}
              rightSection={each === 'pending_approval' ? <Waiting partnerId={partnerId} /> : undefined}
            >
              {each === 'all' ? 'All' : statusLabel(each)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab}>
          <CreditList key={`${tab} ${partnerId ?? ''}`} tab={tab} partnerId={partnerId} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Waiting({ partnerId }: { partnerId: string | undefined }) {
  const api = useApi();
  const count = useQuery(
    api.credits.list.queryOptions({
      input: {
        status: 'pending_approval',
        limit: 1,
        total: true,
        ...(partnerId !== undefined && { partnerId }),
      },
      placeholderData: keepPreviousData,
    }),
  ).data?.total;
  return count === undefined || count === 0 ? null : (
    <Badge size="sm" circle={count < 10} className="figures">
      {count.toLocaleString()}
    </Badge>
  );
}

function CreditList({ tab, partnerId }: { tab: Tab; partnerId: string | undefined }) {
  const can = useCan();
  const { id: me } = useSession();
  const { fourEyes } = useApprovalRules();
  const { aside, refusals, dismiss, decide, decideMany } = useCreditDecisions();
  const [active, setActive] = useState<string | null>(null);
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState<Asking | null>(null);

  const isQueue = tab === 'pending_approval';
  const query = useCredits(
    { ...(tab !== 'all' && { status: tab }), ...(partnerId !== undefined && { partnerId }) },
    // Elsewhere a decided credit stays in the list, with its new status.
    isQueue ? aside : new Set(),
  );
  const credits = query.data?.pages.flatMap((page) => page.items) ?? [];
  const chosen = credits.filter((credit) => ticked.has(credit.id));
  const mayDecide = can('credits.decide');
  const selfApproval = (credit: Credit) => selfApprovalReason(credit, me, fourEyes);

  /** The row that follows takes the place of one that leaves. */
  const moveOn = (credit: Credit) => {
    if (!isQueue || active !== credit.id) return;
    const at = credits.findIndex(({ id }) => id === credit.id);
    setActive((credits[at + 1] ?? credits[at - 1])?.id ?? null);
  };
  const approve = (credit: Credit) => {
    if (credit.status !== 'pending_approval' || selfApproval(credit) !== null || aside.has(credit.id)) return;
    moveOn(credit);
    void decide(credit, { action: 'approve' });
  };
  const reject = (credit: Credit) => {
    if (credit.status === 'pending_approval') setAsking({ what: 'reject', credits: [credit] });
  };
  const activeCredit = credits.find(({ id }) => id === active);
  useDecisionKeys({
    onApprove: () => {
      if (mayDecide && activeCredit !== undefined) approve(activeCredit);
    },
    onReject: () => {
      if (mayDecide && activeCredit !== undefined) reject(activeCredit);
    },
  });
  const columns = isQueue ? pendingColumns : decidedColumns;

  return (
    <>
      <Refusals refusals={refusals} onClose={dismiss} />
      {mayDecide && isQueue && credits.length > 0 && (
        <Group justify="space-between" mb="xs" mih={30}>
          {chosen.length === 0 ? (
            <Text size="sm" c="dimmed">
              J and K move, A approves, R rejects. Tick several to decide them together.
            </Text>
          ) : (
            <Group gap="xs" role="group" aria-label="The chosen credits">
              <Text size="sm" fw={550} className="figures" role="status">
                {creditsText(chosen)}
              </Text>
              <Button
                size="compact-sm"
                variant="light"
                onClick={() => setAsking({ what: 'approve', credits: chosen })}
              >
                Approve
              </Button>
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => setAsking({ what: 'reject', credits: chosen })}
              >
                Reject
              </Button>
            </Group>
          )}
        </Group>
      )}
      <DataTable
        label="Credits"
        columns={
          mayDecide
            ? [
                ...columns,
                creditActionColumn({
                  onApprove: approve,
                  onReject: reject,
                  onReverse: (credit) => setAsking({ what: 'reverse', credits: [credit] }),
                  selfApproval,
                  busy: aside,
                }),
              ]
            : columns
        }
        query={query}
        activeId={active}
        onOpen={(credit) => setActive(credit.id)}
        {...(mayDecide && isQueue && { selection: { ids: ticked, onChange: setTicked, nameOf: creditName } })}
        empty={<EmptyState title={nothing[tab].title}>{nothing[tab].text}</EmptyState>}
      />
      <Ask
        asking={asking}
        onClose={() => setAsking(null)}
        onDecide={async (decided, decision) => {
          const [first, ...others] = decided;
          if (first !== undefined && others.length === 0) {
            moveOn(first);
            await decide(first, decision);
          } else {
            await decideMany(decided, decision);
          }
          setTicked(new Set());
        }}
      />
    </>
  );
}

interface AskProps {
  asking: Asking | null;
  onDecide: (
    credits: readonly Credit[],
    decision: Parameters<ReturnType<typeof useCreditDecisions>['decide']>[1],
  ) => Promise<void>;
  onClose: () => void;
}

function Ask({ asking, onDecide, onClose }: AskProps) {
  if (asking === null) return null;
  const { what, credits } = asking;
  const [first] = credits;
  if (what === 'reverse') {
    return first === undefined ? null : <ReverseDialog credit={first} onClose={onClose} />;
  }
  return what === 'approve' ? (
    <ApproveManyDialog
      credits={credits}
      onConfirm={() => onDecide(credits, { action: 'approve' })}
      onClose={onClose}
    />
  ) : (
    <RejectDialog
      credits={credits}
      onConfirm={(reason) => onDecide(credits, { action: 'reject', reason })}
      onClose={onClose}
    />
  );
}

function Refusals({ refusals, onClose }: { refusals: readonly CreditRefusal[]; onClose: () => void }) {
  if (refusals.length === 0) return null;
  return (
    <Alert
      color="red"
      role="alert"
      mb="sm"
      withCloseButton
      closeButtonLabel="Dismiss"
      onClose={onClose}
      title={`${refusals.length} ${refusals.length === 1 ? 'credit was' : 'credits were'} not decided`}
    >
      <List size="sm">
        {refusals.map(({ credit, sentence }) => (
          <List.Item key={credit.id}>
            {creditName(credit)}: {sentence}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
