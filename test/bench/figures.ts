import { madeUpLead, scatter } from './made-up.ts';
import { byTurns, type Figure, load, median, percentile, processor } from './measure.ts';
import type { Office } from './office.ts';

/** The year all that was filled in lies in. */
const year = { from: '2025-08-01', to: '2026-07-31' };
const instants = ['2025-07-31T22:00:00.000Z', '2026-07-31T22:00:00.000Z'] as const;

interface Measured {
  name: string;
  /** Milliseconds that a person may wait for it. */
  most: number;
  ours: (round: number) => Promise<unknown>;
  raw: (round: number) => unknown;
  note: string;
}

async function measured({ name, most, ours, raw, note }: Measured, rounds: number): Promise<Figure> {
  const at = load();
  const sample = await byTurns(rounds, ours, raw);
  return {
    name,
    unit: 'ms',
    ours: median(sample.ours),
    p95: percentile(sample.ours, 0.95),
    raw: median(sample.raw),
    target: `≤ ${most} ms`,
    met: median(sample.ours) <= most,
    note: `${note}; ours ${processor(sample.spent.ours, rounds)}, raw ${(sample.spent.raw / rounds).toFixed(3)}`,
    load: at,
  };
}

/** The figures of a year, each beside the plainest statement that counts the same, and the search for one lead of all. */
export async function measureFigures(
  office: Office,
  of: { leads: number; rounds: number; searches: number },
): Promise<Figure[]> {
  const { tenantId, reading } = office;
  const { figures, leads } = office.as('finance');
  const counted = [
    `select substr(submitted_at, 1, 10) as day, count(*) from partner_leads
      where tenant_id = ? and deleted_at is null and submitted_at >= ? and submitted_at < ? group by 1`,
    `select substr(reviewed_at, 1, 10) as day, status, count(*) from partner_leads
      where tenant_id = ? and deleted_at is null and reviewed_at >= ? and reviewed_at < ? group by 1, 2`,
    `select conversion_date as day, count(*) from partner_leads
      where tenant_id = ? and deleted_at is null and status = 'converted' and conversion_date >= ? and conversion_date < ? group by 1`,
    `select approved_on as day, currency, sum(credit_amount) from partner_lead_credits
      where tenant_id = ? and status = 'approved' and approved_on >= ? and approved_on < ? group by 1, 2`,
  ].map((statement) => reading.prepare(statement));
  const converted = reading.prepare(`select partner_id, count(*) as n from partner_leads
    where tenant_id = ? and deleted_at is null and status = 'converted' and conversion_date >= ? and conversion_date < ?
    group by partner_id order by n desc limit 10`);
  const spread = reading.prepare(`select min(quality_score / 1000, 9) as bucket, count(*) from partner_leads
    where tenant_id = ? and deleted_at is null and submitted_at >= ? and submitted_at < ? group by 1`);
  const found = reading.prepare(`select l.* from lead_search s
    join partner_leads l on l.tenant_id = ? and l.id = s.lead_id where lead_search match ? and l.deleted_at is null limit 51`);
  const phoneOf = (round: number) => madeUpLead(scatter(round) % of.leads, 0).phone;

  return [
    await measured(
      {
        name: 'Series over a year by day',
        most: 1000,
        ours: () => figures.series({ ...year, unit: 'day' }),
        raw: () => counted.forEach((statement) => statement.all(tenantId, ...instants)),
        note: 'leads four ways, credits, payouts and payments; raw by days of UTC and without payouts',
      },
      of.rounds,
    ),
    await measured(
      {
        name: 'Top partners of a year',
        most: 500,
        ours: () => figures.topPartners(year),
        raw: () => converted.all(tenantId, ...instants),
        note: 'by converted leads',
      },
      of.rounds,
    ),
    await measured(
      {
        name: 'Score distribution of a year',
        most: 1000,
        ours: () => figures.scoreDistribution(year),
        raw: () => spread.all(tenantId, ...instants),
        note: 'in slices of a month, so that others have their turn',
      },
      of.rounds,
    ),
    await measured(
      {
        name: 'Search for one lead',
        most: 50,
        ours: async (round) => {
          const { items } = await leads.list({ q: phoneOf(round) });
          if (items.length === 0) throw new Error('The lead is not found.');
        },
        raw: (round) => {
          const rows = found.all(tenantId, `"${phoneOf(round).slice(1)}"*`);
          if (rows.length === 0) throw new Error('The raw search finds nothing.');
        },
        note: 'by its telephone number, another one each time',
      },
      of.searches,
    ),
  ];
}
