import { randomBytes } from 'node:crypto';
import sql, { empty } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { type Permission, permissionsOf, permissionsOfPartner } from '#contract/permissions.ts';
import type { PartnerStatus } from '#domain/state-machines.ts';
import type { PartnerRole, StaffRole } from '#domain/vocabulary.ts';
import { sha256 } from '../../canonical-json.ts';
import type { HostContext } from '../../context.ts';
import { asJson, sessions, type Writer } from '../../database/index.ts';
import type { Session, TenantSettings } from '../../session.ts';
import { type AccountKind, signInStatusesSql } from './accounts.ts';
import { readSettings } from './settings.ts';

/** A working day: whoever signs in in the morning is not asked again before the evening. */
const sessionHours = 12;

export interface NewSession {
  /** Shown once, to its owner; the database keeps only its hash. */
  token: string;
  expiresAt: string;
}

/** Opens a session. `secondFactorPassed`: whether the sign-in took one, or needed none because it is from the machine itself. */
export async function openSession(
  tx: Writer,
  owner: {
    tenantId: string;
    userId: string;
    station: string | null;
    kind?: AccountKind;
    secondFactorPassed?: boolean;
  },
  now: string,
): Promise<NewSession> {
  const token = randomBytes(32).toString('base64url');
  const expiresAt = new Date(Date.parse(now) + sessionHours * 3_600_000).toISOString();
  await tx.insert(sessions, {
    id: uuidv7(),
    tenantId: owner.tenantId,
    tokenHash: sha256(token),
    userKind: owner.kind ?? 'staff',
    userId: owner.userId,
    createdAt: now,
    expiresAt,
    lastSeenAt: now,
    station: owner.station,
    secondFactorAt: owner.secondFactorPassed === true ? now : null,
  });
  return { token, expiresAt };
}

/**
 * Ends the sessions of a person, but for one where told: after a changed password or a taken-away second factor. Changed
 * rights are read at the next call anyway. Returns how many ended.
 */
export async function closeSessionsOf(
  tx: Writer,
  tenantId: string,
  userId: string,
  now: string,
  except?: string,
): Promise<number> {
  const others = except === undefined ? empty : sql`and id <> ${except}`;
  const closed = await tx.run(sql`update sessions set revoked_at = ${now}
    where tenant_id = ${tenantId} and user_id = ${userId} and revoked_at is null and expires_at > ${now} ${others}`);
  return closed.changes;
}

interface SessionJoin {
  session_id: string;
  user_kind: AccountKind;
  tenant_id: string;
  organization_name: string;
  currency: string;
  time_zone: string;
  settings: unknown;
  tenant_version: number;
  user_id: string | null;
  email: string;
  first_name: string;
  last_name: string;
  roles: unknown;
  partner_role: PartnerRole | null;
  partner_id: string | null;
  partner_name: string | null;
  partner_status: PartnerStatus | null;
  factor_confirmed_at: string | null;
  second_factor_at: string | null;
  session_station: string | null;
}

/**
 * The session of a token, read anew at every call: a revoked session, a deactivated person, a partner made inactive and a
 * taken-away role hold from the next call on. Null where the token opens nothing.
 */
