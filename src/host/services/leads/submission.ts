import sql, { join } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import { scoreToNumber } from '#domain/quality-score.ts';
import type { HostContext } from '../../context.ts';
import { type PartnerLeadRow, partnerLeads, partners, type Writer } from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command, type Work } from '../command.ts';
import { insertLeads, listSources, requireActivePartner, sourceOf } from '../lead-intake.ts';
import { highQualityLead } from '../notifications/drafts.ts';
import { notify } from '../notifications/notify.ts';
import { requireOwn } from '../own-partner.ts';
import { settleScopes } from '../projects/scopes.ts';
import type { Input } from '../service.ts';
import { holdLeadAndPartner, refuseDecided, requireFree } from './claims.ts';
import {
  type ContactKeys,
  type Duplicate,
  doublesIn,
  findKnownLeads,
  isOlder,
  judgeDuplicate,
  lockIntake,
  noDuplicate,
} from './duplicates.ts';
import { settleLinked } from './links.ts';
import { type PreparedLead, prepareLead, type Unfit, weightsFor } from './preparation.ts';
import { nextSeq, recordScores } from './score-history.ts';
import { mergeWords } from './search.ts';
import { toWire, type WireLead } from './wire.ts';

/** Why the data can't be taken in. */
export function refusalOf(unfit: Unfit): DomainError {
  return new DomainError(unfit.code, unfit.message, { fields: unfit.fields });
}

/**
 * Takes one lead in for a partner: checked, normalised, scored, counted against the month's quota (`domain.md`, "Lead").
 * @throws DomainError `NOT_FOUND`, `PARTNER_NOT_ACTIVE`, `VALIDATION`, `CURRENCY_MISMATCH`, `DUPLICATE`, `QUOTA_EXCEEDED`.
 */
export function submitLead(
  host: HostContext,
  session: Session,
  input: Input<'leads', 'submit'>,
): Promise<WireLead> {
  return command(host, session, { name: 'leads.submit', input }, async (work) => {
    const { id: partnerId, commandId: _, ...raw } = input;
    requireOwn(session, partnerId);
    const partner = await work.tx.find(partners, { id: partnerId });
    if (partner === undefined) throw new DomainError('NOT_FOUND', 'There is no such partner.');
    // Before the lead's data: whoever may not submit need not correct a telephone number first.
    requireActivePartner(partner);
    const preparation = prepareLead(session, partner, raw);
    if (!preparation.ok) throw refusalOf(preparation);
    const [outcome] = await insertLeads(work, session, partner, [preparation.prepared]);
    if (outcome === undefined) throw new Error('The intake of a lead had no outcome.');
    if (!outcome.accepted) {
      throw new DomainError(outcome.code, outcome.message, { fields: outcome.fields });
    }
    const { row } = outcome;
    await notify(work, session, ...highQualityLead(row, partner));
    work.record({
      action: 'lead_submitted',
      resource: 'lead',
      resourceId: row.id,
      partnerId: partner.id,
      details: {
        after: { status: row.status, sourceId: row.sourceId, qualityScore: scoreToNumber(row.qualityScore) },
        submissionType: row.submissionType,
        duplicateOf: row.duplicateOf,
        ...(row.linkedTo !== null && { linkedTo: row.linkedTo }),
        ...(row.protectedUntil !== null && { protectedUntil: row.protectedUntil }),
      },
    });
    return toWire({ session, now: work.now }, row, partner);
  });
}

/** What an edit may change besides the lead's own data and its score. */
const editable = [
  'sourceId',
  'projectId',
  'campaignId',
  'estimatedValue',
  'duplicateOf',
  'linkedTo',
  'protectedUntil',
  'reviewNotes',
] as const satisfies readonly (keyof PartnerLeadRow)[];

/**
 * Corrects a lead that is not decided yet. The fields given replace the stored ones, an empty one clears; the whole is
 * checked, scored and compared with other leads again, as if it came in now.
 * @throws DomainError `NOT_FOUND`, `LOCKED`, `CONFLICT`, `INVALID_TRANSITION`, `VALIDATION`, `CURRENCY_MISMATCH`, `DUPLICATE`.
 */
