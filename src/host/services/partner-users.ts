import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { DomainError, invalidField } from '#domain/errors.ts';
import type { HostContext } from '../context.ts';
import { ConstraintError, type PartnerUserRow, partnerUsers } from '../database/index.ts';
import type { Session } from '../session.ts';
import { command, type Work } from './command.ts';
import { addressTaken, isAddressTaken, requireOwnPassword } from './organization/accounts.ts';
import { hashPassword } from './organization/passwords.ts';
import { closeSessionsOf } from './organization/sessions.ts';
import { dropFactor } from './organization/totp.ts';
import { requireOwn } from './own-partner.ts';
import { cutPage, decodeCursor } from './paging.ts';
import { goesByMail, type Invitation, mailInvitation, newInvitation } from './partner-users/invitations.ts';
import {
  lockPartnerUser,
  partnerUsersToWire,
  partnerUserToWire,
  requirePartnerUser,
} from './partner-users/wire.ts';
import { requirePartner } from './partners/wire.ts';
import type { Input, Service } from './service.ts';

/**
 * The people of partners (`domain.md`, "People"): kept by staff, and by the partner's own admin for that partner. The
 * requirements' CreatePartnerUser, GetPartnerUser, GetPartnerUserByEmail, GetPartnerUsers, UpdatePartnerUser,
 * UpdatePartnerUserPassword and DeactivatePartnerUser, and invitations.
 */
export function partnerUsersService(host: HostContext): Service<'partnerUsers'> {
  return {
    list: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        requireOwn(session, input.id);
        await requirePartner(reader, input.id);
        const after =
          input.cursor === undefined ? sql`` : sql`and id > ${decodeCursor(input.cursor, ['id'])[0]}`;
        const rows = await reader.list(
          partnerUsers,
          sql`partner_id = ${input.id} ${after} order by id limit ${input.limit + 1}`,
        );
        const page = cutPage(rows, input.limit, (row) => [row.id]);
        const counted = input.total
          ? await reader.get<{ n: number }>(sql`select count(*) as n from partner_users
              where tenant_id = ${session.tenantId} and partner_id = ${input.id} and deleted_at is null`)
          : undefined;
        return {
          items: await partnerUsersToWire(reader, session.tenantId, page.items, host.now()),
          nextCursor: page.nextCursor,
          ...(counted && { total: counted.n }),
        };
      }),

    create: (session, input) => namingDuplicates(createPartnerUser(host, session, input)),

    get: (session, { id }) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) =>
        partnerUserToWire(reader, await requirePartnerUser(reader, session, { id }), host.now()),
      ),

    getByEmail: (session, { email }) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const row = await requirePartnerUser(reader, session, { emailKey: email.toLowerCase() });
        return partnerUserToWire(reader, row, host.now());
      }),

    update: (session, input) =>
      namingDuplicates(
        command(host, session, { name: 'partnerUsers.update', input }, async (work) => {
          const { tx, now } = work;
          const { id, version: _, commandId: __, ...given } = input;
          const before = await lockPartnerUser(tx, session, input, now);
          if (given.email !== undefined && (await isAddressTaken(tx, session.tenantId, given.email, id))) {
            throw addressTaken();
          }
          const isMoved = given.email !== undefined && given.email.toLowerCase() !== before.emailKey;
          const after = await tx.update(
            partnerUsers,
            { id, version: before.version },
            {
              ...given,
              ...(given.email !== undefined && { emailKey: given.email.toLowerCase() }),
              // A link that went to the address of before lets nobody in under the new one.
              ...((given.isActive === false || isMoved) && noInvitation),
            },
          );
          if (given.isActive === false) await closeSessionsOf(tx, session.tenantId, id, now);
          recordChange(work, 'partner_user_changed', before, after);
          return partnerUserToWire(tx, after, now);
        }),
      ),

    invite: (session, input) => invite(host, session, input),

    setPassword: (session, input) => setPassword(host, session, input),

    deactivate: (session, input) =>
      command(host, session, { name: 'partnerUsers.deactivate', input }, async (work) => {
        const { tx, now } = work;
        const before = await lockPartnerUser(tx, session, input, now);
        if (!before.isActive) {
          throw new DomainError('CONFLICT', 'This person is deactivated already.', {
            current: await partnerUserToWire(tx, before, now),
          });
        }
        const after = await tx.update(
          partnerUsers,
          { id: before.id, version: before.version },
          { isActive: false, ...noInvitation },
        );
        await closeSessionsOf(tx, session.tenantId, before.id, now);
        recordChange(work, 'partner_user_deactivated', before, after, { reason: input.reason });
        return partnerUserToWire(tx, after, now);
      }),

    resetSecondFactor: (session, input) =>
      command(host, session, { name: 'partnerUsers.resetSecondFactor', input }, async (work) => {
        const { tx, now } = work;
        const row = await lockPartnerUser(tx, session, input, now);
        if (row.id === session.userId) {
          throw new DomainError('INVALID_TRANSITION', 'Switch your own second factor off with a code.');
        }
        if (!(await dropFactor(tx, { tenantId: session.tenantId, userId: row.id }))) {
          throw new DomainError('INVALID_TRANSITION', 'This person has no second factor.');
        }
        // Whoever is signed in with it may be the one who should not be.
        await closeSessionsOf(tx, session.tenantId, row.id, now);
        recordChange(work, 'second_factor_reset', row, row, { reason: input.reason });
        return partnerUserToWire(tx, row, now);
      }),
  };
}

