import { outboxStatuses, type StoredNotificationData } from '#domain/notifications.ts';
import {
  boolean,
  changeColumns,
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

/**
 * What people are told. A notification for several audiences has a row for each under the same id: everybody's list is
 * then read along the primary key, newest first, for ids grow with time.
 */
export const notifications = defineTable(
  'notifications',
  {
    tenantId: uuid,
    /** `staff:<role>`, `partner:<partner>`, `partner_admins:<partner>` or `person:<user>`. */
    audience: text,
    id: uuid,
    event: text,
    resource: text,
    resourceId: nullable(uuid),
    partnerId: nullable(uuid),
    data: json<StoredNotificationData>(),
    /** Who caused it, and is not told. */
    actorId: nullable(uuid),
    /** Until the e-mails about it are in the outbox. */
    awaitsMail: boolean,
    createdAt: instant,
  },
  {
    noun: 'notification',
    primaryKey: ['tenantId', 'audience', 'id'],
    indexes: { ix_notifications_mail: { on: ['tenantId', 'id'], where: 'awaits_mail' } },
    foreignKeys: { fk_notifications_tenant: ofTenant },
  },
);
export type NotificationRow = RowOf<typeof notifications>;

/** Who has read what, one by one. */
export const notificationReads = defineTable(
  'notification_reads',
  { tenantId: uuid, personId: uuid, notificationId: uuid, readAt: instant },
  {
    noun: 'read notification',
    primaryKey: ['tenantId', 'personId', 'notificationId'],
    foreignKeys: { fk_notification_reads_tenant: ofTenant },
  },
);
export type NotificationReadRow = RowOf<typeof notificationReads>;

/** Up to where somebody has marked all as read: one row instead of one for each notification. */
export const notificationMarks = defineTable(
  'notification_marks',
  { tenantId: uuid, personId: uuid, readThrough: uuid, readAt: instant },
  {
    noun: 'read mark',
    primaryKey: ['tenantId', 'personId'],
    foreignKeys: { fk_notification_marks_tenant: ofTenant },
  },
);
export type NotificationMarkRow = RowOf<typeof notificationMarks>;

/** What somebody chose of e-mails; an event without a row is as usual. */
export const notificationPreferences = defineTable(
  'notification_preferences',
  { tenantId: uuid, personId: uuid, event: text, byMail: boolean },
  {
    noun: 'notification preference',
    primaryKey: ['tenantId', 'personId', 'event'],
    foreignKeys: { fk_notification_preferences_tenant: ofTenant },
  },
);
export type NotificationPreferenceRow = RowOf<typeof notificationPreferences>;

/** An organization's own wording of an event's e-mail; without a row it is the default. */
export const notificationTemplates = defineTable(
  'notification_templates',
  {
    tenantId: uuid,
    event: text,
    subject: text,
    bodyText: text,
    bodyHtml: text,
    updatedBy: uuid,
    ...changeColumns,
  },
  {
    noun: 'notification template',
    primaryKey: ['tenantId', 'event'],
    foreignKeys: { fk_notification_templates_tenant: ofTenant },
  },
);
export type NotificationTemplateRow = RowOf<typeof notificationTemplates>;

/** An organization's way to its mail server; without a row, or switched off, e-mails wait. */
export const mailSettings = defineTable(
  'mail_settings',
  {
    ...rowColumns,
    isEnabled: boolean,
    host: text,
    port: integer,
    security: oneOf(['tls', 'starttls', 'none']),
    userName: nullable(text),
    /** Sealed by the vault. */
    passwordSecret: nullable(text),
    fromName: text,
    fromAddress: text,
    /** Certificates (PEM) that the server's may be signed by, besides those everybody trusts. */
    caCertificate: nullable(text),
    updatedBy: uuid,
    ...changeColumns,
  },
  {
    noun: 'mail settings',
    indexes: { ux_mail_settings_tenant: { on: ['tenantId'], unique: true } },
    checks: { ck_mail_settings_port: 'port >= 1 AND port <= 65535' },
    foreignKeys: { fk_mail_settings_tenant: ofTenant },
  },
);
export type MailSettingsRow = RowOf<typeof mailSettings>;

/** One e-mail to one person about one notification. */
export const mailOutbox = defineTable(
  'mail_outbox',
  {
    ...rowColumns,
    notificationId: uuid,
    event: text,
    data: json<StoredNotificationData>(),
    recipientKind: oneOf(['staff', 'partner_user']),
    recipientId: uuid,
    /** As it was last sent to, or is going to be. */
    address: text,
    status: oneOf(outboxStatuses),
    attempts: integer,
    nextAttemptAt: instant,
    /** The sender that holds it, while `sending`. */
    claimedBy: nullable(uuid),
    claimedUntil: nullable(instant),
    /** Set before the first attempt and kept, so that a message sent again is known as the same. */
    messageId: nullable(text),
    sentAt: nullable(instant),
    /** When somebody last asked for another try. */
    retriedAt: nullable(instant),
    lastError: nullable(text),
    /** What only its reader may know, sealed by the vault: a one-time link. Null once it was sent, and for most. */
    secret: nullable(text),
    ...changeColumns,
  },
  {
    noun: 'e-mail',
    indexes: {
      ux_mail_outbox_recipient: { on: ['tenantId', 'notificationId', 'recipientId'], unique: true },
      ix_mail_outbox_status: { on: ['tenantId', 'status', 'id'] },
      ix_mail_outbox_due: { on: ['tenantId', 'status', 'nextAttemptAt', 'id'] },
      ix_mail_outbox_claimed: { on: ['tenantId', 'claimedUntil'], where: "status = 'sending'" },
    },
    checks: {
      ck_mail_outbox_attempts: 'attempts >= 0',
      ck_mail_outbox_claim: "(status = 'sending') = (claimed_by IS NOT NULL AND claimed_until IS NOT NULL)",
    },
    foreignKeys: { fk_mail_outbox_tenant: ofTenant },
  },
);
export type MailOutboxRow = RowOf<typeof mailOutbox>;
