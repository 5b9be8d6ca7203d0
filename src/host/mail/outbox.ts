import sql, { empty, join } from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import type { StoredNotificationData } from '#domain/notifications.ts';
import type { HostContext } from '../context.ts';
import {
  asBoolean,
  asJson,
  type MailOutboxRow,
  mailOutbox,
  type Reader,
  type Writer,
} from '../database/index.ts';
import { recipientsOf } from './recipients.ts';
import type { MailFailure } from './smtp.ts';

/**
 * The way of an e-mail: a command writes the notification; from its row, and in one transaction with the mark that this was
 * done, come the rows of the outbox, one for each recipient; a sender claims a row with a lease, sends it, and says what
 * became of it. So nothing is lost where the host or the mail server is away, and two hosts never send the same.
 *
 * What is promised is "at least once": where a host dies, or the server's answer is lost, after the server took a message and before
 * that is written down, nobody can know whether it arrived. Then it is sent again after the lease, under the same Message-ID, by
 * which mail programs know it as the one they have. In every other case it is sent once.
 */

const minute = 60_000;
const day = 24 * 60 * minute;

/** Longer than sending may take (`longestSending`). */
const lease = 5 * minute;
/** Twenty tries with growing pauses are some two days: enough for a recipient's server that refuses for now. */
export const mostAttempts = 20;
/** As many as attempts are counted while there is no way to our own server: that is no fault of the message. */
const mostUnreached = 10;
const firstPause = minute;
const longestPause = 240 * minute;
/** What could not go out for so long is of no use to its reader any more; it stays in the list, and can be sent by hand. */
export const oldestToSend = 7 * day;
export const tooOld = 'Older than seven days by the time it could be sent.';

/** All that the outbox needs of a host. */
type Storing = Pick<HostContext, 'database' | 'now'>;

/** Notifications in one transaction, which holds SQLite's only writer. */
const notificationsAtOnce = 100;

/** A row that a sender holds, with what is needed to send it. */
export interface Claim {
  row: Pick<MailOutboxRow, 'id' | 'event' | 'attempts' | 'createdAt' | 'retriedAt' | 'secret'> & {
    data: StoredNotificationData;
  };
  messageId: string;
  to: { name: string; address: string };
}

/** Tenants with notifications whose e-mails are not in the outbox yet. */
export async function tenantsAwaitingMail(host: Storing): Promise<string[]> {
  const rows = await host.database.read('system', (reader) =>
    reader.all<{ tenant_id: string }>(sql`select distinct tenant_id from notifications where awaits_mail`),
  );
  return rows.map((row) => row.tenant_id);
}

/**
 * Puts the e-mails of a tenant's next notifications into the outbox, some at a time; whether there may be more. Two hosts that
 * do it at once wait for each other and find it done.
 */
export function addressNotifications(host: Storing, tenantId: string): Promise<boolean> {
  return host.database.write({ tenantId }, async (tx) => {
    // To the end of one: of its audiences some may be beyond the limit.
    const next = await tx.all<{ id: string }>(sql`select id from notifications
      where tenant_id = ${tenantId} and awaits_mail order by id limit ${notificationsAtOnce}`);
    if (next.length === 0) return false;
    const last = next.at(-1)?.id;
    const rows = await tx.all<{
      id: string;
      audience: string;
      event: string;
      actor_id: string | null;
      data: unknown;
      created_at: string;
    }>(sql`select id, audience, event, actor_id, data, created_at from notifications
      where tenant_id = ${tenantId} and awaits_mail and id <= ${last} order by id
      ${tx.engine === 'postgres' ? sql`for update` : empty}`);
    const addressed = rows.map(({ actor_id: actorId, ...row }) => ({ ...row, actorId }));
    const recipients = await recipientsOf(tx, tenantId, addressed);
    const now = host.now();
    const mails = addressed.flatMap((notification) =>
      recipients(notification).map(
        ({ kind, id, address }) => sql`(${uuidv7()}, ${tenantId}, ${notification.id}, ${notification.event},
          ${asJson<StoredNotificationData>(notification.data)}, ${kind}, ${id}, ${address}, 'queued', 0,
          ${now}, 1, ${notification.created_at}, ${now})`,
      ),
    );
    for (let start = 0; start < mails.length; start += 100) {
      await tx.run(sql`insert into mail_outbox (id, tenant_id, notification_id, event, data, recipient_kind,
          recipient_id, address, status, attempts, next_attempt_at, version, created_at, updated_at)
        values ${join(mails.slice(start, start + 100))}
        on conflict (tenant_id, notification_id, recipient_id) do nothing`);
    }
    const byAudience = new Map<string, string[]>();
    for (const { audience, id } of rows) byAudience.set(audience, [...(byAudience.get(audience) ?? []), id]);
    for (const [audience, ids] of byAudience) {
      await tx.run(sql`update notifications set awaits_mail = ${false}
        where tenant_id = ${tenantId} and audience = ${audience} and id in (${join(ids)})`);
    }
    return next.length === notificationsAtOnce;
  });
}

