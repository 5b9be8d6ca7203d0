import { randomBytes } from 'node:crypto';
import { sha256 } from '../../canonical-json.ts';
import type { Session } from '../../session.ts';

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
