import sql, { join } from 'sql-template-tag';
import { DomainError, invalidField } from '#domain/errors.ts';
import { sha256 } from '../../canonical-json.ts';
import type { HostContext } from '../../context.ts';
import type { Session } from '../../session.ts';
import { appendActivity } from '../activity-chain.ts';
import type { Caller, Output, Service } from '../service.ts';
import { verifyPassword, wasteOneVerification } from './passwords.ts';
import { openSession, resolveSession } from './sessions.ts';
import { createTenant, isEmpty, lockSetup } from './tenants.ts';

/** Wrong passwords before the first wait. */
const freeAttempts = 5;
const firstWaitSeconds = 30;
const longestWaitSeconds = 3600;

/** Seconds to wait after this many wrong passwords in a row: 30, 60, 120 … up to an hour. */
export function waitAfter(failedAttempts: number): number {
  if (failedAttempts < freeAttempts) return 0;
  return Math.min(firstWaitSeconds * 2 ** (failedAttempts - freeAttempts), longestWaitSeconds);
}

interface Candidate {
  id: string;
  tenant_id: string;
  organization_name: string;
  first_name: string;
  last_name: string;
  password_hash: string;
  failed_attempts: number;
  locked_until: string | null;
}

const refused = () =>
  new DomainError('UNAUTHENTICATED', 'The e-mail address or the password is not right.', {
    fields: [{ path: 'password', message: 'The e-mail address or the password is not right.' }],
  });

function toUser(session: Session): Output<'auth', 'me'> {
  return {
    id: session.userId,
    tenantId: session.tenantId,
    kind: 'staff',
    email: session.email,
    firstName: session.firstName,
    lastName: session.lastName,
    roles: [...session.roles],
    permissions: [...session.permissions],
    organizationName: session.tenant.organizationName,
    currency: session.tenant.currency,
    timeZone: session.tenant.timeZone,
  };
}

/** The people with this address, or with this address in the organization named. */
function candidatesFor(host: HostContext, email: string, organizationName: string | undefined) {
  return host.database.read('system', (reader) =>
    reader.all<Candidate>(sql`
      select u.id, u.tenant_id, t.organization_name, u.first_name, u.last_name, u.password_hash,
        u.failed_attempts, u.locked_until
      from staff u join tenants t on t.id = u.tenant_id
      where u.email_key = ${email.toLowerCase()} and u.is_active and u.deleted_at is null
      ${organizationName === undefined ? sql`` : sql`and t.organization_name = ${organizationName}`}`),
  );
}

/**
 * Counts an attempt before its password is checked, so that many guesses sent at once can't slip past the limit.
 * Returns who may be checked; whoever is locked is left out. Throws `LOCKED` when nobody is left.
 */
async function spendAttempts(host: HostContext, candidates: readonly Candidate[]): Promise<Candidate[]> {
  const now = host.now();
  const open = await host.database.write('system', async (tx) => {
    const free: Candidate[] = [];
    for (const candidate of candidates) {
      const spent = await tx.get<{ failed_attempts: number }>(sql`
        update staff set failed_attempts = failed_attempts + 1
        where id = ${candidate.id} and tenant_id = ${candidate.tenant_id} and (locked_until is null or locked_until <= ${now})
        returning failed_attempts`);
      if (spent === undefined) continue;
      const wait = waitAfter(spent.failed_attempts);
      if (wait > 0) {
        const until = new Date(Date.parse(now) + wait * 1000).toISOString();
        await tx.run(sql`update staff set locked_until = ${until}
          where id = ${candidate.id} and tenant_id = ${candidate.tenant_id}`);
        await appendActivity(
          tx,
          { tenantId: candidate.tenant_id, userId: null, userName: 'Sign-in', station: null },
          now,
          { action: 'sign_in_locked', resource: 'staff', resourceId: candidate.id, details: { until } },
        );
      }
      free.push(candidate);
    }
    return free;
  });
  if (open.length === 0) {
    const until =
      candidates
        .map((candidate) => candidate.locked_until ?? '')
        .toSorted()
        .at(-1) ?? '';
    const minutes = Math.max(1, Math.ceil((Date.parse(until) - Date.parse(now)) / 60_000) || 1);
    throw new DomainError(
      'LOCKED',
      `Too many wrong passwords. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`,
    );
  }
  return open;
}

