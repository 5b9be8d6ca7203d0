import { useQuery } from '@tanstack/react-query';
import { secondApprovalThresholdFor } from '#domain/payouts.ts';
import { useApi } from '../app/api.tsx';

export interface ApprovalRules {
  /** Whether nobody approves what they made themselves. */
  fourEyes: boolean;
  /** Minor units of the currency asked about; a payout above it takes two approvers; null: none does. */
  secondApprovalThreshold: number | null;
}

/** The settings that approvals hang on, as the organization has them now; strict until they are known. */
export function useApprovalRules(currency?: string): ApprovalRules {
  const api = useApi();
  const settings = useQuery(api.settings.get.queryOptions({ staleTime: 60_000 }));
  return {
    fourEyes: settings.data?.fourEyes ?? true,
    secondApprovalThreshold:
      settings.data === undefined
        ? null
        : secondApprovalThresholdFor(
            settings.data,
            settings.data.currency,
            currency ?? settings.data.currency,
          ),
  };
}
