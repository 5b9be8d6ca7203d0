import sql from 'sql-template-tag';
import { canonicalJson, sha256 } from '../canonical-json.ts';
import type { Reader, Writer } from '../database/index.ts';
import type { Session } from '../session.ts';

/** What a command tells of itself. */
export interface ActivityDraft {
  /** In the past tense, resource first: `lead_approved`, `payout_paid`. */
  action: string;
  resource: string;
  resourceId: string | null;
  partnerId?: string | null;
  /** What changed (`before`, `after`) and whatever else explains it. Never a secret. */
  details?: Record<string, unknown>;
}

/** Who acts: a session, or the programme itself where nobody is signed in (set-up, refused sign-ins). */
export type Actor = Pick<Session, 'tenantId' | 'userName' | 'station'> & { userId: string | null };

/** The hash before the first activity of an organization. */
export const chainStart = '0'.repeat(64);

interface ChainedRow {
  tenant_id: string;
  seq: number;
  partner_id: string | null;
  user_id: string | null;
  user_name: string;
  action: string;
  resource: string;
  resource_id: string | null;
  details: string;
  station: string | null;
  created_at: string;
  previous_hash: string;
  hash: string;
}

/** The hash covers every column and the hash before it, so that no row can be changed, dropped or moved unseen. */
function hashOf(row: Omit<ChainedRow, 'hash' | 'details'>, details: unknown): string {
  return sha256(
    canonicalJson([
      row.previous_hash,
      row.tenant_id,
      row.seq,
      row.partner_id,
      row.user_id,
      row.user_name,
      row.action,
      row.resource,
      row.resource_id,
      details,
      row.station,
      row.created_at,
    ]),
  );
}

/** Appends to the tenant's chain. Called last in a transaction: the head row is a lock all commands of a tenant share. */
export async function appendActivity(
  tx: Writer,
  actor: Actor,
  now: string,
  draft: ActivityDraft,
): Promise<void> {
  const tenantId = actor.tenantId;
  const head = await tx.get<{ seq: number; hash: string }>(
    tx.engine === 'postgres'
      ? sql`select seq, hash from activity_heads where tenant_id = ${tenantId} for update`
      : sql`select seq, hash from activity_heads where tenant_id = ${tenantId}`,
  );
  if (head === undefined) throw new Error(`The organization ${tenantId} has no activity chain.`);
  // Through text and back, so that what is hashed is what will be read: no undefined, no Date.
  const details: unknown = JSON.parse(JSON.stringify(draft.details ?? {}));
  const row = {
    tenant_id: tenantId,
    seq: head.seq + 1,
    partner_id: draft.partnerId ?? null,
    user_id: actor.userId,
    user_name: actor.userName,
    action: draft.action,
    resource: draft.resource,
    resource_id: draft.resourceId,
    station: actor.station,
    created_at: now,
    previous_hash: head.hash,
  };
  const hash = hashOf(row, details);
  await tx.run(sql`insert into partner_activities
    (tenant_id, seq, partner_id, user_id, user_name, action, resource, resource_id, details, station, created_at, previous_hash, hash)
    values (${tenantId}, ${row.seq}, ${row.partner_id}, ${row.user_id}, ${row.user_name}, ${row.action}, ${row.resource},
      ${row.resource_id}, ${canonicalJson(details)}, ${row.station}, ${now}, ${row.previous_hash}, ${hash})`);
  await tx.run(sql`update activity_heads set seq = ${row.seq}, hash = ${hash} where tenant_id = ${tenantId}`);
}

export interface ChainReport {
  ok: boolean;
  checked: number;
  firstBad?: { seq: number; reason: string };
}

/** Walks a tenant's chain from its start and names the first row that does not fit. */
export async function verifyChain(reader: Reader, tenantId: string): Promise<ChainReport> {
  let seq = 0;
  let hash = chainStart;
  // Read before the rows: a command that commits meanwhile makes the rows longer than this head, never shorter.
  const head = await reader.get<{ seq: number; hash: string }>(
    sql`select seq, hash from activity_heads where tenant_id = ${tenantId}`,
  );
  const last = head?.seq ?? 0;
  const rows = reader.stream<ChainedRow>(
    sql`select * from partner_activities where tenant_id = ${tenantId} and seq <= ${last} order by seq`,
  );
  for await (const batch of rows) {
    for (const row of batch) {
      const bad = (reason: string): ChainReport => ({
        ok: false,
        checked: seq,
        firstBad: { seq: row.seq, reason },
      });
      if (row.seq !== seq + 1) return bad(`Activity ${seq + 1} is missing.`);
      if (row.previous_hash !== hash) return bad('It does not follow the activity before it.');
      const details: unknown = JSON.parse(row.details);
      if (hashOf(row, details) !== row.hash) return bad('Its content was changed after it was written.');
      seq = row.seq;
      hash = row.hash;
    }
  }
  if (seq !== last || hash !== (head?.hash ?? chainStart)) {
    return {
      ok: false,
      checked: seq,
      firstBad: { seq: seq + 1, reason: 'Activities at the end of the chain are missing.' },
    };
  }
  return { ok: true, checked: seq };
}
