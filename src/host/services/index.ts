import type { Contract } from '#contract/index.ts';
import type { HostContext } from '../context.ts';
import { activitiesService } from './activities.ts';
import { creditPoliciesService } from './credit-policies.ts';
import { creditsService } from './credits.ts';
import { leadsService } from './leads.ts';
import { ledgerService } from './ledger.ts';
import { settingsService } from './organization/settings.ts';
import { authService, setupService } from './organization/sign-in.ts';
import { staffService } from './organization/staff.ts';
import { partnersService } from './partners.ts';
import { payoutExportsService } from './payout-exports.ts';
import { payoutsService } from './payouts.ts';
import type { Service, Services } from './service.ts';
import { sourcesService } from './sources.ts';

/** Stands in while a service is being written: whoever lands one puts it in its place below. */
function notYet<R extends keyof Contract>(resource: R): Service<R> {
  const handler: ProxyHandler<object> = {
    get: (_target, name) => async () => {
      throw new Error(`${resource}.${String(name)} is not there yet.`);
    },
  };
  return new Proxy({}, handler) as Service<R>;
}

/** Every service, made from what the host has. */
export function buildServices(host: HostContext, version: string): Services {
  return {
    health: { check: async () => ({ status: 'ok', version, engine: host.database.engine }) },
    setup: setupService(host),
    auth: authService(host),
    staff: staffService(host),
    settings: settingsService(host),
    partners: partnersService(host),
    sources: sourcesService(host),
    leads: leadsService(host),
    uploads: notYet('uploads'),
    imports: notYet('imports'),
    creditPolicies: creditPoliciesService(host),
    credits: creditsService(host),
    payouts: payoutsService(host),
    payoutExports: payoutExportsService(host),
    activities: activitiesService(host),
    ledger: ledgerService(host),
  };
}
