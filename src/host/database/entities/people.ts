import type { StaffRole } from '#domain/vocabulary.ts';
import {
  bigint,
  boolean,
  changeColumns,
  day,
  defineTable,
  instant,
  integer,
  json,
  nullable,
  oneOf,
  type RowOf,
  rowColumns,
  text,
  uuid,
} from '../table.ts';

const ofTenant = { fields: ['tenantId'], table: 'tenants', references: ['id'] };

export const tenants = defineTable(
  'tenants',
  {
    id: uuid,
    organizationName: text,
    currency: text,
    timeZone: text,
    settings: json<Record<string, unknown>>(),
    /** The last day of the newest closed period; nothing is booked on it or before it. */
    closedUntil: nullable(day),
    ...changeColumns,
  },
  { noun: 'organization', primaryKey: ['id'], tenantField: 'id' },
);
export type TenantRow = RowOf<typeof tenants>;

export const staff = defineTable(
  'staff',
  {
    ...rowColumns,
    email: text,
    /** The address in lower case: one person per tenant, deleted ones included. */
    emailKey: text,
    firstName: text,
    lastName: text,
    passwordHash: text,
    roles: json<StaffRole[]>(),
    isActive: boolean,
    failedAttempts: integer,
    lockedUntil: nullable(instant),
    lastLogin: nullable(instant),
    createdBy: nullable(uuid),
    ...changeColumns,
    deletedAt: nullable(instant),
  },
  {
    noun: 'staff member',
    indexes: {
      // The address first: sign-in looks it up over all tenants.
      ux_staff_email: { on: ['emailKey', 'tenantId'], unique: true },
    },
    checks: { ck_staff_failed_attempts: 'failed_attempts >= 0' },
    foreignKeys: { fk_staff_tenant: ofTenant },
  },
);
export type StaffRow = RowOf<typeof staff>;

export const sessions = defineTable(
  'sessions',
  {
    ...rowColumns,
    tokenHash: text,
    userKind: oneOf(['staff', 'partner_user']),
    userId: uuid,
    createdAt: instant,
    expiresAt: instant,
    lastSeenAt: instant,
    revokedAt: nullable(instant),
    station: nullable(text),
    /** When this sign-in passed a second factor; null: it was without. */
    secondFactorAt: nullable(instant),
  },
  {
    noun: 'session',
    indexes: {
      ux_sessions_token: { on: ['tokenHash'], unique: true },
      ix_sessions_user: { on: ['tenantId', 'userId'] },
    },
    foreignKeys: { fk_sessions_tenant: ofTenant },
  },
);
export type SessionRow = RowOf<typeof sessions>;

/** The first answer to each command that carried an id, so that a repeat gets it again. */
export const commands = defineTable(
  'commands',
  {
    tenantId: uuid,
    commandId: text,
    name: text,
    /** Of the input: the same id with another input is a mistake, not a repeat. */
    inputHash: text,
    result: nullable(json<unknown>()),
    createdAt: instant,
  },
  { noun: 'command', primaryKey: ['tenantId', 'commandId'], foreignKeys: { fk_commands_tenant: ofTenant } },
);
export type CommandRow = RowOf<typeof commands>;

export const numberSequences = defineTable(
  'number_sequences',
  { tenantId: uuid, name: text, value: bigint },
  {
    noun: 'number sequence',
    primaryKey: ['tenantId', 'name'],
    checks: { ck_number_sequences_value: 'value >= 0' },
    foreignKeys: { fk_number_sequences_tenant: ofTenant },
  },
);
export type NumberSequenceRow = RowOf<typeof numberSequences>;

/** The chain of activities; rows are only ever added. */
export const partnerActivities = defineTable(
  'partner_activities',
  {
    tenantId: uuid,
    /** 1, 2, 3 … within the tenant, without gaps. */
    seq: bigint,
    partnerId: nullable(uuid),
    userId: nullable(uuid),
    userName: text,
    action: text,
    resource: text,
    resourceId: nullable(uuid),
    details: json<Record<string, unknown>>(),
    station: nullable(text),
    createdAt: instant,
    previousHash: text,
    hash: text,
  },
  {
    noun: 'activity',
    primaryKey: ['tenantId', 'seq'],
    appendOnly: true,
    indexes: {
      ix_partner_activities_created: { on: ['tenantId', 'createdAt', 'seq'] },
      ix_partner_activities_user: { on: ['tenantId', 'userId', 'seq'] },
      ix_partner_activities_action: { on: ['tenantId', 'action', 'seq'] },
      ix_partner_activities_kind: { on: ['tenantId', 'resource', 'seq'] },
      ix_partner_activities_resource: { on: ['tenantId', 'resource', 'resourceId', 'seq'] },
      ix_partner_activities_partner: { on: ['tenantId', 'partnerId', 'seq'] },
    },
    checks: { ck_partner_activities_seq: 'seq >= 1' },
    foreignKeys: {
      fk_partner_activities_tenant: ofTenant,
      fk_partner_activities_partner: {
        fields: ['tenantId', 'partnerId'],
        table: 'partners',
        references: ['tenantId', 'id'],
      },
    },
  },
);
export type PartnerActivityRow = RowOf<typeof partnerActivities>;

/** Where each tenant's chain ends: the row a new activity locks. */
export const activityHeads = defineTable(
  'activity_heads',
  { tenantId: uuid, seq: bigint, hash: text },
  {
    noun: 'activity chain',
    primaryKey: ['tenantId'],
    checks: { ck_activity_heads_seq: 'seq >= 0' },
    foreignKeys: { fk_activity_heads_tenant: ofTenant },
  },
);
export type ActivityHeadRow = RowOf<typeof activityHeads>;
