import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../app/api.tsx';
import { Instant } from '../../components/figures.tsx';
import { LoadingState, QueryState } from '../../components/states.tsx';
import type { Lead } from './lead.ts';
import classes from './policies.module.css';
import { asSentence, PolicyLine } from './policy-outlook.tsx';

/** Which policies were applied to the lead or passed over when it was decided, with the reason of then. */
export function PolicyHistory({ lead }: { lead: Lead }) {
  const api = useApi();
  const mappings = useQuery(api.leads.policyMappings.queryOptions({ input: { id: lead.id } }));
  return (
    <QueryState query={mappings} loading={<LoadingState label="Loading the applied policies" lines={2} />}>
      {({ items }) =>
        items.length === 0 ? (
          <Text c="dimmed">
            No policy has been applied to this lead. Policies are weighed when it is approved and when it
            converts.
          </Text>
        ) : (
          <ul className={classes.list} aria-label="Policies applied or passed over">
            {items.map((mapping) => (
              <PolicyLine
                key={mapping.id}
                name={mapping.policyName}
                applies={mapping.applied}
                amount={mapping.calculatedCredit}
                currency={mapping.currency}
              >
                <Stack gap={0} component="span">
                  <span>{asSentence(mapping.reason)}</span>
                  <span>
                    {mapping.event === 'approval' ? 'On approval' : 'On conversion'},{' '}
                    <Instant value={mapping.createdAt} />, revision {mapping.policyRevision}
                  </span>
                </Stack>
              </PolicyLine>
            ))}
          </ul>
        )
      }
    </QueryState>
  );
}
