import { Badge, Button, Tabs } from '@mantine/core';
import { IconDownload, IconPlus } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { Page } from '../../components/page.tsx';
import { PartnerPicker } from '../../components/partner-picker.tsx';
import { ForbiddenState } from '../../components/states.tsx';
import { ExportDialog } from './export-dialog.tsx';
import { ExportsList } from './exports-list.tsx';
import { GenerateDialog } from './generate-dialog.tsx';
import { PayoutStats } from './payout-stats.tsx';
import { PayoutsList } from './payouts-list.tsx';
import { isPayoutView, type PayoutView, payoutViews, viewOf } from './use-payouts.ts';

type Tab = PayoutView | 'exports';

const views = Object.keys(payoutViews).filter(isPayoutView);

export function PayoutsScreen() {
  const can = useCan();
  if (can('payouts.read')) return <Payouts />;
  return (
    <Page title="Payouts">
      <ForbiddenState />
    </Page>
  );
}

function Payouts() {
  const can = useCan();
  const navigate = useNavigate();
  const { partnerId, status } = useSearch({ from: '/payouts' });
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [dialog, setDialog] = useState<'generate' | 'export' | null>(null);

  // What this person is here for comes first.
  const usual: PayoutView = can('payouts.approve') ? 'pending' : can('payouts.pay') ? 'to_pay' : 'all';
  const tab: Tab = status === 'exports' ? 'exports' : (viewOf(status) ?? usual);
  const counts = useCounts(partnerId);

  const go = (next: { tab?: Tab; partnerId?: string | null }) => {
    setTicked(new Set());
    const partner = next.partnerId === undefined ? partnerId : (next.partnerId ?? undefined);
    void navigate({
      to: '/payouts',
      search: { status: next.tab ?? tab, ...(partner !== undefined && { partnerId: partner }) },
    });
  };
  const generate = can('payouts.generate') && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setDialog('generate')}>
      Generate payouts
    </Button>
  );

  return (
    <Page
      title="Payouts"
      subtitle="Gathered from approved credits, approved line by line, paid by finance. Nothing pays by itself."
      actions={
        <>
          <PartnerPicker
            aria-label="Partner"
            placeholder="All partners"
            clearable
            w={200}
            value={partnerId ?? null}
            onChange={(partner) => go({ partnerId: partner })}
          />
          {can('payouts.export') && (
            <Button
              variant="default"
              leftSection={<IconDownload size={16} />}
              onClick={() => setDialog('export')}
            >
              {ticked.size === 0 ? 'Export' : `Export ${ticked.size} chosen`}
            </Button>
          )}
          {generate}
        </>
      }
    >
      <PayoutStats partnerId={partnerId} />
      <Tabs
        value={tab}
        onChange={(value) => {
          if (value === 'exports' || isPayoutView(value)) go({ tab: value });
        }}
      >
        <Tabs.List mb="sm">
          {views.map((view) => (
            <Tabs.Tab key={view} value={view} rightSection={<Count count={counts[view]} />}>
              {payoutViews[view].label}
            </Tabs.Tab>
          ))}
          <Tabs.Tab value="exports">Past exports</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value={tab}>
          {tab === 'exports' ? (
            <ExportsList />
          ) : (
            <PayoutsList
              key={`${tab} ${partnerId ?? ''}`}
              view={tab}
              partnerId={partnerId}
              emptyAction={tab === 'pending' || tab === 'all' ? generate : undefined}
              {...(can('payouts.export') && { selection: { ids: ticked, onChange: setTicked } })}
            />
          )}
        </Tabs.Panel>
      </Tabs>
      {dialog === 'generate' && (
        <GenerateDialog
          partnerId={partnerId}
          onClose={() => setDialog(null)}
          onShow={([first, ...others]) => {
            setDialog(null);
            if (first !== undefined && others.length === 0) {
              void navigate({ to: '/payouts/$payoutId', params: { payoutId: first } });
            } else {
              go({ tab: 'pending' });
            }
          }}
        />
      )}
      {dialog === 'export' && (
        <ExportDialog
          payoutIds={[...ticked]}
          onClose={() => setDialog(null)}
          onDone={() => setTicked(new Set())}
        />
      )}
    </Page>
  );
}

/** How many wait for someone: the two tabs that are work. */
function useCounts(partnerId: string | undefined): Partial<Record<PayoutView, number>> {
  const api = useApi();
  const count = (status: 'pending' | 'approved' | 'partially_approved' | 'partially_paid') =>
    api.payouts.list.queryOptions({
      input: { status, limit: 1, total: true, ...(partnerId !== undefined && { partnerId }) },
      placeholderData: keepPreviousData,
    });
  const pending = useQuery(count('pending')).data?.total;
  const approved = useQuery(count('approved')).data?.total;
  const partlyApproved = useQuery(count('partially_approved')).data?.total;
  const partlyPaid = useQuery(count('partially_paid')).data?.total;
  return {
    ...(pending !== undefined && { pending }),
    ...(approved !== undefined &&
      partlyApproved !== undefined &&
      partlyPaid !== undefined && { to_pay: approved + partlyApproved + partlyPaid }),
  };
}

function Count({ count }: { count: number | undefined }) {
  return count === undefined || count === 0 ? null : (
    <Badge size="sm" circle={count < 10} className="figures">
      {count.toLocaleString()}
    </Badge>
  );
}
