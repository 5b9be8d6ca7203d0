import sql, { empty, raw, type Sql } from 'sql-template-tag';
import type { Inputs, Outputs } from '#contract/index.ts';
import { policyPeriodCounts, type Reader, type Table } from '#host/database/index.ts';
import type { TestHost, TestTenant } from '#test/support/host.ts';

/** What the stories about credits begin with, all of it through the calls that the roles themselves make. */

export type Partner = Outputs['partners']['get'];
export type Policy = Outputs['creditPolicies']['get'];
export type Lead = Outputs['leads']['get'];
export type Credit = Outputs['credits']['get'];
export type PolicyInput = Inputs['creditPolicies']['createForAll'];
type LeadInput = Inputs['leads']['submit'];

let serial = 0;
export const unique = (prefix: string): string => `${prefix}-${++serial}`;

/** Registered by the partner manager, approved by the approver. */
export async function activePartner(
  office: TestTenant,
  fields: Partial<Inputs['partners']['create']> = {},
): Promise<Partner> {
  const partner = await office.as('partner_manager').partners.create({
    partnerType: 'portal',
    organizationName: unique('Partner'),
    contactName: 'Ada Winter',
    contactEmail: 'ada@example.com',
    taxId: 'DE123456789',
    bankingDetails: {
      bankName: 'Commerzbank',
      accountHolder: 'Partner GmbH',
      iban: 'DE89370400440532013000',
      swift: 'COBADEFFXXX',
      paymentMethod: 'bank_transfer',
    },
    ...fields,
  });
  return office.as('approver').partners.approve({ id: partner.id });
}

/** A fixed price of 10.00 for each approved lead, unless told otherwise. */
export function terms(changes: Partial<PolicyInput> = {}): PolicyInput {
  return {
    policyCode: unique('POLICY'),
    policyName: 'Fixed price',
    policyType: 'time_based',
    timeUnitType: 'monthly',
    calculationType: 'fixed_price',
    ...(changes.calculationType === undefined && { baseCredit: 1000 }),
    ...changes,
  };
}

/** Made by the policy manager, waiting for approval; `partnerId` null is for all partners. */
export function newPolicy(
  office: TestTenant,
  partnerId: string | null,
  changes: Partial<PolicyInput> = {},
): Promise<Policy> {
  const { creditPolicies } = office.as('policy_manager');
  const input = terms(changes);
  return partnerId === null
    ? creditPolicies.createForAll(input)
    : creditPolicies.create({ id: partnerId, ...input });
}

/** Made by the policy manager and approved by the approver. */
export async function policyInForce(
  office: TestTenant,
  partnerId: string | null,
  changes: Partial<PolicyInput> = {},
): Promise<Policy> {
  const policy = await newPolicy(office, partnerId, changes);
  return office.as('approver').creditPolicies.approve({ id: policy.id });
}

const contact = () => {
  serial += 1;
  return { email: `lead-${serial}@example.com`, phone: `+49 30 ${String(9_000_000 + serial)}` };
};
const company = { company: 'Acme', jobTitle: 'Buyer', industry: 'Trade', address: 'Main Street 1' };
const interest = { leadType: 'prospect', budgetRange: 'high', timelineDays: 30 };

/** Lead data that scores what is asked for with the usual weights. */
export const leadData = {
  100: () => ({ firstName: 'Joe', lastName: 'Summer', ...contact(), ...company, ...interest }),
  85: () => ({ ...contact(), ...company, ...interest }),
  70: () => ({ firstName: 'Joe', lastName: 'Summer', ...contact(), ...company }),
} as const;

/** Submitted by the partner manager. */
export function submittedLead(
  office: TestTenant,
  partnerId: string,
  score: keyof typeof leadData = 70,
  fields: Partial<LeadInput> = {},
): Promise<Lead> {
  return office.as('partner_manager').leads.submit({ id: partnerId, leadData: leadData[score](), ...fields });
}

/** Submitted by the partner manager, approved by the reviewer. */
export async function approvedLead(
  office: TestTenant,
  partnerId: string,
  score: keyof typeof leadData = 70,
  fields: Partial<LeadInput> = {},
): Promise<Lead> {
  const lead = await submittedLead(office, partnerId, score, fields);
  return office.as('lead_reviewer').leads.approve({ id: lead.id });
}

