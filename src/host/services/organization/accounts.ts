import sql, { empty, raw, type Sql } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import type { PartnerStatus } from '#domain/state-machines.ts';
import type { HostContext } from '../../context.ts';
import type { Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { appendActivity } from '../activity-chain.ts';
import { verifyPassword, wasteOneVerification } from './passwords.ts';

/** Accounts of both kinds, staff and partner users: who may be signed in, and how often it may be tried. */

export type AccountKind = Session['kind'];

/** Whose account it is. Ids of staff and partner users never meet, but their tables differ. */
export interface AccountRef {
  kind: AccountKind;
  id: string;
  tenantId: string;
}

export interface Account extends AccountRef {
  organizationName: string;
  firstName: string;
  lastName: string;
  /** null for staff. */
  partnerId: string | null;
  passwordHash: string;
  lockedUntil: string | null;
}

/**
 * A partner's people may sign in while the partner is pending, active or suspended, and write while it is active: a
 * suspended partner's look at what they have coming, a rejected or inactive one's have no business here. (The documents
 * leave it open.)
 */
export const signInStatuses = ['pending', 'active', 'suspended'] as const satisfies PartnerStatus[];

export const signInStatusesSql = raw(signInStatuses.map((status) => `'${status}'`).join(', '));

/** The table of the account. */
export function tableOf(kind: AccountKind): Sql {
  return kind === 'staff' ? raw('staff') : raw('partner_users');
}

/** What the activity of an account is about. */
export function resourceOf(account: { kind: AccountKind; id: string; partnerId: string | null }) {
  return { resource: account.kind, resourceId: account.id, partnerId: account.partnerId };
}

interface AccountColumns {
  id: string;
  tenant_id: string;
  organization_name: string;
  first_name: string;
  last_name: string;
  partner_id: string | null;
  password_hash: string;
  locked_until: string | null;
}

const accountColumns = raw(
  'u.id, u.tenant_id, t.organization_name, u.first_name, u.last_name, u.password_hash, u.locked_until',
);

/** The accounts that may sign in and that `which` holds for, over all tenants; `u` is the account, `t` its tenant. */
async function accountsWhere(host: HostContext, which: Sql): Promise<Account[]> {
  return host.database.read('system', async (reader) => {
    const staffRows = await reader.all<AccountColumns>(sql`
      select ${accountColumns}, null as partner_id
      from staff u join tenants t on t.id = u.tenant_id
      where u.is_active and u.deleted_at is null and ${which}`);
    const partnerRows = await reader.all<AccountColumns>(sql`
      select ${accountColumns}, u.partner_id
      from partner_users u join tenants t on t.id = u.tenant_id
      join partners p on p.tenant_id = u.tenant_id and p.id = u.partner_id
      where u.is_active and u.deleted_at is null and u.password_hash is not null
        and p.deleted_at is null and p.status in (${signInStatusesSql}) and ${which}`);
    return [
      ...staffRows.map((row) => toAccount('staff', row)),
      ...partnerRows.map((row) => toAccount('partner_user', row)),
    ];
  });
}

function toAccount(kind: AccountKind, row: AccountColumns): Account {
  return {
    kind,
    id: row.id,
    tenantId: row.tenant_id,
    organizationName: row.organization_name,
    firstName: row.first_name,
    lastName: row.last_name,
    partnerId: row.partner_id,
    passwordHash: row.password_hash,
    lockedUntil: row.locked_until,
  };
}

/** The accounts with this address, or with this address in the organization named. */
export function accountsWithEmail(
  host: HostContext,
  email: string,
  organizationName: string | undefined,
): Promise<Account[]> {
  const inOrganization =
    organizationName === undefined ? empty : sql`and t.organization_name = ${organizationName}`;
  return accountsWhere(host, sql`u.email_key = ${email.toLowerCase()} ${inOrganization}`);
}

/** The account of whoever is signed in. */
export async function accountOf(host: HostContext, session: Session): Promise<Account> {
  const [account] = await accountsWhere(
    host,
    sql`u.tenant_id = ${session.tenantId} and u.id = ${session.userId}`,
  );
  if (account === undefined) throw new DomainError('UNAUTHENTICATED', 'Your session has ended. Sign in.');
  return account;
}

/** Lets one at a time go on with what is named, until its transaction ends. SQLite's writer is alone anyway. */
export async function alone(tx: Writer, what: string): Promise<void> {
  if (tx.engine === 'postgres') await tx.get(sql`select pg_advisory_xact_lock(hashtextextended(${what}, 0))`);
}

/**
 * Whether somebody of the tenant, of either kind, has this address; `except` is not looked at. Whoever asks for the same
 * address meanwhile waits until the transaction ends.
 */
export async function isAddressTaken(
  tx: Writer,
  tenantId: string,
  email: string,
  except?: string,
): Promise<boolean> {
  // The two kinds have tables of their own, so that no index keeps one of each from being added at the same moment.
  await alone(tx, `address ${tenantId} ${email.toLowerCase()}`);
  const others = except === undefined ? empty : sql`and id <> ${except}`;
  const found = await tx.get(sql`
    select id from staff where email_key = ${email.toLowerCase()} and tenant_id = ${tenantId} ${others}
    union all
    select id from partner_users where email_key = ${email.toLowerCase()} and tenant_id = ${tenantId} ${others}
    limit 1`);
  return found !== undefined;
}

export const addressTaken = () =>
  new DomainError('DUPLICATE', 'Somebody with this e-mail address is already here.', {
    fields: [{ path: 'email', message: 'Already in use.' }],
  });

/** Wrong passwords or codes before the first wait. */
const freeAttempts = 5;
const firstWaitSeconds = 30;
const longestWaitSeconds = 3600;

/** Seconds to wait after this many wrong passwords or codes in a row: 30, 60, 120 … up to an hour. */
export function waitAfter(failedAttempts: number): number {
  if (failedAttempts < freeAttempts) return 0;
  return Math.min(firstWaitSeconds * 2 ** (failedAttempts - freeAttempts), longestWaitSeconds);
}

/**
 * Counts an attempt before its password or code is checked, in a transaction of its own, so that many guesses sent at once
 * can't slip past the limit. Returns who may be checked, with the wait that the attempt itself has brought; whoever is locked is
 * left out. Throws `LOCKED` when nobody is left.
 */
export async function spendAttempts(host: HostContext, accounts: readonly Account[]): Promise<Account[]> {
  const now = host.now();
  const open = await host.database.write('system', async (tx) => {
    const free: Account[] = [];
    for (const account of accounts) {
      const own = sql`id = ${account.id} and tenant_id = ${account.tenantId}`;
      const spent = await tx.get<{ failed_attempts: number }>(sql`
        update ${tableOf(account.kind)} set failed_attempts = failed_attempts + 1
        where ${own} and (locked_until is null or locked_until <= ${now})
        returning failed_attempts`);
      if (spent === undefined) continue;
      const wait = waitAfter(spent.failed_attempts);
      const until = wait > 0 ? new Date(Date.parse(now) + wait * 1000).toISOString() : null;
      if (until !== null) {
        await tx.run(sql`update ${tableOf(account.kind)} set locked_until = ${until} where ${own}`);
        await appendActivity(
          tx,
          { tenantId: account.tenantId, userId: null, userName: 'Sign-in', station: null },
          now,
          { action: 'sign_in_locked', ...resourceOf(account), details: { until } },
        );
      }
      free.push({ ...account, lockedUntil: until });
    }
    return free;
  });
  if (open.length === 0) {
    const until =
      accounts
        .map((account) => account.lockedUntil ?? '')
        .toSorted()
        .at(-1) ?? '';
    const minutes = Math.max(1, Math.ceil((Date.parse(until) - Date.parse(now)) / 60_000) || 1);
    throw new DomainError(
      'LOCKED',
      `Too many wrong attempts. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`,
    );
  }
  return open;
}

/** Gives back attempts that were counted for nothing: for namesakes whose password it never was. The wait they brought goes too. */
export async function returnAttempts(host: HostContext, accounts: readonly Account[]): Promise<void> {
  if (accounts.length === 0) return;
  await host.database.write('system', async (tx) => {
    for (const { kind, id, tenantId, lockedUntil } of accounts) {
      await tx.run(sql`update ${tableOf(kind)} set failed_attempts = failed_attempts - 1,
          locked_until = case when locked_until = ${lockedUntil} then null else locked_until end
        where failed_attempts > 0 and id = ${id} and tenant_id = ${tenantId}`);
    }
  });
}

/** Starts the count anew after a right password or code. */
export function forgetAttempts(account: AccountRef): Sql {
  return sql`update ${tableOf(account.kind)} set failed_attempts = 0, locked_until = null
    where id = ${account.id} and tenant_id = ${account.tenantId}`;
}

/** Those of the accounts whose password it is. */
export async function whosePasswordFits(accounts: readonly Account[], password: string): Promise<Account[]> {
  if (accounts.length === 0) {
    await wasteOneVerification(password);
    return [];
  }
  const checked = await Promise.all(
    accounts.map(async (account) => ({
      account,
      fits: await verifyPassword(account.passwordHash, password),
    })),
  );
  return checked.filter((entry) => entry.fits).map((entry) => entry.account);
}

/**
 * The own password, asked for once more before it is changed. Throws `VALIDATION` about the field when it is wrong, and
 * `LOCKED`: attempts count as at the sign-in.
 */
export async function requireOwnPassword(
  host: HostContext,
  session: Session,
  currentPassword: string,
): Promise<void> {
  const account = await accountOf(host, session);
  await spendAttempts(host, [account]);
  if (!(await verifyPassword(account.passwordHash, currentPassword))) {
    const message = 'The current password is not right.';
    throw new DomainError('VALIDATION', message, { fields: [{ path: 'currentPassword', message }] });
  }
  await host.database.write({ tenantId: account.tenantId }, (tx) => tx.run(forgetAttempts(account)));
}
