import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Outputs } from '#contract/index.ts';
import type { LeadEvent } from '#domain/credit-policies.ts';
import { useApi } from '../../app/api.tsx';
import { Money, moneyText } from '../../components/figures.tsx';
import { LoadingState, QueryState } from '../../components/states.tsx';
import { isOpen, type Lead } from './lead.ts';
import classes from './policies.module.css';

type Weighed = Outputs['leads']['applicablePolicies']['items'][number];

/** The host's reasons are written to follow a name; on a line of their own they begin like a sentence. */
export function asSentence(reason: string): string {
  // The line says it already.
  const told = reason.replace(/^passed over: /, '');
  return told.charAt(0).toUpperCase() + told.slice(1);
}

/** What each policy would do with the lead if it were approved, or converted, today. */
export function PolicyOutlook({ lead }: { lead: Lead }) {
  const api = useApi();
  const weighed = useQuery(api.leads.applicablePolicies.queryOptions({ input: { id: lead.id } }));
  return (
    <QueryState query={weighed} loading={<LoadingState label="Weighing the policies" lines={3} />}>
      {({ items }) => <Outlook lead={lead} items={items} />}
    </QueryState>
  );
}

function Outlook({ lead, items }: { lead: Lead; items: readonly Weighed[] }) {
  const events: readonly LeadEvent[] = isOpen(lead) ? ['approval', 'conversion'] : ['conversion'];
  const told = items.filter((item) => events.includes(item.event));
  const nothingApplies = items.every((item) => !item.applies);
  return (
    <Stack gap="sm">
      {events.map((event) => (
        <EventOutlook key={event} lead={lead} event={event} items={told.filter((i) => i.event === event)} />
      ))}
      {nothingApplies && <OwnTerms lead={lead} events={events} none={items.length === 0} />}
    </Stack>
  );
}

const eventWords: Record<LeadEvent, string> = { approval: 'On approval', conversion: 'On conversion' };

function EventOutlook({ lead, event, items }: { lead: Lead; event: LeadEvent; items: readonly Weighed[] }) {
  if (items.length === 0) return null;
  const paying = items.filter((item) => item.applies);
  const passed = items.filter((item) => !item.applies);
  const isKnown = paying.every((item) => item.amount !== null);
  const sum = paying.reduce((total, item) => total + (item.amount ?? 0), 0);
  return (
    <div>
      <Group justify="space-between" wrap="nowrap" mb={2}>
        <Text fw={600}>{eventWords[event]}</Text>
        <Text fw={600} component="span">
          {paying.length === 0 ? (
            'No policy pays'
          ) : isKnown ? (
            <Money amount={sum} currency={lead.currency} />
          ) : (
            'Depends on the deal'
          )}
        </Text>
      </Group>
      <ul className={classes.list} aria-label={`Policies ${eventWords[event].toLowerCase()}`}>
        {[...paying, ...passed].map((item) => (
          <PolicyLine
            key={`${item.policyId} ${item.revision}`}
            name={item.policyName}
            applies={item.applies}
            amount={item.amount}
            currency={lead.currency}
          >
            {asSentence(item.reason)}
          </PolicyLine>
        ))}
      </ul>
    </div>
  );
}

interface PolicyLineProps {
  name: string;
  applies: boolean;
  amount: number | null;
  currency: string;
  /** Why. */
  children: ReactNode;
}

/** A policy, what it pays, and why. One that is passed over stands back. */
export function PolicyLine({ name, applies, amount, currency, children }: PolicyLineProps) {
  return (
    <li className={classes.line} data-passed={!applies || undefined}>
      <div className={classes.what}>
        <Text fw={applies ? 500 : 400}>{name}</Text>
        <Text size="xs" c="dimmed">
          {children}
        </Text>
      </div>
      <Text component="span" className={classes.amount}>
        {applies ? <Money amount={amount} currency={currency} /> : 'Passed over'}
      </Text>
    </li>
  );
}

/** What the partner's own terms pay for a lead to which no policy applies (`domain.md`, "Credits"). */
function OwnTerms({ lead, events, none }: { lead: Lead; events: readonly LeadEvent[]; none: boolean }) {
  const api = useApi();
  const partner = useQuery(api.partners.get.queryOptions({ input: { id: lead.partnerId } }));
  if (partner.data === undefined) return null;
  const { leadPrice, commissionPercentage, currency } = partner.data;
  const terms = [
    events.includes('approval') && leadPrice !== null && leadPrice > 0
      ? `${moneyText(leadPrice, currency)} on approval`
      : null,
    commissionPercentage !== null && commissionPercentage > 0
      ? `${commissionPercentage} % of the deal`
      : null,
  ].filter((term) => term !== null);
  return (
    <Text c="dimmed">
      {none ? 'There is no credit policy for this partner. ' : 'No policy applies to this lead. '}
      {terms.length === 0
        ? 'The partner has no terms of its own for this, so no credit would be made.'
        : `The partner’s own terms hold: ${terms.join(', ')}.`}
    </Text>
  );
}
