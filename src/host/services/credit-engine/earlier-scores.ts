import sql, { join } from 'sql-template-tag';
import type { Reader } from '../../database/index.ts';

/** A score that a lead had until it was scored again; hundredths. */
export interface EarlierScore {
  score: number;
  until: string;
}

/**
 * The scores that leads had before the ones they have, oldest first; leads that were never scored again are left out. Decided leads
 * may be scored again too, and what they were credited by is the score of that day.
 */
export async function earlierScores(
  reader: Reader,
  tenantId: string,
  leadIds: readonly string[],
): Promise<ReadonlyMap<string, EarlierScore[]>> {
  const byLead = new Map<string, EarlierScore[]>();
  if (leadIds.length === 0) return byLead;
  // Their first entries, of which every lead has one, are passed over along the key.
  const rows = await reader.all<{ lead_id: string; seq: number; old_score: number; changed_at: string }>(sql`
    select lead_id, seq, old_score, changed_at from lead_score_history
    where tenant_id = ${tenantId} and lead_id in (${join(leadIds)}) and seq > 1`);
  for (const row of rows.sort((a, b) => a.seq - b.seq)) {
    const earlier = { score: row.old_score, until: row.changed_at };
    const known = byLead.get(row.lead_id);
    if (known === undefined) byLead.set(row.lead_id, [earlier]);
    else known.push(earlier);
  }
  return byLead;
}

/** The score that a lead had at an instant, by those it had before `score`, its score of now. Hundredths. */
export function scoreAt(score: number, earlier: readonly EarlierScore[] | undefined, at: string): number {
  return earlier?.find(({ until }) => until > at)?.score ?? score;
}
