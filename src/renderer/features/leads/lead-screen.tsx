import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type ReactNode, useId, useState } from 'react';
import { useApi } from '../../app/api.tsx';
import { useCan, useSession } from '../../app/session.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { Instant, Money, PersonName, Score } from '../../components/figures.tsx';
import { Page } from '../../components/page.tsx';
import { FailedState, LoadingState } from '../../components/states.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { DuplicateNotice } from './duplicate-notice.tsx';
import { holderAt, isOpen, type Lead, type LeadRefusal, leadName, missingScoredFields } from './lead.ts';
import { LeadActions } from './lead-actions.tsx';
import { LeadCredits } from './lead-credits.tsx';
import { LeadFacts } from './lead-facts.tsx';
import { CreditStatus, WaitingTime } from './lead-marks.tsx';
import classes from './leads.module.css';
import { PolicyHistory } from './policy-history.tsx';
import { PolicyOutlook } from './policy-outlook.tsx';
import { RefusalNotice } from './refusal-notice.tsx';
import { RequestCreditDialog } from './request-credit-dialog.tsx';
import { useNow } from './use-now.ts';

export function LeadScreen() {
  const { leadId } = useParams({ from: '/leads/$leadId' });
  const api = useApi();
  const query = useQuery(api.leads.get.queryOptions({ input: { id: leadId }, refetchInterval: 30_000 }));
  if (query.data !== undefined) return <LeadRecord key={leadId} lead={query.data} />;
  return (
    <Page title="Lead">
      {query.isError ? (
        <FailedState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <LoadingState label="Loading the lead" />
      )}
    </Page>
  );
}

function LeadRecord({ lead }: { lead: Lead }) {
  const now = useNow();
  const missing = missingScoredFields(lead);
  const [refusal, setRefusal] = useState<LeadRefusal | null>(null);
  return (
    <Page
      title={leadName(lead)}
      subtitle={
        <Group gap="xs" mt={4}>
          <StatusBadge status={lead.status} />
          <Score value={lead.qualityScore} />
          <Text span inherit>
            from{' '}
            <AppLink underline="always" to="/partners/$partnerId" params={{ partnerId: lead.partnerId }}>
              {lead.partnerName}
            </AppLink>
          </Text>
          {isOpen(lead) && <WaitingTime lead={lead} now={now} />}
          <HeldBy lead={lead} now={now} />
        </Group>
      }
      actions={<LeadActions lead={lead} now={now} onRefused={setRefusal} />}
    >
      {refusal !== null && <RefusalNotice refusal={refusal} onClose={() => setRefusal(null)} />}
      <DuplicateNotice lead={lead} />
      <div className={classes.record}>
        <Paper p="md">
          <Stack gap="lg">
            <LeadFacts lead={lead} level="h2" />
            {missing.length > 0 && (
              <Text size="xs" c="dimmed">
                Missing for a full score: {missing.join(', ')}.
              </Text>
            )}
          </Stack>
        </Paper>
        <div className={classes.side}>
          <CreditsCard lead={lead} />
          {(isOpen(lead) || lead.status === 'approved') && (
            <Card title="What it would pay now">
              <PolicyOutlook lead={lead} />
            </Card>
          )}
          <Card title="Policies applied">
            <PolicyHistory lead={lead} />
          </Card>
        </div>
      </div>
    </Page>
  );
}

function HeldBy({ lead, now }: { lead: Lead; now: number }) {
  const me = useSession();
  const holder = holderAt(lead, now);
  if (holder === null) return null;
  return (
    <Text span inherit>
      {holder === me.id ? (
        'You hold it'
      ) : (
        <>
          <PersonName id={holder} /> holds it
        </>
      )}{' '}
      until <Instant value={lead.claimExpiresAt} />
    </Text>
  );
}

function CreditsCard({ lead }: { lead: Lead }) {
  const can = useCan();
  const [requesting, setRequesting] = useState(false);
  const mayHaveCredit = lead.status === 'approved' || lead.status === 'converted';
  return (
    <Card
      title="Credits"
      aside={
        lead.creditAmount !== null && (
          <Group gap="xs" wrap="nowrap">
            {lead.creditStatus !== null && <CreditStatus status={lead.creditStatus} />}
            <Money amount={lead.creditAmount} currency={lead.currency} fw={650} />
          </Group>
        )
      }
    >
      <Stack gap="sm">
        <LeadCredits lead={lead} />
        {can('credits.request') && mayHaveCredit && (
          <Button
            variant="default"
            size="xs"
            style={{ alignSelf: 'flex-start' }}
            onClick={() => setRequesting(true)}
          >
            Request a credit
          </Button>
        )}
      </Stack>
      {requesting && <RequestCreditDialog lead={lead} onClose={() => setRequesting(false)} />}
    </Card>
  );
}

function Card({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <Paper p="md" component="section" aria-labelledby={id}>
      <Group justify="space-between" mb="sm" wrap="nowrap">
        <Title order={2} size="h5" id={id}>
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </Paper>
  );
}
