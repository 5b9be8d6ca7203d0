import { X509Certificate } from 'node:crypto';
import sql, { empty, type Sql } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { DomainError, invalidField } from '#domain/errors.ts';
import { isNotificationEvent, notificationTitle } from '#domain/notifications.ts';
import type { HostContext } from '../context.ts';
import {
  type MailOutboxRow,
  type MailSettingsRow,
  mailOutbox,
  mailSettings,
  type Reader,
} from '../database/index.ts';
import { queueAgain } from '../mail/outbox.ts';
import { failureOf, sendMail } from '../mail/smtp.ts';
import { keepDataKey, sealedFor } from '../sealed.ts';
import { command } from './command.ts';
import { cutPage, decodeCursor } from './paging.ts';
import type { Input, Output, Service } from './service.ts';

type Settings = Output<'mail', 'settings'>;
type OutboxItem = Output<'mail', 'outbox'>['items'][number];

/** The organization's mail server, and what becomes of its e-mails (`host/mail/outbox.ts`). */
export function mailService(host: HostContext): Service<'mail'> {
  return {
    settings: (session) =>
      host.database.read({ tenantId: session.tenantId }, (reader) =>
        settingsToWire(reader, session.tenantId),
      ),

    updateSettings: (session, input) => {
      const { password, ...shown } = input;
      requireSafePassword(input);
      requireCertificates(input.caCertificate);
      // The password is no part of what a repeat is compared by: a hash of it could be found by trying.
      return command(host, session, { name: 'mail.updateSettings', input: shown }, async ({ tx, record }) => {
        const { version, commandId: _, ...changes } = shown;
        const before = await tx.find(mailSettings, { tenantId: session.tenantId }, { lock: true });
        const id = before?.id ?? uuidv7();
        let passwordSecret = before?.passwordSecret ?? null;
        if (password !== undefined) {
          await keepDataKey(tx);
          const context = sealedFor.mailPassword(session.tenantId, id);
          passwordSecret = password === null ? null : host.vault.seal(password, context);
        }
        const caCertificate =
          changes.caCertificate === undefined ? (before?.caCertificate ?? null) : changes.caCertificate;
        const patch = { ...changes, caCertificate, passwordSecret, updatedBy: session.userId };
        // Nobody who changes the server may have the stored password sent to another one.
        const movesPassword = before !== undefined && passwordSecret !== null && before.host !== changes.host;
        if (movesPassword && password === undefined) {
          throw invalidField('password', 'Enter the password again: it is for another server now.');
        }
        if (before === undefined) await tx.insert(mailSettings, { id, ...patch });
        else await tx.update(mailSettings, { id, version: version ?? before.version }, patch);
        record({
          action: 'mail_settings_changed',
          resource: 'mail',
          resourceId: id,
          details: {
            ...(before !== undefined && { before: told(before) }),
            after: { ...changes, caCertificate },
            ...(password !== undefined && { passwordChanged: true }),
          },
        });
        return settingsToWire(tx, session.tenantId);
      });
    },

    test: async (session, input) => {
      const settings = await host.database.read({ tenantId: session.tenantId }, (reader) =>
        reader.find(mailSettings, { tenantId: session.tenantId }),
      );
      if (settings === undefined) throw new DomainError('VALIDATION', 'Set up the mail server first.');
      const to = input.to ?? session.email;
      const { organizationName } = session.tenant;
      const text = `This is a test message of ${organizationName}. The mail server is set up.`;
      const messageId = `<${uuidv7()}@${settings.fromAddress.split('@').at(-1) ?? 'localhost'}>`;
      const message = {
        to: { name: session.userName, address: to },
        messageId,
        subject: 'Test message',
        text: `${text}\n`,
        // Only the name was typed by anybody, and it is an administrator's; still no HTML is made of it.
        html: `<p>${text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)}</p>\n`,
      };
      try {
        const { response } = await sendMail(host, settings, message, new AbortController().signal);
        return { ok: true, to, answer: response };
      } catch (error) {
        return { ok: false, to, answer: failureOf(error).reason };
      }
    },

    outbox: (session, input) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const isOn = await isSending(reader, session.tenantId);
        const which = condition(input.status, isOn);
        const [before] = input.cursor === undefined ? [] : decodeCursor(input.cursor, ['id']);
        const rows = await reader.list(
          mailOutbox,
          sql`${which} ${before === undefined ? empty : sql`and id < ${before}`}
            order by id desc limit ${input.limit + 1}`,
        );
        const page = cutPage(rows, input.limit, (row) => [row.id]);
        const counted = input.total
          ? await reader.get<{ n: number }>(
              sql`select count(*) as n from mail_outbox where tenant_id = ${session.tenantId} and ${which}`,
            )
          : undefined;
        return {
          items: page.items.flatMap((row) => outboxToWire(row, isOn)),
          nextCursor: page.nextCursor,
          ...(counted && { total: counted.n }),
        };
      }),

    retry: (session, input) =>
      command(host, session, { name: 'mail.retry', input }, async ({ tx, now, record }) => {
        const row = await tx.find(mailOutbox, { id: input.id });
        if (row === undefined) throw new DomainError('NOT_FOUND', 'There is no such e-mail.');
        const after = await queueAgain(tx, input.id, now);
        if (after === undefined) {
          const sentence =
            row.status === 'sent'
              ? 'This e-mail was sent.'
              : 'This e-mail is on its way; it is tried by itself.';
          throw new DomainError('INVALID_TRANSITION', sentence);
        }
        record({
          action: 'mail_retried',
          resource: 'mail',
          resourceId: row.id,
          details: {
            before: { status: row.status, lastError: row.lastError },
            after: { status: after.status },
          },
        });
        const [item] = outboxToWire(after, await isSending(tx, session.tenantId));
        if (item === undefined) throw new DomainError('NOT_FOUND', 'There is no such e-mail.');
        return item;
      }),
  };
}

