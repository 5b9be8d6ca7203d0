import type { PolicyTerms } from '#domain/credit-policies.ts';
import { type LedgerEvent, postingsFor } from '#domain/ledger.ts';
import {
  ledgerEntries,
  ledgerPostings,
  partnerCreditPolicies,
  partnerCreditPolicyMappings,
  partnerCreditPolicyRevisions,
  partnerLeadCredits,
  partnerPayoutDetails,
  partnerPayoutPayments,
  partnerPayouts,
  policyPeriodCounts,
} from '#host/database/index.ts';
import type { Connection } from '#host/database/sqlite-connection.ts';
import { bulk } from './bulk.ts';
import type { FillPlan } from './fill-leads.ts';
import { madeUpId } from './made-up.ts';
import {
  creditAmount,
  creditId,
  creditReason,
  entryId,
  isPaid,
  type LeadStory,
  leadId,
  ledgerEntryId,
  lineId,
  linesPerPayout,
  mappingId,
  paidPeriod,
  partnerId,
  payoutId,
  sourceId,
  storyOf,
} from './story.ts';

const founded = '2026-01-01T09:00:00.000Z';
/** When the payouts of the paid period were generated, approved and paid. */
const settledAt = '2026-06-02T09:00:00.000Z';
const changed = { version: 1, createdAt: founded, updatedAt: founded };

/** Writes the policy for all partners, and for every approved lead its mapping, credit, ledger entry and payout line. */
export function fillMoney(connection: Connection, plan: FillPlan): string {
  const { tenantId, people } = plan;
  const ledger = ledgerOf(connection, plan);
  const mappings = bulk(connection, partnerCreditPolicyMappings);
  const credits = bulk(connection, partnerLeadCredits);
  const lines = bulk(connection, partnerPayoutDetails);
  const policyId = madeUpId(32, 1);
  const days = new Map<string, number>();
  const convertedLines = new Map<number, number>();
  let applied = 0;
  let allocated = 0;
  /** What was approved and what waits for it: all but what was rejected. */
  let made = 0;

  for (let n = 0; n < plan.leads; n += 1) {
    const story = storyOf(n, plan.partners);
    const { partner, credit, decidedAt } = story;
    if (credit === null || decidedAt === null) continue;
    applied += 1;
    const day = `${partnerId(partner)} ${decidedAt.slice(0, 10)}`;
    days.set(day, (days.get(day) ?? 0) + 1);
    mappings.add({
      id: mappingId(n),
      tenantId,
      partnerLeadId: leadId(n),
      policyId,
      policyRevision: 1,
      event: 'approval',
      applied: true,
      calculatedCredit: creditAmount,
      reason: creditReason,
      withdrawnAt: null,
      createdAt: decidedAt,
    });
    credits.add(creditRow(plan, policyId, n, story));
    if (credit !== 'rejected') made += creditAmount;
    if (credit !== 'free' && credit !== 'paid') continue;
    allocated += creditAmount;
    const approved = { type: 'credit_approved', amount: creditAmount } as const;
    ledger.post(ledgerEntryId(0, n), partner, approved, { resource: 'credit', id: creditId(n) }, decidedAt);
    if (credit !== 'paid') continue;
    if (story.fate === 'converted') convertedLines.set(partner, (convertedLines.get(partner) ?? 0) + 1);
    lines.add({
      id: lineId(n),
      tenantId,
      payoutId: payoutId(partner),
      creditId: creditId(n),
      partnerLeadId: leadId(n),
      leadSubmissionId: entryId(n),
      sourceId: sourceId(partner),
      policyId,
      policyRevision: 1,
      amount: creditAmount,
      description: creditReason,
      status: 'approved',
      notes: null,
      decidedBy: people.approver,
      decidedAt: settledAt,
      releasedAt: null,
      version: 2,
      createdAt: settledAt,
      updatedAt: settledAt,
    });
  }
  mappings.end();
  credits.end();
  lines.end();
  fillPayouts(connection, plan, ledger, convertedLines);
  ledger.end();

  const counts = bulk(connection, policyPeriodCounts);
  for (const [key, leadCount] of days) {
    const [partner = '', periodStart = ''] = key.split(' ');
    counts.add({ tenantId, policyId, partnerId: partner, periodStart, leadCount });
  }
  counts.end();
  fillPolicy(connection, plan, policyId, { applied, allocated, made });
  return policyId;
}