export function convertedLead(
  office: TestTenant,
  lead: Lead,
  dealValue: number,
  conversionDate = '2026-06-15',
): Promise<Lead> {
  return office.as('lead_reviewer').leads.convert({ id: lead.id, dealValue, conversionDate });
}

/** All credits of a lead, oldest first. */
export async function creditsOf(office: TestTenant, lead: { id: string }): Promise<Credit[]> {
  const { items } = await office.as('auditor').credits.list({ partnerLeadId: lead.id });
  return items;
}

/** The one credit of a lead; throws where there are none or several. */
export async function creditOf(office: TestTenant, lead: { id: string }): Promise<Credit> {
  const [credit, ...others] = await creditsOf(office, lead);
  if (credit === undefined || others.length > 0) throw new Error('The lead was expected to have one credit.');
  return credit;
}

export async function mappingsOf(office: TestTenant, lead: { id: string }) {
  return (await office.as('auditor').leads.policyMappings({ id: lead.id })).items;
}

/** The partner's four figures, in minor units. */
export async function figuresOf(office: TestTenant, partnerId: string) {
  const partner = await office.as('auditor').partners.get({ id: partnerId });
  const { totalEarnings, availableBalance, pendingPayoutAmount, withdrawnAmount } = partner;
  return { totalEarnings, availableBalance, pendingPayoutAmount, withdrawnAmount };
}

/** What the figures are when this much was earned and nothing paid. */
export const earned = (amount: number) => ({
  totalEarnings: amount,
  availableBalance: amount,
  pendingPayoutAmount: amount,
  withdrawnAmount: 0,
});

/** How SQLite reads what `fn` asks for, a text per statement. */
export function plansOf(host: TestHost, fn: (reader: Reader) => Promise<void>): Promise<string[]> {
  return host.database.read({ tenantId: host.tenantId }, async (reader) => {
    const plans: string[] = [];
    const explain = async (statement: Sql) => {
      const rows = await reader.all<{ detail: string }>(sql`explain query plan ${statement}`);
      plans.push(rows.map(({ detail }) => detail).join('\n'));
    };
    await fn({
      ...reader,
      async all<T>(statement: Sql) {
        await explain(statement);
        return reader.all<T>(statement);
      },
      async list<R>(table: Table<R>, tail?: Sql) {
        // As the reader itself puts it: the tenant's rows inside, what the caller asks for outside.
        const rows = sql`select * from ${raw(table.name)} where tenant_id = ${host.tenantId}`;
        const where = tail === undefined || /^\s*order/.test(tail.sql) ? empty : sql`where`;
        await explain(sql`select * from (${rows}) as ${raw(table.name)} ${where} ${tail ?? empty}`);
        return reader.list<R>(table, tail);
      },
      async get<T>(statement: Sql) {
        await explain(statement);
        return reader.get<T>(statement);
      },
    });
    return plans;
  });
}

/** As if this many leads of the partner had been approved under the policy on a day. */
export async function countedBefore(
  host: TestHost,
  policyId: string,
  partnerId: string,
  leadCount: number,
  office: TestTenant = host,
): Promise<void> {
  await host.database.write({ tenantId: office.tenantId }, (tx) =>
    tx.insert(policyPeriodCounts, { policyId, partnerId, periodStart: '2026-06-01', leadCount }),
  );
}

/** The tiers of the worked example: 8.00, 12.00 and 15.00, +5 % from score 80, within 5.00 and 25.00. */
export const boundedTiers: Partial<PolicyInput> = {
  calculationType: 'tiered',
  bonusPercentage: 5,
  minimumCredit: 500,
  maximumCredit: 2500,
  tierConfig: {
    tiers: [
      { tierLevel: 1, minLeads: 1, maxLeads: 100, creditAmount: 800 },
      { tierLevel: 2, minLeads: 101, maxLeads: 500, creditAmount: 1200 },
      { tierLevel: 3, minLeads: 501, creditAmount: 1500 },
    ],
  },
};

/** Projects and campaigns for leads and policies to name, by their codes. */
export async function scopesNamed(
  office: TestTenant,
  { projects = [], campaigns = [] }: { projects?: readonly string[]; campaigns?: readonly string[] },
): Promise<void> {
  const manager = office.as('policy_manager');
  for (const code of projects) await manager.projects.create({ code, name: `Project ${code}` });
  for (const code of campaigns) await manager.campaigns.create({ code, name: `Campaign ${code}` });
}
