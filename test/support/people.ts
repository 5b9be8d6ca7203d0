import { type ContractRouterClient } from '@orpc/contract';
import { v7 as uuidv7 } from 'uuid';
import type { Contract } from '#contract/index.ts';
import type { PartnerRole, StaffRole } from '#domain/vocabulary.ts';
import type { HostContext } from '#host/context.ts';
import { partnerUsers, staff } from '#host/database/index.ts';
import { openSession, resolveSession } from '#host/services/organization/sessions.ts';
import { createTenant } from '#host/services/organization/tenants.ts';
import type { Session } from '#host/session.ts';

export type Client = ContractRouterClient<Contract>;

export interface TestTenant {
  tenantId: string;
  /** A client acting as a staff member with this role; `person` 2 is a second one with the same role. */
  as(role: StaffRole, person?: number): Client;
  session(role: StaffRole, person?: number): Promise<Session>;
  /** The token such a person's browser would hold. */
  token(role: StaffRole, person?: number): Promise<string>;
  /** A client acting as a user of this partner; `person` 2 is a second one with the same role. */
  asPartner(partnerId: string, role: PartnerRole, person?: number): Client;
  partnerSession(partnerId: string, role: PartnerRole, person?: number): Promise<Session>;
}

/** An organization with people of every role, hired when they are first needed. */
export async function testTenant(
  context: HostContext,
  clientWith: (token: string) => Client,
  chosen: { currency?: string; timeZone?: string } = {},
): Promise<TestTenant> {
  const { tenantId } = await createTenant(
    context,
    {
      organizationName: 'Test Office',
      currency: chosen.currency ?? 'EUR',
      timeZone: chosen.timeZone ?? 'Europe/Berlin',
      admin: { email: 'first@example.com', password: 'correct horse', firstName: 'First', lastName: 'Admin' },
    },
    async () => {},
  );
  const tokens = new Map<string, Promise<string>>();

  async function hire(role: StaffRole, person: number): Promise<string> {
    const now = context.now();
    return context.database.write({ tenantId }, async (tx) => {
      const id = uuidv7();
      const email = `${role}-${person}@example.com`;
      await tx.insert(staff, {
        id,
        email,
        emailKey: email,
        firstName: `${role} ${person}`,
        lastName: 'Tester',
        passwordHash: 'none: tests sign in by their session',
        roles: [role],
        isActive: true,
        failedAttempts: 0,
      });
      // Long enough for tests that move the clock by months.
      const far = new Date(Date.parse(now) + 10 * 365 * 86_400_000).toISOString();
      // With a second factor, so that an organization that asks for one leaves the tests' people at work.
      const owner = { tenantId, userId: id, station: null, secondFactorPassed: true };
      return (await openSession(tx, owner, far)).token;
    });
  }
  const token = (role: StaffRole, person = 1): Promise<string> => {
    const key = `${role}-${person}`;
    const known = tokens.get(key) ?? hire(role, person);
    tokens.set(key, known);
    return known;
  };

  async function join(partnerId: string, role: PartnerRole, person: number): Promise<string> {
    const now = context.now();
    return context.database.write({ tenantId }, async (tx) => {
      const id = uuidv7();
      const email = `${role}-${person}@${partnerId}.example.com`;
      await tx.insert(partnerUsers, {
        id,
        partnerId,
        email,
        emailKey: email,
        firstName: `${role} ${person}`,
        lastName: 'Partner',
        role,
        passwordHash: 'none: tests sign in by their session',
        isActive: true,
        failedAttempts: 0,
        createdBy: id,
      });
      const far = new Date(Date.parse(now) + 10 * 365 * 86_400_000).toISOString();
      const owner = {
        tenantId,
        userId: id,
        station: null,
        kind: 'partner_user',
        secondFactorPassed: true,
      } as const;
      return (await openSession(tx, owner, far)).token;
    });
  }
  const partnerToken = (partnerId: string, role: PartnerRole, person: number): Promise<string> => {
    const key = `${partnerId} ${role}-${person}`;
    const known = tokens.get(key) ?? join(partnerId, role, person);
    tokens.set(key, known);
    return known;
  };
  const sessionOf = async (opened: Promise<string>): Promise<Session> => {
    const session = await resolveSession(context, await opened, 'test');
    if (session === null) throw new Error('The test session is not valid.');
    return session;
  };
  return {
    tenantId,
    token,
    as: (role, person = 1) => lazyClient(() => token(role, person), clientWith),
    session: (role, person = 1) => sessionOf(token(role, person)),
    asPartner: (partnerId, role, person = 1) =>
      lazyClient(() => partnerToken(partnerId, role, person), clientWith),
    partnerSession: (partnerId, role, person = 1) => sessionOf(partnerToken(partnerId, role, person)),
  };
}

/** A client whose person is hired at the first call, so that `as('approver')` needs no await. */
function lazyClient(token: () => Promise<string>, clientWith: (token: string) => Client): Client {
  const walk = (path: readonly string[]): unknown =>
    new Proxy(() => undefined, {
      get: (_target, key) => (typeof key === 'string' && key !== 'then' ? walk([...path, key]) : undefined),
      apply: async (_target, _this, args: unknown[]) => {
        let step: unknown = clientWith(await token());
        for (const key of path) step = (step as Record<string, unknown>)[key];
        return (step as (...given: unknown[]) => Promise<unknown>)(...args);
      },
    });
  return walk([]) as Client;
}
