import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { contendersOf, decideEvent, nothingWeighed, type WeighedBefore } from '#domain/credit-event.ts';
import type { LeadEvent } from '#domain/credit-policies.ts';
import type { PartnerTermsCredit, ResolvedCredit } from '#domain/credit-resolution.ts';
import { asBoolean } from '../database/codec.ts';
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
import { addToPolicies, creditedBefore, type PolicyFigures } from './credit-engine/caps.ts';
import {
  type LeadCredit,
  leadCreditFrom,
  leadCreditOf,
  storeLeadCredits,
} from './credit-engine/lead-credit.ts';
import { settleMade } from './credit-engine/settle.ts';
import { creditDays } from './periods/booking.ts';

export type { LeadCredit } from './credit-engine/lead-credit.ts';
export { listOtherPolicies, listPolicyMappings } from './credit-engine/mappings.ts';
export { weighPolicies } from './credit-engine/weigh.ts';

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
  const policies = await policiesInForce(tx, tenantId, partner.id, on);
  const before = event === 'conversion' ? await weighedOnApproval(tx, tenantId, lead.id) : nothingWeighed;
  const contenders = contendersOf(policies, facts, before);
  const { contending } = contenders;
  const counts =
    event === 'approval'
      ? await countLead(tx, tenantId, partner.id, on, contending)
      : new Map<string, number>();
  const capped = { tenantId, leadId: lead.id, event, eventDay: on };
  const soFar = await creditedBefore(tx, capped, contending, true);
  const decision = decideEvent({
    lead: facts,
    policies,
    contenders,
    before,
    leadCountOf: (policyId) => counts.get(policyId) ?? 0,
    creditedOf: (policyId) => soFar.byPolicy.get(policyId),
    onLead: soFar.onLead,
    leadPrice: partner.leadPrice,
    commissionRate: partner.commissionRate,
  });
  const mappings: Mapping[] = decision.mappings.map(({ policyId, revision, applied, amount, reason }) => ({
    policyId,
    policyRevision: revision,
    applied,
    calculatedCredit: amount,
    reason,
  }));
  await insertMappings(work, lead, event, mappings);
  const byPolicy = new Map(policies.map((policy) => [policy.policyId, policy]));
  const credits = [
    ...(await Promise.all(
      decision.credits.map((credit) => policyCredit(work, session, p, credit, byPolicy.get(credit.policyId))),
    )),
    ...decision.termsCredits.map((credit) => termsCredit(work, session, p, credit)),
  ];
  await addToPolicies(tx, tenantId, on, figuresOf(mappings, credits));
  await tx.insertMany(partnerLeadCredits, credits);
  for (const credit of credits) {
    if (credit.status === 'approved') await settleMade(work, session, credit);
  }
  const shown = event === 'approval' ? leadCreditFrom(credits) : await leadCreditOf(tx, tenantId, lead.id);
  return { shown, made: credits };
}

/** What each applied policy gains: a lead, and its credit; one approved at once is allocated in the same breath. */
function figuresOf(mappings: readonly Mapping[], credits: readonly PartnerLeadCreditRow[]): PolicyFigures[] {
  const creditOf = new Map(credits.map((credit) => [credit.policyId, credit]));
  return mappings.flatMap(({ policyId, applied }) => {
    if (!applied) return [];
    const credit = creditOf.get(policyId);
    const made = credit?.creditAmount ?? 0;
    return [{ policyId, leads: 1, made, allocated: credit?.status === 'approved' ? made : 0 }];
  });
}

/**
 * Recomputes and stores what leads show of their credits: `creditAmount`, the sum of those pending and approved in minor units,
 * and `creditStatus`, the step of the one furthest behind. For whoever decides or pays credits.
 */
export function refreshLeadCredit(work: Work, session: Session, leadIds: readonly string[]): Promise<void> {
  return storeLeadCredits(work.tx, session.tenantId, leadIds);
}

async function weighedOnApproval(tx: Writer, tenantId: string, leadId: string): Promise<WeighedBefore> {
  const rows = await tx.all<{ policy_id: string; applied: unknown }>(sql`
    select policy_id, applied from partner_credit_policy_mappings
    where tenant_id = ${tenantId} and partner_lead_id = ${leadId} and event = 'approval' and withdrawn_at is null`);
  const applied = rows.filter((row) => asBoolean(row.applied)).map((row) => row.policy_id);
  return { applied: new Set(applied), isGoverned: rows.length > 0 };
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

async function policyCredit(
  work: Work,
  session: Session,
  p: LeadToCredit,
  credit: ResolvedCredit,
  policy: Candidate | undefined,
): Promise<PartnerLeadCreditRow> {
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
    ...(await creditDays(work, session, row, p.partner)),
    approvalNotes: `delegated by policy ${policy.policyCode}`,
    delegatedPolicyId: policy.policyId,
  };
}

function termsCredit(
  work: Work,
  session: Session,
  p: LeadToCredit,
  credit: PartnerTermsCredit,
): PartnerLeadCreditRow {
  return pendingCredit(work, session, p, {
    origin: 'partner_terms',
    policyId: null,
    policyRevision: null,
    calculationType: credit.calculationType,
    creditAmount: credit.amount,
    reason: credit.reason,
  });
}

function pendingCredit(
  { now }: Work,
  session: Session,
  p: LeadToCredit,
  made: Pick<
    PartnerLeadCreditRow,
    'origin' | 'policyId' | 'policyRevision' | 'calculationType' | 'creditAmount' | 'reason'
  >,
): PartnerLeadCreditRow {
  const { lead, partner, event } = p;
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
    payableFrom: null,
    bookingNote: null,
    eventOn: p.on,
    approvalNotes: null,
    delegatedPolicyId: null,
    rejectedBy: null,
    rejectionReason: null,
    reversedBy: null,
    reversalReason: null,
    reversesCreditId: null,
    carriesOverCreditId: null,
    withdrawnAt: null,
    fourEyesWaived: false,
    version: 1,
    createdAt: now,
    updatedAt: now,
    ...made,
  };
}
