import { useSession } from '../../app/session.tsx';
import { useApprovalRules } from '../../components/use-approval-rules.ts';
import { approvableAmount, type Payout } from './payout.ts';

/**
 * Why this person can't approve the payout although their role may, or null (`domain.md`, "Four eyes"). The host checks again,
 * and knows who added lines besides.
 */
export function useSelfApprovalReason(payout: Payout): string | null {
  const { id: me } = useSession();
  const { fourEyes } = useApprovalRules();
  if (payout.status !== 'pending') return null;
  if (fourEyes && payout.generatedBy === me) {
    return 'You generated this payout, so someone else must approve it.';
  }
  if (payout.firstApprovedBy === me) {
    return 'You gave the first approval, so someone else must give the second.';
  }
  if (approvableAmount(payout) <= 0) return 'No line is left to pay. Reject the payout instead.';
  return null;
}
