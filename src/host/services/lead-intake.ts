import sql from 'sql-template-tag';
import { v7 as uuidv7 } from 'uuid';
import { monthOf } from '#domain/calendar.ts';
import { DomainError, type ErrorCode, type FieldError } from '#domain/errors.ts';
import { qualityScore } from '#domain/quality-score.ts';
import { leadMachine } from '#domain/state-machines.ts';
import {
  type PartnerLeadRow,
  type PartnerRow,
  type PartnerSourceRow,
  partnerLeads,
  partnerMonths,
  partnerSources,
  partners,
  type Reader,
  type Writer,
} from '../database/index.ts';
import type { Session } from '../session.ts';
import type { Work } from './command.ts';
import {
  type Duplicate,
  doublesIn,
  findKnownLeads,
  judgeDuplicate,
  type KnownLeads,
  lockIntake,
  rememberLead,
} from './leads/duplicates.ts';
import { type PreparedLead, weightsFor } from './leads/preparation.ts';
import { recordScores, slicesOf } from './leads/score-history.ts';
import { mergeWords } from './leads/search.ts';
import { addScopes, readScopes, type ScopeBook, scopesIn } from './projects/scopes.ts';

export { type PreparedLead, prepareLead, type RawLead } from './leads/preparation.ts';

/**
 * Taking leads in: what a submitted lead must be, and how it gets into the tables, one or a batch (`domain.md`, "Lead").
 * Submitting, importing and correcting a lead all go through here, so that a lead is the same whichever way it came.
 */

/** What became of one prepared lead. */
export type IntakeOutcome =
  | {
      accepted: true;
      id: string;
      /** The oldest live lead with the same e-mail or phone. */
      duplicateOf: string | null;
      row: PartnerLeadRow;
    }
  | { accepted: false; code: ErrorCode; message: string; fields: readonly FieldError[] };

/**
 * What an intake starts from, and what the leads before have taken of it. A dry run hands one on from batch to batch;
 * what it remembers of an accepted lead is its keys.
 */
export interface IntakeState {
  /** YYYY-MM in the tenant's zone. */
  readonly month: string;
  /** Leads of the month so far. */
  used: number;
  readonly seen: KnownLeads;
  readonly sources: readonly PartnerSourceRow[];
}

/** Reads what an intake into this partner starts from at the instant `now`. */
export async function openIntake(
  reader: Reader,
  session: Session,
  partner: PartnerRow,
  now: string,
): Promise<IntakeState> {
  const month = monthOf(now, session.tenant.timeZone);
  const counted = await reader.find(partnerMonths, { partnerId: partner.id, month });
  return {
    month,
    used: counted?.leadsSubmitted ?? 0,
    seen: { byEmail: new Map(), byPhone: new Map() },
    sources: await listSources(reader, partner.id),
  };
}

/**
 * Says of each lead, in the order given, whether it comes in; moves `state` on and writes nothing. A dry run calls it
 * alone, `insertLeads` under its locks.
 */
export async function assessLeads(
  reader: Reader,
  session: Session,
  partner: PartnerRow,
  prepared: readonly PreparedLead[],
  intake: { state: IntakeState; now: string; importId?: string | undefined; book?: ScopeBook },
): Promise<IntakeOutcome[]> {
  const { state } = intake;
  const known = await findKnownLeads(reader, session.tenantId, prepared);
  const book = intake.book ?? (await readScopes(reader, session.tenantId, prepared));
  // By the partner as it is now: it may have got other weights since the leads were prepared, and the history names these.
  const weights = weightsFor(session, partner);
  return prepared.map((lead) => {
    const source = sourceOf(state.sources, partner, lead.sourceId);
    if (source instanceof DomainError) return refused(source);
    const scopes = scopesIn(book, session, lead);
    if (scopes instanceof DomainError) return refused(scopes);
    const doubles = doublesIn([known, state.seen], lead);
    const keys = { emailKey: lead.emailKey, phoneKey: lead.phoneKey };
    const judged = judgeDuplicate(
      session,
      { ...keys, partnerId: partner.id, submittedAt: intake.now },
      doubles,
    );
    if (judged instanceof DomainError) return refused(judged);
    if (partner.monthlyQuota !== 0 && state.used >= partner.monthlyQuota) {
      return refused(quotaExceeded(partner, state.month));
    }
    const row = leadRow(
      session,
      partner,
      { ...lead, ...scopes, qualityScore: qualityScore(lead.leadData, weights) },
      {
        sourceId: source.id,
        duplicate: judged,
        importId: intake.importId ?? null,
        month: state.month,
        now: intake.now,
      },
    );
    state.used += 1;
    rememberLead(state.seen, row);
    return { accepted: true, id: row.id, duplicateOf: row.duplicateOf, row };
  });
}

