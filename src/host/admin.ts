import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContractRouterClient } from '@orpc/contract';
import { createRouterClient } from '@orpc/server';
import sql from 'sql-template-tag';
import type { Contract } from '#contract/index.ts';
import { setupInput } from '#contract/organization.ts';
import { DomainError } from '#domain/errors.ts';
import { databaseFile, type Host } from './compose.ts';
import {
  DatabaseRefusedError,
  openDatabase,
  replaceDatabase,
  requireSoundDatabase,
} from './database/index.ts';
import { appendActivity, verifyChain } from './services/activity-chain.ts';
import { verifyLedger } from './services/ledger.ts';
import { accountsWithEmail, resourceOf } from './services/organization/accounts.ts';
import { closeSessionsOf, openSession } from './services/organization/sessions.ts';
import { createTenant } from './services/organization/tenants.ts';
import { dropFactor } from './services/organization/totp.ts';
import type { Session } from './session.ts';

/** What an administrator does at the machine itself, beside what the contract offers to whoever signs in. */

export interface TenantReport {
  tenantId: string;
  organizationName: string;
  activities: { ok: boolean; checked: number; firstBad?: { seq: number; reason: string } };
  ledger: Awaited<ReturnType<typeof verifyLedger>>;
}

/** Adds an organization; `input` is the body of `/setup`. Throws `VALIDATION`, and `DUPLICATE` for a name already here. */
export async function addTenant(host: Host, input: unknown): Promise<{ tenantId: string }> {
  const parsed = setupInput.safeParse(input);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => ({
      path: issue.path.join('.'),
      message: issue.message,
    }));
    const told = fields.map((field) => `${field.path}: ${field.message}`).join(' ');
    throw new DomainError('VALIDATION', `The file does not describe an organization. ${told}`, { fields });
  }
  const { tenantId } = await createTenant(host, parsed.data, async (tx) => {
    const same = await tx.get(
      sql`select id from tenants where organization_name = ${parsed.data.organizationName}`,
    );
    // People who are in two organizations tell them apart by name when they sign in.
    if (same !== undefined)
      throw new DomainError('DUPLICATE', 'An organization with this name is already here.');
  });
  return { tenantId };
}

/** The organizations of a database. */
export function listTenants(host: Host): Promise<{ id: string; organization_name: string }[]> {
  return host.database.read('system', (reader) =>
    reader.all(sql`select id, organization_name from tenants order by organization_name`),
  );
}

/** Verifies the activity chain and the ledger of every organization. */
export async function verifyAll(host: Pick<Host, 'database'>): Promise<TenantReport[]> {
  const tenants = await host.database.read('system', (reader) =>
    reader.all<{ id: string; organization_name: string }>(
      sql`select id, organization_name from tenants order by organization_name`,
    ),
  );
  const reports: TenantReport[] = [];
  for (const tenant of tenants) {
    const report = await host.database.read({ tenantId: tenant.id }, async (reader) => ({
      activities: await verifyChain(reader, tenant.id),
      ledger: await verifyLedger(reader, tenant.id, undefined),
    }));
    reports.push({ tenantId: tenant.id, organizationName: tenant.organization_name, ...report });
  }
  return reports;
}

export function isSound(reports: readonly TenantReport[]): boolean {
  return reports.every((report) => report.activities.ok && report.ledger.ok);
}

async function copyBackup(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to);
  } catch (error) {
    throw new DatabaseRefusedError(`The file ${from} can't be read.`, { cause: error });
  }
}

/**
 * Takes away the second factor of somebody who lost it, where nobody else is left who could (an administrator does it by
 * a call). Ends that person's sessions. Throws `NOT_FOUND`, `VALIDATION` where the address is in several organizations, and
 * `INVALID_TRANSITION` where there is none to take away.
 */
