import { partnerRoles } from '#domain/vocabulary.ts';
import {
  bigint,
  boolean,
  changeColumns,
  defineTable,
  instant,
  integer,
  nullable,
  oneOf,
  type RowOf,
  rowColumns,
  text,
  uuid,
  within,
} from '../table.ts';

/** Who has an account: the back office's staff, and the partners' own people. */
const accountKinds = ['staff', 'partner_user'] as const;

/** The people of a partner, who see only that partner. */
export const partnerUsers = defineTable(
  'partner_users',
  {
    ...rowColumns,
    partnerId: uuid,
    email: text,
    /** The address in lower case: one person per tenant, deleted ones included. */
    emailKey: text,
    firstName: text,
    lastName: text,
    role: oneOf(partnerRoles),
    /** null until the invitation is accepted. */
    passwordHash: nullable(text),
    isActive: boolean,
    failedAttempts: integer,
    lockedUntil: nullable(instant),
    lastLogin: nullable(instant),
    /** SHA-256 of the one-time link's secret; null once it is used or withdrawn. */
    invitationHash: nullable(text),
    invitationExpiresAt: nullable(instant),
    createdBy: uuid,
    ...changeColumns,
    deletedAt: nullable(instant),
  },
  {
    noun: 'partner user',
    indexes: {
      // The address first: sign-in looks it up over all tenants.
      ux_partner_users_email: { on: ['emailKey', 'tenantId'], unique: true },
      ux_partner_users_invitation: { on: ['invitationHash'], unique: true },
      ix_partner_users_partner: { on: ['tenantId', 'partnerId', 'id'] },
    },
    checks: {
      ck_partner_users_failed_attempts: 'failed_attempts >= 0',
      ck_partner_users_invitation: '(invitation_hash IS NULL) = (invitation_expires_at IS NULL)',
    },
    foreignKeys: { fk_partner_users_partner: within('partners', 'partnerId') },
  },
);
export type PartnerUserRow = RowOf<typeof partnerUsers>;

/** The second factor of a person (TOTP, RFC 6238), staff or partner user; their ids never meet. */
export const secondFactors = defineTable(
  'second_factors',
  {
    tenantId: uuid,
    userId: uuid,
    userKind: oneOf(accountKinds),
    /** The shared secret, sealed by the vault and bound to its person. */
    secret: text,
    /** null while it is only offered: it counts from its first right code on. */
    confirmedAt: nullable(instant),
    /** The time step of the last code taken; it and earlier ones are refused from then on. */
    lastStep: nullable(bigint),
    createdAt: instant,
  },
  {
    noun: 'second factor',
    primaryKey: ['tenantId', 'userId'],
    foreignKeys: { fk_second_factors_tenant: { fields: ['tenantId'], table: 'tenants', references: ['id'] } },
  },
);
export type SecondFactorRow = RowOf<typeof secondFactors>;

/** What lets a person in once when the authenticator is lost. */
export const recoveryCodes = defineTable(
  'recovery_codes',
  {
    ...rowColumns,
    userId: uuid,
    /** SHA-256; a code has 80 random bits, so that none can be found by trying. */
    codeHash: text,
    usedAt: nullable(instant),
    createdAt: instant,
  },
  {
    noun: 'recovery code',
    indexes: { ux_recovery_codes_code: { on: ['tenantId', 'userId', 'codeHash'], unique: true } },
    foreignKeys: {
      fk_recovery_codes_factor: {
        fields: ['tenantId', 'userId'],
        table: 'second_factors',
        references: ['tenantId', 'userId'],
      },
    },
  },
);
export type RecoveryCodeRow = RowOf<typeof recoveryCodes>;