/** Gives up on what waited too long for its first try. */
export async function skipTheOld(host: Storing, tenantId: string): Promise<void> {
  const now = host.now();
  const oldest = new Date(Date.parse(now) - oldestToSend).toISOString();
  const old = sql`tenant_id = ${tenantId} and status = 'queued' and next_attempt_at < ${oldest}
    and attempts = 0 and created_at < ${oldest}`;
  // Nearly always there are none, and a write would wait for its turn.
  const some = await host.database.read({ tenantId }, (reader) =>
    reader.get(sql`select id from mail_outbox where ${old} limit 1`),
  );
  if (some === undefined) return;
  await host.database.write({ tenantId }, (tx) =>
    tx.run(sql`update mail_outbox set status = 'skipped', last_error = ${tooOld}, updated_at = ${now},
      version = version + 1 where ${old}`),
  );
}

interface Due {
  id: string;
  event: string;
  data: unknown;
  attempts: number;
  created_at: string;
  retried_at: string | null;
  message_id: string | null;
  secret: string | null;
  recipient_kind: 'staff' | 'partner_user';
  recipient_id: string;
}

/** What may be claimed now, the longest waiting first: queued ones, and those whose sender has not come back. */
export async function nextDue(reader: Reader, tenantId: string, now: string): Promise<string | undefined> {
  const row = await reader.get<{ id: string }>(sql`select id from (
    select * from (select id, next_attempt_at as since from mail_outbox
      where tenant_id = ${tenantId} and status = 'queued' and next_attempt_at <= ${now}
      order by next_attempt_at, id limit 1) as queued
    union all
    select * from (select id, claimed_until as since from mail_outbox
      where tenant_id = ${tenantId} and status = 'sending' and claimed_until <= ${now}
      order by claimed_until limit 1) as lapsed) as due order by since limit 1`);
  return row?.id;
}

/** Takes the next e-mail of a tenant to be sent; undefined where none is due. `sender` is who holds it. */
export async function claimMail(
  host: Storing,
  tenantId: string,
  { sender, domain }: { sender: string; domain: string },
): Promise<Claim | undefined> {
  // Looked for without the writer: it is asked for only where there is something to take.
  while (
    (await host.database.read({ tenantId }, (reader) => nextDue(reader, tenantId, host.now()))) !== undefined
  ) {
    const claimed = await host.database.write({ tenantId }, (tx) =>
      claimNext(tx, host.now(), { tenantId, sender, domain }),
    );
    if (claimed !== 'skipped') return claimed;
  }
  return undefined;
}

async function claimNext(
  tx: Writer,
  now: string,
  { tenantId, sender, domain }: { tenantId: string; sender: string; domain: string },
): Promise<Claim | 'skipped' | undefined> {
  const due = await lockDue(tx, tenantId, now);
  if (due === undefined) return undefined;
  const person = await personOf(tx, tenantId, due);
  const data = asJson<StoredNotificationData>(due.data);
  const isVoid = person !== undefined && isLinkVoid(data, person, now);
  if (person === undefined || isVoid || due.attempts >= mostAttempts) {
    const [status, reason] =
      person === undefined
        ? ['skipped', 'The recipient is no longer active.']
        : isVoid
          ? ['skipped', 'The link in it does not hold any more.']
          : // Claimed so often and never settled: something about it ends the host that sends it.
            ['failed', `Given up after ${due.attempts} attempts, none of which came to an end.`];
    await tx.run(sql`update mail_outbox set status = ${status}, last_error = ${reason}, claimed_by = null,
      claimed_until = null, secret = ${isVoid ? null : due.secret}, updated_at = ${now}, version = version + 1
      where tenant_id = ${tenantId} and id = ${due.id}`);
    return 'skipped';
  }
  const messageId = due.message_id ?? `<${due.id}@${domain}>`;
  const until = new Date(Date.parse(now) + lease).toISOString();
  await tx.run(sql`update mail_outbox set status = 'sending', attempts = attempts + 1, claimed_by = ${sender},
    claimed_until = ${until}, message_id = ${messageId}, address = ${person.email}, updated_at = ${now},
    version = version + 1 where tenant_id = ${tenantId} and id = ${due.id}`);
  return {
    row: {
      id: due.id,
      event: due.event,
      attempts: due.attempts + 1,
      createdAt: due.created_at,
      retriedAt: due.retried_at,
      secret: due.secret,
      data,
    },
    messageId,
    to: { name: `${person.first_name} ${person.last_name}`, address: person.email },
  };
}