/** A password goes only over a line that is encrypted, or does not leave the machine. Throws `VALIDATION`. */
function requireSafePassword({ security, userName, password, host }: Input<'mail', 'updateSettings'>): void {
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host);
  if (security === 'none' && userName !== null && !isLocal) {
    throw invalidField('security', 'Signing in needs an encrypted connection: choose TLS or STARTTLS.');
  }
  if (userName === null && typeof password === 'string') {
    throw invalidField('userName', 'A password needs a user.');
  }
}

/** Throws `VALIDATION` for what is not one or several certificates in PEM. */
function requireCertificates(pem: string | null | undefined): void {
  if (pem === null || pem === undefined) return;
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const rest = blocks.reduce((left, block) => left.replace(block, ''), pem).trim();
  try {
    const certificates = blocks.map((block) => new X509Certificate(block));
    if (certificates.length === 0 || rest !== '') throw new Error('Something else than certificates.');
  } catch {
    const message = 'Paste the certificate as text, from “-----BEGIN CERTIFICATE-----” to its end.';
    throw invalidField('caCertificate', message);
  }
}

/** What the trail shows of settings: all but the password. */
function told(row: MailSettingsRow) {
  const { isEnabled, host, port, security, userName, fromName, fromAddress, caCertificate } = row;
  return { isEnabled, host, port, security, userName, fromName, fromAddress, caCertificate };
}

async function settingsToWire(reader: Reader, tenantId: string): Promise<Settings> {
  const row = await reader.find(mailSettings, { tenantId });
  const waiting = await reader.get<{ n: number }>(
    sql`select count(*) as n from mail_outbox where tenant_id = ${tenantId} and status in ('queued', 'sending')`,
  );
  return {
    settings:
      row === undefined
        ? null
        : { ...told(row), hasPassword: row.passwordSecret !== null, version: row.version },
    waiting: waiting?.n ?? 0,
  };
}

async function isSending(reader: Reader, tenantId: string): Promise<boolean> {
  return (await reader.find(mailSettings, { tenantId }))?.isEnabled === true;
}

/** While sending is off, what is queued is held; nothing is written to switch from the one to the other. */
function condition(status: Input<'mail', 'outbox'>['status'], isOn: boolean): Sql {
  if (status === undefined) return sql`1 = 1`;
  if (status === 'held') return isOn ? sql`1 = 0` : sql`status = 'queued'`;
  if (status === 'queued' && !isOn) return sql`1 = 0`;
  return sql`status = ${status}`;
}

/** Empty for an event that this version does not know. */
function outboxToWire(row: MailOutboxRow, isOn: boolean): OutboxItem[] {
  if (!isNotificationEvent(row.event)) return [];
  const {
    id,
    event,
    recipientKind,
    recipientId,
    address,
    attempts,
    sentAt,
    lastError,
    messageId,
    createdAt,
  } = row;
  return [
    {
      id,
      event,
      title: notificationTitle(event, row.data),
      recipientKind,
      recipientId,
      address,
      status: row.status === 'queued' && !isOn ? 'held' : row.status,
      attempts,
      nextAttemptAt: row.status === 'queued' && isOn ? row.nextAttemptAt : null,
      sentAt,
      lastError,
      messageId,
      createdAt,
    },
  ];
}