export function updateLead(
  host: HostContext,
  session: Session,
  input: Input<'leads', 'update'>,
): Promise<WireLead> {
  return command(host, session, { name: 'leads.update', input }, async (work) => {
    const { tx, now, record } = work;
    const held = await holdLeadAndPartner(tx, input.id, () => lockIntake(tx, session.tenantId));
    const { lead, partner } = held;
    requireOwn(session, lead.partnerId, 'lead');
    requireStaffsOwn(session, lead, input);
    await requireFree(tx, session, held, { now, version: input.version });
    await refuseDecided(tx, lead);
    const preparation = prepareLead(session, partner, {
      submissionType: lead.submissionType,
      // Null asks for the automatic source again.
      sourceId: input.sourceId === undefined ? lead.sourceId : input.sourceId,
      projectId: input.projectId === undefined ? lead.projectId : input.projectId,
      campaignId: input.campaignId === undefined ? lead.campaignId : input.campaignId,
      estimatedValue: input.estimatedValue === undefined ? lead.estimatedValue : input.estimatedValue,
      currency: input.currency,
      leadData: { ...lead.leadData, ...given(input.leadData ?? {}) },
    });
    if (!preparation.ok) throw refusalOf(preparation);
    const { prepared } = preparation;

    let sourceId = lead.sourceId;
    if (prepared.sourceId !== lead.sourceId) {
      const source = sourceOf(await listSources(tx, partner.id), partner, prepared.sourceId);
      if (source instanceof DomainError) throw source;
      sourceId = source.id;
    }
    const { scopes, added } = await settleScopes(work, session, prepared, lead);
    const { duplicate, marked } = await compare(work, session, lead, prepared);
    const after = await tx.update(
      partnerLeads,
      { id: lead.id, version: lead.version },
      {
        ...prepared,
        ...scopes,
        sourceId,
        ...duplicate,
        ...(input.reviewNotes !== undefined && { reviewNotes: input.reviewNotes }),
        updatedAt: now,
      },
    );
    if (after.searchText !== lead.searchText) await mergeWords(tx, 1);
    await moveScores(tx, lead, after);
    const moved = isMoved(lead, after) ? await settleAround(work, session, lead, after) : [];
    if (after.qualityScore !== lead.qualityScore) {
      const seq = await nextSeq(tx, session.tenantId, lead.id);
      const score = { leadId: lead.id, seq, oldScore: lead.qualityScore, newScore: after.qualityScore };
      await recordScores(work, session, {
        weights: weightsFor(session, partner),
        why: 'edit',
        scores: [score],
      });
    }
    await notify(work, session, ...highQualityLead(after, partner, lead));
    record({
      action: 'lead_changed',
      resource: 'lead',
      resourceId: lead.id,
      partnerId: lead.partnerId,
      details: {
        ...changes(lead, after),
        ...(added.length > 0 && { added }),
        ...(marked.length > 0 && { markedAsItsDuplicates: marked }),
        ...(moved.length > 0 && { recordedElsewhere: moved }),
      },
    });
    return toWire({ session, now }, after, partner);
  });
}

