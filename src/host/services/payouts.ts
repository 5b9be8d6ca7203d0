import type { HostContext } from '../context.ts';
import { exportOverHttp } from './payout-exports.ts';
import { payoutDecisions } from './payouts/decisions.ts';
import { payoutGeneration } from './payouts/generate-all.ts';
import { payoutLines } from './payouts/lines.ts';
import { payoutPayments } from './payouts/pay.ts';
import { payoutQueries } from './payouts/queries.ts';
import { payoutReasons } from './payouts/why.ts';
import type { Service } from './service.ts';

/** Payouts, from gathering credits to recording the payment (`domain.md`, "Payouts"). */
export function payoutsService(host: HostContext): Service<'payouts'> {
  return {
    ...payoutGeneration(host),
    ...payoutQueries(host),
    ...payoutLines(host),
    ...payoutDecisions(host),
    ...payoutPayments(host),
    ...payoutReasons(host),
    export: exportOverHttp(host),
  };
}
