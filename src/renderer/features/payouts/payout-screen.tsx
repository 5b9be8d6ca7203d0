import { Badge, Group, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useApi } from '../../app/api.tsx';
import { useCan } from '../../app/session.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { Page } from '../../components/page.tsx';
import { ForbiddenState, QueryState } from '../../components/states.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { MoneyStory } from './money-story.tsx';
import { NextStep } from './next-step.tsx';
import { PaymentsList } from './payments-list.tsx';
import { type Payout, periodText } from './payout.ts';
import { PayoutActions } from './payout-actions.tsx';
import { PayoutLines } from './payout-lines.tsx';

export function PayoutScreen() {
  const api = useApi();
  const can = useCan();
  const { payoutId } = useParams({ from: '/payouts/$payoutId' });
  const isAllowed = can('payouts.read');
  const query = useQuery(api.payouts.get.queryOptions({ input: { id: payoutId }, enabled: isAllowed }));
  if (query.data !== undefined) return <OnePayout key={query.data.id} payout={query.data} />;
  return (
    <Page title="Payout">
      {isAllowed ? <QueryState query={query}>{() => null}</QueryState> : <ForbiddenState />}
    </Page>
  );
}

function OnePayout({ payout }: { payout: Payout }) {
  return (
    <Page
      title={payout.payoutNumber}
      subtitle={
        <Group gap="xs" mt={2}>
          <StatusBadge status={payout.status} />
          {payout.fourEyesWaived && (
            <Tooltip
              label="The organization has switched the four-eyes rule off; the trail says so."
              multiline
              maw={260}
            >
              <Badge color="orange" tabIndex={0}>
                One pair of eyes
              </Badge>
            </Tooltip>
          )}
          <AppLink to="/partners/$partnerId" params={{ partnerId: payout.partnerId }} fw={550}>
            {payout.partnerName}
          </AppLink>
          <span>·</span>
          <span>{periodText(payout.periodStart, payout.periodEnd)}</span>
        </Group>
      }
      actions={<PayoutActions payout={payout} />}
    >
      <NextStep payout={payout} />
      <MoneyStory payout={payout} />
      <PaymentsList payout={payout} />
      <PayoutLines payout={payout} />
    </Page>
  );
}
