import type { HostContext } from '../context.ts';
import { partnerBanking } from './partners/banking.ts';
import { partnerDecisions } from './partners/decisions.ts';
import { partnerEdits } from './partners/edit.ts';
import { partnerPayability } from './partners/payability.ts';
import { partnerQueries } from './partners/queries.ts';
import { partnerStatistics } from './partners/stats.ts';
import type { Service } from './service.ts';

/** The external partners: registered, decided about, looked up, counted (`domain.md`, "Partner"). */
export function partnersService(host: HostContext): Service<'partners'> {
  return {
    ...partnerQueries(host),
    ...partnerEdits(host),
    ...partnerDecisions(host),
    ...partnerBanking(host),
    ...partnerStatistics(host),
    ...partnerPayability(host),
  };
}
