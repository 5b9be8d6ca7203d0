import sql from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import {
  definitionOf,
  type NotificationEvent,
  notificationEventNames,
  notificationEvents,
} from '#domain/notifications.ts';
import type { HostContext } from '../context.ts';
import { type NotificationTemplateRow, notificationTemplates, type Reader } from '../database/index.ts';
import { checkTemplate, defaultTemplate, renderMail, sampleCommon, variablesOf } from '../mail/templates.ts';
import { command } from './command.ts';
import type { Output, Service } from './service.ts';

type WireTemplate = Output<'notificationTemplates', 'update'>;

/** The words of an organization's e-mails: the defaults, or its own. */
export function notificationTemplatesService(host: HostContext): Service<'notificationTemplates'> {
  return {
    list: (session) =>
      host.database.read({ tenantId: session.tenantId }, async (reader) => {
        const own = new Map((await reader.list(notificationTemplates)).map((row) => [row.event, row]));
        return { items: notificationEventNames.map((event) => toWire(event, own.get(event))) };
      }),

    update: (session, input) => {
      const { event, subject, bodyText, bodyHtml } = input;
      const words = { subject, bodyText, bodyHtml };
      checkTemplate(event, words);
      return command(
        host,
        session,
        { name: 'notificationTemplates.update', input },
        async ({ tx, now, record }) => {
          const { tenantId } = session;
          const before = await tx.find(notificationTemplates, { event }, { lock: true });
          const version = before?.version ?? 0;
          if (input.version !== undefined && input.version !== version) {
            throw new DomainError('CONFLICT', 'These words were changed by someone else in the meantime.', {
              current: toWire(event, before),
            });
          }
          await tx.run(sql`insert into notification_templates
            (tenant_id, event, subject, body_text, body_html, updated_by, version, created_at, updated_at)
          values (${tenantId}, ${event}, ${subject}, ${bodyText}, ${bodyHtml}, ${session.userId}, 1, ${now}, ${now})
          on conflict (tenant_id, event) do update set subject = excluded.subject, body_text = excluded.body_text,
            body_html = excluded.body_html, updated_by = excluded.updated_by, updated_at = excluded.updated_at,
            version = notification_templates.version + 1`);
          record({
            action: 'notification_template_changed',
            resource: 'notification_template',
            resourceId: null,
            details: { event, before: wordsOf(toWire(event, before)), after: words },
          });
          return find(tx, event);
        },
      );
    },

    reset: (session, input) =>
      command(host, session, { name: 'notificationTemplates.reset', input }, async ({ tx, record }) => {
        const { event } = input;
        const before = await tx.find(notificationTemplates, { event }, { lock: true });
        await tx.run(
          sql`delete from notification_templates where tenant_id = ${session.tenantId} and event = ${event}`,
        );
        record({
          action: 'notification_template_reset',
          resource: 'notification_template',
          resourceId: null,
          details: { event, ...(before !== undefined && { before: wordsOf(toWire(event, before)) }) },
        });
        return find(tx, event);
      }),

    preview: async (session, input) => {
      const { event } = input;
      const used = await host.database.read({ tenantId: session.tenantId }, (reader) => find(reader, event));
      const words = {
        subject: input.subject ?? used.subject,
        bodyText: input.bodyText ?? used.bodyText,
        bodyHtml: input.bodyHtml ?? used.bodyHtml,
      };
      checkTemplate(event, words);
      const { sample } = definitionOf(event);
      return renderMail(event, words, sample, {
        ...sampleCommon,
        organizationName: session.tenant.organizationName,
        appUrl: session.tenant.settings.publicUrl ?? sampleCommon.appUrl,
      });
    },
  };
}

const wordsOf = ({ subject, bodyText, bodyHtml }: WireTemplate) => ({ subject, bodyText, bodyHtml });

async function find(reader: Reader, event: NotificationEvent): Promise<WireTemplate> {
  return toWire(event, await reader.find(notificationTemplates, { event }));
}

function toWire(event: NotificationEvent, own: NotificationTemplateRow | undefined): WireTemplate {
  const { subject, bodyText, bodyHtml } = own ?? defaultTemplate(event);
  return {
    event,
    label: notificationEvents[event].label,
    subject,
    bodyText,
    bodyHtml,
    isDefault: own === undefined,
    variables: variablesOf(event),
    version: own?.version ?? 0,
  };
}
