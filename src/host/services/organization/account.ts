import sql, { empty, type Sql } from 'sql-template-tag';
import { DomainError, invalidField } from '#domain/errors.ts';
import type { HostContext } from '../../context.ts';
import { secondFactors, sessions } from '../../database/index.ts';
import { keepDataKey } from '../../sealed.ts';
import type { Session } from '../../session.ts';
import { command, type Work } from '../command.ts';
import type { Service } from '../service.ts';
import {
  accountOf,
  forgetAttempts,
  requireOwnPassword,
  resourceOf,
  spendAttempts,
  tableOf,
} from './accounts.ts';
import { hashPassword } from './passwords.ts';
import { closeSessionsOf } from './sessions.ts';
import { dropFactor, findFactor, newSecret, replaceRecoveryCodes, takeCode, uriOf } from './totp.ts';

/** What everybody does with the own account: password, sessions, second factor. */
export function accountService(host: HostContext): Service<'account'> {
  return {
    changePassword: async (session, { currentPassword, newPassword }) => {
      await requireOwnPassword(host, session, currentPassword);
      const passwordHash = await hashPassword(newPassword);
      return command(host, session, { name: 'account.changePassword', input: {} }, async (work) => {
        const { tx, now } = work;
        await tx.run(sql`update ${tableOf(session.kind)}
          set password_hash = ${passwordHash}, ${noLink(session)} version = version + 1, updated_at = ${now}
          where tenant_id = ${session.tenantId} and id = ${session.userId}`);
        await closeSessionsOf(tx, session.tenantId, session.userId, now, session.sessionId);
        recordOwn(work, session, 'password_changed');
        return { ok: true } as const;
      });
    },

    sessions: (session) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const rows = await reader.list(
          sessions,
          sql`user_id = ${session.userId} and revoked_at is null and expires_at > ${host.now()}
            order by created_at desc, id desc`,
        );
        const items = rows.map(({ id, createdAt, expiresAt, station }) => ({
          id,
          createdAt,
          expiresAt,
          station,
          isThis: id === session.sessionId,
        }));
        return { items, nextCursor: null };
      }),

    endSession: (session, { id }) =>
      command(host, session, { name: 'account.endSession', input: { id } }, async (work) => {
        const { tx, now } = work;
        const ended = await tx.run(sql`update sessions set revoked_at = ${now}
          where tenant_id = ${session.tenantId} and user_id = ${session.userId} and id = ${id}
            and revoked_at is null and expires_at > ${now}`);
        if (ended.changes !== 1) throw new DomainError('NOT_FOUND', 'There is no such session.');
        recordOwn(work, session, 'session_ended', { sessions: 1 });
        return { ok: true } as const;
      }),

    endOtherSessions: (session) =>
      command(host, session, { name: 'account.endOtherSessions', input: {} }, async (work) => {
        const { tenantId, userId, sessionId } = session;
        const ended = await closeSessionsOf(work.tx, tenantId, userId, work.now, sessionId);
        recordOwn(work, session, 'session_ended', { sessions: ended });
        return { ended };
      }),

    ...secondFactorCalls(host),
  };
}

type SecondFactorCalls = Pick<
  Service<'account'>,
  'secondFactor' | 'enrolSecondFactor' | 'confirmSecondFactor' | 'disableSecondFactor' | 'renewRecoveryCodes'
>;

/**
 * TOTP for staff and partner users. Enrolling offers a secret, a first right code switches it on. While the organization
 * asks for a second factor nobody switches the own one off; an administrator may take it away from somebody who lost it.
 */
