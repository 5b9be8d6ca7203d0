import { permissionsOf } from '#contract/permissions.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import type { HostContext } from '../../context.ts';
import { partnerLeads, type Reader, type StaffRow, staff } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command } from '../command.ts';
import { highQualityLead } from '../notifications/drafts.ts';
import { notify } from '../notifications/notify.ts';
import type { Input } from '../service.ts';
import { holdLead, holdLeadAndPartner, requireFree } from './claims.ts';
import { lockIntake } from './duplicates.ts';
import { settleLinked } from './links.ts';
import { lease } from './review.ts';
import { toWire, type WireLead } from './wire.ts';

/** What people settle about a lead besides deciding it: who reviews it, and that it is nobody's duplicate. */

/**
 * Hands a lead to a reviewer, who holds it for the tenant's lease as if claimed. Whoever holds it may hand it on; an administrator may
 * take it from somebody else, too.
 * @throws DomainError `NOT_FOUND` (lead or reviewer), `VALIDATION` for somebody who reviews no leads, `LOCKED`, `CONFLICT`,
 * `INVALID_TRANSITION`.
 */
export function assignLead(
  host: HostContext,
  session: Session,
  input: Input<'leads', 'assign'>,
): Promise<WireLead> {
  return command(host, session, { name: 'leads.assign', input }, async (work) => {
    const { tx, now } = work;
    const held = await holdLead(tx, input.id);
    const { lead, partner } = held;
    const reviewer = await requireReviewer(tx, input.reviewerId);
    const isAdministrators = session.roles.includes('admin');
    const free = isAdministrators ? { ...lead, claimedBy: null, claimExpiresAt: null } : lead;
    await requireFree(tx, session, { lead: free, partner }, { now, version: input.version });
    return lease(work, session, held, { to: reviewer.id, action: 'lead_assigned' });
  });
}

/**
 * Says by hand that a lead is no duplicate, with the reason. It loses the mark, and the protection of another partner against it; one that
 * was recorded under another stands by itself again, waits for review since its submission, and may earn. It holds until the
 * lead's e-mail or phone changes.
 * @throws DomainError `NOT_FOUND`, `LOCKED`, `CONFLICT`, `INVALID_TRANSITION` for a lead that is not marked.
 */
export function markNotDuplicate(
  host: HostContext,
  session: Session,
  input: Input<'leads', 'notDuplicate'>,
): Promise<WireLead> {
  return command(host, session, { name: 'leads.notDuplicate', input }, async (work) => {
    const { tx, now, record } = work;
    const held = await holdLeadAndPartner(tx, input.id, () => lockIntake(tx, session.tenantId));
    const { lead, partner } = held;
    await requireFree(tx, session, held, { now, version: input.version });
    if (lead.duplicateOf === null) {
      throw new DomainError('INVALID_TRANSITION', 'This lead is not marked as a duplicate.');
    }
    const after = await tx.update(
      partnerLeads,
      { id: lead.id, version: lead.version },
      {
        duplicateOf: null,
        linkedTo: null,
        protectedUntil: null,
        notDuplicateReason: input.reason,
        notDuplicateBy: session.userId,
        notDuplicateAt: now,
        updatedAt: now,
      },
    );
    const { duplicateOf, linkedTo, protectedUntil } = lead;
    // Leads that were under the same one because they double this one are under this one now.
    const under = linkedTo === null ? undefined : await tx.find(partnerLeads, { id: linkedTo });
    const moved = under === undefined ? [] : await settleLinked(work, session, under);
    await notify(work, session, ...highQualityLead(after, partner, lead));
    record({
      action: 'lead_not_duplicate',
      resource: 'lead',
      resourceId: lead.id,
      partnerId: lead.partnerId,
      details: {
        reason: input.reason,
        before: { duplicateOf, linkedTo, protectedUntil },
        ...(moved.length > 0 && { recordedElsewhere: moved }),
      },
    });
    return toWire({ session, now }, after, partner);
  });
}

/** @throws DomainError `NOT_FOUND`, `VALIDATION` for somebody who reviews no leads. */
async function requireReviewer(tx: Reader, id: string): Promise<StaffRow> {
  const reviewer = await tx.find(staff, { id });
  if (reviewer === undefined) {
    throw new DomainError('NOT_FOUND', 'There is no such person to review it.', {
      fields: [{ path: 'reviewerId', message: 'There is no such person.' }],
    });
  }
  if (!reviewer.isActive || !permissionsOf(reviewer.roles).includes('leads.review')) {
    throw invalidField('reviewerId', `${reviewer.firstName} ${reviewer.lastName} doesn't review leads.`);
  }
  return reviewer;
}
