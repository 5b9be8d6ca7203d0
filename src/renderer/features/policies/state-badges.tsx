import { Badge, Group } from '@mantine/core';
import { useState } from 'react';
import { dayOf } from '#domain/calendar.ts';
import { useSession } from '../../app/session.tsx';
import { hasWaitingRevision, type Policy, type PolicyState, policyState } from './policy.ts';

const states: Record<PolicyState, { label: string; color: string }> = {
  awaiting: { label: 'Awaiting approval', color: 'yellow' },
  in_force: { label: 'In force', color: 'pine' },
  starts_later: { label: 'Starts later', color: 'blue' },
  ended: { label: 'Ended', color: 'gray' },
};

/** Today in the organization's time zone. */
export function useToday(): string {
  const { timeZone } = useSession();
  const [now] = useState(() => new Date().toISOString());
  return dayOf(now, timeZone);
}

/** Where a policy stands, and whether a revision waits. */
export function StateBadges({ policy }: { policy: Policy }) {
  const { label, color } = states[policyState(policy, useToday())];
  return (
    <Group gap={4} wrap="nowrap" display="inline-flex">
      <Badge color={color} miw="max-content">
        {label}
      </Badge>
      {hasWaitingRevision(policy) && (
        <Badge color="yellow" miw="max-content">
          New revision waiting
        </Badge>
      )}
    </Group>
  );
}