export async function resolveSession(
  host: HostContext,
  token: string,
  station: string | null,
): Promise<Session | null> {
  return host.database.read('system', async (reader) => {
    const row = await reader.get<SessionJoin>(sql`
      select s.id as session_id, s.user_kind, s.tenant_id, t.organization_name, t.currency, t.time_zone, t.settings,
        t.version as tenant_version, coalesce(u.id, p.id) as user_id, coalesce(u.email, p.email) as email,
        coalesce(u.first_name, p.first_name) as first_name, coalesce(u.last_name, p.last_name) as last_name,
        u.roles, p.role as partner_role, o.id as partner_id, o.organization_name as partner_name,
        o.status as partner_status, f.confirmed_at as factor_confirmed_at, s.second_factor_at,
        s.station as session_station
      from sessions s
      join tenants t on t.id = s.tenant_id
      left join staff u on s.user_kind = 'staff' and u.tenant_id = s.tenant_id and u.id = s.user_id
        and u.is_active and u.deleted_at is null
      left join partner_users p on s.user_kind = 'partner_user' and p.tenant_id = s.tenant_id and p.id = s.user_id
        and p.is_active and p.deleted_at is null
      left join partners o on o.tenant_id = p.tenant_id and o.id = p.partner_id and o.deleted_at is null
        and o.status in (${signInStatusesSql})
      left join second_factors f on f.tenant_id = s.tenant_id and f.user_id = s.user_id
      where s.token_hash = ${sha256(token)} and s.revoked_at is null and s.expires_at > ${host.now()}`);
    if (row === undefined || row.user_id === null) return null;
    if (row.partner_id === null) {
      // A partner's user whose partner is gone, or may not be here.
      return row.user_kind === 'staff' ? toSession(row, row.user_id, station, []) : null;
    }
    const people = await reader.all<{ id: string }>(sql`select id from partner_users
      where tenant_id = ${row.tenant_id} and partner_id = ${row.partner_id}`);
    return toSession(
      row,
      row.user_id,
      station,
      people.map(({ id }) => id),
    );
  });
}

function toSession(
  row: SessionJoin,
  userId: string,
  station: string | null,
  ownPeople: readonly string[],
): Session {
  const settings = readSettings(asJson<Partial<TenantSettings>>(row.settings));
  const mustEnrol = settings.requireSecondFactor && row.second_factor_at === null;
  const roles = row.user_kind === 'staff' ? asJson<StaffRole[]>(row.roles) : [];
  return {
    kind: row.user_kind,
    sessionId: row.session_id,
    tenantId: row.tenant_id,
    tenant: {
      id: row.tenant_id,
      organizationName: row.organization_name,
      currency: row.currency,
      timeZone: row.time_zone,
      settings,
      version: row.tenant_version,
    },
    userId,
    userName: `${row.first_name} ${row.last_name}`,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    roles,
    partnerId: row.partner_id,
    partnerName: row.partner_name,
    partnerRole: row.partner_role,
    partnerStatus: row.partner_status,
    ownPeople: new Set(ownPeople),
    permissions: new Set(mustEnrol ? [] : permissionsFor(row, roles)),
    secondFactor: { enrolled: row.factor_confirmed_at !== null, mustEnrol },
    station: station ?? row.session_station,
  };
}

/**
 * What the person of a session may do by now, whether that session has ended or not: for work that outlives the call that began it.
 * Nothing, once the person is deactivated.
 */
export async function permissionsNow(
  host: Pick<HostContext, 'database'>,
  { kind, tenantId, userId }: Session,
): Promise<ReadonlySet<Permission>> {
  const row = await host.database.read({ tenantId }, (reader) =>
    reader.get<Pick<SessionJoin, 'roles' | 'partner_role' | 'partner_status'>>(
      kind === 'staff'
        ? sql`select roles, null as partner_role, null as partner_status from staff
            where tenant_id = ${tenantId} and id = ${userId} and is_active and deleted_at is null`
        : sql`select null as roles, p.role as partner_role, o.status as partner_status from partner_users p
            join partners o on o.tenant_id = p.tenant_id and o.id = p.partner_id and o.deleted_at is null
              and o.status in (${signInStatusesSql})
            where p.tenant_id = ${tenantId} and p.id = ${userId} and p.is_active and p.deleted_at is null`,
    ),
  );
  if (row === undefined) return new Set();
  return new Set(permissionsFor(row, row.partner_role === null ? asJson<StaffRole[]>(row.roles) : []));
}

/** A partner's people only read while the partner is not active. */
function permissionsFor(
  row: Pick<SessionJoin, 'partner_role' | 'partner_status'>,
  roles: readonly StaffRole[],
): Permission[] {
  if (row.partner_role === null) return permissionsOf(roles);
  const held = permissionsOfPartner(row.partner_role);
  return row.partner_status === 'active' ? held : held.filter((permission) => permission.endsWith('.read'));
}
