import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import sql, { join, type Sql } from 'sql-template-tag';
import { DomainError } from '#domain/errors.ts';
import { qualityScore, type ScoreWeights } from '#domain/quality-score.ts';
import type { HostContext } from '../../context.ts';
import {
  type PartnerLeadRow,
  type PartnerRow,
  partnerLeads,
  partners,
  type Reader,
  type Writer,
} from '../../database/index.ts';
import type { Session } from '../../session.ts';
import { command, type Work } from '../command.ts';
import { weightsFor } from './preparation.ts';
import { recordScores, type ScoreStep } from './score-history.ts';

/**
 * Scoring leads again after the weights changed, slice by slice: each slice whose scores change is a command of its own, with its
 * activity, and whoever works meanwhile gets a turn between two of them. A lead whose score changes gets a new version, moves in the queue,
 * and keeps the old score in its history; credits made by the old score stay. Running it twice changes nothing more.
 */

export interface RescoreInput {
  /** All partners where left out. */
  partnerId?: string | undefined;
  /** Decided leads too; else only those submitted or under review. */
  all: boolean;
}

/** How far a re-scoring is: enough to go on from there. */
export interface RescorePlace {
  walk: number;
  after: Place | null;
  done: number;
  changed: number;
}

export type RescoreEvent =
  | { type: 'progress'; done: number; of: number; changed: number; at: RescorePlace }
  | { type: 'result'; scored: number; changed: number; cancelled: boolean };

/** Leads of one slice: read, scored and written well within 20 ms on SQLite. */
const sliceSize = 50;

/** How often progress is told, in milliseconds. */
const tellEvery = 100;

/**
 * Tells progress as it goes, and the result last. When it is cancelled (`signal`, or nobody listens any more) every slice is in whole
 * or not at all. One that was interrupted goes on `from` where it was.
 * @throws DomainError `NOT_FOUND` for a partner that isn't there.
 */
export async function* rescoreLeads(
  host: HostContext,
  session: Session,
  input: RescoreInput,
  signal: AbortSignal | undefined,
  from: RescorePlace = { walk: 0, after: null, done: 0, changed: 0 },
): AsyncGenerator<RescoreEvent, void, void> {
  const walks = walksOf(input);
  await host.database.read({ tenantId: session.tenantId }, (reader) =>
    requirePartner(reader, input.partnerId),
  );
  let of = 0;
  for (const walk of walks) of += await countOf(host, session, walk, signal);
  let { done, changed } = from;
  let at = from;
  let toldAt = performance.now();
  yield { type: 'progress', done, of: Math.max(of, done), changed, at };
  for (const [number, walk] of walks.entries()) {
    if (number < from.walk) continue;
    let after = number === from.walk && from.after !== null ? from.after : undefined;
    for (;;) {
      await setImmediate();
      if (signal?.aborted === true) {
        // Where it is now, so that who goes on counts nothing twice and leaves nothing out.
        yield { type: 'progress', done, of: Math.max(of, done), changed, at };
        yield { type: 'result', scored: done, changed, cancelled: true };
        return;
      }
      const slice = await nextSlice(host, session, walk, after);
      const last = slice.at(-1);
      if (last === undefined) break;
      after = { submittedAt: last.submittedAt, id: last.id };
      const moved = slice.filter(({ moves }) => moves).map(({ id }) => id);
      if (moved.length > 0) changed += await rescoreSlice(host, session, input, moved);
      done += slice.length;
      at = { walk: number, after, done, changed };
      if (performance.now() - toldAt < tellEvery) continue;
      toldAt = performance.now();
      yield { type: 'progress', done, of: Math.max(of, done), changed, at };
    }
  }
  yield { type: 'progress', done, of: done, changed, at };
  yield { type: 'result', scored: done, changed, cancelled: false };
}

async function requirePartner(reader: Reader, partnerId: string | undefined): Promise<void> {
  if (partnerId === undefined) return;
  if ((await reader.find(partners, { id: partnerId })) === undefined) {
    throw new DomainError('NOT_FOUND', 'There is no such partner.');
  }
}

