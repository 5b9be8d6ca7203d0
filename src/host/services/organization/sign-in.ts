import sql from 'sql-template-tag';
import { DomainError, invalidField } from '#domain/errors.ts';
import { sha256 } from '../../canonical-json.ts';
import type { HostContext } from '../../context.ts';
import type { Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { appendActivity } from '../activity-chain.ts';
import type { Caller, Output, Service } from '../service.ts';
import {
  type Account,
  accountsWithEmail,
  forgetAttempts,
  resourceOf,
  returnAttempts,
  signInStatusesSql,
  spendAttempts,
  tableOf,
  whosePasswordFits,
} from './accounts.ts';
import { hashPassword } from './passwords.ts';
import { closeSessionsOf, openSession, resolveSession } from './sessions.ts';
import { createTenant, isEmpty, lockSetup } from './tenants.ts';
import { findFactor, takeCode } from './totp.ts';

const refused = () => {
  const message = 'The e-mail address or the password is not right.';
  return new DomainError('UNAUTHENTICATED', message, { fields: [{ path: 'password', message }] });
};

/** About the field `code`, which is how a caller knows that a second step is asked for. */
const codeRefused = (message: string) =>
  new DomainError('UNAUTHENTICATED', message, { fields: [{ path: 'code', message }] });

function toUser(session: Session): Output<'auth', 'me'> {
  return {
    id: session.userId,
    tenantId: session.tenantId,
    kind: session.kind,
    email: session.email,
    firstName: session.firstName,
    lastName: session.lastName,
    roles: [...session.roles],
    permissions: [...session.permissions],
    organizationName: session.tenant.organizationName,
    partnerId: session.partnerId,
    partnerName: session.partnerName,
    partnerRole: session.partnerRole,
    secondFactor: session.secondFactor,
    currency: session.tenant.currency,
    timeZone: session.tenant.timeZone,
  };
}

/** Who enters: an account, without what only the check of its password needs. */
type Entering = Pick<Account, 'kind' | 'id' | 'tenantId' | 'firstName' | 'lastName' | 'partnerId'>;

/**
 * The second step, where the person has a second factor: throws unless the code is right, and uses it up. A stranger learns
 * from it that the password was right, which two steps can't hide, and nothing else: no name, no organization.
 */
async function passSecondFactor(
  host: HostContext,
  tx: Writer,
  who: Entering,
  code: string | undefined,
  now: string,
): Promise<'none' | 'authenticator' | 'recovery_code'> {
  const factor = await findFactor(tx, { tenantId: who.tenantId, userId: who.id });
  if (factor === undefined || factor.confirmedAt === null) return 'none';
  if (code === undefined || code === '') {
    throw codeRefused('Enter the code of your authenticator app, or one of your recovery codes.');
  }
  const way = await takeCode(host, tx, factor, code, now);
  if (way === null) throw codeRefused('This code is not right, or it was used already. Enter the next one.');
  return way;
}

async function enter(host: HostContext, who: Entering, station: string | null, code?: string) {
  const now = host.now();
  const opened = await host.database.write('system', async (tx) => {
    const way = await passSecondFactor(host, tx, who, code, now);
    await tx.run(forgetAttempts(who));
    await tx.run(sql`update ${tableOf(who.kind)} set last_login = ${now}
      where id = ${who.id} and tenant_id = ${who.tenantId}`);
    const session = await openSession(
      tx,
      { tenantId: who.tenantId, userId: who.id, station, kind: who.kind, secondFactorPassed: way !== 'none' },
      now,
    );
    await appendActivity(
      tx,
      { tenantId: who.tenantId, userId: who.id, userName: `${who.firstName} ${who.lastName}`, station },
      now,
      {
        action: 'signed_in',
        ...resourceOf(who),
        ...(way !== 'none' && { details: { secondFactor: way } }),
      },
    );
    return session;
  });
  const session = await resolveSession(host, opened.token, station);
  if (session === null) throw new Error('A session that was just opened is not there.');
  return { ...opened, user: toUser(session) };
}

interface Invited {
  id: string;
  tenant_id: string;
  partner_id: string;
  email: string;
  first_name: string;
  last_name: string;
  organization_name: string;
}

const invitationOver = () =>
  new DomainError('NOT_FOUND', 'This invitation does not hold any more. Ask for a new one.');

/** Whose invitation a token is, as long as it holds; in `write` it is held until the transaction ends. */
function whoIsInvited(reader: Pick<Writer, 'get' | 'engine'>, token: string, now: string) {
  return reader.get<Invited>(sql`
    select u.id, u.tenant_id, u.partner_id, u.email, u.first_name, u.last_name, t.organization_name
    from partner_users u join tenants t on t.id = u.tenant_id
    join partners p on p.tenant_id = u.tenant_id and p.id = u.partner_id
    where u.invitation_hash = ${sha256(token)} and u.invitation_expires_at > ${now} and u.is_active
      and u.deleted_at is null and p.deleted_at is null and p.status in (${signInStatusesSql})`);
}

export function authService(host: HostContext): Service<'auth'> {
  return {
    login: async (caller: Caller, input) => {
      const accounts = await accountsWithEmail(host, input.email, input.organizationName);
      const open = accounts.length === 0 ? [] : await spendAttempts(host, accounts);
      const fitting = await whosePasswordFits(open, input.password);
      const [first, second] = fitting;
      if (first === undefined) throw refused();
      // Nobody guessed: the wrong ones are namesakes, and several right ones only have to be told apart.
      await returnAttempts(host, second === undefined ? open.filter((account) => account !== first) : open);
      if (second !== undefined) {
        throw invalidField(
          'organizationName',
          `Say which organization: ${fitting.map((account) => account.organizationName).join(', ')}.`,
        );
      }
      return enter(host, first, caller.station, input.code);
    },

    acceptInvitation: async (caller, { token, password }) => {
      // Looked up before the password is hashed: guesses must not cost tens of milliseconds each.
      const known = await host.database.read('system', (reader) => whoIsInvited(reader, token, host.now()));
      if (known === undefined) throw invitationOver();
      const passwordHash = await hashPassword(password);
      return host.database.write('system', async (tx) => {
        const now = host.now();
        const who = await whoIsInvited(tx, token, now);
        if (who === undefined) throw invitationOver();
        // Guarded by the hash: of two who use the link at once, one is too late.
        const taken = await tx.run(sql`update partner_users
          set password_hash = ${passwordHash}, invitation_hash = null, invitation_expires_at = null,
            failed_attempts = 0, locked_until = null, version = version + 1, updated_at = ${now}
          where tenant_id = ${who.tenant_id} and id = ${who.id} and invitation_hash = ${sha256(token)}`);
        if (taken.changes !== 1) throw invitationOver();
        await closeSessionsOf(tx, who.tenant_id, who.id, now);
        await appendActivity(
          tx,
          {
            tenantId: who.tenant_id,
            userId: who.id,
            userName: `${who.first_name} ${who.last_name}`,
            station: caller.station,
          },
          now,
          {
            action: 'invitation_accepted',
            ...resourceOf({ kind: 'partner_user', id: who.id, partnerId: who.partner_id }),
          },
        );
        const { tenant_id: tenantId, partner_id: partnerId } = who;
        tx.afterCommit(() =>
          host.changes.publish({ tenantId, resource: 'partner_user', resourceId: who.id, partnerId }),
        );
        return { email: who.email, organizationName: who.organization_name };
      });
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
          ...resourceOf({ kind: session.kind, id: session.userId, partnerId: session.partnerId }),
        });
      });
      // Its live changes end with it.
      const { tenantId, sessionId, partnerId } = session;
      host.changes.publish({ tenantId, resource: 'session', resourceId: sessionId, partnerId });
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
        { kind: 'staff', id: adminId, tenantId, firstName, lastName, partnerId: null },
        caller.station,
      );
    },
  };
}