const noInvitation = { invitationHash: null, invitationExpiresAt: null };

async function namingDuplicates<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ConstraintError && error.kind === 'unique' && error.fields.includes('emailKey')) {
      throw addressTaken();
    }
    throw error;
  }
}

async function createPartnerUser(
  host: HostContext,
  session: Session,
  input: Input<'partnerUsers', 'create'>,
) {
  const { id: partnerId, password, byMail, commandId, ...person } = input;
  // Before the transaction: hashing takes tens of milliseconds, and the writer is one for all.
  const passwordHash = password === undefined ? null : await hashPassword(password);
  let invitation: Invitation | null = null;
  const created = await command(
    host,
    session,
    // Neither the password nor the link's secret is part of what is kept of a command.
    { name: 'partnerUsers.create', input: { partnerId, ...person, byMail, commandId } },
    async (work) => {
      const { tx, now, record } = work;
      requireOwn(session, partnerId);
      const partner = await requirePartner(tx, partnerId);
      if (await isAddressTaken(tx, session.tenantId, person.email)) throw addressTaken();
      const invited = passwordHash === null ? newInvitation(session, now) : null;
      const isMailed = invited !== null && (await goesByMail(tx, session, byMail));
      const id = uuidv7();
      await tx.insert(partnerUsers, {
        id,
        partnerId: partner.id,
        ...person,
        emailKey: person.email.toLowerCase(),
        passwordHash,
        isActive: true,
        failedAttempts: 0,
        ...invited?.columns,
        createdBy: session.userId,
      });
      record({
        action: 'partner_user_added',
        resource: 'partner_user',
        resourceId: id,
        partnerId: partner.id,
        details: { after: person, invited: invited !== null, ...(isMailed && { byMail: true }) },
      });
      const row = await requirePartnerUser(tx, session, { id });
      if (isMailed) await mailInvitation(host, work, session, row, invited.invitation);
      invitation = isMailed ? null : (invited?.invitation ?? null);
      return { ...(await partnerUserToWire(tx, row, now)), mailedTo: isMailed ? row.email : null };
    },
  );
  return { ...created, invitation };
}

async function invite(host: HostContext, session: Session, input: Input<'partnerUsers', 'invite'>) {
  let invitation: Invitation | null = null;
  const invited = await command(host, session, { name: 'partnerUsers.invite', input }, async (work) => {
    const { tx, now } = work;
    const before = await lockPartnerUser(tx, session, input, now);
    if (before.id === session.userId) {
      // The link would set a password without the current one.
      throw new DomainError('INVALID_TRANSITION', 'Change your own password with the current one.');
    }
    if (!before.isActive) {
      throw new DomainError('CONFLICT', 'This person is deactivated. Activate them first.', {
        current: await partnerUserToWire(tx, before, now),
      });
    }
    const isMailed = await goesByMail(tx, session, input.byMail);
    const made = newInvitation(session, now);
    const after = await tx.update(partnerUsers, { id: before.id, version: before.version }, made.columns);
    if (isMailed) await mailInvitation(host, work, session, after, made.invitation);
    recordChange(work, 'partner_user_invited', before, after, isMailed ? { byMail: true } : {});
    invitation = isMailed ? null : made.invitation;
    return { ...(await partnerUserToWire(tx, after, now)), mailedTo: isMailed ? after.email : null };
  });
  return { ...invited, invitation };
}

async function setPassword(host: HostContext, session: Session, input: Input<'partnerUsers', 'setPassword'>) {
  const { password, currentPassword, ...rest } = input;
  const isOwn = input.id === session.userId;
  if (isOwn) {
    if (currentPassword === undefined) {
      throw invalidField('currentPassword', 'Enter your current password to change it.');
    }
    await requireOwnPassword(host, session, currentPassword);
  }
  const passwordHash = await hashPassword(password);
  return command(host, session, { name: 'partnerUsers.setPassword', input: rest }, async (work) => {
    const { tx, now } = work;
    const before = await lockPartnerUser(tx, session, input, now);
    const after = await tx.update(
      partnerUsers,
      { id: before.id, version: before.version },
      { passwordHash, failedAttempts: 0, lockedUntil: null, ...noInvitation },
    );
    await closeSessionsOf(tx, session.tenantId, before.id, now, isOwn ? session.sessionId : undefined);
    recordChange(work, 'password_changed', before, after);
    return partnerUserToWire(tx, after, now);
  });
}

const shownFields = ['email', 'firstName', 'lastName', 'role', 'isActive'] as const;

/** The activity of a change: before and after of what differs, never a hash. */
function recordChange(
  { record }: Work,
  action: string,
  before: PartnerUserRow,
  after: PartnerUserRow,
  details: Record<string, unknown> = {},
): void {
  const changed = shownFields.filter((field) => before[field] !== after[field]);
  const shown = (row: PartnerUserRow) => Object.fromEntries(changed.map((field) => [field, row[field]]));
  record({
    action,
    resource: 'partner_user',
    resourceId: before.id,
    partnerId: before.partnerId,
    details: {
      ...(changed.length > 0 && { before: shown(before), after: shown(after) }),
      ...details,
    },
  });
}
