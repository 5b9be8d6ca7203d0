import sql, { join } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { dayOf } from '#domain/calendar.ts';
import { applicability, governsLead, type LeadFacts } from '#domain/credit-applicability.ts';
import type { LeadEvent } from '#domain/credit-policies.ts';
import { partnerTermsCredits, type ResolvedCredit, resolveCredits } from '#domain/credit-resolution.ts';
import {
  type PartnerCreditPolicyMappingRow,
  type PartnerLeadCreditRow,
  type PartnerLeadRow,
  type PartnerRow,
  partnerCreditPolicyMappings,
  partnerLeadCredits,
  type Writer,
} from '../database/index.ts';
import type { Session } from '../session.ts';
import type { Work } from './command.ts';
import { type Candidate, countLead, factsOf, policiesInForce } from './credit-engine/candidates.ts';
import {
  type LeadCredit,
  leadCreditFrom,
  leadCreditOf,
  storeLeadCredits,
} from './credit-engine/lead-credit.ts';
import { settleApproved } from './credit-engine/settle.ts';

export type { LeadCredit } from './credit-engine/lead-credit.ts';
export { listPolicyMappings, weighPolicies } from './credit-engine/weigh.ts';

export interface LeadToCredit {
  /** What the rules look at must be as it stands at the event: score, scope, estimated value. */
  lead: PartnerLeadRow;
  /** Locked by the caller, as the order of locks begins with the partner. */
  partner: PartnerRow;
  event: LeadEvent;
  /** The event's day in the tenant's zone, YYYY-MM-DD. */
  on: string;
  /** Minor units of the partner's currency. Needed on conversion. */
  dealValue?: number;
}

export interface CreditedLead {
  shown: LeadCredit;
  made: readonly PartnerLeadCreditRow[];
}

type Mapping = Pick<
  PartnerCreditPolicyMappingRow,
  'policyId' | 'policyRevision' | 'applied' | 'calculatedCredit' | 'reason'
>;

/**
 * Makes the credits of a lead at one event (`domain.md`, "Credits"): weighs the policies in force, keeps a mapping of each that
 * applies, makes the credits of those applied, or by the partner's own terms where no policy governs, and counts. A credit is
 * pending, asked for by whoever brought the event about; one of a policy with `autoApprove` is approved at once in
 * the name of the person who approved the policy, and posted.
 *
 * Amounts in minor units. Returns what the lead shows of its credits, which the caller stores, and the credits made. Throws what `#domain/credit-*`
 * throw for terms or facts that can't be calculated with: a conversion without its deal value.
 */
export async function creditLead(work: Work, session: Session, p: LeadToCredit): Promise<CreditedLead> {
  const { tx } = work;
  const { tenantId } = session;
  const { lead, partner, event, on } = p;
  const facts = factsOf(lead, partner, { event, eventDay: on, dealValue: p.dealValue ?? lead.dealValue });
  const policies = await policiesInForce(tx, tenantId, partner.id);
  const earlier = event === 'conversion' ? await appliedOnApproval(tx, tenantId, lead.id) : new Set<string>();

  const applicable = policies.filter((policy) => applicability(policy, facts).applies);
  const again = applicable.filter(({ policyId }) => earlier.has(policyId));
  const contending = applicable.filter(({ policyId }) => !earlier.has(policyId));
  const counts =
    event === 'approval'
      ? await countLead(tx, tenantId, partner.id, on, contending)
      : new Map<string, number>();
  const resolved = resolveCredits(
    contending.map((policy) => ({ ...policy, leadCount: counts.get(policy.policyId) ?? 0 })),
    facts,
  );
  const mappings: Mapping[] = resolved.mappings.map(({ policyId, revision, applied, amount, reason }) => ({
    policyId,
    policyRevision: revision,
    applied,
    calculatedCredit: amount,
    reason,
  }));
  for (const { policyId, revision } of again) {
    const reason = 'passed over: it was already applied to this lead on approval';
    mappings.push({ policyId, policyRevision: revision, applied: false, calculatedCredit: 0, reason });
  }
  await insertMappings(work, lead, event, mappings);
  await countUnderPolicies(
    tx,
    tenantId,
    mappings.filter(({ applied }) => applied),
  );

  const isGoverned = earlier.size > 0 || policies.some((policy) => governsLead(policy, facts));
  const byPolicy = new Map(policies.map((policy) => [policy.policyId, policy]));
  const credits = [
    ...resolved.credits.map((credit) =>
      policyCredit(work, session, p, credit, byPolicy.get(credit.policyId)),
    ),
    ...termsCredits(work, session, p, facts, isGoverned),
  ];
  await tx.insertMany(partnerLeadCredits, credits);
  for (const credit of credits) {
    if (credit.status === 'approved') await settleApproved(work, session, credit);
  }
  const shown = event === 'approval' ? leadCreditFrom(credits) : await leadCreditOf(tx, tenantId, lead.id);
  return { shown, made: credits };
}

