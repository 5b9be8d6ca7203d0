import type { HostContext } from '../context.ts';
import { activitiesService } from './activities.ts';
import { balancesService } from './balances.ts';
import { changesService } from './changes.ts';
import { creditPoliciesService } from './credit-policies.ts';
import { creditsService } from './credits.ts';
import { figuresService } from './figures.ts';
import { importsService, uploadsService } from './imports.ts';
import { jobsService } from './jobs.ts';
import { leadEntriesService } from './lead-entries.ts';
import { leadScoringService } from './lead-scoring.ts';
import { leadsService } from './leads.ts';
import { ledgerService } from './ledger.ts';
import { mailService } from './mail.ts';
import { notificationTemplatesService } from './notification-templates.ts';
import { notificationsService } from './notifications.ts';
import { accountService } from './organization/account.ts';
import { settingsService } from './organization/settings.ts';
import { authService, setupService } from './organization/sign-in.ts';
import { staffService } from './organization/staff.ts';
import { partnerUsersService } from './partner-users.ts';
import { partnerDocumentsService } from './partners/documents.ts';
import { partnersService } from './partners.ts';
import { payoutExportsService } from './payout-exports.ts';
import { payoutsService } from './payouts.ts';
import { periodsService } from './periods.ts';
import { campaignsService, projectsService } from './projects.ts';
import { remittancesService } from './remittances.ts';
import { savedViewsService } from './saved-views.ts';
import type { Services } from './service.ts';
import { sourcesService } from './sources.ts';

/** Every service, made from what the host has. */
export function buildServices(host: HostContext, version: string): Services {
  return {
    health: { check: async () => ({ status: 'ok', version, engine: host.database.engine }) },
    setup: setupService(host),
    auth: authService(host),
    account: accountService(host),
    staff: staffService(host),
    settings: settingsService(host),
    partners: partnersService(host),
    partnerUsers: partnerUsersService(host),
    partnerDocuments: partnerDocumentsService(host),
    sources: sourcesService(host),
    leads: leadsService(host),
    leadScoring: leadScoringService(host),
    leadEntries: leadEntriesService(host),
    savedViews: savedViewsService(host),
    uploads: uploadsService(host),
    imports: importsService(host),
    jobs: jobsService(host),
    projects: projectsService(host),
    campaigns: campaignsService(host),
    creditPolicies: creditPoliciesService(host),
    credits: creditsService(host),
    payouts: payoutsService(host),
    payoutExports: payoutExportsService(host),
    remittances: remittancesService(host),
    balances: balancesService(host),
    periods: periodsService(host),
    figures: figuresService(host),
    notifications: notificationsService(host),
    notificationTemplates: notificationTemplatesService(host),
    mail: mailService(host),
    changes: changesService(host),
    activities: activitiesService(host),
    ledger: ledgerService(host),
  };
}
