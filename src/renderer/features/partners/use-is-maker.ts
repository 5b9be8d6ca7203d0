import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../app/api.tsx';
import { useCan, useSession } from '../../app/session.tsx';
import { useApprovalRules } from '../../components/use-approval-rules.ts';
import type { Partner } from './partner.ts';

/**
 * Whether four eyes keep the person from approving this partner: they submitted, created or edited it. Who edited is in
 * the activities only; without the permission to read them the host still refuses.
 */
export function useIsMaker(partner: Partner): boolean {
  const api = useApi();
  const user = useSession();
  const can = useCan();
  const { fourEyes } = useApprovalRules();
  const edits = useQuery(
    api.activities.list.queryOptions({
      input: {
        actorId: user.id,
        action: 'partner_updated',
        resource: 'partner',
        resourceId: partner.id,
        limit: 1,
      },
      enabled: partner.status === 'pending' && can('partners.decide') && can('activities.read'),
    }),
  );
  if (!fourEyes) return false;
  const edited = (edits.data?.items.length ?? 0) > 0;
  return partner.createdBy === user.id || partner.submittedBy === user.id || edited;
}
