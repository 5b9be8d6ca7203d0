import { v7 as uuidv7 } from 'uuid';
import type { PolicyTerms } from '#domain/credit-policies.ts';
import {
  ConstraintError,
  type Database,
  type Insertable,
  ledgerEntries,
  ledgerPostings,
  type PartnerCreditPolicyRevisionRow,
  type PartnerLeadCreditRow,
  type PartnerLeadRow,
  type PartnerPayoutDetailRow,
  type PartnerPayoutRow,
  type PartnerRow,
  partnerCreditPolicies,
  partnerLeadCredits,
  partnerLeads,
  partnerPayoutDetails,
  partnerPayouts,
  partnerSources,
  partners,
  type StaffRow,
  staff,
  tenants,
  type Writer,
} from '#host/database/index.ts';
import { plainTerms } from '#test/domain/policies.ts';

export { uuidv7 };

/** A tenant with two people, a partner and its source: what most rows hang on. */
export interface Office {
  tenantId: string;
  maker: string;
  checker: string;
  partnerId: string;
  sourceId: string;
}

export function aPartner(office: { maker: string }, patch: Partial<PartnerRow> = {}): Insertable<PartnerRow> {
  const id = uuidv7();
  return {
    id,
    partnerCode: id,
    organizationName: 'Hafen Immobilien',
    searchText: 'hafen immobilien',
    partnerType: 'portal',
    status: 'active',
    contactEmail: 'office@example.com',
    currency: 'EUR',
    monthlyQuota: 0,
    bankingIsVerified: false,
    documentUrls: [],
    fourEyesWaived: false,
    submittedBy: office.maker,
    createdBy: office.maker,
    totalLeadsSubmitted: 0,
    approvedLeads: 0,
    rejectedLeads: 0,
    convertedLeads: 0,
    totalQualityScore: 0,
    totalEarnings: 0,
    pendingPayoutAmount: 0,
    withdrawnAmount: 0,
    availableBalance: 0,
    ...patch,
  };
}

export function aStaffMember(patch: Partial<StaffRow> = {}): Insertable<StaffRow> {
  const id = uuidv7();
  return {
    id,
    email: `${id}@example.com`,
    emailKey: `${id}@example.com`,
    firstName: 'Ana',
    lastName: 'Roth',
    passwordHash: 'none',
    roles: ['admin'],
    isActive: true,
    failedAttempts: 0,
    ...patch,
  };
}

export function aLead(office: Office, patch: Partial<PartnerLeadRow> = {}): Insertable<PartnerLeadRow> {
  return {
    id: uuidv7(),
    partnerId: office.partnerId,
    sourceId: office.sourceId,
    submissionType: 'new_lead',
    status: 'submitted',
    leadData: { email: 'kim@example.com', phone: '+4930123456' },
    contactName: 'Kim Berg',
    emailKey: 'kim@example.com',
    phoneKey: '+4930123456',
    searchText: ' §65432103494 4930123456 30123456 kim berg example com',
    qualityScore: 1500,
    currency: 'EUR',
    submittedBy: office.maker,
    submittedAt: '2026-03-01T09:00:00.000Z',
    month: '2026-03',
    ...patch,
  };
}

export function aCredit(
  office: Office,
  patch: Partial<PartnerLeadCreditRow> = {},
): Insertable<PartnerLeadCreditRow> {
  return {
    id: uuidv7(),
    partnerId: office.partnerId,
    origin: 'request',
    triggerEvent: 'request',
    calculationType: 'fixed_price',
    creditAmount: 5000,
    currency: 'EUR',
    reason: 'asked for',
    status: 'pending_approval',
    requestedBy: office.maker,
    fourEyesWaived: false,
    ...patch,
  };
}

export function aPayout(office: Office, patch: Partial<PartnerPayoutRow> = {}): Insertable<PartnerPayoutRow> {
  const id = uuidv7();
  return {
    id,
    partnerId: office.partnerId,
    payoutNumber: id,
    periodStart: '2026-03-01',
    periodEnd: '2026-03-31',
    currency: 'EUR',
    totalLeadsCount: 1,
    approvedLeads: 1,
    convertedLeads: 0,
    totalAmount: 5000,
    approvedAmount: 0,
    rejectedAmount: 0,
    paidAmount: 0,
    status: 'pending',
    generatedBy: office.maker,
    generatedAt: '2026-04-01T06:00:00.000Z',
    fourEyesWaived: false,
    ...patch,
  };
}

export function aLine(
  payoutId: string,
  creditId: string,
  patch: Partial<PartnerPayoutDetailRow> = {},
): Insertable<PartnerPayoutDetailRow> {
  return {
    id: uuidv7(),
    payoutId,
    creditId,
    amount: 5000,
    description: 'Kim Berg',
    status: 'pending',
    ...patch,
  };
}