/** The next row, held. One that another sender is claiming at this moment is passed over. */
async function lockDue(tx: Writer, tenantId: string, now: string): Promise<Due | undefined> {
  const columns = sql`id, event, data, attempts, created_at, retried_at, message_id, secret,
    recipient_kind, recipient_id`;
  const held = tx.engine === 'postgres' ? sql`for update skip locked` : empty;
  const queued = await tx.get<Due>(sql`select ${columns} from mail_outbox
    where tenant_id = ${tenantId} and status = 'queued' and next_attempt_at <= ${now}
    order by next_attempt_at, id limit 1 ${held}`);
  if (queued !== undefined) return queued;
  return tx.get<Due>(sql`select ${columns} from mail_outbox
    where tenant_id = ${tenantId} and status = 'sending' and claimed_until <= ${now}
    order by claimed_until limit 1 ${held}`);
}

interface Addressee {
  email: string;
  first_name: string;
  last_name: string;
  invitation_hash: string | null;
  invitation_expires_at: string | null;
}

/** Whether an e-mail hands over a link that was used, replaced or withdrawn, or has lapsed, before it could be sent. */
function isLinkVoid({ linkHash }: StoredNotificationData, person: Addressee, now: string): boolean {
  if (linkHash === undefined) return false;
  return person.invitation_hash !== linkHash || (person.invitation_expires_at ?? '') <= now;
}

/** The recipient as they are now: somebody who left meanwhile gets nothing more. */
async function personOf(tx: Writer, tenantId: string, due: Due): Promise<Addressee | undefined> {
  const row = await tx.get<Addressee & { is_active: unknown }>(
    due.recipient_kind === 'staff'
      ? sql`select email, first_name, last_name, is_active, null as invitation_hash,
            null as invitation_expires_at from staff
          where tenant_id = ${tenantId} and id = ${due.recipient_id} and deleted_at is null`
      : sql`select email, first_name, last_name, is_active, invitation_hash, invitation_expires_at from partner_users
          where tenant_id = ${tenantId} and id = ${due.recipient_id} and deleted_at is null`,
  );
  return row !== undefined && asBoolean(row.is_active) ? row : undefined;
}

/** Says that a claimed e-mail was taken by the server. False where the lease was lost: somebody else has it now. */
export async function settleSent(
  host: Storing,
  tenantId: string,
  claim: Claim,
  sender: string,
): Promise<boolean> {
  const now = host.now();
  const { changes } = await host.database.write({ tenantId }, (tx) =>
    tx.run(sql`update mail_outbox set status = 'sent', sent_at = ${now}, claimed_by = null, claimed_until = null,
      last_error = null, secret = null, updated_at = ${now}, version = version + 1
      where tenant_id = ${tenantId} and id = ${claim.row.id} and claimed_by = ${sender} and status = 'sending'
        and attempts = ${claim.row.attempts}`),
  );
  return changes === 1;
}

/**
 * Says why a claimed e-mail did not go out. It is tried again, with a pause that doubles and is never the same for two (`random`
 * is from 0 to 1), until the server refuses it for good or has refused it for now too often. Where there was no way to the server at
 * all, it waits as long as one does that nobody tried to send.
 */
export async function settleFailed(
  host: Storing,
  tenantId: string,
  claim: Claim,
  { sender, failure, random }: { sender: string; failure: MailFailure; random: number },
): Promise<void> {
  const now = host.now();
  const { id, attempts, createdAt, retriedAt } = claim.row;
  const isUnreached = failure.kind === 'connection';
  const isOver = isUnreached
    ? Date.parse(now) - Date.parse(retriedAt ?? createdAt) > oldestToSend
    : failure.kind === 'permanent' || attempts >= mostAttempts;
  const next = new Date(Date.parse(now) + pauseAfter(attempts, random)).toISOString();
  await host.database.write({ tenantId }, (tx) =>
    tx.run(sql`update mail_outbox set status = ${isOver ? 'failed' : 'queued'}, next_attempt_at = ${next},
      attempts = ${isUnreached ? Math.min(attempts, mostUnreached) : attempts}, claimed_by = null, claimed_until = null, last_error = ${failure.reason}, updated_at = ${now},
      version = version + 1
      where tenant_id = ${tenantId} and id = ${id} and claimed_by = ${sender} and status = 'sending'
        and attempts = ${attempts}`),
  );
}

/** Milliseconds until the next attempt: a minute, two, four … up to four hours, less up to half of it by chance. */
export function pauseAfter(attempts: number, random: number): number {
  const whole = Math.min(longestPause, firstPause * 2 ** Math.min(attempts - 1, 20));
  return Math.round(whole * (1 - random / 2));
}

/** Another try by hand, for what failed or was skipped; the age no longer counts. Undefined where there is none such. */
export async function queueAgain(tx: Writer, id: string, now: string): Promise<MailOutboxRow | undefined> {
  const row = await tx.find(mailOutbox, { id }, { lock: true });
  if (row === undefined || (row.status !== 'failed' && row.status !== 'skipped')) return undefined;
  return tx.update(
    mailOutbox,
    { id, version: row.version },
    { status: 'queued', attempts: 0, nextAttemptAt: now, retriedAt: now, updatedAt: now },
  );
}