/**
 * Takes prepared leads in, in the order given: quota, duplicates (of leads already there and of earlier ones of the same
 * batch), the rows, and the counters of the partner, its month and its sources, in a handful of statements however
 * many leads there are. Locks the partner, so that two stations can't overshoot a quota. A lead that is refused leaves
 * nothing; the activity is the caller's.
 * @throws DomainError `NOT_FOUND`, or `PARTNER_NOT_ACTIVE` for the whole batch.
 */
export async function insertLeads(
  work: Work,
  session: Session,
  partner: Pick<PartnerRow, 'id'>,
  prepared: readonly PreparedLead[],
  options: { importId?: string } = {},
): Promise<IntakeOutcome[]> {
  const { tx, now } = work;
  const locked = await tx.find(partners, { id: partner.id }, { lock: true });
  if (locked === undefined) throw new DomainError('NOT_FOUND', 'There is no such partner.');
  requireActivePartner(locked);
  await lockIntake(tx, session.tenantId);
  const state = await openIntake(tx, session, locked, now);
  const book = await readScopes(tx, session.tenantId, prepared);
  const { importId } = options;
  const outcomes = await assessLeads(tx, session, locked, prepared, { state, now, importId, book });
  const rows = outcomes.flatMap((outcome) => (outcome.accepted ? [outcome.row] : []));
  if (rows.length > 0) {
    await addScopes(work, session, rows, book);
    await insertRows(tx, rows);
    await recordFirstScores(work, session, locked, rows);
    await count(tx, session.tenantId, locked.id, state.month, rows);
  }
  return outcomes;
}

/** Only an active partner submits leads (`domain.md`, "Partner"). @throws DomainError `PARTNER_NOT_ACTIVE`. */
export function requireActivePartner(partner: PartnerRow): void {
  if (partner.status === 'active') return;
  throw new DomainError(
    'PARTNER_NOT_ACTIVE',
    `${partner.organizationName} is ${partner.status}. Only an active partner can submit leads.`,
  );
}

/** A partner's sources, those out of use included. */
export function listSources(reader: Reader, partnerId: string): Promise<PartnerSourceRow[]> {
  return reader.list(partnerSources, sql`partner_id = ${partnerId} order by id`);
}

/** The source a lead comes by: the one named, or the partner's automatic one; or why it can't be that one. */
export function sourceOf(
  sources: readonly PartnerSourceRow[],
  partner: PartnerRow,
  sourceId: string | null,
): PartnerSourceRow | DomainError {
  const source = sources.find((each) => (sourceId === null ? each.isAutomatic : each.id === sourceId));
  const refusal = (code: ErrorCode, message: string) =>
    new DomainError(code, message, { fields: [{ path: 'sourceId', message }] });
  if (source === undefined) {
    return sourceId === null
      ? refusal('VALIDATION', `${partner.organizationName} has no automatic source. Name the lead's source.`)
      : refusal('NOT_FOUND', `${partner.organizationName} has no such source.`);
  }
  if (!source.isActive) {
    return refusal('VALIDATION', `The source ${source.sourceName} is out of use. Name another source.`);
  }
  return source;
}

function refused({ code, message, fields }: DomainError): IntakeOutcome {
  return { accepted: false, code, message, fields };
}

