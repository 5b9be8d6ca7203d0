import { Alert } from '@mantine/core';
import { IconCopy } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../app/api.tsx';
import { AppLink } from '../../components/app-link.tsx';
import { Instant } from '../../components/figures.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { type Lead, leadName } from './lead.ts';

/** Which older lead has the same e-mail address or phone number. */
export function DuplicateNotice({ lead }: { lead: Lead }) {
  const api = useApi();
  const originalId = lead.duplicateOf;
  const original = useQuery(
    api.leads.get.queryOptions({ input: { id: originalId ?? '' }, enabled: originalId !== null }),
  );
  if (originalId === null) return null;
  const { data } = original;
  const same = (field: 'email' | 'phone') => data?.leadData[field] === lead.leadData[field];
  const shared =
    data === undefined
      ? 'e-mail address or phone number'
      : same('email') && same('phone')
        ? 'e-mail address and phone number'
        : same('email')
          ? 'e-mail address'
          : same('phone')
            ? 'phone number'
            : 'e-mail address or phone number';
  return (
    <Alert
      color="grape"
      py="xs"
      icon={<IconCopy size={18} aria-hidden />}
      title={`An older lead has the same ${shared}`}
    >
      <AppLink underline="always" to="/leads/$leadId" params={{ leadId: originalId }}>
        {data === undefined ? 'Open the older lead' : leadName(data)}
      </AppLink>
      {data !== undefined && (
        <>
          , from {data.partnerName}, <Instant value={data.submittedAt} withTime={false} />{' '}
          <StatusBadge status={data.status} size="sm" />
        </>
      )}
    </Alert>
  );
}