/** The fields somebody said something about. */
function given(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/**
 * What the lead is a duplicate of now: the oldest lead with its e-mail or phone, where that one is older. A newer one that
 * it has come to match, and that had no mark, is marked as the duplicate of this one. Leads that were marked as its
 * duplicates before stay so until they are corrected themselves. What somebody said about it by hand holds as long as its
 * e-mail and phone do.
 */
async function compare(
  work: Work,
  session: Session,
  lead: PartnerLeadRow,
  prepared: PreparedLead,
): Promise<{ duplicate: Duplicate & Partial<PartnerLeadRow>; marked: string[] }> {
  const moved = isMoved(lead, prepared);
  if (!moved && lead.notDuplicateAt !== null) return { duplicate: noDuplicate, marked: [] };
  const fresh = moved ? { notDuplicateReason: null, notDuplicateBy: null, notDuplicateAt: null } : {};
  const known = await findKnownLeads(work.tx, session.tenantId, [prepared], lead.id);
  const doubles = doublesIn([known], prepared);
  const [original] = doubles;
  if (original === undefined) return { duplicate: { ...noDuplicate, ...fresh }, marked: [] };
  // Which of two came in first was settled by a lock; the clocks of two stations may say otherwise.
  const isSecond = isOlder(original, lead) || lead.duplicateOf === original.id;
  if (!moved) {
    // A lead that was flagged before the tenant began to refuse duplicates can still be corrected.
    const { linkedTo, protectedUntil } = lead;
    const same = { duplicateOf: original.id, linkedTo, protectedUntil };
    return { duplicate: isSecond ? same : noDuplicate, marked: [] };
  }
  const { emailKey, phoneKey } = prepared;
  const judged = judgeDuplicate(
    session,
    { emailKey, phoneKey, partnerId: lead.partnerId, submittedAt: lead.submittedAt },
    doubles,
  );
  if (judged instanceof DomainError) throw judged;
  const marked = await markNewer(work, lead, prepared);
  if (!isSecond) return { duplicate: { ...noDuplicate, ...fresh }, marked };
  // Recorded under this very one (two clocks that differ make it so), the older one stands by itself from now on.
  const linkedTo = judged.linkedTo === lead.id ? original.id : judged.linkedTo;
  return { duplicate: { ...judged, linkedTo, ...fresh }, marked };
}

/**
 * What was recorded under a lead that has become somebody else, or beside it because it doubles it, may be another person than
 * what it is recorded under.
 */
async function settleAround(work: Work, session: Session, before: PartnerLeadRow, after: PartnerLeadRow) {
  const moved = await settleLinked(work, session, after);
  if (before.linkedTo === null) return moved;
  const head = await work.tx.find(partnerLeads, { id: before.linkedTo });
  return head === undefined ? moved : [...moved, ...(await settleLinked(work, session, head))];
}

/** Whether the lead can be reached otherwise than before, which makes it another person. */
function isMoved(before: ContactKeys, after: ContactKeys): boolean {
  return before.emailKey !== after.emailKey || before.phoneKey !== after.phoneKey;
}

/**
 * What of a correction is the staff's: a partner's own user corrects a lead until somebody reviews it, and writes no
 * review notes. @throws DomainError `INVALID_TRANSITION`, `FORBIDDEN`.
 */
function requireStaffsOwn(session: Session, lead: PartnerLeadRow, input: Input<'leads', 'update'>): void {
  if (session.partnerId === null) return;
  if (input.reviewNotes !== undefined) {
    throw new DomainError('FORBIDDEN', 'Review notes are written by whoever reviews the lead.');
  }
  if (lead.status === 'submitted') return;
  throw new DomainError(
    'INVALID_TRANSITION',
    'This lead is under review or decided, and can no longer be changed by the partner.',
  );
}

/** Marks the newer leads that this one has come to match; what somebody said of one by hand holds. Answers their ids. */
async function markNewer(
  { tx, now, changed }: Work,
  lead: PartnerLeadRow,
  keys: ContactKeys,
): Promise<string[]> {
  const { tenantId } = lead;
  const unmarked = sql`tenant_id = ${tenantId} and deleted_at is null and status <> 'rejected'
    and duplicate_of is null and not_duplicate_at is null and id <> ${lead.id}`;
  // Told apart and compared here: asked for distinct or newer ones, SQLite would walk all leads instead of the keys.
  const alike = await tx.all<{ id: string; partner_id: string; submitted_at: string }>(
    sql`select id, partner_id, submitted_at from partner_leads where email_key = ${keys.emailKey} and ${unmarked}
      union all
      select id, partner_id, submitted_at from partner_leads where phone_key = ${keys.phoneKey} and ${unmarked}`,
  );
  const newer = new Map(
    alike
      .filter((each) => isOlder(lead, { id: each.id, submittedAt: each.submitted_at }))
      .map((each) => [each.id, each.partner_id]),
  );
  const ids = [...newer.keys()].sort();
  if (ids.length === 0) return ids;
  await tx.run(sql`update partner_leads set duplicate_of = ${lead.id}, version = version + 1, updated_at = ${now}
    where tenant_id = ${tenantId} and id in (${join(ids)})`);
  for (const [resourceId, partnerId] of newer) changed({ resource: 'lead', resourceId, partnerId });
  return ids;
}

/** Keeps the score sums, and the source's count of leads, at what the leads add up to. */
async function moveScores(tx: Writer, before: PartnerLeadRow, after: PartnerLeadRow): Promise<void> {
  const { tenantId } = after;
  if (after.qualityScore !== before.qualityScore) {
    await tx.run(sql`update partners
      set total_quality_score = total_quality_score + ${after.qualityScore - before.qualityScore}
      where tenant_id = ${tenantId} and id = ${after.partnerId}`);
  }
  if (after.sourceId === before.sourceId && after.qualityScore === before.qualityScore) return;
  const steps = [
    { sourceId: before.sourceId, leads: -1, score: -before.qualityScore },
    { sourceId: after.sourceId, leads: 1, score: after.qualityScore },
  ];
  for (const step of steps) {
    await tx.run(sql`update partner_sources set leads_generated = leads_generated + ${step.leads},
      total_quality_score = total_quality_score + ${step.score}
      where tenant_id = ${tenantId} and id = ${step.sourceId}`);
  }
}

/** Before and after of what changed, the lead's own data field by field. */
function changes(before: PartnerLeadRow, after: PartnerLeadRow): Record<string, unknown> {
  const was: Record<string, unknown> = {};
  const is: Record<string, unknown> = {};
  const note = (name: string, from: unknown, to: unknown) => {
    if (from === to) return;
    was[name] = from ?? null;
    is[name] = to ?? null;
  };
  for (const name of editable) {
    note(name, before[name], after[name]);
  }
  note('qualityScore', scoreToNumber(before.qualityScore), scoreToNumber(after.qualityScore));
  const [from, to] = [new Map(Object.entries(before.leadData)), new Map(Object.entries(after.leadData))];
  for (const name of new Set([...from.keys(), ...to.keys()])) {
    note(`leadData.${name}`, from.get(name), to.get(name));
  }
  return { before: was, after: is };
}
