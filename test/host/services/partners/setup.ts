import sql, { raw } from 'sql-template-tag';
import { expect } from 'vitest';
import type { Inputs } from '#contract/index.ts';
import { allTables } from '#host/database/index.ts';
import type { Client, TestHost, TestTenant } from '#test/support/host.ts';
import { refusalOf } from '#test/support/host.ts';

type PartnerInput = Inputs['partners']['create'];
type Partner = Awaited<ReturnType<Client['partners']['get']>>;

/** Of Deutsche Bundesbank's examples and made-up digits: nobody's account. */
export const iban = 'DE89370400440532013000';
export const otherIban = 'DE75512108001245126199';

export const bankingDetails = {
  bankName: 'Commerzbank',
  accountHolder: 'Hafen Immobilien',
  iban,
  swift: 'COBADEFFXXX',
  currency: 'EUR',
  paymentMethod: 'bank_transfer',
} as const;

/** Everything an approval asks for. */
export function anApplication(patch: Partial<PartnerInput> = {}): PartnerInput {
  return {
    organizationName: 'Hafen Immobilien',
    partnerType: 'portal',
    contactName: 'Kim Berg',
    contactEmail: 'kim@hafen.example',
    taxId: 'DE123456789',
    bankingDetails,
    ...patch,
  };
}

/** A pending partner, registered by the first partner manager. */
export function register(tenant: TestTenant, patch: Partial<PartnerInput> = {}): Promise<Partner> {
  return tenant.as('partner_manager').partners.create(anApplication(patch));
}

/** An active one, approved by the first approver. */
export async function registerActive(
  tenant: TestTenant,
  patch: Partial<PartnerInput> = {},
): Promise<Partner> {
  const { id } = await register(tenant, patch);
  return tenant.as('approver').partners.approve({ id });
}

/** Who acts is hired at the first call, refused or not: that is the tests' doing, not the call's. */
const ofTheTests = new Set(['staff', 'partner_users', 'sessions']);

/** How many rows every table has, how often they were changed, and where each chain of activities ends. */
function everythingStored(host: TestHost): Promise<Record<string, unknown>> {
  return host.database.read('system', async (reader) => {
    const stored: Record<string, unknown> = {};
    for (const table of allTables.filter(({ name }) => !ofTheTests.has(name))) {
      const versions = raw('version' in table.columns ? 'coalesce(sum(version), 0)' : '0');
      stored[table.name] = await reader.get(
        sql`select count(*) as rows, ${versions} as versions from ${raw(table.name)}`,
      );
    }
    stored['heads'] = await reader.all(
      sql`select tenant_id, seq, hash from activity_heads order by tenant_id`,
    );
    return stored;
  });
}

/** What the call is refused with; fails when it succeeds, and when it wrote anything nevertheless. */
export async function refused(
  host: TestHost,
  call: () => Promise<unknown>,
): Promise<{ code: string; message: string; data: unknown }> {
  const before = await everythingStored(host);
  const refusal = await refusalOf(call());
  expect(await everythingStored(host)).toEqual(before);
  return refusal;
}

interface StoredActivity {
  seq: number;
  action: string;
  resource: string;
  resource_id: string;
  partner_id: string | null;
  user_id: string;
  details: string;
}

/** The activities about a thing, oldest first, as they are stored. */
export function activitiesOf(host: TestHost, resourceId: string): Promise<StoredActivity[]> {
  return host.database.read('system', (reader) =>
    reader.all<StoredActivity>(
      sql`select * from partner_activities where resource_id = ${resourceId} order by tenant_id, seq`,
    ),
  );
}

export async function actionsOf(host: TestHost, resourceId: string): Promise<string[]> {
  return (await activitiesOf(host, resourceId)).map((activity) => activity.action);
}

/** What the newest activity about a thing tells. */
export async function lastDetails(host: TestHost, resourceId: string): Promise<unknown> {
  const newest = (await activitiesOf(host, resourceId)).at(-1);
  return newest === undefined ? undefined : JSON.parse(newest.details);
}