/** A credit in a payout line of its own payout. */
export async function aCreditInPayout(
  tx: Writer,
  office: Office,
): Promise<{ payoutId: string; creditId: string }> {
  const credit = aCredit(office);
  const payout = aPayout(office);
  await tx.insert(partnerLeadCredits, credit);
  await tx.insert(partnerPayouts, payout);
  await tx.insert(partnerPayoutDetails, aLine(payout.id, credit.id));
  return { payoutId: payout.id, creditId: credit.id };
}

/** An entry with these postings, in the order the database asks for. */
export async function post(
  tx: Writer,
  office: Office,
  postings: readonly { account: 'commission_expense' | 'available' | 'payable' | 'paid'; amount: number }[],
): Promise<string> {
  const entryId = uuidv7();
  await tx.insertMany(
    ledgerPostings,
    postings.map((posting) => ({ ...posting, entryId, partnerId: office.partnerId })),
  );
  await tx.insert(ledgerEntries, {
    id: entryId,
    partnerId: office.partnerId,
    kind: 'credit_approved',
    resource: 'credit',
    resourceId: uuidv7(),
    discriminator: '',
    currency: 'EUR',
    amount: 1000,
    bookedOn: '2026-03-31',
  });
  return entryId;
}

export async function anOffice(database: Database): Promise<Office> {
  const tenantId = uuidv7();
  await database.write('system', (tx) =>
    tx.insert(tenants, {
      id: tenantId,
      organizationName: 'Test Office',
      currency: 'EUR',
      timeZone: 'Europe/Berlin',
      settings: {},
    }),
  );
  return await database.write({ tenantId }, async (tx) => {
    const [maker, checker] = [aStaffMember(), aStaffMember()];
    await tx.insertMany(staff, [maker, checker]);
    const partner = aPartner({ maker: maker.id });
    await tx.insert(partners, partner);
    const sourceId = uuidv7();
    await tx.insert(partnerSources, {
      id: sourceId,
      partnerId: partner.id,
      sourceType: 'property_portal',
      sourceCode: sourceId,
      sourceName: 'Portal',
      isActive: true,
      isAutomatic: true,
      leadsGenerated: 0,
      leadsConverted: 0,
      leadsApproved: 0,
      totalRevenue: 0,
      totalCredits: 0,
      totalQualityScore: 0,
      createdBy: maker.id,
    });
    return { tenantId, maker: maker.id, checker: checker.id, partnerId: partner.id, sourceId };
  });
}

export async function insertLeads(database: Database, office: Office, count: number): Promise<string[]> {
  const rows = Array.from({ length: count }, () => aLead(office));
  await database.write({ tenantId: office.tenantId }, (tx) => tx.insertMany(partnerLeads, rows));
  return rows.map(({ id }) => id);
}

/** A policy, saved. */
export async function savePolicy(tx: Writer, office: Office): Promise<string> {
  const id = uuidv7();
  await tx.insert(partnerCreditPolicies, {
    id,
    policyCode: id,
    policyName: 'Fixed',
    currency: 'EUR',
    policyType: 'time_based',
    calculationType: 'fixed_price',
    timeUnitType: 'monthly',
    baseCredit: 1000,
    bonusRate: 0,
    minLeadQualityScore: 0,
    priority: 0,
    isStackable: false,
    requiresApproval: true,
    autoApprove: false,
    approvalRequired: true,
    revision: 1,
    isActive: true,
    editedBy: office.maker,
    createdBy: office.maker,
    totalLeadsUnderPolicy: 0,
    totalCreditsAllocated: 0,
    creditsMade: 0,
    tracksDays: false,
  });
  return id;
}

export function aRevision(
  office: Office,
  policyId: string,
  patch: { approvedBy?: string } = {},
): Insertable<PartnerCreditPolicyRevisionRow> {
  const terms: PolicyTerms = { ...plainTerms, startDate: '2026-01-01' };
  return {
    id: uuidv7(),
    policyId,
    revision: 1,
    terms,
    madeBy: office.maker,
    madeAt: '2026-01-01T00:00:00.000Z',
    fourEyesWaived: false,
    ...patch,
  };
}

/** What the database said to a unit of work it refused. SQLite names no foreign key, so neither does this. */
export async function refusalOf(work: Promise<unknown>): Promise<Partial<ConstraintError>> {
  const error: unknown = await work.then(
    () => 'accepted',
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConstraintError)) throw new Error(`Not a constraint's refusal: ${String(error)}`);
  const { kind, table, constraint, fields } = error;
  return kind === 'foreign_key' ? { kind } : { kind, table, constraint, fields };
}
