import { randomBytes } from 'node:crypto';
import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { permissionsOf } from '#contract/permissions.ts';
import type { StaffRole } from '#domain/vocabulary.ts';
import { sha256 } from '../../canonical-json.ts';
import type { HostContext } from '../../context.ts';
import { asJson, sessions, type Writer } from '../../database/index.ts';
import type { Session, TenantSettings } from '../../session.ts';
import { readSettings } from './settings.ts';

/** A working day: whoever signs in in the morning is not asked again before the evening. */
const sessionHours = 12;

export interface NewSession {
  /** Shown once, to its owner; the database keeps only its hash. */
  token: string;
  expiresAt: string;
}

/** Opens a session for a staff member. */
export async function openSession(
  tx: Writer,
  owner: { tenantId: string; userId: string; station: string | null },
  now: string,
): Promise<NewSession> {
  const token = randomBytes(32).toString('base64url');
  const expiresAt = new Date(Date.parse(now) + sessionHours * 3_600_000).toISOString();
  await tx.insert(sessions, {
    id: uuidv7(),
    tenantId: owner.tenantId,
    tokenHash: sha256(token),
    userKind: 'staff',
    userId: owner.userId,
    createdAt: now,
    expiresAt,
    lastSeenAt: now,
    station: owner.station,
  });
  return { token, expiresAt };
}

/** Ends every session of a person: after a changed password, changed rights are read at the next call anyway. */
export async function closeSessionsOf(
  tx: Writer,
  tenantId: string,
  userId: string,
  now: string,
): Promise<void> {
  await tx.run(sql`update sessions set revoked_at = ${now}
    where tenant_id = ${tenantId} and user_id = ${userId} and revoked_at is null`);
}

interface SessionJoin {
  tenant_id: string;
  organization_name: string;
  currency: string;
  time_zone: string;
  settings: unknown;
  tenant_version: number;
  user_id: string;
  email: string;
  first_name: string;
  last_name: string;
  roles: unknown;
  session_station: string | null;
}

/**
 * The session of a token, read anew at every call: a revoked session, a deactivated person and a taken-away role hold
 * from the next call on. Null where the token opens nothing.
 */
export async function resolveSession(
  host: HostContext,
  token: string,
  station: string | null,
): Promise<Session | null> {
  const row = await host.database.read('system', (reader) =>
    reader.get<SessionJoin>(sql`
      select s.tenant_id, t.organization_name, t.currency, t.time_zone, t.settings, t.version as tenant_version,
        u.id as user_id, u.email, u.first_name, u.last_name, u.roles, s.station as session_station
      from sessions s
      join tenants t on t.id = s.tenant_id
      join staff u on u.tenant_id = s.tenant_id and u.id = s.user_id
      where s.token_hash = ${sha256(token)} and s.user_kind = 'staff' and s.revoked_at is null
        and s.expires_at > ${host.now()} and u.is_active and u.deleted_at is null`),
  );
  if (row === undefined) return null;
  const roles = asJson<StaffRole[]>(row.roles);
  return {
    tenantId: row.tenant_id,
    tenant: {
      id: row.tenant_id,
      organizationName: row.organization_name,
      currency: row.currency,
      timeZone: row.time_zone,
      settings: readSettings(asJson<Partial<TenantSettings>>(row.settings)),
      version: row.tenant_version,
    },
    userId: row.user_id,
    userName: `${row.first_name} ${row.last_name}`,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    roles,
    partnerId: null,
    permissions: new Set(permissionsOf(roles)),
    station: station ?? row.session_station,
  };
}
