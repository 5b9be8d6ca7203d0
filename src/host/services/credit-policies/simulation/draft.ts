import { v7 as uuidv7 } from 'uuid';
import { DomainError, invalidField } from '#domain/errors.ts';
import { type PartnerRow, partners, type Reader } from '../../../database/index.ts';
import type { Session } from '../../../session.ts';
import type { Candidate } from '../../credit-engine/candidates.ts';
import { requireScopes } from '../../projects/scopes.ts';
import type { Input } from '../../service.ts';
import { checkSource, requirePolicy } from '../commands.ts';
import { termsAfter, termsOfInput, termsOfRow } from '../terms.ts';

export type DraftInput = Input<'creditPolicies', 'simulateStream'>['policy'];

/** The draft as it is in force all through a simulated world. */
export interface Draft {
  candidate: Candidate;
  /** Whether it takes the place of a policy there is. */
  replaces: boolean;
  /** Null: of all partners. */
  partner: PartnerRow | null;
}

/**
 * A draft's terms, checked as if they were saved: those of the policy it changes with the changes, or of a new one.
 * @param now its making, so that of two that pay the same the older one still wins.
 * @throws DomainError `NOT_FOUND`, `VALIDATION` with the fields that are wrong, as `policy.baseCredit`.
 */
export async function draftOf(
  reader: Reader,
  session: Session,
  input: DraftInput,
  now: string,
): Promise<Draft> {
  try {
    return await (input.id === undefined
      ? newDraft(reader, session, input, now)
      : changedPolicy(reader, session, { ...input, id: input.id }));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const fields = error.fields.map(({ path, message }) => ({ path: `policy.${path}`, message }));
    throw new DomainError(error.code, error.message, { fields });
  }
}

async function changedPolicy(
  reader: Reader,
  session: Session,
  input: DraftInput & { id: string },
): Promise<Draft> {
  const row = await requirePolicy(reader, input.id);
  if (input.partnerId !== undefined && input.partnerId !== row.partnerId) {
    if (input.partnerId !== null) await requirePartner(reader, input.partnerId);
    throw invalidField('partnerId', "A policy's partner never changes. Simulate a new policy instead.");
  }
  const before = termsOfRow(row);
  const given = termsAfter(before, { ...input, description: undefined });
  if (given.sourceId !== before.sourceId) await checkSource(reader, given);
  const terms = { ...given, ...(await requireScopes(reader, session, given, before)) };
  return {
    candidate: {
      policyId: row.id,
      policyCode: input.policyCode ?? row.policyCode,
      policyName: row.policyName,
      revision: row.revision,
      createdAt: row.createdAt,
      isActive: true,
      deactivatedFrom: null,
      isApproved: true,
      currency: row.currency,
      terms,
      approvedBy: null,
    },
    replaces: true,
    partner: row.partnerId === null ? null : await requirePartner(reader, row.partnerId),
  };
}

async function newDraft(reader: Reader, session: Session, input: DraftInput, now: string): Promise<Draft> {
  const { policyType, calculationType } = input;
  if (policyType === undefined) throw invalidField('policyType', 'A new policy needs its type.');
  if (calculationType === undefined)
    throw invalidField('calculationType', 'A new policy needs its calculation.');
  const partner =
    input.partnerId === undefined || input.partnerId === null
      ? null
      : await requirePartner(reader, input.partnerId);
  const policyCode = input.policyCode ?? 'DRAFT';
  const given = termsOfInput(
    {
      ...input,
      policyCode,
      policyName: policyCode,
      description: null,
      policyType,
      calculationType,
      bonusPercentage: input.bonusPercentage ?? 0,
      minLeadQualityScore: input.minLeadQualityScore ?? 0,
      priority: input.priority ?? 0,
      isStackable: input.isStackable ?? false,
      autoApprove: false,
    },
    partner?.id ?? null,
  );
  await checkSource(reader, given);
  return {
    candidate: {
      policyId: uuidv7(),
      policyCode,
      policyName: policyCode,
      revision: 1,
      createdAt: now,
      isActive: true,
      deactivatedFrom: null,
      isApproved: true,
      currency: partner?.currency ?? session.tenant.currency,
      terms: { ...given, ...(await requireScopes(reader, session, given)) },
      approvedBy: null,
    },
    replaces: false,
    partner,
  };
}

async function requirePartner(reader: Reader, id: string): Promise<PartnerRow> {
  const partner = await reader.find(partners, { id });
  if (partner !== undefined) return partner;
  const message = 'There is no such partner.';
  throw new DomainError('NOT_FOUND', message, { fields: [{ path: 'partnerId', message }] });
}
