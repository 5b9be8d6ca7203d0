import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { codeOf, useApi } from '../../app/api.tsx';
import type { Payout } from './payout.ts';

/**
 * The payout as a dialog saw it when it opened: figures don't change under the hand of who types an amount, and what is
 * sent names the version that was read. After a refusal that tells of a change, `look` takes the payout as it is now.
 */
export function useDialogPayout(payout: Payout) {
  const api = useApi();
  const queryClient = useQueryClient();
  const [seen, setSeen] = useState(payout);

  const look = async (error: unknown): Promise<void> => {
    const code = codeOf(error);
    if (code !== 'CONFLICT' && code !== 'INVALID_TRANSITION') return;
    // The page behind shows it too.
    void queryClient.invalidateQueries();
    setSeen(
      await queryClient.fetchQuery(api.payouts.get.queryOptions({ input: { id: payout.id }, staleTime: 0 })),
    );
  };
  return { seen, look };
}