function secondFactorCalls(host: HostContext): SecondFactorCalls {
  return {
    secondFactor: (session) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const factor = await reader.find(secondFactors, { userId: session.userId });
        const left = await reader.get<{ n: number }>(sql`select count(*) as n from recovery_codes
          where tenant_id = ${session.tenantId} and user_id = ${session.userId} and used_at is null`);
        const enrolledAt = factor?.confirmedAt ?? null;
        return {
          enrolled: enrolledAt !== null,
          enrolledAt,
          required: session.tenant.settings.requireSecondFactor,
          recoveryCodesLeft: left?.n ?? 0,
        };
      }),

    enrolSecondFactor: (session) =>
      command(host, session, { name: 'account.enrolSecondFactor', input: {} }, async (work) => {
        const { tx, now } = work;
        const owner = { tenantId: session.tenantId, userId: session.userId };
        const factor = await findFactor(tx, owner);
        if (factor !== undefined && factor.confirmedAt !== null) {
          throw new DomainError('INVALID_TRANSITION', 'You have a second factor already.');
        }
        await dropFactor(tx, owner);
        await keepDataKey(tx);
        const { secret, sealed } = newSecret(host, owner);
        await tx.insert(secondFactors, {
          ...owner,
          userKind: session.kind,
          secret: sealed,
          createdAt: now,
        });
        recordOwn(work, session, 'second_factor_offered');
        return {
          uri: uriOf(secret, session.tenant.organizationName, session.email),
          secret: secret.base32,
        };
      }),

    confirmSecondFactor: async (session, { code }) => {
      await requireFactor(host, session, 'offered');
      return withCode(host, session, code, 'account.confirmSecondFactor', async (work) => {
        const { tx, now } = work;
        const { tenantId, userId, sessionId } = session;
        await tx.run(sql`update second_factors set confirmed_at = ${now}
          where tenant_id = ${tenantId} and user_id = ${userId}`);
        // This sign-in has just shown the second factor; whatever else is open has not.
        await tx.run(sql`update sessions set second_factor_at = ${now}
          where tenant_id = ${tenantId} and id = ${sessionId}`);
        await closeSessionsOf(tx, tenantId, userId, now, sessionId);
        const codes = await replaceRecoveryCodes(tx, { tenantId, userId }, now);
        recordOwn(work, session, 'second_factor_enabled');
        return { recoveryCodes: codes };
      });
    },

    disableSecondFactor: async (session, { code }) => {
      if (session.tenant.settings.requireSecondFactor) {
        throw new DomainError(
          'INVALID_TRANSITION',
          'Your organization asks for a second factor, so it can’t be switched off.',
        );
      }
      await requireFactor(host, session, 'enrolled');
      return withCode(host, session, code, 'account.disableSecondFactor', async (work) => {
        await dropFactor(work.tx, { tenantId: session.tenantId, userId: session.userId });
        recordOwn(work, session, 'second_factor_disabled');
        return { ok: true } as const;
      });
    },

    renewRecoveryCodes: async (session, { code }) => {
      await requireFactor(host, session, 'enrolled');
      return withCode(host, session, code, 'account.renewRecoveryCodes', async (work) => {
        const owner = { tenantId: session.tenantId, userId: session.userId };
        const codes = await replaceRecoveryCodes(work.tx, owner, work.now);
        recordOwn(work, session, 'recovery_codes_renewed');
        return { recoveryCodes: codes };
      });
    },
  };
}

/** A link for a new password is no use to anybody any more once its person has chosen one. Staff have none. */
function noLink({ kind }: Session): Sql {
  return kind === 'staff' ? empty : sql`invitation_hash = null, invitation_expires_at = null,`;
}

async function requireFactor(
  host: HostContext,
  session: Session,
  wanted: 'offered' | 'enrolled',
): Promise<void> {
  const factor = await host.database.read({ tenantId: session.tenantId }, (reader) =>
    reader.find(secondFactors, { userId: session.userId }),
  );
  const is = factor === undefined ? 'none' : factor.confirmedAt === null ? 'offered' : 'enrolled';
  if (is === wanted) return;
  const sentences = {
    none: 'You have no second factor. Enrol first.',
    offered: 'Your second factor is not confirmed yet. Confirm it with a code first.',
    enrolled: 'Your second factor is confirmed already.',
  };
  throw new DomainError('INVALID_TRANSITION', sentences[is]);
}

/**
 * Runs a command that takes a code of the own second factor. Attempts count for the lock-out as those of a sign-in do.
 * Throws `LOCKED`, and `VALIDATION` about the code.
 */
async function withCode<T>(
  host: HostContext,
  session: Session,
  code: string,
  name: string,
  work: (work: Work) => Promise<T>,
): Promise<T> {
  const account = await accountOf(host, session);
  await spendAttempts(host, [account]);
  return command(host, session, { name, input: {} }, async (each) => {
    const factor = await findFactor(each.tx, { tenantId: session.tenantId, userId: session.userId });
    const way = factor === undefined ? null : await takeCode(host, each.tx, factor, code, each.now);
    if (way === null) {
      throw invalidField('code', 'This code is not right, or it was used already. Enter the next one.');
    }
    await each.tx.run(forgetAttempts(account));
    return work(each);
  });
}

function recordOwn(work: Work, session: Session, action: string, details?: Record<string, unknown>): void {
  work.record({
    action,
    ...resourceOf({ kind: session.kind, id: session.userId, partnerId: session.partnerId }),
    ...(details && { details }),
  });
}
