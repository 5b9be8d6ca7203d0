import sql, { join } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import { type PartnerUserRow, partnerUsers, type Reader, type Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { requireOwn } from '../own-partner.ts';
import type { Output } from '../service.ts';

export type WirePartnerUser = Output<'partnerUsers', 'get'>;

/** Which of these people have a second factor that counts. */
export async function withSecondFactor(
  reader: Reader,
  tenantId: string,
  userIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (userIds.length === 0) return new Set();
  const rows = await reader.all<{ user_id: string }>(sql`select user_id from second_factors
    where tenant_id = ${tenantId} and user_id in (${join(userIds)}) and confirmed_at is not null`);
  return new Set(rows.map((row) => row.user_id));
}

/** Rows as they cross the wire; hashes stay inside. An invitation that has lapsed is none. */
export async function partnerUsersToWire(
  reader: Reader,
  tenantId: string,
  rows: readonly PartnerUserRow[],
  now: string,
): Promise<WirePartnerUser[]> {
  const enrolled = await withSecondFactor(
    reader,
    tenantId,
    rows.map((row) => row.id),
  );
  return rows.map((row) => {
    const invitedUntil = row.invitationExpiresAt;
    return {
      id: row.id,
      version: row.version,
      createdAt: row.createdAt,
      updatedAt: row.updatedAt,
      partnerId: row.partnerId,
      email: row.email,
      firstName: row.firstName,
      lastName: row.lastName,
      role: row.role,
      isActive: row.isActive,
      lastLogin: row.lastLogin,
      hasPassword: row.passwordHash !== null,
      invitationExpiresAt: invitedUntil !== null && invitedUntil > now ? invitedUntil : null,
      hasSecondFactor: enrolled.has(row.id),
    };
  });
}

export async function partnerUserToWire(
  reader: Reader,
  row: PartnerUserRow,
  now: string,
): Promise<WirePartnerUser> {
  const [wire] = await partnerUsersToWire(reader, row.tenantId, [row], now);
  if (wire === undefined) throw new Error(`The partner user ${row.id} was lost on its way to the wire.`);
  return wire;
}

const what = 'partner user';
const noSuchPerson = () => new DomainError('NOT_FOUND', `There is no such ${what}.`);

/** Throws `NOT_FOUND` for nobody, and for somebody of another partner than the caller's own. */
export async function requirePartnerUser(
  reader: Reader,
  session: Session,
  where: { id: string } | { emailKey: string },
): Promise<PartnerUserRow> {
  const row = await reader.find(partnerUsers, where);
  if (row === undefined) throw noSuchPerson();
  requireOwn(session, row.partnerId, what);
  return row;
}

/** The same to be changed, locked. Throws `CONFLICT` with the person as they stand where `version` is stale. */
export async function lockPartnerUser(
  tx: Writer,
  session: Session,
  input: { id: string; version?: number | undefined },
  now: string,
): Promise<PartnerUserRow> {
  const row = await tx.find(partnerUsers, { id: input.id }, { lock: true });
  if (row === undefined) throw noSuchPerson();
  requireOwn(session, row.partnerId, what);
  if (input.version !== undefined && input.version !== row.version) {
    throw new DomainError('CONFLICT', 'This person was changed by someone else in the meantime.', {
      current: await partnerUserToWire(tx, row, now),
    });
  }
  return row;
}
