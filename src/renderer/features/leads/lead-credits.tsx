import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Outputs } from '#contract/index.ts';
import { useApi } from '../../app/api.tsx';
import { Instant, Money, PersonName } from '../../components/figures.tsx';
import { LoadingState, QueryState } from '../../components/states.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import type { Lead } from './lead.ts';
import classes from './policies.module.css';
import { asSentence } from './policy-outlook.tsx';

type Credit = Outputs['credits']['list']['items'][number];

const origins: Record<Credit['origin'], string> = {
  policy: 'Policy',
  partner_terms: 'The partner’s own terms',
  request: 'Requested by hand',
  reversal: 'Takes back a credit',
  adjustment: 'Adjustment',
  bonus: 'Bonus',
  carry_over: 'Carried over from a payout',
};

/** Every credit that this lead made, whatever became of it. */
export function LeadCredits({ lead }: { lead: Lead }) {
  const api = useApi();
  // A lead has a handful of credits.
  const credits = useQuery(api.credits.list.queryOptions({ input: { partnerLeadId: lead.id, limit: 100 } }));
  return (
    <QueryState query={credits} loading={<LoadingState label="Loading the credits" lines={2} />}>
      {({ items }) =>
        items.length === 0 ? (
          <Text c="dimmed">
            None yet. Credits are made when the lead is approved or converts, or requested by hand.
          </Text>
        ) : (
          <ul className={classes.list} aria-label="Credits of this lead">
            {items.map((credit) => (
              <CreditLine key={credit.id} credit={credit} />
            ))}
          </ul>
        )
      }
    </QueryState>
  );
}

function CreditLine({ credit }: { credit: Credit }) {
  const why = credit.rejectionReason ?? credit.reversalReason;
  return (
    <li className={classes.line}>
      <Stack gap={1} className={classes.what}>
        <Text fw={500}>{credit.policyName ?? origins[credit.origin]}</Text>
        <Text size="xs" c="dimmed">
          {asSentence(credit.reason)}
        </Text>
        {why !== null && (
          <Text size="xs">
            {credit.status === 'reversed' ? 'Reversed' : 'Rejected'}: {why}
          </Text>
        )}
        <Text size="xs" c="dimmed">
          <Instant value={credit.createdAt} />, <PersonName id={credit.requestedBy} />
          {credit.approvedAt !== null && (
            <>
              {' '}
              · approved <Instant value={credit.approvedAt} withTime={false} />
              {credit.delegatedPolicyId === null ? (
                <>
                  {' '}
                  by <PersonName id={credit.approvedBy} />
                </>
              ) : (
                ' by the policy’s own approval'
              )}
            </>
          )}
        </Text>
      </Stack>
      <Group gap="xs" wrap="nowrap" align="flex-start" className={classes.amount}>
        <StatusBadge status={credit.status} size="sm" />
        <Money amount={credit.creditAmount} currency={credit.currency} fw={600} />
      </Group>
    </li>
  );
}