function quotaExceeded(partner: PartnerRow, month: string): DomainError {
  const quota = partner.monthlyQuota === 1 ? '1 lead' : `${partner.monthlyQuota} leads`;
  return new DomainError(
    'QUOTA_EXCEEDED',
    `${partner.organizationName} may submit ${quota} a month, and ${month} is full.`,
  );
}

function leadRow(
  session: Session,
  partner: PartnerRow,
  lead: PreparedLead,
  intake: {
    sourceId: string;
    duplicate: Duplicate;
    importId: string | null;
    month: string;
    now: string;
  },
): PartnerLeadRow {
  return {
    id: uuidv7(),
    tenantId: session.tenantId,
    partnerId: partner.id,
    sourceId: intake.sourceId,
    leadId: null,
    submissionType: lead.submissionType,
    status: leadMachine.initial,
    leadData: lead.leadData,
    contactName: lead.contactName,
    company: lead.company,
    emailKey: lead.emailKey,
    phoneKey: lead.phoneKey,
    searchText: lead.searchText,
    qualityScore: lead.qualityScore,
    ...intake.duplicate,
    notDuplicateReason: null,
    notDuplicateBy: null,
    notDuplicateAt: null,
    projectId: lead.projectId,
    campaignId: lead.campaignId,
    estimatedValue: lead.estimatedValue,
    currency: partner.currency,
    claimedBy: null,
    claimExpiresAt: null,
    reviewNotes: null,
    rejectionReason: null,
    reviewedBy: null,
    reviewedAt: null,
    submittedBy: session.userId,
    submittedAt: intake.now,
    month: intake.month,
    approvedAt: null,
    approvedOn: null,
    conversionDate: null,
    convertedAt: null,
    dealValue: null,
    conversionWithdrawnAt: null,
    conversionWithdrawnBy: null,
    conversionWithdrawalReason: null,
    creditAmount: null,
    creditStatus: null,
    importId: intake.importId,
    version: 1,
    createdAt: intake.now,
    updatedAt: intake.now,
    deletedAt: null,
  };
}

async function insertRows(tx: Writer, rows: readonly PartnerLeadRow[]): Promise<void> {
  for (const slice of slicesOf(rows)) await tx.insertMany(partnerLeads, slice);
  await mergeWords(tx, rows.length);
}

/** A lead's history begins with what it came in with. */
function recordFirstScores(
  work: Work,
  session: Session,
  partner: PartnerRow,
  rows: readonly PartnerLeadRow[],
): Promise<void> {
  const scores = rows.map(({ id, qualityScore }) => ({
    leadId: id,
    seq: 1,
    oldScore: null,
    newScore: qualityScore,
  }));
  return recordScores(work, session, { weights: weightsFor(session, partner), why: 'submission', scores });
}

/** Counters leave a row's version alone: a lead that comes in must not make an open form of its partner stale. */
async function count(
  tx: Writer,
  tenantId: string,
  partnerId: string,
  month: string,
  rows: readonly PartnerLeadRow[],
): Promise<void> {
  const bySource = new Map<string, { leads: number; score: number }>();
  let score = 0;
  for (const row of rows) {
    const sum = bySource.get(row.sourceId) ?? { leads: 0, score: 0 };
    sum.leads += 1;
    sum.score += row.qualityScore;
    bySource.set(row.sourceId, sum);
    score += row.qualityScore;
  }
  await tx.run(sql`insert into partner_months (tenant_id, partner_id, month, leads_submitted)
    values (${tenantId}, ${partnerId}, ${month}, ${rows.length})
    on conflict (tenant_id, partner_id, month)
    do update set leads_submitted = partner_months.leads_submitted + excluded.leads_submitted`);
  await tx.run(sql`update partners set total_leads_submitted = total_leads_submitted + ${rows.length},
    total_quality_score = total_quality_score + ${score}
    where tenant_id = ${tenantId} and id = ${partnerId}`);
  for (const [sourceId, sum] of bySource) {
    await tx.run(sql`update partner_sources set leads_generated = leads_generated + ${sum.leads},
      total_quality_score = total_quality_score + ${sum.score}
      where tenant_id = ${tenantId} and id = ${sourceId}`);
  }
}
