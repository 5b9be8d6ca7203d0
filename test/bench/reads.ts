import type { Connection } from '#host/database/sqlite-connection.ts';
import { scatter } from './made-up.ts';
import { byTurns, type Figure, load, median, percentile, processor, whole } from './measure.ts';
import type { Office } from './office.ts';
import { partnerId } from './story.ts';

const pageSize = 50;

interface Place {
  quality_score: number;
  submitted_at: string;
  id: string;
}

/** The columns a page of the contract shows, of the lead and of its partner. */
const columns = `l.id, l.version, l.created_at, l.updated_at, l.partner_id, p.partner_code, p.organization_name, l.source_id,
  l.lead_id, l.submission_type, l.status, l.lead_data, l.quality_score, l.duplicate_of, l.project_id, l.campaign_id,
  l.estimated_value, l.currency, l.claimed_by, l.claim_expires_at, l.review_notes, l.rejection_reason, l.reviewed_by,
  l.reviewed_at, l.submitted_by, l.submitted_at, l.conversion_date, l.deal_value, l.credit_amount, l.credit_status, l.import_id`;

/** A page by hand: prepared once, ranges of the queue's index, plain rows. */
function rawQueue(reading: Connection, tenantId: string): (after: Place | undefined) => number {
  const select = (stretch: string) =>
    `select ${columns} from partner_leads l join partners p on p.tenant_id = l.tenant_id and p.id = l.partner_id
      where l.tenant_id = ? and l.deleted_at is null and l.status in ('submitted', 'under_review')
        and l.linked_to is null ${stretch}
      order by l.quality_score desc, l.submitted_at, l.id limit ?`;
  const first = reading.prepare(select(''));
  const same = reading.prepare(select('and l.quality_score = ? and (l.submitted_at, l.id) > (?, ?)'));
  const below = reading.prepare(select('and l.quality_score < ?'));
  const limit = pageSize + 1;
  return (after) => {
    if (after === undefined) return first.all(tenantId, limit).length;
    const rows = same.all(tenantId, after.quality_score, after.submitted_at, after.id, limit);
    if (rows.length === limit) return rows.length;
    return rows.length + below.all(tenantId, after.quality_score, limit - rows.length).length;
  };
}

/** The cursor of page `page`, walked to through the contract in pages of 500. */
async function walkTo(office: Office, page: number): Promise<string> {
  let cursor: string | undefined;
  for (let left = (page - 1) * pageSize; left > 0; ) {
    const limit = Math.min(500, left);
    const answer = await office.as('lead_reviewer').leads.reviewQueue({ limit, cursor });
    if (answer.nextCursor === null) throw new Error(`The queue ends before page ${page}.`);
    cursor = answer.nextCursor;
    left -= answer.items.length;
  }
  if (cursor === undefined) throw new Error('The first page needs no cursor.');
  return cursor;
}

async function queuePage(office: Office, page: number, rounds: number): Promise<Figure> {
  const client = office.as('lead_reviewer');
  const raw = rawQueue(office.reading, office.tenantId);
  let cursor: string | undefined;
  let after: Place | undefined;
  if (page > 1) {
    cursor = await walkTo(office, page);
    const [quality_score, submitted_at, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    after = { quality_score, submitted_at, id };
  }
  const at = load();
  const {
    ours,
    raw: bare,
    spent,
  } = await byTurns(
    rounds,
    async () => {
      const { items } = await client.leads.reviewQueue({ limit: pageSize, cursor });
      if (items.length !== pageSize) throw new Error('The page is not full.');
    },
    () => {
      if (raw(after) < pageSize) throw new Error('The raw page is not full.');
    },
  );
  const limit = 2 * median(bare) + 1;
  return {
    name: `Queue, page ${whole(page)} of ${pageSize}`,
    unit: 'ms',
    ours: median(ours),
    p95: percentile(ours, 0.95),
    raw: median(bare),
    target: `≤ 2 × raw + 1 ms = ${limit.toFixed(2)} ms`,
    met: median(ours) <= limit,
    note: `raw p95 ${percentile(bare, 0.95).toFixed(2)} ms; raw are plain rows, ours session, permission and checked objects; ours ${processor(spent.ours, rounds)}, raw ${(spent.raw / rounds).toFixed(3)}`,
    load: at,
  };
}

async function partnerStats(office: Office, partners: number, rounds: number): Promise<Figure> {
  const client = office.as('finance');
  const row = office.reading.prepare(
    `select total_leads_submitted, approved_leads, rejected_leads, converted_leads, total_quality_score, total_earnings,
      available_balance, pending_payout_amount, monthly_quota, currency, (select leads_submitted from partner_months m
        where m.tenant_id = p.tenant_id and m.partner_id = p.id and m.month = ?) as month
      from partners p where tenant_id = ? and id = ? and deleted_at is null`,
  );
  const at = load();
  const { ours, raw } = await byTurns(
    rounds,
    (round) => client.partners.stats({ id: partnerId(scatter(round) % partners) }),
    (round) => row.get('2026-07', office.tenantId, partnerId(scatter(round) % partners)),
  );
  return {
    name: 'PartnerStats',
    unit: 'ms',
    ours: median(ours),
    p95: percentile(ours, 0.95),
    raw: median(raw),
    target: '≤ 5 ms',
    met: median(ours) <= 5,
    note: 'another partner each time',
    load: at,
  };
}

/** What people wait for on a screen. `deep` is the number of the far page. */
export async function measureReads(
  office: Office,
  of: { partners: number; deep: number; rounds: number },
): Promise<Figure[]> {
  return [
    await queuePage(office, 1, of.rounds),
    await queuePage(office, of.deep, of.rounds),
    await partnerStats(office, of.partners, of.rounds),
  ];
}
