import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { dayOf } from '#domain/calendar.ts';
import type { PolicyTerms } from '#domain/credit-policies.ts';
import { DomainError, invalidField } from '#domain/errors.ts';
import { canonicalJson } from '../../canonical-json.ts';
import {
  type PartnerCreditPolicyRow,
  type PartnerRow,
  partnerCreditPolicies,
  partnerCreditPolicyRevisions,
  partnerSources,
  type Reader,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import { startTrackingDays } from '../credit-engine/caps.ts';
import { aboutPolicy } from '../notifications/drafts.ts';
import { notify } from '../notifications/notify.ts';
import { settleScopes } from '../projects/scopes.ts';
import type { Input } from '../service.ts';
import { nameOfStaff, requireVersion } from './refusals.ts';
import { termsAfter, termsOfInput, termsOfRow, termsToWire } from './terms.ts';
import { policyToWire, type WirePolicy } from './wire.ts';

/**
 * A policy of a partner, or of all partners (`partner` null), as revision 1 waiting for approval. Its amounts are minor units of the
 * partner's currency, else of the organization's.
 * @throws DomainError `VALIDATION` for terms that don't fit together, `NOT_FOUND` for a source that is not the partner's.
 */
export async function createPolicy(
  work: Work,
  session: Session,
  input: Input<'creditPolicies', 'createForAll'>,
  partner: PartnerRow | null,
): Promise<WirePolicy> {
  const { tx, now } = work;
  const given = termsOfInput(input, partner?.id ?? null);
  await checkSource(tx, given);
  const { scopes, added } = await settleScopes(work, session, given);
  const terms = { ...given, ...scopes };
  const id = uuidv7();
  const { partnerId, ...latest } = terms;
  await tx.insert(partnerCreditPolicies, {
    id,
    partnerId,
    policyCode: input.policyCode,
    policyName: input.policyName,
    description: input.description ?? null,
    // A policy for all partners pays those of the organization's own currency; `applicability` tells the others why not.
    currency: partner?.currency ?? session.tenant.currency,
    ...latest,
    requiresApproval: true,
    approvalRequired: true,
    revision: 1,
    isActive: false,
    createdBy: session.userId,
    editedBy: session.userId,
    totalLeadsUnderPolicy: 0,
    totalCreditsAllocated: 0,
    creditsMade: 0,
    tracksDays: false,
    createdAt: now,
    updatedAt: now,
  });
  await insertRevision(tx, { policyId: id, revision: 1, terms, madeBy: session.userId, madeAt: now });
  const { policyCode, policyName } = input;
  const made = { id, partnerId, policyCode, policyName, revision: 1 };
  await notify(work, session, aboutPolicy('policy_awaiting_approval', made));
  work.record({
    action: 'policy_created',
    resource: 'policy',
    resourceId: id,
    partnerId,
    details: {
      policyCode: input.policyCode,
      policyName: input.policyName,
      after: termsToWire(terms),
      ...(added.length > 0 && { added }),
    },
  });
  return policyToWire(tx, await requirePolicy(tx, id), dayOf(now, session.tenant.timeZone));
}

/**
 * Another name or description changes nothing that anybody approved: it takes effect at once. Changed terms make a
 * revision that waits for approval, while the approved one goes on making credits (`domain.md`, "Credits").
 * @throws DomainError `NOT_FOUND`, `CONFLICT`, `INVALID_TRANSITION` for a deactivated policy, `VALIDATION`.
 */
export async function updatePolicy(
  work: Work,
  session: Session,
  input: Input<'creditPolicies', 'update'>,
): Promise<WirePolicy> {
  const { tx, now } = work;
  const policy = await lockPolicy(work, session, input);
  requireNotDeactivated(policy, 'changed');
  const before = termsOfRow(policy);
  const given = termsAfter(before, input);
  const { scopes, added } = await settleScopes(work, session, given, before);
  const terms = { ...given, ...scopes };
  const isNewRevision = canonicalJson(terms) !== canonicalJson(before);
  const named = {
    policyName: input.policyName,
    description: input.description,
    updatedAt: now,
  };
  let patch: Partial<PartnerCreditPolicyRow> = named;
  if (isNewRevision) {
    if (terms.sourceId !== before.sourceId) await checkSource(tx, terms);
    const revision = policy.revision + 1;
    await insertRevision(tx, { policyId: policy.id, revision, terms, madeBy: session.userId, madeAt: now });
    const { partnerId: _, ...latest } = terms;
    patch = {
      ...named,
      ...latest,
      revision,
      approvalRequired: true,
      approvedBy: null,
      approvedAt: null,
      editedBy: session.userId,
    };
  }
  const after = await tx.update(partnerCreditPolicies, { id: policy.id, version: policy.version }, patch);
  if (isNewRevision) await notify(work, session, aboutPolicy('policy_awaiting_approval', after));
  work.record({
    action: isNewRevision ? 'policy_revised' : 'policy_renamed',
    resource: 'policy',
    resourceId: policy.id,
    partnerId: policy.partnerId,
    details: {
      policyCode: policy.policyCode,
      revision: after.revision,
      before: { policyName: policy.policyName, description: policy.description, ...termsToWire(before) },
      after: { policyName: after.policyName, description: after.description, ...termsToWire(terms) },
      ...(added.length > 0 && { added }),
    },
  });
  return policyToWire(tx, after, dayOf(now, session.tenant.timeZone));
}

/**
 * Puts the latest revision in force. Nobody approves what they made: the policy, or a revision since the one in force (`domain.md`,
 * "People", four eyes).
 * @throws DomainError `NOT_FOUND`, `CONFLICT`, `INVALID_TRANSITION`, `SELF_APPROVAL`.
 */
export async function approvePolicy(
  work: Work,
  session: Session,
  input: Input<'creditPolicies', 'approve'>,
): Promise<WirePolicy> {
  const { tx, now } = work;
  const policy = await lockPolicy(work, session, input);
  requireNotDeactivated(policy, 'approved');
  if (!policy.approvalRequired) {
    const name = await nameOfStaff(tx, session.tenantId, policy.approvedBy);
    const what = policy.revision === 1 ? 'This policy' : `Revision ${policy.revision} of this policy`;
    throw new DomainError('INVALID_TRANSITION', `${what} was already approved by ${name}.`);
  }
  // Whoever made any part of what is approved now: a revision on top of one not yet approved carries that one's changes.
  const makers = await tx.list(
    partnerCreditPolicyRevisions,
    sql`policy_id = ${policy.id} and revision > ${policy.effectiveRevision ?? 0} order by revision desc`,
  );
  const latest = makers[0];
  if (latest === undefined || latest.revision !== policy.revision) {
    throw new Error(`The policy ${policy.id} has no revision ${policy.revision}.`);
  }
  const isOwn = policy.createdBy === session.userId || makers.some(({ madeBy }) => madeBy === session.userId);
  if (isOwn && session.tenant.settings.fourEyes) {
    throw new DomainError(
      'SELF_APPROVAL',
      'You made or changed this policy yourself, so someone else must approve it.',
    );
  }
  const approval = { approvedBy: session.userId, approvedAt: now, updatedAt: now };
  await tx.update(
    partnerCreditPolicyRevisions,
    { id: latest.id, approvedBy: null },
    { ...approval, fourEyesWaived: isOwn },
  );
  const tracksDays = policy.tracksDays || policy.capPerPeriod !== null;
  const after = await tx.update(
    partnerCreditPolicies,
    { id: policy.id, version: policy.version },
    { ...approval, approvalRequired: false, effectiveRevision: policy.revision, isActive: true, tracksDays },
  );
  if (tracksDays && !policy.tracksDays) await startTrackingDays(tx, session.tenantId, policy.id);
  await notify(work, session, aboutPolicy('policy_approved', after));
  work.record({
    action: 'policy_approved',
    resource: 'policy',
    resourceId: policy.id,
    partnerId: policy.partnerId,
    details: {
      policyCode: policy.policyCode,
      before: { effectiveRevision: policy.effectiveRevision },
      after: { effectiveRevision: policy.revision },
      fourEyesWaived: isOwn,
    },
  });
  return policyToWire(tx, after, dayOf(now, session.tenant.timeZone));
}

/**
 * Takes a policy out of force from a day on, today unless told, for good; the credits it made stay. What happened before that
 * day is paid for also where it is recorded later: a deal closed on the last day is the partner's. Until the day comes it
 * can be moved, and nothing else about the policy changes.
 * @throws DomainError `NOT_FOUND`, `CONFLICT`, `INVALID_TRANSITION`, `VALIDATION` for a day that is past.
 */
export async function deactivatePolicy(
  work: Work,
  session: Session,
  input: Input<'creditPolicies', 'deactivate'>,
): Promise<WirePolicy> {
  const { tx, now } = work;
  const policy = await lockPolicy(work, session, input);
  const today = dayOf(now, session.tenant.timeZone);
  const from = input.deactivatedFrom ?? today;
  if (policy.deactivatedFrom !== null && policy.deactivatedFrom <= today) {
    requireNotDeactivated(policy, 'deactivated again');
  }
  if (policy.deactivatedFrom === from) {
    throw new DomainError('INVALID_TRANSITION', `This policy is deactivated from ${from} on already.`);
  }
  if (from < today) {
    const sentence = `A policy can be deactivated from today (${today}) on at the earliest: what it credited before stays.`;
    throw invalidField('deactivatedFrom', sentence);
  }
  const isActive = policy.isActive && from > today;
  const after = await tx.update(
    partnerCreditPolicies,
    { id: policy.id, version: policy.version },
    // A revision that waits for approval goes with it: nobody can approve it any more.
    { isActive, deactivatedFrom: from, deactivatedAt: now, approvalRequired: false, updatedAt: now },
  );
  work.record({
    action: 'policy_deactivated',
    resource: 'policy',
    resourceId: policy.id,
    partnerId: policy.partnerId,
    details: {
      policyCode: policy.policyCode,
      reason: input.reason ?? null,
      before: { isActive: policy.isActive, deactivatedFrom: policy.deactivatedFrom },
      after: { isActive, deactivatedFrom: from },
    },
  });
  return policyToWire(tx, after, today);
}

function insertRevision(
  tx: Writer,
  revision: { policyId: string; revision: number; terms: PolicyTerms; madeBy: string; madeAt: string },
): Promise<void> {
  return tx.insert(partnerCreditPolicyRevisions, {
    id: uuidv7(),
    ...revision,
    fourEyesWaived: false,
    createdAt: revision.madeAt,
    updatedAt: revision.madeAt,
  });
}

/** The policy to be changed, held until the command ends, in the version that the caller read. */
async function lockPolicy(
  { tx, now }: Work,
  session: Session,
  input: { id: string; version?: number | undefined },
): Promise<PartnerCreditPolicyRow> {
  const policy = await tx.find(partnerCreditPolicies, { id: input.id }, { lock: true });
  if (policy === undefined) throw new DomainError('NOT_FOUND', 'There is no such policy.');
  await requireVersion(policy, input.version, 'policy', () =>
    policyToWire(tx, policy, dayOf(now, session.tenant.timeZone)),
  );
  return policy;
}

function requireNotDeactivated(policy: PartnerCreditPolicyRow, doing: string): void {
  if (policy.deactivatedFrom === null) return;
  const sentence = policy.isActive
    ? `This policy is deactivated from ${policy.deactivatedFrom} on, so it can't be ${doing}.`
    : `A deactivated policy can't be ${doing}.`;
  throw new DomainError('INVALID_TRANSITION', sentence);
}

/** The source a policy names is one of its partner's. */
export async function checkSource(reader: Reader, { sourceId, partnerId }: PolicyTerms): Promise<void> {
  if (sourceId === null) return;
  if (partnerId === null)
    throw invalidField('sourceId', "A policy for all partners can't name a source of one.");
  const source = await reader.find(partnerSources, { id: sourceId, partnerId });
  if (source === undefined) {
    const message = 'This partner has no such source.';
    throw new DomainError('NOT_FOUND', message, { fields: [{ path: 'sourceId', message }] });
  }
}

/** @throws DomainError `NOT_FOUND`, also for a policy of another organization. */
export async function requirePolicy(reader: Reader, id: string): Promise<PartnerCreditPolicyRow> {
  const policy = await reader.find(partnerCreditPolicies, { id });
  if (policy === undefined) throw new DomainError('NOT_FOUND', 'There is no such policy.');
  return policy;
}
