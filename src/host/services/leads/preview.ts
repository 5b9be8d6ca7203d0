import { DomainError } from '#domain/errors.ts';
import { scoreToNumber } from '#domain/quality-score.ts';
import type { HostContext } from '../../context.ts';
import { partners } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { weighPolicies } from '../credit-engine.ts';
import { assessLeads, openIntake, requireActivePartner } from '../lead-intake.ts';
import type { Input, Output } from '../service.ts';
import { prepareLead } from './preparation.ts';
import { refusalOf } from './submission.ts';

/**
 * The score and the policies of a lead before it is one (the requirements' CalculateLeadQualityScore and GetApplicablePolicies), by the
 * very steps of its submission. Reads only.
 * @throws DomainError what the submission would: `NOT_FOUND`, `PARTNER_NOT_ACTIVE`, `VALIDATION`, `CURRENCY_MISMATCH`, `DUPLICATE`,
 * `QUOTA_EXCEEDED`.
 */
export function previewLead(
  host: HostContext,
  session: Session,
  { id: partnerId, ...raw }: Input<'leads', 'preview'>,
): Promise<Output<'leads', 'preview'>> {
  return host.database.read({ tenantId: session.tenantId }, async (reader) => {
    const now = host.now();
    const partner = await reader.find(partners, { id: partnerId });
    if (partner === undefined) throw new DomainError('NOT_FOUND', 'There is no such partner.');
    requireActivePartner(partner);
    const preparation = prepareLead(session, partner, raw);
    if (!preparation.ok) throw refusalOf(preparation);
    const state = await openIntake(reader, session, partner, now);
    const [outcome] = await assessLeads(reader, session, partner, [preparation.prepared], { state, now });
    if (outcome === undefined) throw new Error('The assessment of a lead had no outcome.');
    if (!outcome.accepted) {
      throw new DomainError(outcome.code, outcome.message, { fields: outcome.fields });
    }
    return {
      qualityScore: scoreToNumber(outcome.row.qualityScore),
      duplicateOf: outcome.duplicateOf,
      policies: await weighPolicies(reader, session, outcome.row, partner, now),
    };
  });
}
