import { normalizeLeadData } from '#domain/lead-data.ts';
import { searchTextOf } from '#domain/lead-search.ts';
import { defaultScoreWeights, qualityScore } from '#domain/quality-score.ts';
import {
  leads,
  type PartnerLeadRow,
  partnerLeads,
  partnerMonths,
  partnerSources,
  partners,
} from '#host/database/index.ts';
import type { Connection } from '#host/database/sqlite-connection.ts';
import { bulk } from './bulk.ts';
import { madeUpLead } from './made-up.ts';
import type { Card } from './office.ts';
import {
  creditAmount,
  dealValue,
  entryId,
  hasFree,
  isPaid,
  leadId,
  linesPerPayout,
  partnerId,
  sourceId,
  storyOf,
} from './story.ts';

export type FillPlan = Pick<Card, 'tenantId' | 'people' | 'leads' | 'partners'>;

const founded = '2026-01-01T08:00:00.000Z';
const changed = { version: 1, createdAt: founded, updatedAt: founded };
/** One in so many made-up leads is normalised by the domain, which must find it as it is. */
const checkedShare = 997;

/** What the leads of a partner come to. */
interface Counters {
  submitted: number;
  approved: number;
  rejected: number;
  converted: number;
  score: number;
  months: Map<string, number>;
}

/** Writes the leads with their entries, and then the partners, sources and months with what they count of them. */
export function fillLeads(connection: Connection, plan: FillPlan): void {
  const counters = Array.from(
    { length: plan.partners },
    (): Counters => ({ submitted: 0, approved: 0, rejected: 0, converted: 0, score: 0, months: new Map() }),
  );
  const leadRows = bulk(connection, partnerLeads);
  const entryRows = bulk(connection, leads);
  for (let n = 0; n < plan.leads; n += 1) {
    const row = leadRow(plan, n);
    leadRows.add(row);
    count(counters[n % plan.partners], row);
    if (row.leadId === null) continue;
    entryRows.add({
      id: row.leadId,
      tenantId: plan.tenantId,
      source: 'partner_referral',
      partnerLeadId: row.id,
      partnerId: row.partnerId,
      contactName: row.contactName,
      company: row.company,
      email: row.leadData.email,
      phone: row.leadData.phone,
      leadData: row.leadData,
      status: row.status === 'converted' ? 'converted' : 'open',
      estimatedValue: row.estimatedValue,
      dealValue: row.dealValue,
      currency: row.currency,
      convertedOn: row.conversionDate,
      version: 1,
      createdAt: row.updatedAt,
      updatedAt: row.updatedAt,
    });
  }
  leadRows.end();
  entryRows.end();
  fillPartners(connection, plan, counters);
}

function leadRow(plan: FillPlan, n: number): PartnerLeadRow {
  const { tenantId, people } = plan;
  const { partner, fate, submittedAt, decidedAt, credit } = storyOf(n, plan.partners);
  const data = madeUpLead(n, 0);
  if (n % checkedShare === 0) requireNormal(data);
  const isApproved = fate === 'approved' || fate === 'converted';
  const day = decidedAt?.slice(0, 10) ?? null;
  return {
    id: leadId(n),
    tenantId,
    partnerId: partnerId(partner),
    sourceId: sourceId(partner),
    leadId: isApproved ? entryId(n) : null,
    submissionType: 'new_lead',
    status: fate === 'waiting' ? 'submitted' : fate,
    leadData: data,
    contactName: `${data.firstName} ${data.lastName}`,
    company: data.company ?? null,
    emailKey: data.email,
    phoneKey: data.phone,
    searchText: searchTextOf({
      name: `${data.firstName} ${data.lastName}`,
      company: data.company,
      email: data.email,
      phoneKey: data.phone,
    }),
    qualityScore: qualityScore(data, defaultScoreWeights),
    duplicateOf: null,
    linkedTo: null,
    protectedUntil: null,
    notDuplicateReason: null,
    notDuplicateBy: null,
    notDuplicateAt: null,
    projectId: n % 5 === 0 ? `PROJECT-${n % 40}` : null,
    campaignId: null,
    estimatedValue: n % 3 === 0 ? 50_000 + (n % 1000) * 100 : null,
    currency: 'EUR',
    claimedBy: null,
    claimExpiresAt: null,
    reviewNotes: null,
    rejectionReason: fate === 'rejected' ? 'Not in the market.' : null,
    reviewedBy: decidedAt === null ? null : people.lead_reviewer,
    reviewedAt: decidedAt,
    submittedBy: people.partner_manager,
    submittedAt,
    month: submittedAt.slice(0, 7),
    approvedAt: isApproved ? decidedAt : null,
    approvedOn: isApproved ? day : null,
    conversionDate: fate === 'converted' ? day : null,
    convertedAt: fate === 'converted' ? decidedAt : null,
    dealValue: fate === 'converted' ? dealValue : null,
    conversionWithdrawnAt: null,
    conversionWithdrawnBy: null,
    conversionWithdrawalReason: null,
    creditAmount: credit === null ? null : credit === 'rejected' ? 0 : creditAmount,
    creditStatus: credit === 'free' ? 'approved' : credit,
    importId: null,
    version: 1,
    createdAt: submittedAt,
    updatedAt: decidedAt ?? submittedAt,
    deletedAt: null,
  };
}