function creditRow(plan: FillPlan, policyId: string, n: number, { partner, credit, decidedAt }: LeadStory) {
  const { tenantId, people } = plan;
  const isApproved = credit === 'free' || credit === 'paid';
  if (decidedAt === null) throw new Error('A credit belongs to a lead that was decided.');
  return {
    id: creditId(n),
    tenantId,
    partnerId: partnerId(partner),
    partnerLeadId: leadId(n),
    policyId,
    policyRevision: 1,
    sourceId: sourceId(partner),
    origin: 'policy' as const,
    triggerEvent: 'approval' as const,
    calculationType: 'fixed_price' as const,
    creditAmount,
    currency: 'EUR',
    reason: creditReason,
    status: isApproved
      ? ('approved' as const)
      : credit === 'rejected'
        ? ('rejected' as const)
        : ('pending_approval' as const),
    requestedBy: people.lead_reviewer,
    approvedBy: isApproved ? people.approver : null,
    approvedAt: isApproved ? decidedAt : null,
    approvedOn: isApproved ? decidedAt.slice(0, 10) : null,
    payableFrom: isApproved ? decidedAt.slice(0, 10) : null,
    bookingNote: null,
    eventOn: decidedAt.slice(0, 10),
    carriesOverCreditId: null,
    approvalNotes: null,
    delegatedPolicyId: null,
    rejectedBy: credit === 'rejected' ? people.approver : null,
    rejectionReason: credit === 'rejected' ? 'Counted twice.' : null,
    reversedBy: null,
    reversalReason: null,
    reversesCreditId: null,
    withdrawnAt: null,
    fourEyesWaived: false,
    version: 1,
    createdAt: decidedAt,
    updatedAt: decidedAt,
  };
}

interface Ledger {
  post(
    id: string,
    partner: number,
    event: LedgerEvent,
    of: { resource: string; id: string; discriminator?: string },
    at: string,
  ): void;
  end(): void;
}

/** Entries with their postings; the postings of a batch go in before its entries, which seal them. */
function ledgerOf(connection: Connection, { tenantId, people }: FillPlan): Ledger {
  const postings = bulk(connection, ledgerPostings);
  let waiting: (() => void)[] = [];
  const entries = bulk(connection, ledgerEntries);
  const flush = () => {
    postings.end();
    for (const add of waiting) add();
    waiting = [];
  };
  return {
    post(id, partner, event, of, at) {
      for (const posting of postingsFor(event)) {
        postings.add({ tenantId, entryId: id, partnerId: partnerId(partner), ...posting });
      }
      waiting.push(() =>
        entries.add({
          id,
          tenantId,
          partnerId: partnerId(partner),
          kind: event.type,
          resource: of.resource,
          resourceId: of.id,
          discriminator: of.discriminator ?? '',
          currency: 'EUR',
          amount: event.amount,
          actorId: people.approver,
          bookedOn: at.slice(0, 10),
          createdAt: at,
        }),
      );
      if (waiting.length === 1000) flush();
    },
    end() {
      flush();
      entries.end();
    },
  };
}