export async function resetSecondFactor(
  host: Host,
  email: string,
  organizationName?: string,
): Promise<{ organizationName: string; name: string }> {
  const accounts = await accountsWithEmail(host, email, organizationName);
  const [account, another] = accounts;
  if (account === undefined) throw new DomainError('NOT_FOUND', `Nobody signs in as ${email}.`);
  if (another !== undefined) {
    throw new DomainError(
      'VALIDATION',
      `Say which organization: ${accounts.map((each) => each.organizationName).join(', ')}.`,
    );
  }
  const { tenantId, id: userId } = account;
  await host.database.write({ tenantId }, async (tx) => {
    const now = host.now();
    if (!(await dropFactor(tx, { tenantId, userId }))) {
      throw new DomainError('INVALID_TRANSITION', 'This person has no second factor.');
    }
    await closeSessionsOf(tx, tenantId, userId, now);
    const actor = { tenantId, userId: null, userName: 'Command line', station: 'command line' };
    await appendActivity(tx, actor, now, { action: 'second_factor_reset', ...resourceOf(account) });
  });
  return {
    organizationName: account.organizationName,
    name: `${account.firstName} ${account.lastName}`,
  };
}

export interface Acting {
  client: ContractRouterClient<Contract>;
  session: Session;
  end(): Promise<void>;
}

/**
 * Acts as a staff member, with that person's rights and name in the trail. Whoever can run this can read the database
 * anyway, so it asks for no password. Throws `NOT_FOUND`, and `VALIDATION` where the address is in several organizations.
 */
export async function actAs(host: Host, email: string, organizationName?: string): Promise<Acting> {
  const people = await host.database.read('system', (reader) =>
    reader.all<{ id: string; tenant_id: string; organization_name: string }>(sql`
      select u.id, u.tenant_id, t.organization_name from staff u join tenants t on t.id = u.tenant_id
      where u.email_key = ${email.toLowerCase()} and u.is_active and u.deleted_at is null
      ${organizationName === undefined ? sql`` : sql`and t.organization_name = ${organizationName}`}`),
  );
  const [person, another] = people;
  if (person === undefined) throw new DomainError('NOT_FOUND', `There is no active staff member ${email}.`);
  if (another !== undefined) {
    throw new DomainError(
      'VALIDATION',
      `Say which organization: ${people.map((each) => each.organization_name).join(', ')}.`,
    );
  }
  const station = 'command line';
  const { token } = await host.database.write({ tenantId: person.tenant_id }, (tx) =>
    openSession(
      tx,
      { tenantId: person.tenant_id, userId: person.id, station, secondFactorPassed: true },
      host.now(),
    ),
  );
  const session = await host.resolveSession(token, station);
  if (session === null) throw new Error('The session just opened is not there.');
  const client = createRouterClient(host.router, { context: { token, station } });
  return {
    client,
    session,
    end: async () => {
      await client.auth.logout();
    },
  };
}

/**
 * Replaces the local database of a data folder by a backup, after the backup has proved sound: whole, of this version or
 * older, its ledger and its chain of activities verified on a copy. Throws DatabaseRefusedError and leaves everything as it was.
 */
export async function restoreBackup(
  backupFile: string,
  dataFolder: string,
  options: { log: Host['log']; now: string },
): Promise<{ kept: string | null; reports: TenantReport[] }> {
  const scratch = await mkdtemp(join(tmpdir(), 'partner-desk-restore-'));
  try {
    // Opening a database may leave files beside it and bring it to this version: the backup itself stays untouched.
    const pristine = join(scratch, 'pristine.sqlite');
    const copy = join(scratch, 'copy.sqlite');
    await copyBackup(backupFile, pristine);
    await copyBackup(pristine, copy);
    requireSoundDatabase(copy);
    const database = await openDatabase({ engine: 'sqlite', file: copy }, options.log);
    let reports: TenantReport[];
    try {
      await database.migrate();
      reports = await verifyAll({ database });
    } finally {
      await database.close();
    }
    if (!isSound(reports)) {
      throw new DatabaseRefusedError(
        'The backup does not verify: its ledger or its activities were changed. Nothing was replaced.',
      );
    }
    await mkdir(dataFolder, { recursive: true });
    return { kept: await replaceDatabase(pristine, databaseFile(dataFolder), options.now), reports };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
