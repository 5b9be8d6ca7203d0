import { useQuery } from '@tanstack/react-query';
import { useApi } from '../app/api.tsx';

export interface ApprovalRules {
  /** Whether nobody approves what they made themselves. */
  fourEyes: boolean;
  /** Minor units; a payout above it takes two approvers; null: none does. */
  secondApprovalThreshold: number | null;
}

/** The settings that approvals hang on, as the organization has them now; strict until they are known. */
export function useApprovalRules(): ApprovalRules {
  const api = useApi();
  const settings = useQuery(api.settings.get.queryOptions({ staleTime: 60_000 }));
  return {
    fourEyes: settings.data?.fourEyes ?? true,
    secondApprovalThreshold: settings.data?.secondApprovalThreshold ?? null,
  };
}
