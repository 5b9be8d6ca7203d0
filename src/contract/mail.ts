import * as z from 'zod';
import { notificationEventNames, outboxStatuses } from '#domain/notifications.ts';
import { commandFields, count, id, instant, page, pageFields, procedure, text } from './base.ts';
import { email } from './organization.ts';

const event = z.enum(notificationEventNames);
const security = z.enum(['tls', 'starttls', 'none']);

/** How an organization's e-mails get to its mail server. The password is never shown. */
const mailSettings = z.object({
  /** Off until it is set up; e-mails wait meanwhile, and go out once it is on, for seven days. */
  isEnabled: z.boolean(),
  host: z.string(),
  port: z.int(),
  security,
  userName: z.string().nullable(),
  hasPassword: z.boolean(),
  fromName: z.string(),
  fromAddress: z.string(),
  /** Certificates (PEM) that may sign the server's besides those everybody trusts: an organization's own authority. */
  caCertificate: z.string().nullable(),
  version: z.int(),
});

const settingsAnswer = z.object({
  /** Null until it is set up. */
  settings: mailSettings.nullable(),
  /** E-mails that wait, for sending to be switched on or for another attempt. */
  waiting: count,
});

const outboxRow = z.object({
  id,
  event,
  title: z.string(),
  recipientKind: z.enum(['staff', 'partner_user']),
  recipientId: id,
  address: z.string(),
  /** `held`: queued while sending is off. */
  status: z.enum([...outboxStatuses, 'held']),
  attempts: count,
  /** When it is tried next; null where it is not. */
  nextAttemptAt: instant.nullable(),
  sentAt: instant.nullable(),
  /** Why the last attempt did not succeed, in the server's words where it said any. */
  lastError: z.string().nullable(),
  messageId: z.string().nullable(),
  createdAt: instant,
});

export const mail = {
  settings: procedure('mail.read')
    .route({ method: 'GET', path: '/mail/settings', summary: 'How e-mails are sent', tags: ['E-mail'] })
    .output(settingsAnswer),
  updateSettings: procedure('settings.manage', 'CONFLICT')
    .route({
      method: 'PUT',
      path: '/mail/settings',
      summary: 'Set up how e-mails are sent',
      tags: ['E-mail'],
    })
    .input(
      z.object({
        isEnabled: z.boolean(),
        host: z
          .string()
          .trim()
          .max(253)
          .regex(/^[A-Za-z0-9.:_-]+$/, 'Use the name or address of the server, such as smtp.example.com.'),
        port: z.int().min(1).max(65_535),
        security,
        /** Null signs in without a user. */
        userName: text(255).nullable(),
        /** Left out, the stored one stays; null removes it. */
        password: z.string().min(1).max(500).nullable().optional(),
        fromName: text(100).regex(/^[^\p{Cc}]*$/u, 'Use one line.'),
        fromAddress: email,
        /** Left out, the stored one stays; null removes it. */
        caCertificate: text(50_000).nullable().optional(),
        ...commandFields,
      }),
    )
    .output(settingsAnswer),
  test: procedure('settings.manage')
    .route({
      method: 'POST',
      path: '/mail/test',
      summary: 'Send a test message with the settings as stored, whether sending is on or off',
      tags: ['E-mail'],
    })
    .input(z.object({ /** One’s own address where left out. */ to: email.optional() }))
    .output(
      z.object({
        ok: z.boolean(),
        /** The address it was sent to. */
        to: z.string(),
        /** What the server said. */
        answer: z.string(),
      }),
    ),
  outbox: procedure('mail.read')
    .route({ method: 'GET', path: '/mail/outbox', summary: 'E-mails, newest first', tags: ['E-mail'] })
    .input(z.object({ status: z.enum([...outboxStatuses, 'held']).optional(), ...pageFields }))
    .output(page(outboxRow)),
  retry: procedure('settings.manage', 'NOT_FOUND', 'INVALID_TRANSITION')
    .route({
      method: 'POST',
      path: '/mail/outbox/{id}/retry',
      summary: 'Try again what failed or was skipped',
      tags: ['E-mail'],
    })
    .input(z.object({ id, commandId: commandFields.commandId }))
    .output(outboxRow),
};

const subject = text(500);
const bodyText = text(20_000);
const bodyHtml = text(50_000);

const template = z.object({
  event,
  label: z.string(),
  subject: z.string(),
  bodyText: z.string(),
  bodyHtml: z.string(),
  /** Not the organization's own words. */
  isDefault: z.boolean(),
  /** What the template may use, as `{{ name }}`. */
  variables: z.array(z.string()),
  /** 0 for a default. */
  version: z.int(),
});

/** The words of e-mails, by event: Liquid templates. The HTML escapes whatever is filled in. */
export const notificationTemplates = {
  list: procedure('settings.read')
    .route({
      method: 'GET',
      path: '/notification-templates',
      summary: 'The words of e-mails, by event',
      tags: ['E-mail'],
    })
    .output(z.object({ items: z.array(template) })),
  update: procedure('settings.manage', 'CONFLICT')
    .route({
      method: 'PUT',
      path: '/notification-templates/{event}',
      summary: 'Write own words for an event',
      tags: ['E-mail'],
    })
    .input(
      z.object({
        event,
        subject,
        bodyText,
        bodyHtml,
        commandId: commandFields.commandId,
        /** As read; 0 where it was the default. */
        version: z.int().min(0).optional(),
      }),
    )
    .output(template),
  reset: procedure('settings.manage')
    .route({
      method: 'DELETE',
      path: '/notification-templates/{event}',
      summary: 'Go back to the default words',
      tags: ['E-mail'],
    })
    .input(z.object({ event, commandId: commandFields.commandId }))
    .output(template),
  preview: procedure('settings.manage')
    .route({
      method: 'POST',
      path: '/notification-templates/{event}/preview',
      summary: 'Fill words with sample data; those in use where none are given',
      tags: ['E-mail'],
    })
    .input(
      z.object({
        event,
        subject: subject.optional(),
        bodyText: bodyText.optional(),
        bodyHtml: bodyHtml.optional(),
      }),
    )
    .output(z.object({ subject: z.string(), text: z.string(), html: z.string() })),
};
