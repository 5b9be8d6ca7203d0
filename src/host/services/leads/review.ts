import { DomainError } from '#domain/errors.ts';
import type { HostContext } from '../../context.ts';
import { partnerLeads } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command, type Work } from '../command.ts';
import type { Input } from '../service.ts';
import { holdLead, refuseDecided, requireFree, requirePath, requireStandsAlone } from './claims.ts';
import { toWire, type WireLead } from './wire.ts';

/**
 * Takes a lead under review for the tenant's lease; claiming again renews one's own lease, and a lapsed one is free to
 * take (`domain.md`, "Lead").
 * @throws DomainError `NOT_FOUND`, `LOCKED`, `CONFLICT`, `INVALID_TRANSITION`.
 */
export function claimLead(
  host: HostContext,
  session: Session,
  input: Input<'leads', 'claim'>,
): Promise<WireLead> {
  return command(host, session, { name: 'leads.claim', input }, async (work) => {
    const held = await holdLead(work.tx, input.id);
    await requireFree(work.tx, session, held, { now: work.now, version: input.version });
    return lease(work, session, held, { to: session.userId, action: 'lead_claimed' });
  });
}

/**
 * Puts a free lead under review and gives it to somebody for the tenant's lease: to whoever claims it, or is handed it.
 * @throws DomainError `INVALID_TRANSITION`.
 */
export async function lease(
  { tx, now, record }: Work,
  session: Session,
  { lead, partner }: Awaited<ReturnType<typeof holdLead>>,
  { to, action }: { to: string; action: string },
): Promise<WireLead> {
  requireStandsAlone(lead);
  // Under review already: only the lease changes.
  if (lead.status !== 'under_review') await requirePath(tx, lead, 'review');
  const minutes = session.tenant.settings.claimLeaseMinutes;
  const after = await tx.update(
    partnerLeads,
    { id: lead.id, version: lead.version },
    {
      status: 'under_review',
      claimedBy: to,
      claimExpiresAt: new Date(Date.parse(now) + minutes * 60_000).toISOString(),
      updatedAt: now,
    },
  );
  record({
    action,
    resource: 'lead',
    resourceId: lead.id,
    partnerId: lead.partnerId,
    details: {
      before: { status: lead.status, claimedBy: lead.claimedBy, claimExpiresAt: lead.claimExpiresAt },
      after: { status: after.status, claimedBy: after.claimedBy, claimExpiresAt: after.claimExpiresAt },
    },
  });
  return toWire({ session, now }, after, partner);
}

/**
 * Gives a claimed lead back. It stays under review, because the state machine knows no way back to submitted: what ends
 * is the lease, so that anybody can take it. A lease that has lapsed can be cleared by anybody.
 * @throws DomainError `NOT_FOUND`, `LOCKED` for a lease somebody else holds, `CONFLICT`, `INVALID_TRANSITION` where nobody claimed it.
 */
export function releaseLead(
  host: HostContext,
  session: Session,
  input: Input<'leads', 'release'>,
): Promise<WireLead> {
  return command(host, session, { name: 'leads.release', input }, async ({ tx, now, record }) => {
    const held = await holdLead(tx, input.id);
    const { lead, partner } = held;
    await requireFree(tx, session, held, { now, version: input.version });
    if (lead.claimedBy === null) {
      await refuseDecided(tx, lead);
      throw new DomainError('INVALID_TRANSITION', 'Nobody has claimed this lead.');
    }
    const after = await tx.update(
      partnerLeads,
      { id: lead.id, version: lead.version },
      { claimedBy: null, claimExpiresAt: null, updatedAt: now },
    );
    record({
      action: 'lead_released',
      resource: 'lead',
      resourceId: lead.id,
      partnerId: lead.partnerId,
      details: { before: { claimedBy: lead.claimedBy, claimExpiresAt: lead.claimExpiresAt } },
    });
    return toWire({ session, now }, after, partner);
  });
}