/**
 * Recomputes and stores what leads show of their credits: `creditAmount`, the sum of those pending and approved in minor units,
 * and `creditStatus`, the step of the one furthest behind. For whoever decides or pays credits.
 */
export function refreshLeadCredit(work: Work, session: Session, leadIds: readonly string[]): Promise<void> {
  return storeLeadCredits(work.tx, session.tenantId, leadIds);
}

/** The policies that paid on approval, or won with nothing to pay: they govern the lead and don't pay it twice. */
async function appliedOnApproval(tx: Writer, tenantId: string, leadId: string): Promise<Set<string>> {
  const rows = await tx.all<{ policy_id: string }>(sql`select policy_id from partner_credit_policy_mappings
    where tenant_id = ${tenantId} and partner_lead_id = ${leadId} and event = 'approval' and applied = ${true}`);
  return new Set(rows.map((row) => row.policy_id));
}

async function insertMappings(
  { tx, now }: Pick<Work, 'tx' | 'now'>,
  lead: PartnerLeadRow,
  event: LeadEvent,
  mappings: readonly Mapping[],
): Promise<void> {
  const rows = mappings.map((mapping) => ({
    id: uuidv7(),
    partnerLeadId: lead.id,
    event,
    ...mapping,
    createdAt: now,
  }));
  await tx.insertMany(partnerCreditPolicyMappings, rows);
}

/** A figure, not an edit: the policy's `version` stays. */
async function countUnderPolicies(tx: Writer, tenantId: string, applied: readonly Mapping[]): Promise<void> {
  if (applied.length === 0) return;
  const ids = applied.map(({ policyId }) => policyId).sort();
  if (tx.engine === 'postgres' && ids.length > 1) {
    // An update locks in the order it finds the rows; two approvals must not find them in different orders.
    await tx.all(sql`select id from partner_credit_policies
      where tenant_id = ${tenantId} and id in (${join(ids)}) order by id for no key update`);
  }
  await tx.run(sql`update partner_credit_policies set total_leads_under_policy = total_leads_under_policy + 1
    where tenant_id = ${tenantId} and id in (${join(ids)})`);
}

function policyCredit(
  work: Work,
  session: Session,
  p: LeadToCredit,
  credit: ResolvedCredit,
  policy: Candidate | undefined,
): PartnerLeadCreditRow {
  if (policy === undefined)
    throw new Error(`The policy ${credit.policyId} was applied without being a candidate.`);
  const row = pendingCredit(work, session, p, {
    origin: 'policy',
    policyId: credit.policyId,
    policyRevision: credit.revision,
    calculationType: credit.calculationType,
    creditAmount: credit.amount,
    reason: credit.reason,
  });
  if (!policy.terms.autoApprove || policy.approvedBy === null) return row;
  return {
    ...row,
    status: 'approved',
    approvedBy: policy.approvedBy,
    approvedAt: work.now,
    approvedOn: dayOf(work.now, session.tenant.timeZone),
    approvalNotes: `delegated by policy ${policy.policyCode}`,
    delegatedPolicyId: policy.policyId,
  };
}

function termsCredits(
  work: Work,
  session: Session,
  p: LeadToCredit,
  facts: LeadFacts,
  governed: boolean,
): PartnerLeadCreditRow[] {
  const { leadPrice, commissionRate } = p.partner;
  const { event, dealValue, currency } = facts;
  return partnerTermsCredits({ leadPrice, commissionRate, event, dealValue, currency, governed }).map(
    (credit) =>
      pendingCredit(work, session, p, {
        origin: 'partner_terms',
        policyId: null,
        policyRevision: null,
        calculationType: credit.calculationType,
        creditAmount: credit.amount,
        reason: credit.reason,
      }),
  );
}

function pendingCredit(
  { now }: Work,
  session: Session,
  { lead, partner, event }: LeadToCredit,
  made: Pick<
    PartnerLeadCreditRow,
    'origin' | 'policyId' | 'policyRevision' | 'calculationType' | 'creditAmount' | 'reason'
  >,
): PartnerLeadCreditRow {
  return {
    id: uuidv7(),
    tenantId: session.tenantId,
    partnerId: partner.id,
    partnerLeadId: lead.id,
    sourceId: lead.sourceId,
    triggerEvent: event,
    currency: partner.currency,
    status: 'pending_approval',
    // Whoever brought the event about caused the credit, and so can't be the one to approve it.
    requestedBy: session.userId,
    approvedBy: null,
    approvedAt: null,
    approvedOn: null,
    approvalNotes: null,
    delegatedPolicyId: null,
    rejectedBy: null,
    rejectionReason: null,
    reversedBy: null,
    reversalReason: null,
    reversesCreditId: null,
    fourEyesWaived: false,
    version: 1,
    createdAt: now,
    updatedAt: now,
    ...made,
  };
}