function fillPayouts(
  connection: Connection,
  plan: FillPlan,
  ledger: Ledger,
  convertedLines: ReadonlyMap<number, number>,
): void {
  const { tenantId, people } = plan;
  const payouts = bulk(connection, partnerPayouts);
  const payments = bulk(connection, partnerPayoutPayments);
  const amount = linesPerPayout * creditAmount;
  let number = 0;
  for (let partner = 0; partner < plan.partners; partner += 1) {
    if (!isPaid(partner)) continue;
    number += 1;
    const id = payoutId(partner);
    const paymentId = madeUpId(33, partner);
    payouts.add({
      id,
      tenantId,
      partnerId: partnerId(partner),
      payoutNumber: `PO-2026-${String(number).padStart(6, '0')}`,
      ...paidPeriod,
      currency: 'EUR',
      totalLeadsCount: linesPerPayout,
      approvedLeads: linesPerPayout,
      convertedLeads: convertedLines.get(partner) ?? 0,
      totalAmount: amount,
      approvedAmount: amount,
      rejectedAmount: 0,
      paidAmount: amount,
      status: 'paid',
      paymentMethod: 'bank_transfer',
      paymentDate: settledAt.slice(0, 10),
      referenceNumber: `SEPA-${number}`,
      generatedBy: people.finance,
      generatedAt: settledAt,
      firstApprovedBy: null,
      firstApprovedAt: null,
      firstApprovedAmount: null,
      approvedBy: people.approver,
      approvedAt: settledAt,
      fourEyesWaived: false,
      rejectedBy: null,
      rejectionNotes: null,
      cancelledBy: null,
      cancelReason: null,
      version: 3,
      createdAt: settledAt,
      updatedAt: settledAt,
    });
    payments.add({
      id: paymentId,
      tenantId,
      payoutId: id,
      amount,
      paymentMethod: 'bank_transfer',
      paymentDate: settledAt.slice(0, 10),
      referenceNumber: `SEPA-${number}`,
      account: null,
      recordedBy: people.finance,
      createdAt: settledAt,
    });
    const of = { resource: 'payout', id };
    ledger.post(ledgerEntryId(1, partner), partner, { type: 'payout_approved', amount }, of, settledAt);
    const part = { ...of, discriminator: paymentId };
    ledger.post(ledgerEntryId(2, partner), partner, { type: 'payment_recorded', amount }, part, settledAt);
  }
  payouts.end();
  payments.end();
  connection
    .prepare<[string, number]>(
      `insert into number_sequences (tenant_id, name, value) values (?, 'payouts-2026', ?)`,
    )
    .run(tenantId, number);
}

function fillPolicy(
  connection: Connection,
  { tenantId, people }: FillPlan,
  id: string,
  counted: { applied: number; allocated: number; made: number },
): void {
  const terms: PolicyTerms = {
    policyType: 'time_based',
    calculationType: 'fixed_price',
    timeUnitType: 'monthly',
    partnerId: null,
    projectId: null,
    campaignId: null,
    sourceId: null,
    startDate: '2026-01-01',
    endDate: null,
    baseCredit: creditAmount,
    baseRate: null,
    minimumCredit: null,
    maximumCredit: null,
    capPerLead: null,
    capPerPeriod: null,
    totalBudget: null,
    bonusRate: 0,
    tierConfig: null,
    minLeadQualityScore: 0,
    priority: 0,
    isStackable: false,
    autoApprove: false,
  };
  const approved = { approvedBy: people.approver, approvedAt: founded };
  const policies = bulk(connection, partnerCreditPolicies);
  policies.add({
    id,
    tenantId,
    policyCode: 'ALL-FIX',
    policyName: 'Twelve per approved lead',
    description: null,
    currency: 'EUR',
    ...terms,
    requiresApproval: true,
    approvalRequired: false,
    revision: 1,
    effectiveRevision: 1,
    ...approved,
    isActive: true,
    deactivatedFrom: null,
    deactivatedAt: null,
    editedBy: people.policy_manager,
    createdBy: people.policy_manager,
    totalLeadsUnderPolicy: counted.applied,
    totalCreditsAllocated: counted.allocated,
    creditsMade: counted.made,
    tracksDays: false,
    ...changed,
    deletedAt: null,
  });
  policies.end();
  const revisions = bulk(connection, partnerCreditPolicyRevisions);
  revisions.add({
    id: madeUpId(34, 1),
    tenantId,
    policyId: id,
    revision: 1,
    terms,
    madeBy: people.policy_manager,
    madeAt: founded,
    ...approved,
    fourEyesWaived: false,
    ...changed,
  });
  revisions.end();
}
