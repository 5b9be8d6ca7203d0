import { randomBytes } from 'node:crypto';
import { dayOf } from '#domain/calendar.ts';
import { invalidField } from '#domain/errors.ts';
import { sha256 } from '../../canonical-json.ts';
import type { HostContext } from '../../context.ts';
import { mailSettings, type PartnerUserRow, type Reader } from '../../database/index.ts';
import { queueSecretMail } from '../../mail/secret-mail.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { requirePartner } from '../partners/wire.ts';

/** Long enough to survive a holiday, short enough that a forgotten mail opens nothing. */
const invitationDays = 7;

/** A one-time link. Its secret is told once; the database keeps only the hash. */
export interface Invitation {
  token: string;
  link: string | null;
  expiresAt: string;
}

/** A new invitation, and the columns that remember it. */
export function newInvitation(
  session: Session,
  now: string,
): { invitation: Invitation; columns: { invitationHash: string; invitationExpiresAt: string } } {
  const token = randomBytes(32).toString('base64url');
  const expiresAt = new Date(Date.parse(now) + invitationDays * 86_400_000).toISOString();
  return {
    invitation: { token, link: linkOf(session, token), expiresAt },
    columns: { invitationHash: sha256(token), invitationExpiresAt: expiresAt },
  };
}

/** The secret stands behind `#`, which browsers send to nobody: no log and no referrer has it. */
function linkOf(session: Session, token: string): string | null {
  const { publicUrl } = session.tenant.settings;
  if (publicUrl === null) return null;
  return `${publicUrl.replace(/\/+$/, '')}/accept-invitation#${token}`;
}

/**
 * Whether a link is e-mailed, as asked for or, where nobody said, as it can be. Throws `VALIDATION` about `byMail` where it is
 * asked for and can't be.
 */
export async function goesByMail(
  reader: Reader,
  session: Session,
  wanted: boolean | undefined,
): Promise<boolean> {
  if (wanted === false) return false;
  const mail = await reader.find(mailSettings, { tenantId: session.tenantId });
  const isOn = mail?.isEnabled === true;
  const isReachable = session.tenant.settings.publicUrl !== null;
  if (wanted === true && !isOn) {
    throw invalidField('byMail', 'E-mail is not set up. Hand the link on yourself, or have e-mail set up.');
  }
  if (wanted === true && !isReachable) {
    throw invalidField('byMail', 'A link needs the public address of the office. Have it set first.');
  }
  return isOn && isReachable;
}

/**
 * Has the link e-mailed to its person, and told to nobody else: in the outbox it is sealed until it is sent. Another link,
 * another address or a deactivation makes the e-mail void as it does the link.
 */
export async function mailInvitation(
  host: HostContext,
  { tx, now, changed }: Work,
  session: Session,
  person: PartnerUserRow,
  { token, link, expiresAt }: Invitation,
): Promise<void> {
  if (link === null) throw new Error('A link without an address can’t be e-mailed.');
  const partner = await requirePartner(tx, person.partnerId);
  await queueSecretMail(
    host,
    tx,
    { tenantId: session.tenantId, now },
    {
      event: person.passwordHash === null ? 'partner_user_invited' : 'password_link_sent',
      data: {
        partnerName: partner.organizationName,
        validUntil: dayOf(expiresAt, session.tenant.timeZone),
        linkHash: sha256(token),
      },
      secret: { invitationLink: link },
      recipient: { kind: 'partner_user', id: person.id, address: person.email },
    },
  );
  // What the sender looks for new e-mails at.
  changed({ resource: 'notification', resourceId: null, partnerId: null });
}
