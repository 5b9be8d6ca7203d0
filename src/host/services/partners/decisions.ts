import sql from 'sql-template-tag';
import { DomainError, type FieldError, invalidField } from '#domain/errors.ts';
import { type PartnerAction, partnerMachine, transition } from '#domain/state-machines.ts';
import type { HostContext } from '../../context.ts';
import { type PartnerRow, partners, type Reader, staff } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command } from '../command.ts';
import { notify } from '../notifications/notify.ts';
import type { Input, Service } from '../service.ts';
import { bankingProblems, isSelfVerified } from './banking.ts';
import { lockPartner, oneToWire, type Partner } from './wire.ts';

/** The edits that make someone a maker of the partner, for four eyes. */
const makingActions = ['registration_submitted', 'partner_updated', 'partner_reapplied'] as const;

const activityOf = {
  reject: 'partner_rejected',
  suspend: 'partner_suspended',
  deactivate: 'partner_deactivated',
  reactivate: 'partner_reactivated',
  reapply: 'partner_reapplied',
} as const satisfies Record<Exclude<PartnerAction, 'approve'>, string>;

type Decisions = Pick<Service<'partners'>, PartnerAction>;

/** A partner's way through its states (`domain.md`, "Partner"), by the table of `state-machines.ts`. */
export function partnerDecisions(host: HostContext): Decisions {
  return {
    approve: (session, input) => approve(host, session, input),
    reject: (session, input) =>
      move(host, session, 'reject', input, () => ({ rejectionReason: input.reason })),
    suspend: (session, input) => move(host, session, 'suspend', input),
    deactivate: (session, input) => move(host, session, 'deactivate', input),
    reactivate: (session, input) => move(host, session, 'reactivate', input),
    // Whoever puts it up again answers for it as who submitted it did. Why it was rejected stays in the activities.
    reapply: (session, input) =>
      move(host, session, 'reapply', input, (partner) => ({
        submittedBy: session.userId,
        rejectionReason: null,
        approvedBy: null,
        approvedAt: null,
        fourEyesWaived: isSelfVerified(partner),
      })),
  };
}

/** Every decision but the approval: the next state, why, and what else follows. `statusReason` tells of the latest. */
function move(
  host: HostContext,
  session: Session,
  action: keyof typeof activityOf,
  input: Input<'partners', 'reactivate'>,
  consequences: (partner: PartnerRow) => Partial<PartnerRow> = () => ({}),
): Promise<Partner> {
  return command(host, session, { name: `partners.${action}`, input }, async (work) => {
    const { tx, record } = work;
    const partner = await lockPartner(host, tx, session, input);
    const status = transition(partnerMachine, partner.status, action);
    const reason = input.reason ?? null;
    const after = await tx.update(
      partners,
      { id: partner.id, version: partner.version },
      { status, statusReason: reason, ...consequences(partner) },
    );
    const { id, organizationName: partnerName } = partner;
    const about = { resourceId: id, partnerId: id };
    if (action === 'reject' && reason !== null) {
      await notify(work, session, { event: 'partner_rejected', ...about, data: { partnerName, reason } });
    }
    if (action === 'suspend') {
      await notify(work, session, { event: 'partner_suspended', ...about, data: { partnerName } });
    }
    record({
      action: activityOf[action],
      resource: 'partner',
      resourceId: partner.id,
      partnerId: partner.id,
      details: { before: { status: partner.status }, after: { status }, ...(reason !== null && { reason }) },
    });
    return oneToWire(host, tx, session, after);
  });
}

/**
 * Needs the contact, the tax id and the bank details, or an override with a reason; and somebody who neither submitted,
 * created nor edited the partner, unless the organization has switched four eyes off. The reason itself is the override, for the
 * REST face knows no other field (`api.md`); a screen that asks for both may say `override: false`.
 */
function approve(host: HostContext, session: Session, input: Input<'partners', 'approve'>): Promise<Partner> {
  return command(host, session, { name: 'partners.approve', input }, async (work) => {
    const { tx, now, record } = work;
    const partner = await lockPartner(host, tx, session, input);
    await refuseSecondApproval(tx, partner);
    const status = transition(partnerMachine, partner.status, 'approve');
    const isOwnWork = await madeBy(tx, session, partner);
    if (isOwnWork && session.tenant.settings.fourEyes) {
      throw new DomainError(
        'SELF_APPROVAL',
        'You submitted or edited this partner yourself. Somebody else has to approve it.',
      );
    }
    const missing = missingDetails(partner);
    const { override = input.reason !== undefined } = input;
    if (override && input.reason === undefined) {
      throw invalidField('reason', 'Say why the partner is approved although details are missing.');
    }
    if (missing.length > 0 && !override) {
      const names = missing.map((field) => field.message).join(' ');
      throw new DomainError('VALIDATION', `This partner can't be approved yet. ${names}`, {
        fields: missing,
      });
    }
    const reason = input.reason ?? null;
    const after = await tx.update(
      partners,
      { id: partner.id, version: partner.version },
      {
        status,
        statusReason: reason,
        rejectionReason: null,
        approvedBy: session.userId,
        approvedAt: now,
        // The mark tells of both approvals, the partner's and that of its bank details.
        fourEyesWaived: isOwnWork || isSelfVerified(partner),
      },
    );
    await notify(work, session, {
      event: 'partner_approved',
      resourceId: partner.id,
      partnerId: partner.id,
      data: { partnerName: partner.organizationName },
    });
    record({
      action: 'partner_approved',
      resource: 'partner',
      resourceId: partner.id,
      partnerId: partner.id,
      details: {
        before: { status: partner.status },
        after: { status },
        ...(reason !== null && { reason }),
        ...(missing.length > 0 && { override: true, missing: missing.map((field) => field.path) }),
        ...(isOwnWork && { fourEyesWaived: true }),
      },
    });
    return oneToWire(host, tx, session, after);
  });
}

/** The one who comes second learns who came first. */
async function refuseSecondApproval(reader: Reader, partner: PartnerRow): Promise<void> {
  if (partner.status !== 'active' || partner.approvedBy === null) return;
  const approver = await reader.find(staff, { id: partner.approvedBy }, { withDeleted: true });
  if (approver === undefined) return;
  throw new DomainError(
    'INVALID_TRANSITION',
    `This partner was already approved by ${approver.firstName} ${approver.lastName}.`,
  );
}

/**
 * Whether the session's user submitted, created or edited the partner. The row names only the latest of each, so the
 * activities are asked too: who edited first and was followed by another is a maker still.
 */
async function madeBy(reader: Reader, session: Session, partner: PartnerRow): Promise<boolean> {
  const me = session.userId;
  if (partner.submittedBy === me || partner.createdBy === me || partner.updatedBy === me) return true;
  const [registered, updated, reapplied] = makingActions;
  const own = await reader.get(
    sql`select seq from partner_activities where tenant_id = ${session.tenantId} and resource = 'partner'
      and resource_id = ${partner.id} and user_id = ${me} and action in (${registered}, ${updated}, ${reapplied}) limit 1`,
  );
  return own !== undefined;
}

/** What an approval needs and the partner lacks (`domain.md`, "Partner"). */
function missingDetails(partner: PartnerRow): FieldError[] {
  const missing: FieldError[] = [];
  // Of the contact the requirements know the e-mail address alone (`contact_email`, "Main contact").
  if (partner.contactEmail === null) {
    missing.push({ path: 'contactEmail', message: 'The contact’s e-mail address is missing.' });
  }
  if (partner.taxId === null) missing.push({ path: 'taxId', message: 'The tax id is missing.' });
  return [...missing, ...bankingProblems(partner)];
}
