import { dayOf } from '#domain/calendar.ts';
import type { HostContext } from '../context.ts';
import { type PartnerLeadRow, partnerLeads, type Reader } from '../database/index.ts';
import { listPolicyMappings, weighPolicies } from './credit-engine.ts';
import { bulkLeads } from './leads/bulk.ts';
import { noSuchLead, partnerOf } from './leads/claims.ts';
import { approveLead, convertLead, rejectLead } from './leads/decisions.ts';
import { getLead, listLeads, listReviewQueue } from './leads/queries.ts';
import { claimLead, releaseLead } from './leads/review.ts';
import { submitLead, updateLead } from './leads/submission.ts';
import type { Service } from './service.ts';

/** Leads of partners, from submission to conversion (`domain.md`, "Lead"). */
export function leadsService(host: HostContext): Service<'leads'> {
  return {
    submit: (session, input) => submitLead(host, session, input),
    list: (session, input) => listLeads(host, session, input),
    reviewQueue: (session, input) => listReviewQueue(host, session, input),
    get: (session, input) => getLead(host, session, input.id),
    update: (session, input) => updateLead(host, session, input),
    claim: (session, input) => claimLead(host, session, input),
    release: (session, input) => releaseLead(host, session, input),
    approve: (session, input) => approveLead(host, session, input),
    reject: (session, input) => rejectLead(host, session, input),
    convert: (session, input) => convertLead(host, session, input),
    bulk: (session, input) => bulkLeads(host, session, input),
    policyMappings: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const lead = await requireLead(reader, input.id);
        return { items: await listPolicyMappings(reader, session, lead.id), nextCursor: null };
      }),
    applicablePolicies: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const lead = await requireLead(reader, input.id);
        const partner = await partnerOf(reader, lead);
        const today = dayOf(host.now(), session.tenant.timeZone);
        return { items: await weighPolicies(reader, session, lead, partner, today), nextCursor: null };
      }),
  };
}

async function requireLead(reader: Reader, id: string): Promise<PartnerLeadRow> {
  const lead = await reader.find(partnerLeads, { id });
  if (lead === undefined) throw noSuchLead();
  return lead;
}
