import type { HostContext } from '../context.ts';
import { type PartnerLeadRow, partnerLeads, type Reader } from '../database/index.ts';
import { listOtherPolicies, listPolicyMappings, weighPolicies } from './credit-engine.ts';
import { bulkLeads } from './leads/bulk.ts';
import { assignLead, markNotDuplicate } from './leads/by-hand.ts';
import { noSuchLead, partnerOf } from './leads/claims.ts';
import { approveLead, convertLead, rejectLead } from './leads/decisions.ts';
import { addNote, listNotes } from './leads/notes.ts';
import { previewLead } from './leads/preview.ts';
import { countQueue, getLead, listLeads, listReviewQueue } from './leads/queries.ts';
import { claimLead, releaseLead } from './leads/review.ts';
import { listScores } from './leads/score-history.ts';
import { submitLead, updateLead } from './leads/submission.ts';
import { withdrawConversion } from './leads/withdrawal.ts';
import type { Service } from './service.ts';

/** Leads of partners, from submission to conversion (`domain.md`, "Lead"). */
export function leadsService(host: HostContext): Service<'leads'> {
  return {
    submit: (session, input) => submitLead(host, session, input),
    preview: (session, input) => previewLead(host, session, input),
    list: (session, input) => listLeads(host, session, input),
    reviewQueue: (session, input) => listReviewQueue(host, session, input),
    queueCounts: (session) => countQueue(host, session),
    get: (session, input) => getLead(host, session, input.id),
    update: (session, input) => updateLead(host, session, input),
    claim: (session, input) => claimLead(host, session, input),
    release: (session, input) => releaseLead(host, session, input),
    approve: (session, input) => approveLead(host, session, input),
    reject: (session, input) => rejectLead(host, session, input),
    convert: (session, input) => convertLead(host, session, input),
    withdrawConversion: (session, input) => withdrawConversion(host, session, input),
    assign: (session, input) => assignLead(host, session, input),
    notDuplicate: (session, input) => markNotDuplicate(host, session, input),
    scores: (session, input) => listScores(host, session, input.id),
    notes: (session, input) => listNotes(host, session, input),
    addNote: (session, input) => addNote(host, session, input),
    bulk: (session, input) => bulkLeads(host, session, input),
    policyMappings: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const lead = await requireLead(reader, input.id);
        const partner = await partnerOf(reader, lead);
        const items = await listPolicyMappings(reader, session, lead.id);
        const others = await listOtherPolicies(reader, session, lead, partner, items);
        return { items, others, nextCursor: null };
      }),
    applicablePolicies: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const lead = await requireLead(reader, input.id);
        const partner = await partnerOf(reader, lead);
        return { items: await weighPolicies(reader, session, lead, partner, host.now()), nextCursor: null };
      }),
  };
}

async function requireLead(reader: Reader, id: string): Promise<PartnerLeadRow> {
  const lead = await reader.find(partnerLeads, { id });
  if (lead === undefined) throw noSuchLead();
  return lead;
}
