import { DomainError } from '#domain/errors.ts';
import {
  type PartnerCreditPolicyRow,
  partnerCreditPolicyRevisions,
  type Reader,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { isOwn } from '../own-partner.ts';
import { termsToWire } from './terms.ts';
import type { WirePolicy } from './wire.ts';

/**
 * A partner's own users see the policies that apply to them: those in force that name their partner or none, by the terms
 * that make credits now. A draft, and a change that waits for approval, is none of their business yet.
 */
export function requireForPartner(session: Session, row: PartnerCreditPolicyRow, today: string): void {
  if (session.partnerId === null) return;
  const isInForce =
    row.isActive &&
    row.effectiveRevision !== null &&
    (row.deactivatedFrom === null || row.deactivatedFrom > today);
  if (!isInForce || !(row.partnerId === null || isOwn(session, row.partnerId))) {
    throw new DomainError('NOT_FOUND', 'There is no such policy.');
  }
}

/** Policies in force by the revision that makes credits, where the latest one is another. */
export async function byEffectiveTerms(
  reader: Reader,
  session: Session,
  policies: readonly WirePolicy[],
): Promise<WirePolicy[]> {
  if (session.partnerId === null) return [...policies];
  const shown: WirePolicy[] = [];
  for (const policy of policies) {
    const { effectiveRevision } = policy;
    if (effectiveRevision === null || effectiveRevision === policy.revision) {
      shown.push(policy);
      continue;
    }
    const found = await reader.find(partnerCreditPolicyRevisions, {
      policyId: policy.id,
      revision: effectiveRevision,
    });
    if (found === undefined)
      throw new Error(`The policy ${policy.id} lacks its revision ${effectiveRevision}.`);
    shown.push({ ...policy, ...termsToWire(found.terms), revision: effectiveRevision });
  }
  return shown;
}
