import { v7 as uuidv7 } from 'uuid';
import type { PartnerRole } from '#domain/vocabulary.ts';
import { partnerUsers } from '#host/database/index.ts';
import { openSession, resolveSession } from '#host/services/organization/sessions.ts';
import type { Session } from '#host/session.ts';
import type { Client, TestHost, TestTenant } from '#test/support/host.ts';

export interface PartnerPerson {
  id: string;
  email: string;
  token: string;
  client: Client;
  session(): Promise<Session>;
}

/** Somebody of a partner's own, signed in. */
export async function partnerPerson(
  host: TestHost,
  partnerId: string,
  { role = 'admin', office = host }: { role?: PartnerRole; office?: TestTenant } = {},
): Promise<PartnerPerson> {
  const { context } = host;
  const { tenantId } = office;
  const { userId: createdBy } = await office.session('partner_manager');
  const id = uuidv7();
  const email = `${role}-${id}@partner.example`;
  const token = await context.database.write({ tenantId }, async (tx) => {
    await tx.insert(partnerUsers, {
      id,
      partnerId,
      email,
      emailKey: email,
      firstName: 'Pia',
      lastName: role,
      role,
      passwordHash: 'none: tests sign in by their session',
      isActive: true,
      failedAttempts: 0,
      createdBy,
    });
    const far = new Date(Date.parse(context.now()) + 10 * 365 * 86_400_000).toISOString();
    const owner = { tenantId, userId: id, station: null, kind: 'partner_user' } as const;
    return (await openSession(tx, owner, far)).token;
  });
  return {
    id,
    email,
    token,
    client: host.clientWith(token),
    session: async () => {
      const session = await resolveSession(context, token, 'test');
      if (session === null) throw new Error('The session of the partner’s user is not valid.');
      return session;
    },
  };
}
