import { Text, UnstyledButton } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useApi } from '../../app/api.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { type Activity, detailText } from './activity.ts';
import { DifferenceTable } from './difference-table.tsx';
import { actionText } from './words.ts';

/** Which one it was, where the details say so: a number, a code, a name. */
function subjectOf(activity: Activity): string | null {
  for (const name of ['payoutNumber', 'policyCode', 'fileName', 'sourceName', 'email']) {
    const text = detailText(activity, name);
    if (text !== null) return text;
  }
  return null;
}

/** A link to what the activity is about, where it has a screen. */
function Subject({ activity }: { activity: Activity }): ReactNode {
  const name = subjectOf(activity);
  const { resource, resourceId } = activity;
  if (resourceId !== null && resource === 'lead') {
    return (
      <AppLink to="/leads/$leadId" params={{ leadId: resourceId }} underline="always">
        {name ?? 'Open the lead'}
      </AppLink>
    );
  }
  if (resourceId !== null && resource === 'policy') {
    return (
      <AppLink to="/policies/$policyId" params={{ policyId: resourceId }} underline="always">
        {name ?? 'Open the policy'}
      </AppLink>
    );
  }
  if (resourceId !== null && resource === 'payout' && name !== null) {
    return (
      <AppLink to="/payouts/$payoutId" params={{ payoutId: resourceId }} underline="always">
        {name}
      </AppLink>
    );
  }
  return name;
}

/** What happened, in a sentence; the difference unfolds below it. */
export function ActivitySentence({
  activity,
  isOpen,
  onToggle,
}: {
  activity: Activity;
  isOpen: boolean;
  onToggle: () => void;
}) {
  const reason = detailText(activity, 'reason') ?? detailText(activity, 'notes');
  const hasDetails = Object.keys(activity.details).length > 0;
  const subject = <Subject activity={activity} />;
  const Chevron = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <>
      <Text inherit component="div">
        <Text inherit component="span" fw={500}>
          {activity.userName}
        </Text>{' '}
        {actionText(activity.action)} {subject}
        {hasDetails && (
          <UnstyledButton
            aria-expanded={isOpen}
            aria-label={`What changed in number ${activity.seq}`}
            ml={6}
            c="dimmed"
            fz="xs"
            onClick={onToggle}
          >
            <Chevron size={12} aria-hidden /> {isOpen ? 'Less' : 'What changed'}
          </UnstyledButton>
        )}
      </Text>
      {reason !== null && !isOpen && (
        <Text size="xs" c="dimmed" lineClamp={1}>
          “{reason}”
        </Text>
      )}
      {isOpen && <DifferenceTable activity={activity} />}
    </>
  );
}

/** The partner concerned, by name. */
export function PartnerLink({ id }: { id: string | null }) {
  const api = useApi();
  const partner = useQuery(
    api.partners.get.queryOptions({ input: { id: id ?? '' }, enabled: id !== null, staleTime: 60_000 }),
  );
  if (id === null) return <span>–</span>;
  return (
    <AppLink to="/partners/$partnerId" params={{ partnerId: id }}>
      {partner.data?.organizationName ?? 'Open the partner'}
    </AppLink>
  );
}
