import type { InferContractRouterInputs, InferContractRouterOutputs } from '@orpc/contract';
import { account } from './account.ts';
import { activities, ledger } from './audit.ts';
import { balances } from './balances.ts';
import { creditPolicies } from './credit-policies.ts';
import { credits } from './credits.ts';
import { figures } from './figures.ts';
import { imports, uploads } from './imports.ts';
import { jobs } from './jobs.ts';
import { leadEntries, leadScoring, savedViews } from './lead-records.ts';
import { leads } from './leads.ts';
import { mail, notificationTemplates } from './mail.ts';
import { changes, notifications } from './notifications.ts';
import { auth, health, settings, setup, staff } from './organization.ts';
import { partnerDocuments } from './partner-documents.ts';
import { partnerUsers } from './partner-users.ts';
import { partners } from './partners.ts';
import { payoutExports, remittances } from './payout-exports.ts';
import { payouts } from './payouts.ts';
import { periods } from './periods.ts';
import { campaigns, projects } from './projects.ts';
import { sources } from './sources.ts';

/**
 * Every call of the product, described once: types, validation, REST route, OpenAPI page and permission come from
 * here. Procedures without a REST path are for the screens only.
 */
export const contract = {
  health,
  setup,
  auth,
  account,
  staff,
  settings,
  partners,
  partnerUsers,
  partnerDocuments,
  sources,
  leads,
  leadScoring,
  leadEntries,
  savedViews,
  uploads,
  imports,
  jobs,
  projects,
  campaigns,
  creditPolicies,
  credits,
  payouts,
  payoutExports,
  remittances,
  balances,
  periods,
  figures,
  notifications,
  notificationTemplates,
  mail,
  changes,
  activities,
  ledger,
};

export type Contract = typeof contract;
export type Inputs = InferContractRouterInputs<Contract>;
export type Outputs = InferContractRouterOutputs<Contract>;
