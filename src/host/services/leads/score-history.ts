import sql from 'sql-template-tag';
import { type ScoreWeights, scoreToNumber } from '#domain/quality-score.ts';
import { canonicalJson, sha256 } from '../../canonical-json.ts';
import type { HostContext } from '../../context.ts';
import { asJson } from '../../database/codec.ts';
import {
  type LeadScoreHistoryRow,
  leadScoreHistory,
  partnerLeads,
  type Reader,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import type { Work } from '../command.ts';
import type { Output } from '../service.ts';
import { noSuchLead } from './claims.ts';

/**
 * What leads were scored, when, by which weights and why. Rows are only added; the weights are kept once and named by their
 * fingerprint.
 */

/** A score and its place among the scores of its lead; hundredths. */
export type ScoreStep = Pick<LeadScoreHistoryRow, 'leadId' | 'seq' | 'oldScore' | 'newScore'>;

/** Adds to the history what leads were scored by one set of weights for one reason. */
export async function recordScores(
  work: Work,
  session: Session,
  given: { weights: ScoreWeights; why: LeadScoreHistoryRow['why']; scores: readonly ScoreStep[] },
): Promise<void> {
  const { tx, now } = work;
  const { weights, why, scores } = given;
  if (scores.length === 0) return;
  const weightsFingerprint = await keepWeights(tx, session.tenantId, weights, now);
  const rows = scores.map((score) => ({
    ...score,
    tenantId: session.tenantId,
    weightsFingerprint,
    why,
    changedBy: session.userId,
    changedAt: now,
  }));
  for (const slice of slicesOf(rows)) await tx.insertMany(leadScoreHistory, slice);
}

/** The number of a lead's next score. The lead is held, so nobody else takes it. */
export async function nextSeq(tx: Writer, tenantId: string, leadId: string): Promise<number> {
  const last = await tx.get<{ seq: number | null }>(
    sql`select max(seq) as seq from lead_score_history where tenant_id = ${tenantId} and lead_id = ${leadId}`,
  );
  return (last?.seq ?? 0) + 1;
}

const fingerprints = new WeakMap<ScoreWeights, string>();

async function keepWeights(
  tx: Writer,
  tenantId: string,
  weights: ScoreWeights,
  now: string,
): Promise<string> {
  const fingerprint = fingerprints.get(weights) ?? sha256(canonicalJson({ ...weights }));
  fingerprints.set(weights, fingerprint);
  await tx.run(sql`insert into lead_score_weights (tenant_id, fingerprint, weights, first_used_at)
    values (${tenantId}, ${fingerprint}, ${JSON.stringify(weights)}, ${now})
    on conflict (tenant_id, fingerprint) do nothing`);
  return fingerprint;
}

interface ScoreRow {
  old_score: number | null;
  new_score: number;
  why: LeadScoreHistoryRow['why'];
  weights: string;
  changed_by: string;
  changed_at: string;
}

/** What a lead was scored, newest first. @throws DomainError `NOT_FOUND`. */
export function listScores(
  host: HostContext,
  session: Session,
  leadId: string,
): Promise<Output<'leads', 'scores'>> {
  return host.database.read({ tenantId: session.tenantId }, async (reader: Reader) => {
    if ((await reader.find(partnerLeads, { id: leadId })) === undefined) throw noSuchLead();
    const rows = await reader.all<ScoreRow>(
      sql`select h.old_score, h.new_score, h.why, w.weights, h.changed_by, h.changed_at
        from lead_score_history h
        join lead_score_weights w on w.tenant_id = h.tenant_id and w.fingerprint = h.weights_fingerprint
        where h.tenant_id = ${session.tenantId} and h.lead_id = ${leadId} order by h.seq desc`,
    );
    const items = rows.map((row) => ({
      oldScore: row.old_score === null ? null : scoreToNumber(row.old_score),
      newScore: scoreToNumber(row.new_score),
      why: row.why,
      weights: asJson<Record<string, number>>(row.weights),
      changedBy: row.changed_by,
      changedAt: row.changed_at,
    }));
    return { items, nextCursor: null };
  });
}

/** Most rows of one statement. Slices are powers of two, or batches of every size would each leave a statement of their own in the cache. */
const LARGEST_SLICE = 128;

/** Rows in slices of as many as one statement should insert. */
export function* slicesOf<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let start = 0, size = LARGEST_SLICE; start < rows.length; start += size) {
    while (size > rows.length - start) size /= 2;
    yield rows.slice(start, start + size);
  }
}