async function whosePasswordFits(candidates: readonly Candidate[], password: string): Promise<Candidate[]> {
  const checked = await Promise.all(
    candidates.map(async (candidate) => ({
      candidate,
      fits: await verifyPassword(candidate.password_hash, password),
    })),
  );
  return checked.filter((entry) => entry.fits).map((entry) => entry.candidate);
}

async function enter(
  host: HostContext,
  who: Candidate | { id: string; tenant_id: string; first_name: string; last_name: string },
  station: string | null,
) {
  const now = host.now();
  const opened = await host.database.write('system', async (tx) => {
    await tx.run(sql`update staff set failed_attempts = 0, locked_until = null, last_login = ${now}
      where id = ${who.id} and tenant_id = ${who.tenant_id}`);
    const session = await openSession(tx, { tenantId: who.tenant_id, userId: who.id, station }, now);
    await appendActivity(
      tx,
      { tenantId: who.tenant_id, userId: who.id, userName: `${who.first_name} ${who.last_name}`, station },
      now,
      { action: 'signed_in', resource: 'staff', resourceId: who.id },
    );
    return session;
  });
  const session = await resolveSession(host, opened.token, station);
  if (session === null) throw new Error('A session that was just opened is not there.');
  return { ...opened, user: toUser(session) };
}

export function authService(host: HostContext): Service<'auth'> {
  return {
    login: async (caller: Caller, input) => {
      const candidates = await candidatesFor(host, input.email, input.organizationName);
      if (candidates.length === 0) {
        await wasteOneVerification(input.password);
        throw refused();
      }
      const open = await spendAttempts(host, candidates);
      const fitting = await whosePasswordFits(open, input.password);
      const [first, second] = fitting;
      if (first === undefined) throw refused();
      if (second !== undefined) {
        throw invalidField(
          'organizationName',
          `Say which organization: ${fitting.map((candidate) => candidate.organization_name).join(', ')}.`,
        );
      }
      // An attempt was also counted for namesakes in other organizations, whose password this never was.
      const others = open.filter((candidate) => candidate !== first);
      if (others.length > 0) {
        await host.database.write('system', async (tx) => {
          await tx.run(sql`update staff set failed_attempts = failed_attempts - 1
            where failed_attempts > 0 and id in (${join(others.map((other) => other.id))})`);
        });
      }
      return enter(host, first, caller.station);
    },

    logout: async (caller) => {
      const { session, token } = caller;
      if (session === null || token === null)
        throw new DomainError('UNAUTHENTICATED', 'You are not signed in.');
      const now = host.now();
      await host.database.write({ tenantId: session.tenantId }, async (tx) => {
        await tx.run(sql`update sessions set revoked_at = ${now}
          where tenant_id = ${session.tenantId} and token_hash = ${sha256(token)}`);
        await appendActivity(tx, session, now, {
          action: 'signed_out',
          resource: 'staff',
          resourceId: session.userId,
        });
      });
      return { ok: true };
    },

    me: async (caller) => {
      if (caller.session === null) throw new DomainError('UNAUTHENTICATED', 'You are not signed in.');
      return toUser(caller.session);
    },
  };
}

export function setupService(host: HostContext): Service<'setup'> {
  return {
    status: async () => ({ needed: await host.database.read('system', isEmpty) }),

    run: async (caller, input) => {
      const { tenantId, adminId } = await createTenant(host, input, async (tx) => {
        await lockSetup(tx);
        if (!(await isEmpty(tx))) {
          throw new DomainError('CONFLICT', 'Set-up was already done. Sign in instead.');
        }
      });
      const { firstName, lastName } = input.admin;
      return enter(
        host,
        { id: adminId, tenant_id: tenantId, first_name: firstName, last_name: lastName },
        caller.station,
      );
    },
  };
}