/** A stretch of the leads that an index is read along, oldest first. */
type Walk = Sql;

/** What is undecided stands in two stretches of the index by status; an index by partner knows no statuses. */
function walksOf({ partnerId, all }: RescoreInput): Walk[] {
  if (partnerId !== undefined) {
    const undecided = all ? sql`` : sql` and status in ('submitted', 'under_review')`;
    return [sql`partner_id = ${partnerId}${undecided}`];
  }
  return all ? [sql`1 = 1`] : [sql`status = 'submitted'`, sql`status = 'under_review'`];
}

/** Leads counted at once: a few milliseconds on SQLite. Counting a million in one go would keep everybody waiting. */
const countedAtOnce = 5000;

/**
 * How many leads a walk has, stretch by stretch. Deleted ones count, for the index by status doesn't know them, and to look at each lead
 * would take a hundred times as long. This only says how far the job is; its result counts what was scored.
 */
async function countOf(
  host: HostContext,
  session: Session,
  walk: Walk,
  signal: AbortSignal | undefined,
): Promise<number> {
  let counted = 0;
  let after: Place | undefined;
  for (;;) {
    const stretch = sql`from partner_leads
      where tenant_id = ${session.tenantId} and ${walk}${beyond(after)}`;
    const { next, rest } = await host.database.read({ tenantId: session.tenantId }, async (reader) => {
      const place = await reader.get<{ submitted_at: string; id: string }>(
        sql`select submitted_at, id ${stretch} order by submitted_at, id limit 1 offset ${countedAtOnce - 1}`,
      );
      if (place !== undefined) return { next: place, rest: countedAtOnce };
      const row = await reader.get<{ n: number }>(sql`select count(*) as n ${stretch}`);
      return { next: undefined, rest: row?.n ?? 0 };
    });
    counted += rest;
    // Whoever cancels meanwhile is heard before the first slice.
    if (next === undefined || signal?.aborted === true) return counted;
    after = { submittedAt: next.submitted_at, id: next.id };
    await setImmediate();
  }
}

/** What comes after a place of a walk. */
function beyond(after: Place | undefined): Sql {
  return after === undefined ? sql`` : sql` and (submitted_at, id) > (${after.submittedAt}, ${after.id})`;
}

interface Place {
  submittedAt: string;
  id: string;
}

/** The next leads of a walk, and of each whether its score is another one now. */
function nextSlice(
  host: HostContext,
  session: Session,
  walk: Walk,
  after: Place | undefined,
): Promise<(Place & { moves: boolean })[]> {
  return host.database.read({ tenantId: session.tenantId }, async (reader) => {
    const rows = await reader.list(
      partnerLeads,
      sql`${walk}${beyond(after)} order by submitted_at, id limit ${sliceSize}`,
    );
    const weights = await weightsOfPartners(reader, session, rows);
    return rows.map((row) => ({
      submittedAt: row.submittedAt,
      id: row.id,
      moves: scoreOf(row, weights) !== row.qualityScore,
    }));
  });
}

type WeightsByPartner = ReadonlyMap<string, ScoreWeights>;

async function weightsOfPartners(
  reader: Reader,
  session: Session,
  rows: readonly PartnerLeadRow[],
): Promise<WeightsByPartner> {
  const ids = [...new Set(rows.map((row) => row.partnerId))].sort();
  if (ids.length === 0) return new Map();
  const found: PartnerRow[] = await reader.list(partners, sql`id in (${join(ids)}) order by id`, {
    withDeleted: true,
  });
  return new Map(found.map((partner) => [partner.id, weightsFor(session, partner)]));
}

function scoreOf(row: PartnerLeadRow, weights: WeightsByPartner): number {
  const ofPartner = weights.get(row.partnerId);
  if (ofPartner === undefined) throw new Error(`The lead ${row.id} has no partner.`);
  return qualityScore(row.leadData, ofPartner);
}

