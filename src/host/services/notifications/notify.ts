import sql, { join } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import {
  type AudienceName,
  definitionOf,
  type NotificationData,
  type NotificationEvent,
} from '#domain/notifications.ts';
import type { HostContext } from '../../context.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';

interface DraftOf<E extends NotificationEvent> {
  event: E;
  /** What it is about; `domain/notifications.ts` says of which kind. */
  resourceId: string | null;
  /** The partner concerned: whose users are told, where the event is for a partner. */
  partnerId: string | null;
  /** Amounts in minor units; nothing internal, for a partner's people may read it. */
  data: NotificationData<E>;
  /** People told besides the event's audience, such as who asked for what was decided. */
  alsoTo?: readonly string[];
  /** False: shown in the app only. */
  byMail?: boolean;
}

/** One thing to tell people. Whom is up to the event (`domain/notifications.ts`). */
export type NotificationDraft = { [E in NotificationEvent]: DraftOf<E> }[NotificationEvent];

/**
 * Tells people of what a command does, within its transaction: the notification is there exactly when the change is, and
 * the e-mails about it follow from its row (`host/mail`). One INSERT, nothing read. Call it once per event; several
 * drafts at once are still one statement.
 *
 * Who caused it is not told, though a role of theirs is. An event for a partner without `partnerId` throws.
 */
export async function notify(
  work: Pick<Work, 'tx' | 'now' | 'changed'>,
  session: Pick<Session, 'tenantId'> & { userId: string | null },
  ...drafts: NotificationDraft[]
): Promise<void> {
  if (drafts.length === 0) return;
  const rows = drafts.flatMap((draft) => {
    const { event, resourceId, partnerId, data, alsoTo = [], byMail = true } = draft;
    const { resource, audience } = definitionOf(event);
    const id = uuidv7();
    const audiences = [
      ...audience.map((name) => audienceOf(name, partnerId)),
      ...alsoTo.map((person) => `person:${person}`),
    ];
    return audiences.map(
      (
        whom,
      ) => sql`(${session.tenantId}, ${whom}, ${id}, ${event}, ${resource}, ${resourceId}, ${partnerId}, ${data},
        ${session.userId}, ${byMail}, ${work.now})`,
    );
  });
  await work.tx.run(sql`insert into notifications
    (tenant_id, audience, id, event, resource, resource_id, partner_id, data, actor_id, awaits_mail, created_at)
    values ${join(rows)}`);
  // Each partner's people hear of their own, the staff of any.
  const reached = new Set(drafts.flatMap((draft) => (reachesPartner(draft) ? (draft.partnerId ?? []) : [])));
  for (const partnerId of reached.size > 0 ? reached : [null]) {
    work.changed({ resource: 'notification', resourceId: null, partnerId });
  }
}

/** The same for work whose commands are long over when it turns out what is to be told: a transaction of its own, and no activity. */
export function notifyAfterwards(
  host: HostContext,
  session: Session,
  ...drafts: NotificationDraft[]
): Promise<void> {
  const { tenantId } = session;
  return host.database.write({ tenantId }, (tx) => {
    const changed: Work['changed'] = (change) =>
      tx.afterCommit(() => host.changes.publish({ tenantId, ...change }));
    return notify({ tx, now: host.now(), changed }, session, ...drafts);
  });
}

function reachesPartner({ event, alsoTo = [] }: NotificationDraft): boolean {
  return alsoTo.length > 0 || definitionOf(event).audience.some((name) => name.startsWith('partner'));
}

/** How the table names an audience. */
export function audienceOf(name: AudienceName, partnerId: string | null): string {
  if (name === 'invited') throw new Error('Who is only invited is told by e-mail (`mail/secret-mail.ts`).');
  if (name !== 'partner' && name !== 'partner_admins') return `staff:${name}`;
  if (partnerId === null) throw new Error('A notification for a partner names no partner.');
  return `${name}:${partnerId}`;
}
