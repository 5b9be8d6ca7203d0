import { Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { PersonName } from '../../components/figures.tsx';
import { LinkButton } from '../../components/link-button.tsx';
import { Page } from '../../components/page.tsx';
import { QueryState, Require } from '../../components/states.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { BankingTab } from './banking-tab.tsx';
import { LeadsTab } from './leads-tab.tsx';
import { LedgerTab } from './ledger-tab.tsx';
import { OverviewTab } from './overview-tab.tsx';
import { type Partner, partnerTypeLabels } from './partner.ts';
import { PartnerActions } from './partner-actions.tsx';
import { PartnerNotice } from './partner-notice.tsx';
import { PayoutsTab } from './payouts-tab.tsx';
import { PoliciesTab } from './policies-tab.tsx';
import { SourcesTab } from './sources-tab.tsx';

export function PartnerScreen() {
  const { partnerId } = useParams({ from: '/partners/$partnerId' });
  return (
    <Require permission="partners.read">
      <OnePartner key={partnerId} partnerId={partnerId} />
    </Require>
  );
}

function OnePartner({ partnerId }: { partnerId: string }) {
  const api = useApi();
  const partner = useQuery(api.partners.get.queryOptions({ input: { id: partnerId } }));
  return <QueryState query={partner}>{(data) => <PartnerPage partner={data} />}</QueryState>;
}

function PartnerPage({ partner }: { partner: Partner }) {
  const can = useCan();
  const [tab, setTab] = useState<string | null>('overview');
  return (
    <Page
      title={partner.organizationName}
      subtitle={
        <>
          <StatusBadge status={partner.status} mr={8} />
          <span className="figures">{partner.partnerCode}</span>, {partnerTypeLabels[partner.partnerType]},
          registered by <PersonName id={partner.createdBy} />
        </>
      }
      actions={
        <>
          {can('partners.edit') && (
            <LinkButton to="/partners/$partnerId/edit" params={{ partnerId: partner.id }} variant="default">
              Edit
            </LinkButton>
          )}
          <PartnerActions partner={partner} />
        </>
      }
    >
      <PartnerNotice partner={partner} />
      {/* What a tab shows goes when the tab goes: revealed account numbers above all. */}
      <Tabs value={tab} onChange={setTab} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="overview">Overview</Tabs.Tab>
          <Tabs.Tab value="leads">Leads</Tabs.Tab>
          <Tabs.Tab value="sources">Sources</Tabs.Tab>
          <Tabs.Tab value="policies">Policies</Tabs.Tab>
          <Tabs.Tab value="payouts">Payouts</Tabs.Tab>
          {can('ledger.read') && <Tabs.Tab value="ledger">Ledger</Tabs.Tab>}
          <Tabs.Tab value="banking">Banking</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="overview">
          <OverviewTab partner={partner} />
        </Tabs.Panel>
        <Tabs.Panel value="leads">
          <LeadsTab partner={partner} />
        </Tabs.Panel>
        <Tabs.Panel value="sources">
          <SourcesTab partner={partner} />
        </Tabs.Panel>
        <Tabs.Panel value="policies">
          <PoliciesTab partner={partner} />
        </Tabs.Panel>
        <Tabs.Panel value="payouts">
          <PayoutsTab partner={partner} />
        </Tabs.Panel>
        {can('ledger.read') && (
          <Tabs.Panel value="ledger">
            <LedgerTab partner={partner} />
          </Tabs.Panel>
        )}
        <Tabs.Panel value="banking">
          <BankingTab partner={partner} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