/** Scores these leads once more, held now, and keeps what changed. Answers how many did. */
function rescoreSlice(
  host: HostContext,
  session: Session,
  input: RescoreInput,
  ids: readonly string[],
): Promise<number> {
  return command(host, session, { name: 'leads.rescore', input: {} }, async (work) => {
    const { tx, record } = work;
    const rows = await holdLeads(tx, session, ids);
    const weights = await weightsOfPartners(tx, session, rows);
    const changes = rows
      .filter((row) => input.all || row.status === 'submitted' || row.status === 'under_review')
      .map((row) => ({ row, score: scoreOf(row, weights) }))
      .filter(({ row, score }) => score !== row.qualityScore);
    await storeScores(work, session, changes);
    await keepHistory(work, session, changes, weights);
    record({
      action: 'leads_rescored',
      resource: 'lead',
      resourceId: null,
      partnerId: input.partnerId ?? null,
      details: { changed: changes.length, leadIds: changes.map(({ row }) => row.id) },
    });
    return changes.length;
  });
}

/** Partners first, then leads, each in the order of their ids, as everywhere. */
async function holdLeads(tx: Writer, session: Session, ids: readonly string[]): Promise<PartnerLeadRow[]> {
  const wanted = sql`id in (${join(ids)}) order by id`;
  if (tx.engine === 'sqlite') return tx.list(partnerLeads, wanted);
  const { tenantId } = session;
  await tx.all(sql`select id from partners where tenant_id = ${tenantId} and id in (
      select partner_id from partner_leads where tenant_id = ${tenantId} and id in (${join(ids)}))
    order by id for update`);
  return tx.list(partnerLeads, sql`${wanted} for update`);
}

interface Change {
  row: PartnerLeadRow;
  /** Hundredths. */
  score: number;
}

async function storeScores({ tx, now }: Work, session: Session, changes: readonly Change[]): Promise<void> {
  const { tenantId } = session;
  const byPartner = new Map<string, number>();
  const bySource = new Map<string, number>();
  for (const { row, score } of changes) {
    await tx.run(sql`update partner_leads set quality_score = ${score}, version = version + 1, updated_at = ${now}
      where tenant_id = ${tenantId} and id = ${row.id}`);
    const delta = score - row.qualityScore;
    byPartner.set(row.partnerId, (byPartner.get(row.partnerId) ?? 0) + delta);
    bySource.set(row.sourceId, (bySource.get(row.sourceId) ?? 0) + delta);
  }
  const inOrder = (sums: Map<string, number>) => [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [id, delta] of inOrder(byPartner)) {
    await tx.run(sql`update partners set total_quality_score = total_quality_score + ${delta}
      where tenant_id = ${tenantId} and id = ${id}`);
  }
  for (const [id, delta] of inOrder(bySource)) {
    await tx.run(sql`update partner_sources set total_quality_score = total_quality_score + ${delta}
      where tenant_id = ${tenantId} and id = ${id}`);
  }
}

async function keepHistory(
  work: Work,
  session: Session,
  changes: readonly Change[],
  weights: WeightsByPartner,
): Promise<void> {
  if (changes.length === 0) return;
  const ids = changes.map(({ row }) => row.id);
  const rows = await work.tx.all<{ lead_id: string; seq: number }>(
    sql`select lead_id, max(seq) as seq from lead_score_history
      where tenant_id = ${session.tenantId} and lead_id in (${join(ids)}) group by lead_id`,
  );
  const last = new Map(rows.map(({ lead_id, seq }) => [lead_id, seq]));
  const byWeights = new Map<ScoreWeights, ScoreStep[]>();
  for (const { row, score } of changes) {
    const used = weights.get(row.partnerId);
    if (used === undefined) throw new Error(`The lead ${row.id} has no partner.`);
    const step = {
      leadId: row.id,
      seq: (last.get(row.id) ?? 0) + 1,
      oldScore: row.qualityScore,
      newScore: score,
    };
    byWeights.set(used, [...(byWeights.get(used) ?? []), step]);
  }
  for (const [used, scores] of byWeights) {
    await recordScores(work, session, { weights: used, why: 'rescoring', scores });
  }
}
