import { v7 as uuidv7 } from 'uuid';
import type { NotificationEvent, StoredNotificationData } from '#domain/notifications.ts';
import type { HostContext } from '../context.ts';
import { asJson, mailOutbox, type Writer } from '../database/index.ts';
import { keepDataKey, sealedFor } from '../sealed.ts';
import type { Recipient } from './recipients.ts';
import type { MailFailure } from './smtp.ts';

/**
 * E-mails that go with no notification, because they hand over what only their reader may know: a one-time link. In the outbox
 * it is sealed until the e-mail was sent, and gone afterwards; lists and the trail never show it.
 */

interface SecretMail {
  event: NotificationEvent;
  /**
   * What may be read in the database. `linkHash`: SHA-256 of the link's secret; the e-mail is void once the person's account
   * names another, or none (`outbox.ts`).
   */
  data: StoredNotificationData & { linkHash: string };
  /** Further variables of the event, sealed. */
  secret: Readonly<Record<string, string>>;
  recipient: Recipient;
}

/** Puts one into the outbox, in the transaction of the command that causes it. */
export async function queueSecretMail(
  host: Pick<HostContext, 'vault'>,
  tx: Writer,
  { tenantId, now }: { tenantId: string; now: string },
  { event, data, secret, recipient }: SecretMail,
): Promise<void> {
  await keepDataKey(tx);
  const id = uuidv7();
  const sealed = host.vault.seal(JSON.stringify(secret), sealedFor.mailSecret(tenantId, id));
  await tx.insert(mailOutbox, {
    id,
    tenantId,
    notificationId: id,
    event,
    data,
    secret: sealed,
    recipientKind: recipient.kind,
    recipientId: recipient.id,
    address: recipient.address,
    status: 'queued',
    attempts: 0,
    nextAttemptAt: now,
  });
}

/** The sealed variables of an e-mail; none where it has no secret. */
export function secretOf(
  host: Pick<HostContext, 'vault'>,
  tenantId: string,
  { id, secret }: { id: string; secret: string | null },
): Record<string, string> {
  if (secret === null) return {};
  return asJson<Record<string, string>>(host.vault.open(secret, sealedFor.mailSecret(tenantId, id)));
}

/** So much of a secret in a server's answer gives it away. */
const tellingLength = 8;

/** Some servers answer with the address they don't like. What they said is shown to staff, so a link must not stand in it. */
export function withoutSecret(
  failure: MailFailure | undefined,
  secret: Readonly<Record<string, string>>,
): MailFailure | undefined {
  if (failure === undefined || !Object.values(secret).some((value) => isTold(failure.reason, value))) {
    return failure;
  }
  return {
    ...failure,
    reason: 'The mail server did not take it, in words that are not shown because they quote the link.',
  };
}

/** Whether a piece of a link's own secret, the part behind `#`, stands in a text; an answer may have it in pieces. */
function isTold(text: string, value: string): boolean {
  const own = value.slice(value.indexOf('#') + 1);
  for (let at = 0; at + tellingLength <= own.length; at += 1) {
    if (text.includes(own.slice(at, at + tellingLength))) return true;
  }
  return false;
}
