import { eventIterator } from '@orpc/contract';
import * as z from 'zod';
import { notificationEventNames } from '#domain/notifications.ts';
import { count, id, instant, page, pageFields, procedure, queryBoolean } from './base.ts';

const event = z.enum(notificationEventNames);

/** What happened, as the one told sees it. */
const notification = z.object({
  id,
  event,
  /** One line, in words. */
  title: z.string(),
  /** What it is about: the kind and the id, for a link; null where it is about several. */
  resource: z.string(),
  resourceId: id.nullable(),
  partnerId: id.nullable(),
  /** The event's variables; amounts in minor units of `currency`. */
  data: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  readAt: instant.nullable(),
  createdAt: instant,
});

const preference = z.object({ event, label: z.string(), byMail: z.boolean() });

/** What a person is told: what is for them, or for a role of theirs. Partner users hear of their own partner only. */
export const notifications = {
  list: procedure('signedIn')
    .route({
      method: 'GET',
      path: '/notifications',
      summary: 'What is for you, newest first',
      tags: ['Notifications'],
    })
    .input(z.object({ unread: queryBoolean.optional(), ...pageFields }))
    .output(
      page(notification).extend({
        /** Not read yet, of all pages; 1,000 stands for that many or more. */
        unreadCount: count,
      }),
    ),
  read: procedure('signedIn', 'NOT_FOUND')
    .route({
      method: 'POST',
      path: '/notifications/{id}/read',
      summary: 'Mark one as read',
      tags: ['Notifications'],
    })
    .input(z.object({ id }))
    .output(notification),
  readAll: procedure('signedIn')
    .route({
      method: 'POST',
      path: '/notifications/read-all',
      summary: 'Mark all there are as read',
      tags: ['Notifications'],
    })
    .output(z.object({ ok: z.literal(true) })),
  preferences: procedure('signedIn')
    .route({
      method: 'GET',
      path: '/notifications/preferences',
      summary: 'Which events reach you by e-mail',
      tags: ['Notifications'],
    })
    .output(z.object({ items: z.array(preference) })),
  updatePreferences: procedure('signedIn')
    .route({
      method: 'PATCH',
      path: '/notifications/preferences',
      summary: 'Choose which events reach you by e-mail',
      tags: ['Notifications'],
    })
    .input(z.object({ byMail: z.partialRecord(event, z.boolean()) }))
    .output(z.object({ items: z.array(preference) })),
};

/** What open screens hear while it happens. */
export const changes = {
  /**
   * Begins with `ready`: from then on every change is told. `change` names what changed (`resourceId` null: more than
   * one, or none in particular); `refresh` means that some were missed, so everything shown is to be read again; `alive` says
   * nothing but that. The stream ends with the session, and where what it may tell could be another: subscribe again then.
   */
  subscribe: procedure('signedIn')
    .route({
      method: 'GET',
      path: '/changes',
      summary: 'What changes, as events while it happens',
      tags: ['Notifications'],
    })
    .output(
      eventIterator(
        z.discriminatedUnion('type', [
          z.object({ type: z.literal('ready') }),
          z.object({ type: z.literal('change'), resource: z.string(), resourceId: id.nullable() }),
          z.object({ type: z.literal('refresh') }),
          z.object({ type: z.literal('alive') }),
        ]),
      ),
    ),
};