/** What was made up must be what the programme itself would have stored. */
function requireNormal(data: ReturnType<typeof madeUpLead>): void {
  const normal = normalizeLeadData(data);
  if (!normal.ok) throw new Error(`A made-up lead is none: ${JSON.stringify(normal.fields)}`);
  const same = (Object.keys(data) as (keyof typeof data)[]).every(
    (key) => normal.leadData[key] === data[key],
  );
  if (!same || normal.emailKey !== data.email || normal.phoneKey !== data.phone) {
    throw new Error(`A made-up lead is not in its normal form: ${JSON.stringify(normal.leadData)}`);
  }
}

function count(counters: Counters | undefined, row: PartnerLeadRow): void {
  if (counters === undefined) throw new Error('A lead has no partner.');
  counters.submitted += 1;
  if (row.leadId !== null) counters.approved += 1;
  if (row.status === 'rejected') counters.rejected += 1;
  if (row.status === 'converted') counters.converted += 1;
  counters.score += row.qualityScore;
  counters.months.set(row.month, (counters.months.get(row.month) ?? 0) + 1);
}

function fillPartners(connection: Connection, plan: FillPlan, counters: readonly Counters[]): void {
  const { tenantId, people } = plan;
  const partnerRows = bulk(connection, partners);
  const sourceRows = bulk(connection, partnerSources);
  const monthRows = bulk(connection, partnerMonths);
  counters.forEach((of, n) => {
    const settled = (hasFree(n) || isPaid(n) ? linesPerPayout : 0) * creditAmount;
    const free = hasFree(n) ? settled : 0;
    const name = `Partner ${String(n).padStart(4, '0')} GmbH`;
    const partnerCode = `P-${String(n).padStart(5, '0')}`;
    const contactEmail = `office@partner-${n}.example`;
    partnerRows.add({
      id: partnerId(n),
      tenantId,
      partnerCode,
      organizationName: name,
      searchText: `${name} ${partnerCode} ${contactEmail}`.toLowerCase(),
      partnerType: 'channel_partner',
      status: 'active',
      contactName: 'Ana Meyer',
      contactEmail,
      contactPhone: '+4940123456',
      website: null,
      taxId: `DE${n}`,
      address: 'Hafenstraße 1',
      city: 'Hamburg',
      state: null,
      country: 'DE',
      zipCode: '20457',
      currency: 'EUR',
      commissionRate: null,
      leadPrice: null,
      monthlyQuota: 0,
      holdingDays: null,
      minimumPayout: null,
      bankingDetails: null,
      bankingSecret: null,
      bankingIsVerified: false,
      bankingVerifiedAt: null,
      bankingVerifiedBy: null,
      bankingChangedBy: null,
      documentUrls: [],
      scoreWeights: null,
      statusReason: null,
      rejectionReason: null,
      approvedBy: people.approver,
      approvedAt: founded,
      fourEyesWaived: false,
      submittedBy: people.partner_manager,
      createdBy: people.partner_manager,
      updatedBy: null,
      totalLeadsSubmitted: of.submitted,
      approvedLeads: of.approved,
      rejectedLeads: of.rejected,
      convertedLeads: of.converted,
      totalQualityScore: of.score,
      totalEarnings: settled,
      pendingPayoutAmount: free,
      withdrawnAmount: settled - free,
      availableBalance: free,
      ...changed,
      deletedAt: null,
    });
    sourceRows.add({
      id: sourceId(n),
      tenantId,
      partnerId: partnerId(n),
      sourceType: 'channel_partner',
      sourceCode: `S-${String(n).padStart(5, '0')}`,
      sourceName: name,
      description: null,
      isActive: true,
      isAutomatic: true,
      leadsGenerated: of.submitted,
      leadsConverted: of.converted,
      leadsApproved: of.approved,
      totalRevenue: of.converted * dealValue,
      totalCredits: settled,
      totalQualityScore: of.score,
      createdBy: people.partner_manager,
      ...changed,
      deletedAt: null,
    });
    for (const [month, leadsSubmitted] of of.months) {
      monthRows.add({ tenantId, partnerId: partnerId(n), month, leadsSubmitted });
    }
  });
  partnerRows.end();
  sourceRows.end();
  monthRows.end();
}
